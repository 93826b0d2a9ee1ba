"""The permission scopes: what a user may do in their organization."""

from django.db import models


class Scope(models.TextChoices):
    SETTINGS = "settings", "Settings"
    REPORTS = "reports", "Reports"
    USERS = "users", "Users"

    @property
    def opens(self) -> str:
        """What the scope permits, in a sentence for the form of users."""
        return OPENS[self]


# Not the labels, which are in the migrations: these sentences change with what there is to permit.
OPENS = {
    Scope.SETTINGS: (
        "makes and changes goals and rooms; in the admin sees matches, held matches, refused attempts, "
        "visitors and imports; corrects, retracts and restores matches; shows and erases what is held about "
        "a person"
    ),
    Scope.REPORTS: (
        "sees the figures: the first page of the admin, the report pages, and the reports of the API; not "
        "the visitors behind them"
    ),
    Scope.USERS: (
        "makes and changes users, their passwords and API tokens; only of those who hold no scope that the "
        "manager lacks"
    ),
}

# What takes no scope, for the same form.
OPEN_TO_ALL = (
    "Without any scope: through the API posts and reads matches, sessions and identities, and reads the "
    "organization and its rooms, which is what a program that reports sales needs; in the admin, if "
    "staff, reads the organization, its rooms and goals."
)
