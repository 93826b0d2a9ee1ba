"""Lists as files: all rows that a list is filtered to."""

from typing import Any

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone

from goalsvc.orgs.admin.access import acting_user
from matching.reports.downloads import MAX_ROWS, cells_of, csv_response


def download(model_admin: Any, request: HttpRequest) -> HttpResponseBase:
    """Answer the rows of the list that has the same query, in its order, with the attributes of the API."""
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    page = reverse(f"admin:matching_{model_admin.opts.model_name}_changelist")
    try:
        rows = model_admin.get_changelist_instance(request).queryset
    except IncorrectLookupParameters:  # the user has been told
        return HttpResponseRedirect(page)
    if rows[MAX_ROWS : MAX_ROWS + 1].exists():
        plural = model_admin.opts.verbose_name_plural
        text = f"A file has at most {MAX_ROWS:,} {plural}, and these are more. Filter the list further."
        messages.error(request, text)
        return HttpResponseRedirect(f"{page}?{request.GET.urlencode()}")
    if hasattr(rows, "with_visitors"):
        rows = rows.with_visitors()
    now = timezone.now()
    serializer = model_admin.serializer_class(context={"at": now})
    organization = acting_user(request).organization
    name = f"{model_admin.opts.verbose_name_plural}-{now:%Y-%m-%d}".replace(" ", "-")
    response = csv_response(
        name, list(serializer.fields), cells_of(rows, serializer, organization), for_excel=True
    )
    response.headers["Cache-Control"] = "no-store"
    return response
