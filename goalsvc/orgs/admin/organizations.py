"""The admin of organizations."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.helpers import AdminForm
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from goalsvc.orgs.admin.display import id_column
from goalsvc.orgs.admin.filters import PartsFilter
from goalsvc.orgs.admin.password_reset import password_link
from goalsvc.orgs.admin.scoping import OrganizationScopedAdmin, scoped_admins
from goalsvc.orgs.admin.setup import SetUpForm
from goalsvc.orgs.admin.shown_once import MINUTES, recall, show_once
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


def ready_address(organization_id: UUID | None) -> str:
    return reverse("admin:orgs_organization_ready", args=[organization_id])


@admin.register(Organization)
class OrganizationAdmin(OrganizationScopedAdmin):
    organization_path = "id"
    history_kind = Kind.ORGANIZATION
    history_fields = ("name", "subscription_expires_on")
    organization_column = ""
    operator_fields = ("rows",)
    fixed_fields = ()
    related = ()
    list_display = ("name", "subscription", "made")
    list_filter = (SubscriptionFilter,)
    search_fields = ("name",)
    search_help_text = "By name or id."
    fieldsets = (
        (None, {"fields": ("name", "subscription", "subscription_expires_on", "row_id", "rows")}),
        ("History", {"fields": ("made", "revised")}),
    )
    add_fieldsets = ((None, {"fields": ("name", "subscription_expires_on")}),)
    readonly_fields = ("row_id", "subscription", "rows", "made", "revised")

    row_id = id_column()

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path("setup/", wrap(self.setup_page), name="orgs_organization_setup"),
            path("<path:object_id>/ready/", wrap(self.ready_page), name="orgs_organization_ready"),
            *super().get_urls(),
        ]

    def setup_page(self, request: HttpRequest) -> HttpResponse:
        """Make an organization with all that its first match takes, once for each form."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form: Any = SetUpForm(request.POST if request.method == "POST" else None)
        if form.is_bound:
            if answer := self.already_set_up(request, form):
                return answer
            if form.is_valid():
                try:
                    manager, key = form.save(request)
                except IntegrityError:  # a race
                    if answer := self.already_set_up(request, form):
                        return answer
                    form.add_error("email", "Somebody has just taken this e-mail. Nothing was saved.")
                else:
                    texts = {"key": key, "manager": manager.email}
                    if not manager.has_usable_password():
                        texts["link"] = password_link(request, manager)
                    return show_once(request, ready_address(manager.organization_id), texts)
        fieldsets = AdminForm(form, form.fieldsets, {})
        return self.page(
            request,
            "organization/setup.html",
            title="Set up an organization",
            form=form,
            fieldsets=fieldsets,
            media=self.media + form.media,
        )

    def already_set_up(self, request: HttpRequest, form: SetUpForm) -> HttpResponse | None:
        """Lead to the organization that this form has made before."""
        made = self.get_queryset(request).filter(pk=form.sent_id).first()
        if made is None:
            return None
        said = f"“{made}” exists already: the form was sent twice, and no second organization was made."
        self.message_user(request, said, messages.WARNING)
        return HttpResponseRedirect(ready_address(made.pk))

    def ready_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what a program needs: for some minutes the key, and always the ids and a call to try."""
        organization = self.row_to_change(request, object_id)
        room = organization.rooms.active().first()
        return self.page(
            request,
            "organization/ready.html",
            title=f"{organization} is ready",
            organization=organization,
            room=room,
            program=organization.users.filter(is_bot=True).first(),
            texts=recall(request),
            minutes=MINUTES,
            api=request.build_absolute_uri(f"/api/v5/orgs/{organization.pk}"),
            visited_at=organization.created_at - timedelta(hours=1),
        )

    @admin.display(ordering="subscription_expires_on")
    def subscription(self, organization: Organization) -> str:
        last_day = organization.subscription_expires_on
        if organization.is_subscription_active(timezone.now().date()):
            return f"active until {last_day}"
        state = "no subscription" if last_day is None else f"expired on {last_day}"
        return format_html('<span class="no-subscription">{}: API calls are answered 403</span>', state)

    @admin.display(description="what it has")
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
