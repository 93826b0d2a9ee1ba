"""One search over everything that the user may see, for whatever somebody asks with: an identity, an id.

It asks each list what it finds, so that the results are those of the lists, which their indexes serve.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import Model, UUIDField
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.views.decorators.http import require_safe

from goals.models import Goal
from goalsvc.api.fields import FORBIDDEN_CHARACTERS, parse_uuid
from goalsvc.orgs.admin.access import acting_user, is_allowed, is_operator, of_acting_user
from goalsvc.orgs.admin.scoping import OrganizationScopedAdmin, scoped_admins
from goalsvc.orgs.models import Organization
from goalsvc.orgs.scopes import Scope
from matching.admin.explanation import name_rooms
from matching.admin.finding.recognition import Line, recognise
from matching.admin.lists import ReceivedAdmin, planned_for_values
from matching.admin.reports import offer
from matching.limits import MAX_EXTERNAL_ID_LENGTH, MAX_IDENTITY_LENGTH
from matching.models import (
    ExternalMatch,
    MatchAttempt,
    PendingMatch,
    Visitor,
    VisitorIdentity,
    VisitorSession,
)
from matching.rule.resemblance import find_known_forms

PAGE = "admin_search"
SHOWN = 5
MAX_LENGTH = max(MAX_IDENTITY_LENGTH, MAX_EXTERNAL_ID_LENGTH)

# What is searched by all its names, in the order of the results. The rest is found by its id alone.
KINDS: dict[type[Model], str] = {
    VisitorIdentity: "Identities",
    ExternalMatch: "Matches",
    PendingMatch: "Held matches",
    MatchAttempt: "Refused attempts",
    VisitorSession: "Sessions",
    Visitor: "Visitors",
    Goal: "Goals",
}


@dataclass(frozen=True)
class Group:
    """What was found of one kind: the first few, and where all are."""

    title: str
    lines: list[Line]
    count: int
    is_cut: bool  # there may be more than `count`
    address: str


def fault_of(term: str) -> str:
    """Say why nothing can be found by a text; empty if something can."""
    if FORBIDDEN_CHARACTERS.search(term):
        return "It holds control characters, which nothing that is kept has. Was it copied as a whole?"
    if len(term) > MAX_LENGTH:
        return f"It has {len(term):,} characters; nothing that is kept has a name of more than {MAX_LENGTH}."
    return ""


@require_safe
def search_page(request: HttpRequest) -> HttpResponse:
    """Answer the page; what is searched for is in the address, so that it can be passed on."""
    user = acting_user(request)
    term = request.GET.get("q", "").strip()
    organization, organizations = user.organization, {}
    if is_operator(request):
        known = of_acting_user(request, Organization.objects.all(), "id")
        chosen = str(parse_uuid(request.GET.get("organization", "")) or "")
        organizations = offer(known, known, chosen)
        organization = organizations.get(chosen)
    fault = fault_of(term)
    groups: list[Group] = []
    forms: list[tuple[str, str]] = []
    if term and not fault:
        with planned_for_values():
            groups = [*search(request, term, organization)]
        sees_persons = is_allowed(request, Scope.SETTINGS)
        if not groups and organization is not None and sees_persons:
            known_forms = find_known_forms(organization, [term])
            # The first difference is the simplest.
            forms = [*{form.known: form.difference for form in reversed(known_forms)}.items()]
    context = {
        **admin.site.each_context(request),
        "title": "Search",
        "term": term if len(term) <= MAX_LENGTH else f"{term[:40]}…",
        "fault": fault,
        "groups": groups,
        "forms": forms,
        "organization": organization,
        "organizations": organizations.values(),
        "is_operator": is_operator(request),
        "sees_persons": is_allowed(request, Scope.SETTINGS),
        "kinds": [title.lower() for model, title in KINDS.items() if may_see(request, model)],
    }
    headers = {"Cache-Control": "no-store"}
    return TemplateResponse(request, "admin/matching/search.html", context, headers=headers)


def may_see(request: HttpRequest, model: type[Model]) -> bool:
    return admin.site.get_model_admin(model).has_view_permission(request)


def search(request: HttpRequest, term: str, organization: Organization | None) -> Iterator[Group]:
    """Yield what each list finds; for each kind a fixed number of statements."""
    by_model = {model_admin.model: model_admin for model_admin in scoped_admins(admin.site)}
    others = [model for model in by_model if model not in KINDS and isinstance(model._meta.pk, UUIDField)]
    for model in [*KINDS, *(others if parse_uuid(term) else [])]:
        model_admin = by_model[model]
        if model_admin.has_view_permission(request):
            group = find(request, model_admin, term, organization)
            if group.lines:
                yield group


def find(
    request: HttpRequest, model_admin: OrganizationScopedAdmin, term: str, organization: Organization | None
) -> Group:
    """Return what a list finds. Raises: PermissionDenied."""
    rows = model_admin.get_queryset(request)
    address: dict[str, Any] = {"q": term}
    if is_operator(request) and organization is not None:
        rows = rows.filter(**{model_admin.organization_path: organization.pk})
        if model_admin.model is not Organization:
            address["organization"] = organization.pk
    if model_admin.model not in KINDS:
        found = rows.filter(pk=parse_uuid(term))
    else:
        found, _ = model_admin.get_search_results(request, rows, term)
    if isinstance(model_admin, ReceivedAdmin):
        found = found.order_by(*model_admin.newest_first)
    limit = ReceivedAdmin.SEARCH_LIMIT
    shown = list(found[: SHOWN + 1])
    count = len(shown) if len(shown) <= SHOWN else found.order_by()[:limit].count()
    name_rooms(row for row in shown if isinstance(row, VisitorSession))
    if model_admin.model is Goal:
        address["state"] = "all"
    opts = model_admin.opts
    return Group(
        title=KINDS.get(model_admin.model) or capfirst(str(opts.verbose_name_plural)),
        lines=[recognise(row) for row in shown[:SHOWN]],
        count=count,
        is_cut=count >= limit,
        address=f"{reverse(f'admin:{opts.app_label}_{opts.model_name}_changelist')}?{urlencode(address)}",
    )
