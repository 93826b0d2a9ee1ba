"""A row of each registered model, by construction: what the admin registers and this lacks is told."""

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils.http import urlencode
from uuid_utils.compat import uuid7

from goals.models import Goal
from goalsvc.orgs.models import ApiToken, HistoryEntry, Organization, Room, User
from matching.models import (
    ExternalMatch,
    ImportRun,
    MatchAttempt,
    PendingMatch,
    Visitor,
    VisitorIdentity,
    VisitorSession,
)
from tests.factories import (
    ExternalMatchFactory,
    GoalFactory,
    PendingMatchFactory,
    RoomFactory,
    UserFactory,
    VisitorFactory,
    VisitorIdentityFactory,
    VisitorSessionFactory,
)


def make_token(organization: Organization) -> ApiToken:
    return ApiToken.objects.issue(UserFactory.create(organization=organization), "Tests")[0]


def make_attempt(organization: Organization, **attributes: Any) -> MatchAttempt:
    """A rejected attempt that says as little as one can."""
    attributes = {
        "organization": organization,
        "source": MatchAttempt.Source.SINGLE,
        "code": "validation_error",
        "created_at": datetime(2016, 10, 11, 6, tzinfo=UTC),
        **attributes,
    }
    return MatchAttempt.objects.create(**attributes)


def make_run(organization: Organization, **attributes: Any) -> ImportRun:
    """The run of a file that was just begun."""
    number = ImportRun.objects.count()
    attributes = {
        "organization": organization,
        "kind": ImportRun.Kind.MATCHES,
        "digest": f"{number:064x}",
        "created_at": datetime(2016, 10, 11, 6, tzinfo=UTC),
        "started_at": datetime(2016, 10, 11, 6, tzinfo=UTC),
        **attributes,
    }
    return ImportRun.objects.create(**attributes)


def make_entry(organization: Organization, **attributes: Any) -> HistoryEntry:
    """A change of a goal that is long gone."""
    attributes = {
        "organization": organization,
        "kind": "goal",
        "object_id": uuid7(),
        "action": "changed",
        "changes": {"name": ["Lead", "Sale"]},
        "changed_at": datetime(2016, 10, 11, 6, tzinfo=UTC),
        "channel": "api",
        **attributes,
    }
    return HistoryEntry.objects.create(**attributes)


# How to make a row of each registered model that belongs to an organization.
SAMPLES: dict[type[models.Model], Callable[[Organization], Any]] = {
    Organization: lambda organization: organization,
    User: lambda organization: UserFactory.create(organization=organization),
    Room: lambda organization: RoomFactory.create(organization=organization),
    ApiToken: make_token,
    Goal: lambda organization: GoalFactory.create(organization=organization),
    Visitor: lambda organization: VisitorFactory.create(organization=organization),
    VisitorIdentity: lambda organization: VisitorIdentityFactory.create(organization=organization),
    VisitorSession: lambda organization: VisitorSessionFactory.create(organization=organization),
    ExternalMatch: lambda organization: ExternalMatchFactory.create(organization=organization),
    PendingMatch: lambda organization: PendingMatchFactory.create(organization=organization),
    MatchAttempt: lambda organization: make_attempt(
        organization, goal=GoalFactory.create(organization=organization)
    ),
    ImportRun: make_run,
    HistoryEntry: lambda organization: make_entry(
        organization, object_id=GoalFactory.create(organization=organization).pk
    ),
}

MODELS = sorted(SAMPLES, key=lambda model: model.__name__)


def url(model: type[models.Model], page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def all_rows(model: type[models.Model]) -> str:
    """The list with nothing hidden by default."""
    return url(model, "changelist") + ("?state=all" if model in {Goal, Room} else "")


def shown_ids(response: Any) -> set[Any]:
    return {row.pk for row in response.context["cl"].result_list}


def words(response: Any) -> str:
    """The text of a page, in one line; of a moment to the millisecond, and not how long ago it was."""
    assert response.status_code == 200
    page = re.sub(r'<span class="exact">(.*?)</span>', r"\1", response.content.decode())
    page = re.sub(r"<small>[^<]*</small></time>", "", page)
    return html.unescape(" ".join(re.sub(r"<[^>]*>", " ", page).split()))


def found(client: Client, page: str, **query: Any) -> list[Any]:
    response = client.get(page, query)
    assert response.status_code == 200
    return list(response.context["cl"].result_list)


def act(client: Client, page: str, action: str, *rows: Any, reason: str = "Sent back", **query: Any) -> str:
    """Take an action on rows, also where a page asks first; return what the list says then."""
    form: dict[str, Any] = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
    address = f"{page}?{urlencode(query)}"
    response = client.post(address, form, follow=True)
    if response.context and "chosen" in response.context:
        form |= {"chosen": response.context["chosen"], "confirmed": "yes", "reason": reason}
        response = client.post(address, form, follow=True)
    return ", ".join(str(message) for message in response.context["messages"])
