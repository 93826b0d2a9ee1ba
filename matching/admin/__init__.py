"""The admin of what the API receives: to be looked at and found, and corrected by named actions alone."""

from django.contrib import admin

from matching.admin import imports, matches, unmatched, visitors

__all__ = ["imports", "matches", "unmatched", "visitors"]

admin.site.index_template = "admin/matching/index.html"  # that of goalsvc.orgs.admin with the dashboard
