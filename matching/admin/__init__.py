"""The admin of what the API receives: to be looked at and found, and corrected by named actions alone."""

from django.contrib import admin
from procrastinate.contrib.django.models import ProcrastinateJob

from matching.admin import matches, reports, unmatched, visitors
from matching.admin.imports import runs

__all__ = ["matches", "reports", "runs", "unmatched", "visitors"]

admin.site.unregister(ProcrastinateJob)  # its pages are for developers, and without our scoping
admin.site.index_template = "admin/matching/index.html"  # that of goalsvc.orgs.admin with the dashboard
admin.site.get_app_list = reports.list_apps  # type: ignore[method-assign]
