"""An organization in one go, with its first room, its manager, and a token for the program that posts."""

from datetime import date, timedelta
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.http import HttpRequest
from django.utils import timezone
from uuid_utils.compat import uuid7

from goalsvc.orgs.models import ApiToken, Organization, Room, User
from goalsvc.orgs.scopes import Scope

YEAR = timedelta(days=365)


def field_of(model: type[models.Model], name: str, **options: Any) -> Any:
    """Make the form's field of a model's field, with its limits."""
    field: Any = model._meta.get_field(name)
    return field.formfield(**options)


def a_year_from_today() -> date:
    return timezone.now().date() + YEAR


class SetUpForm(forms.Form):
    # Of the new organization; so a form that is sent twice makes one.
    organization_id = forms.UUIDField(
        initial=uuid7,
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(
            ("required", "invalid"), "This form is incomplete. Open the page again, and fill in a new one."
        ),
    )
    name = field_of(Organization, "name", help_text="The customer's, as people know it.")
    subscription_expires_on = field_of(
        Organization,
        "subscription_expires_on",
        required=True,
        initial=a_year_from_today,
        label="Subscription until",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="The last day (UTC); proposed is a year. After it API calls are answered 403.",
    )
    room = field_of(
        Room, "name", help_text="Where visitors come: a web shop, or a shop. Others can be added later."
    )
    domain = field_of(
        Room,
        "domain",
        validators=[Room.DOMAIN],
        help_text="Of a web shop, such as shop.example.com, without https://. Empty for a shop.",
    )
    language_code = field_of(Room, "language_code", label="Language", help_text="Such as en or fi.")
    email = field_of(User, "email", help_text="What the manager logs in to this admin with.")
    first_name = field_of(User, "first_name")
    last_name = field_of(User, "last_name")
    password = forms.CharField(
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Leave it empty to get a link with which the manager sets one; it works for 24 hours.",
    )
    token = field_of(
        ApiToken, "description", label="What uses the token", help_text="For example “Till” or “CRM export”."
    )

    fieldsets: ClassVar[Any] = (
        ("Organization", {"fields": ("organization_id", "name", "subscription_expires_on")}),
        ("First room", {"fields": ("room", "domain", "language_code")}),
        (
            "Manager",
            {
                "fields": ("email", "first_name", "last_name", "password"),
                "description": "A person with all scopes: goals and rooms, reports, users and tokens.",
            },
        ),
        (
            "API token",
            {
                "fields": ("token",),
                "description": (
                    "For the program that reports sessions and posts matches. It gets a user of its own, "
                    "without scopes and without a password."
                ),
            },
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, forms.CharField):
                field.widget.attrs["class"] = "vTextField"

    @property
    def sent_id(self) -> UUID | None:
        """The organization that this form makes, whatever else was sent."""
        field: Any = self.fields["organization_id"]
        try:
            sent: UUID | None = field.clean(self.data.get("organization_id"))
        except ValidationError:
            return None
        return sent

    def clean_subscription_expires_on(self) -> date:
        last_day: date = self.cleaned_data["subscription_expires_on"]
        if last_day < timezone.now().date():
            raise ValidationError("This day has passed, so every API call would be answered 403.")
        return last_day

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if "organization_id" not in given:
            return given
        manager = self.manager(given)
        try:
            manager.validate_constraints(exclude={"id"})
        except ValidationError as error:
            self.add_error("email", error.messages)
        if given.get("password"):
            try:
                validate_password(given["password"], manager)
            except ValidationError as error:
                self.add_error("password", error)
        return given

    def manager(self, given: dict[str, Any]) -> User:
        return User(
            organization_id=given["organization_id"],
            email=User.objects.normalize_email(given.get("email", "")),
            first_name=given.get("first_name", ""),
            last_name=given.get("last_name", ""),
            is_staff=True,
            scopes=list(Scope.values),
        )

    def save(self, request: HttpRequest) -> tuple[User, str]:
        """Make everything, with its history; return the manager and the token's key.

        Raises: IntegrityError, when somebody has just taken the id or the e-mail address.
        """
        given = self.cleaned_data
        organization = Organization(
            id=given["organization_id"],
            name=given["name"],
            subscription_expires_on=given["subscription_expires_on"],
        )
        room = Room(
            organization=organization,
            name=given["room"],
            domain=given["domain"],
            language_code=given["language_code"],
        )
        manager = self.manager(given)
        manager.set_password(given["password"] or None)
        program = User(organization=organization, email=address_of_program(organization), is_bot=True)
        program.set_unusable_password()
        token = ApiToken(user=program, description=given["token"])
        with transaction.atomic():
            for row in (organization, room, manager, program, token):
                admin.site.get_model_admin(type(row)).save_model(request, row, form=None, change=False)
        key: str = request.issued_key  # type: ignore[attr-defined] # ApiTokenAdmin sets it
        return manager, key


def address_of_program(organization: Organization) -> str:
    """Return the address of the user whose token a program has; no mail ever reaches it (RFC 2606)."""
    return f"integrator@{organization.pk.hex[-12:]}.invalid"
