"""The admin of organizations."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from goalsvc.orgs.admin.filters import OrganizationFilter
from goalsvc.orgs.admin.scoping import OrganizationScopedAdmin, scoped_admins
from goalsvc.orgs.history import Kind
from goalsvc.orgs.models import Organization


class SubscriptionFilter(admin.SimpleListFilter):
    title = "subscription"
    parameter_name = "subscription"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("active", "Active"), ("expired", "Expired"), ("none", "None")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Organization]) -> QuerySet[Organization]:
        today = timezone.now().date()
        match self.value():
            case "active":
                return queryset.filter(subscription_expires_on__gte=today)
            case "expired":
                return queryset.filter(subscription_expires_on__lt=today)
            case "none":
                return queryset.filter(subscription_expires_on=None)
        return queryset


@admin.register(Organization)
class OrganizationAdmin(OrganizationScopedAdmin):
    organization_path = "id"
    history_kind = Kind.ORGANIZATION
    history_fields = ("name", "subscription_expires_on")
    organization_column = ""
    operator_fields = ("rows",)
    list_display = ("name", "subscription", "created_at")
    list_filter = (SubscriptionFilter,)
    search_fields = ("name",)
    search_help_text = "By name or id."
    fieldsets = (
        (None, {"fields": ("name", "subscription", "subscription_expires_on", "rows")}),
        ("History", {"fields": ("id", "created_at", "updated_at")}),
    )
    add_fieldsets: Any = ((None, {"fields": ("name", "subscription_expires_on")}),)
    readonly_fields = ("id", "subscription", "rows", "created_at", "updated_at")

    def get_fieldsets(self, request: HttpRequest, obj: Organization | None = None) -> Any:
        return self.add_fieldsets if obj is None else super().get_fieldsets(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Organization | None = None) -> tuple[Any, ...]:
        return self.readonly_fields

    @admin.display(ordering="subscription_expires_on")
    def subscription(self, organization: Organization) -> str:
        last_day = organization.subscription_expires_on
        if last_day is None:
            return "none"
        if organization.is_subscription_active(timezone.now().date()):
            return f"active until {last_day}"
        return f"expired on {last_day}"

    @admin.display(description="its rows")
    def rows(self, organization: Organization) -> SafeString:
        """Link to the lists of the organization's rows; OrganizationFilter offers only the first few."""
        options = [
            model_admin.opts
            for model_admin in scoped_admins(self.admin_site)
            if model_admin.organization_column
        ]
        links = (
            (
                reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist"),
                OrganizationFilter.parameter_name,
                organization.pk,
                opts.verbose_name_plural,
            )
            for opts in options
        )
        return format_html_join(", ", '<a href="{}?{}={}">{}</a>', links)
