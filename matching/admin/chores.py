"""The page of the daily chores, for operators: when each last ran, and how it went."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse

from goalsvc.orgs.admin.access import is_operator
from matching.models import Chore, ImportRun

PAGE = "admin_chores"


def chores_page(request: HttpRequest) -> HttpResponseBase:
    """Raises: PermissionDenied for all but operators."""
    if not is_operator(request):
        raise PermissionDenied
    done = {chore.name: chore for chore in Chore.objects.all()}
    chores = [done.get(name, Chore(name=name)) for name in Chore.Name.values]
    context = {
        **admin.site.each_context(request),
        "title": "Chores",
        "chores": chores,
        "waiting": ImportRun.objects.open().count(),
    }
    return TemplateResponse(request, "admin/matching/chores.html", context)
