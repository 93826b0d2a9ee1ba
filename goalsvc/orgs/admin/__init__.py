"""The admin of organizations, users, rooms and API tokens, and the scoping that every admin page obeys.

Staff of an organization see only that organization's rows; operators (superusers) see all. What staff may
change follows from their permission scopes. Django's own permission tables are not used.
"""

from django.contrib import admin
from django.contrib.auth.models import Group

from goalsvc.orgs.admin import history, organizations, rooms, tokens, users

__all__ = ["history", "organizations", "rooms", "tokens", "users"]

admin.site.site_header = admin.site.site_title = "goalsvc"
admin.site.index_title = "Administration"
admin.site.site_url = "/api/v5/docs"
admin.site.unregister(Group)  # permissions are the users' scopes
admin.site.index_template = "admin/orgs/index.html"
