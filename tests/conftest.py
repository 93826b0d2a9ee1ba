"""What all tests share: the database of the run, the fixed cast, and a client for each of its members.

The cast: an organization with two rooms; its `manager`, who has the settings and reports scopes, and its
`integrator`, who has none; a `stranger`, manager of another organization; and the manager of one that has
`expired`.

And one sale: the `body` of a match, the `url` to post it to, and the `visitor` whose identity and session it
names. Modules about other endpoints have a `url` and `body` of their own; a `place` is enough for any.
"""

import fcntl
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.storage import FileSystemStorage, storages
from django.core.handlers.base import BaseHandler
from django.core.management.base import BaseCommand
from django.db import connection, transaction
from django.test import TransactionTestCase
from pytest_django import DjangoDbBlocker
from rest_framework.test import APIClient

from goals.models import Goal
from goalsvc.database import lifecycle
from goalsvc.orgs.models import HistoryEntry, Organization, Room, User
from goalsvc.server.cores import usable_cores
from matching.models import Visitor
from tests import cluster
from tests.api.endpoints import Place, make_place
from tests.factories import (
    GoalFactory,
    OrganizationFactory,
    RoomFactory,
    UserFactory,
    VisitorFactory,
    VisitorIdentityFactory,
    VisitorSessionFactory,
    ids,
    issue_token,
)
from tests.ties import Examination

# Of procrastinate, which Django does not manage.
JOBS = {
    "procrastinate_jobs",
    "procrastinate_events",
    "procrastinate_workers",
    "procrastinate_periodic_defers",
}

MEMORY = "/dev/shm"
MEMORY_BYTES = 4 * 2**30


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: tests of a service often wait for it. Two more take longer again."""
    return usable_cores() + 1


def pytest_configure() -> None:
    keep_files_in_memory()
    # Static files are looked up one by one: each client of a test would list them all when it is made.
    settings.WHITENOISE_AUTOREFRESH = True
    if cluster.URL:
        cluster.choose()
    TransactionTestCase._fixture_teardown = empty_tables  # type: ignore[attr-defined] # the stubs lack it


def keep_files_in_memory() -> None:
    """Put temporary files into memory, where Linux gives enough of it; TMPDIR names another place.

    Tests copy and remove a database's thousands of files again and again. An ext4 without a journal looks
    for a place for each new file among all those that were removed a moment ago: a tenth of the tests' time.
    """
    is_free_to_choose = "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK)
    if is_free_to_choose and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES:
        os.environ["TMPDIR"] = tempfile.tempdir = MEMORY


def empty_tables(test: TransactionTestCase) -> None:
    """Delete all rows that a test has committed.

    Django would truncate the tables, which makes the files of each of them anew, and then make its
    permissions again: a tenth of a second and more for each such test. Like a truncation this waits for
    transactions that are still open.
    """
    history = HistoryEntry._meta.db_table
    tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False))
    tables -= {"django_content_type", "auth_permission", history}
    tables |= JOBS
    deletions = ", ".join(f"of_{name} AS (DELETE FROM {name})" for name in sorted(tables))
    if cluster.URL:  # where one statement cannot delete from all, nor tables be locked on all machines
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {', '.join(sorted(tables))}, {history} CASCADE")
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {', '.join(sorted(tables))} IN ACCESS EXCLUSIVE MODE")
        cursor.execute(f"TRUNCATE {history}")  # whose rows cannot be deleted
        cursor.execute(f"WITH {deletions} SELECT")  # in one statement: constraints are checked at its end


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> Iterator[None]:
    """The embedded server, if DATABASE_URL names none, and a test database of this process's own.

    Two test runs at once, or the workers of one, must not drop each other's database: each takes the first
    free number. Numbers are used again, so what a killed run leaves behind is replaced by a later one.
    """
    for number in itertools.count(1):
        lock = os.open(settings.DATA_DIR / f"test-{number}.lock", os.O_RDONLY | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            os.close(lock)
    test_settings = connection.settings_dict["TEST"]
    test_settings["NAME"] = f"test_{connection.settings_dict['NAME']}_{number}"
    if cluster.URL:
        cluster.make_databases(test_settings["NAME"])
    with lifecycle.running():
        yield
    os.close(lock)


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_keepdb: bool) -> bool:
    return django_db_keepdb or bool(cluster.URL)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    if cluster.URL:
        with django_db_blocker.unblock():
            cluster.spread_tables()


class Client(APIClient):
    """Calls the API as one user, and answers what the server answers: a crash is a 500, not an exception."""

    def __init__(self, key: str | None = None, **defaults: Any) -> None:
        # A single process, as the tests are one.
        super().__init__(raise_request_exception=False, **{"wsgi.multiprocess": False, **defaults})
        if key is not None:
            self.credentials(HTTP_AUTHORIZATION=f"Token {key}")

    def send(
        self, method: str, path: str, body: bytes, content_type: str = "application/json", **extra: Any
    ) -> Any:
        """Send a body as it is."""
        return self.generic(method, path, body, content_type, **extra)  # type: ignore[arg-type] # bytes will do


@pytest.fixture
def organization(db: None) -> Organization:
    return OrganizationFactory.create(name="Example Ltd.")


@pytest.fixture
def other_organization(db: None) -> Organization:
    return OrganizationFactory.create(name="Another Ltd.")


@pytest.fixture
def expired_organization(db: None) -> Organization:
    return OrganizationFactory.create(name="Expired Ltd.", subscription_expires_on=date(2020, 12, 31))


@pytest.fixture
def room(organization: Organization) -> Room:
    return RoomFactory.create(organization=organization, name="Web shop", domain="shop.example.com")


@pytest.fixture
def second_room(organization: Organization, room: Room) -> Room:
    return RoomFactory.create(organization=organization, name="Store in Helsinki")


@pytest.fixture
def foreign_room(other_organization: Organization) -> Room:
    return RoomFactory.create(organization=other_organization, name="Other shop")


@pytest.fixture
def goal(organization: Organization) -> Goal:
    """A goal that can match in any room."""
    return GoalFactory.create(organization=organization, name="Bought in the shop")


@pytest.fixture
def manager(organization: Organization) -> User:
    return UserFactory.create(
        organization=organization,
        email="mira@example.com",
        first_name="Mira",
        last_name="Manager",
        scopes=["settings", "reports"],
    )


@pytest.fixture
def integrator(organization: Organization) -> User:
    return UserFactory.create(
        organization=organization,
        email="ivo@example.com",
        first_name="Ivo",
        last_name="Integrator",
        is_bot=True,
    )


@pytest.fixture
def stranger(other_organization: Organization) -> User:
    return UserFactory.create(organization=other_organization, email="sten@example.net", scopes=["settings"])


@pytest.fixture
def expired_manager(expired_organization: Organization) -> User:
    return UserFactory.create(organization=expired_organization, email="eve@example.org", scopes=["settings"])


@pytest.fixture
def as_manager(manager: User) -> Client:
    return Client(issue_token(manager))


@pytest.fixture
def as_integrator(integrator: User) -> Client:
    return Client(issue_token(integrator))


@pytest.fixture
def as_stranger(stranger: User) -> Client:
    return Client(issue_token(stranger))


@pytest.fixture
def as_expired_manager(expired_manager: User) -> Client:
    return Client(issue_token(expired_manager))


@pytest.fixture
def as_nobody(db: None) -> Client:
    """A client without credentials."""
    return Client()


@pytest.fixture
def org_url(organization: Organization) -> str:
    """The address of the organization, which most others begin with."""
    return f"/api/v5/orgs/{organization.id}"


@pytest.fixture
def visitor(organization: Organization, room: Room) -> Visitor:
    """The visitor of the sale, with an identity and a session in the room two hours before."""
    visitor = VisitorFactory.create(organization=organization, visitor_id="phone")
    VisitorIdentityFactory.create(visitor=visitor, identity="customer-12345678")
    VisitorSessionFactory.create(visitor=visitor, visitor_session_id="of the phone", room_ids=[room.id])
    return visitor


@pytest.fixture
def url(org_url: str, goal: Goal) -> str:
    """Where matches of the goal are posted."""
    return f"{org_url}/goals/{goal.id}/matches"


@pytest.fixture
def body(room: Room) -> dict[str, Any]:
    """The least match of the sale."""
    return {
        "visitor_identity": "customer-12345678",
        "goal_matched_at": "2016-10-10T22:00:49.123Z",
        "rooms": ids(room),
    }


@pytest.fixture
def place(organization: Organization) -> Place:
    """One of each thing that an address or a body may name."""
    return make_place(organization)


@pytest.fixture(autouse=True)
def every_table_is_tied(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each table of an organization is tied to it in every statement of a request or a command."""
    examination = Examination()
    monkeypatch.setattr(BaseHandler, "get_response", examination.during(BaseHandler.get_response))
    monkeypatch.setattr(BaseCommand, "execute", examination.during(BaseCommand.execute))
    with connection.execute_wrapper(examination):
        yield
    if untied := [f"{', '.join(tables)} in {sql}" for sql, tables in examination.found.items()]:
        pytest.fail("Not tied to an organization:\n" + "\n".join(untied), pytrace=False)


@pytest.fixture(autouse=True)
def uploads_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the test's uploads are kept; made with the first."""
    folder = tmp_path / "uploads"
    known: Any = storages
    monkeypatch.setitem(known._storages, "uploads", FileSystemStorage(location=folder))
    return folder
