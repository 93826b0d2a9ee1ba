"""The page of all that is held about a visitor identity: to be looked at, downloaded, erased.

What is asked for travels in forms alone: an identity in an address would stand in logs and in the browser's
history.
"""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from goalsvc.orgs.admin.access import acting_user, is_allowed, is_operator
from goalsvc.orgs.admin.display import link_to, to_milliseconds
from goalsvc.orgs.admin.history.words import erasure_in_words
from goalsvc.orgs.models import Organization
from goalsvc.orgs.scopes import Scope
from matching.privacy.erasure import erase_identity
from matching.privacy.export import SECTIONS, can_be_identity, count_holdings, export_identity, newest

SHOWN = 20


class IdentityForm(forms.Form):
    """Whose data are asked for. Operators say also of which organization."""

    organization = forms.ModelChoiceField(Organization.objects.all())
    identity = forms.CharField(
        max_length=255,
        label="Visitor identity",
        widget=forms.TextInput(attrs={"autocomplete": "off", "size": 60}),
    )

    def __init__(self, *args: Any, asked_by: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_operator(asked_by):
            del self.fields["organization"]
        self.own = acting_user(asked_by).organization

    def clean_identity(self) -> str:
        identity: str = self.cleaned_data["identity"]
        if not can_be_identity(identity):
            raise ValidationError("Control characters are not allowed.")
        return identity

    def clean(self) -> dict[str, Any]:
        return {"organization": self.own, **self.cleaned_data}


def holdings_page(model_admin: Any, request: HttpRequest) -> HttpResponseBase:
    """Answer the page: a form to ask with, what it finds, and what can be done with it."""
    if not is_allowed(request, Scope.SETTINGS):
        raise PermissionDenied
    if request.method != "POST":
        return show(model_admin, request, IdentityForm(asked_by=request))
    form = IdentityForm(request.POST, asked_by=request)
    if not form.is_valid():
        return show(model_admin, request, form)
    organization, identity = form.cleaned_data["organization"], form.cleaned_data["identity"]
    if "download" in request.POST:
        return download(organization, identity)
    if "erase" in request.POST and request.POST.get("confirmed") == "yes":
        erased = erase_identity(organization, identity, by=acting_user(request), at=timezone.now())
        if erased is None:
            messages.warning(request, "Nothing was held about this visitor identity.")
        else:
            told = erasure_in_words(erased.changes())
            messages.success(request, f"The visitor identity was erased: {told}.")
        return HttpResponseRedirect(request.path)
    return show(model_admin, request, form, organization, identity)


def line_of_visitor(tie: Any) -> SafeString:
    text = "also used by another identity, so it stays" if tie.is_shared else "used by this identity alone"
    return format_html("{}: {}", link_to(tie.visitor), text)


def line_of_event(event: Any, what: object) -> SafeString:
    return format_html("{}, {}, {}", link_to(event), to_milliseconds(event.goal_matched_at), what)


# What the page says of a row, by section.
LINES: dict[str, Callable[[Any], SafeString]] = {
    "visitors": line_of_visitor,
    "visitor_sessions": lambda session: format_html(
        "{}, begun {}", link_to(session), to_milliseconds(session.started_at)
    ),
    "matches": lambda match: line_of_event(
        match, "no value" if match.goal_value is None else match.goal_value
    ),
    "pending_matches": lambda pending: line_of_event(pending, pending.status_at(timezone.now())),
    "match_attempts": lambda attempt: format_html(
        "{}, {}", link_to(attempt, to_milliseconds(attempt.created_at)), attempt.code
    ),
}


def show(
    model_admin: Any,
    request: HttpRequest,
    form: IdentityForm,
    organization: Organization | None = None,
    identity: str | None = None,
) -> HttpResponse:
    """Render the page, with what is held about an identity where one is asked for."""
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "All that is held about a visitor identity",
        "opts": model_admin.opts,
        "form": form,
        "page": reverse("admin:matching_visitoridentity_held"),
        "organization": organization,
        "identity": identity,
    }
    if organization is not None and identity is not None:
        counts = count_holdings(organization, identity)
        context["is_anything_held"] = any(counts.values())
        context["is_asked_to_erase"] = "erase" in request.POST
        context["counts"] = counts
        context["stored_answers"] = counts["idempotency_keys"]
        context["sections"] = []
        for section in SECTIONS:
            name, count = section.name, counts[section.name]
            rows = newest(section, organization, identity, SHOWN) if count else []
            shown = {"name": name.replace("_", " "), "count": count, "rows": [*map(LINES[name], rows)]}
            context["sections"].append(shown)
    return TemplateResponse(
        request, "admin/matching/holdings.html", context, headers={"Cache-Control": "no-store"}
    )


def download(organization: Organization, identity: str) -> StreamingHttpResponse:
    """Answer all that is held as a file."""
    counts = count_holdings(organization, identity)
    return StreamingHttpResponse(
        export_identity(organization, identity, counts, at=timezone.now()),
        content_type="application/json",
        headers={
            "Content-Disposition": 'attachment; filename="visitor-identity.json"',
            "Cache-Control": "no-store",
        },
    )
