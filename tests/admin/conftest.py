"""The cast of the admin: an operator, and the staff of the organization and of another one."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client

from goalsvc.orgs.models import Organization, User
from tests.factories import UserFactory

FAST_HASHER = "django.contrib.auth.hashers.MD5PasswordHasher"
ALL_SCOPES = ["settings", "reports", "users"]


@pytest.fixture(autouse=True)
def nothing_slow(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what takes its time and is not ours.

    These are good hashes of passwords, sessions in the database, looking through all static files anew for
    each client, and Django's menu at the side of every page.
    """
    settings.PASSWORD_HASHERS = [FAST_HASHER, *settings.PASSWORD_HASHERS]
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    settings.WHITENOISE_AUTOREFRESH = True
    monkeypatch.setattr(admin.AdminSite, "enable_nav_sidebar", False)


@pytest.fixture
def operator(db: None) -> User:
    return UserFactory.create(
        email="olli@example.com", organization=None, is_staff=True, is_superuser=True, scopes=[]
    )


@pytest.fixture
def staff(organization: Organization) -> User:
    """Staff of the organization who hold every scope."""
    return UserFactory.create(
        email="stella@example.com", organization=organization, is_staff=True, scopes=ALL_SCOPES
    )


@pytest.fixture
def clerk(organization: Organization) -> User:
    """Staff of the organization who hold no scope."""
    return UserFactory.create(email="clara@example.com", organization=organization, is_staff=True)


@pytest.fixture
def other_staff(other_organization: Organization) -> User:
    return UserFactory.create(
        email="sten@example.net", organization=other_organization, is_staff=True, scopes=ALL_SCOPES
    )


@pytest.fixture
def outsider(organization: Organization) -> User:
    """A user of the organization who is no staff."""
    return UserFactory.create(email="oona@example.com", organization=organization, scopes=ALL_SCOPES)


@pytest.fixture
def browser() -> Callable[[User | None], Client]:
    """Log a user in, or nobody."""

    def logged_in(user: User | None) -> Client:
        client = Client()
        if user is not None:
            client.force_login(user)
        return client

    return logged_in


@pytest.fixture
def as_operator(operator: User, browser: Callable[[User], Client]) -> Client:
    return browser(operator)


@pytest.fixture
def as_staff(staff: User, browser: Callable[[User], Client]) -> Client:
    return browser(staff)


@pytest.fixture
def as_clerk(clerk: User, browser: Callable[[User], Client]) -> Client:
    return browser(clerk)
