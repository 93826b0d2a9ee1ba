"""The admin of organizations."""

from django.contrib import admin
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from goalsvc.orgs.admin.display import id_column
from goalsvc.orgs.admin.filters import PartsFilter
from goalsvc.orgs.admin.scoping import OrganizationScopedAdmin, scoped_admins
from goalsvc.orgs.history import Kind
from goalsvc.orgs.models import Organization


class SubscriptionFilter(PartsFilter):
    title = "subscription"
    parameter_name = "subscription"

    def parts(self) -> dict[str, tuple[str, Q]]:
        today = timezone.now().date()
        return {
            "active": ("Active", Q(subscription_expires_on__gte=today)),
            "expired": ("Expired", Q(subscription_expires_on__lt=today)),
            "none": ("None", Q(subscription_expires_on=None)),
        }


@admin.register(Organization)
class OrganizationAdmin(OrganizationScopedAdmin):
    organization_path = "id"
    history_kind = Kind.ORGANIZATION
    history_fields = ("name", "subscription_expires_on")
    organization_column = ""
    operator_fields = ("rows",)
    fixed_fields = ()
    related = ()
    list_display = ("name", "subscription", "created_at")
    list_filter = (SubscriptionFilter,)
    search_fields = ("name",)
    search_help_text = "By name or id."
    fieldsets = (
        (None, {"fields": ("name", "subscription", "subscription_expires_on", "row_id", "rows")}),
        ("History", {"fields": ("created_at", "updated_at")}),
    )
    add_fieldsets = ((None, {"fields": ("name", "subscription_expires_on")}),)
    readonly_fields = ("row_id", "subscription", "rows", "created_at", "updated_at")

    row_id = id_column()

    @admin.display(ordering="subscription_expires_on")
    def subscription(self, organization: Organization) -> str:
        last_day = organization.subscription_expires_on
        if organization.is_subscription_active(timezone.now().date()):
            return f"active until {last_day}"
        state = "no subscription" if last_day is None else f"expired on {last_day}"
        return format_html('<span class="no-subscription">{}: API calls are answered 403</span>', state)

    @admin.display(description="its rows")
    def rows(self, organization: Organization) -> SafeString:
        """Link to the lists of the organization's rows; OrganizationFilter offers only the first few."""
        links = (
            (
                reverse(f"admin:{each.opts.app_label}_{each.opts.model_name}_changelist"),
                organization.pk,
                each.opts.verbose_name_plural,
            )
            for each in scoped_admins(self.admin_site)
            if each.organization_column
        )
        return format_html_join(", ", '<a href="{}?organization={}">{}</a>', links)
