"""The pages of requests that are refused: 403 of the admin, in its own look. Others are templates alone."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from rest_framework import exceptions

from goalsvc.api.errors import answer_of, is_page
from goalsvc.orgs.admin.scoping import OrganizationScopedAdmin, scoped_admins
from goalsvc.orgs.models import User
from goalsvc.orgs.scopes import Scope

ANY = "You may not do this."
FORGED = (
    "The form came without the cookie that it was made with, so nothing was saved. Go back, load the page "
    "again and send it once more. If that does not help, see whether the browser takes cookies from here."
)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Installed as handler403: says which permission is missing."""
    if not is_page(request):
        return answer_of(exceptions.PermissionDenied())
    return refuse(missing(request))


def nothing_there(request: HttpRequest, **parameters: str) -> HttpResponse:
    """Answer an address of the admin that leads nowhere."""
    raise Http404


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Installed as CSRF_FAILURE_VIEW."""
    return refuse(FORGED)


def refuse(reason: str) -> HttpResponse:
    return HttpResponse(render_to_string("403.html", {"reason": reason}), status=403)


def missing(request: HttpRequest) -> str:
    """Say what the user lacks for the page that was asked for. No row is looked at: it may be another's."""
    user = getattr(request, "user", None)
    match = request.resolver_match
    if match is None or not isinstance(user, User):
        return ANY
    if match.url_name == "admin_report":
        return need(user, Scope.REPORTS)
    for model_admin in scoped_admins(admin.site):
        prefix = f"{model_admin.opts.app_label}_{model_admin.opts.model_name}_"
        if (match.url_name or "").startswith(prefix):
            return of_model(model_admin, request, user)
    return ANY


def of_model(model_admin: OrganizationScopedAdmin, request: HttpRequest, user: User) -> str:
    try:
        if not model_admin.has_view_permission(request):
            return need(user, model_admin.view_scope)
    except PermissionDenied:
        return ANY
    if model_admin.has_add_permission(request) or user.is_superuser:
        return f"{ANY} What this page shows is not to be changed, or not by you."
    return need(user, model_admin.change_scope)


def need(user: User, scope: Scope | None) -> str:
    if scope is None:
        return "This is for the operators of the installation."
    if user.has_scope(scope):
        return ANY
    return (
        f"This needs the scope “{scope.label}” ({scope.opens}), which you do not hold. Ask whoever manages "
        "the users of your organization, or the operator."
    )
