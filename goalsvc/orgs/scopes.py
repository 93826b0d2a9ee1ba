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
        "manages goals and rooms; in the admin sees matches, held matches, rejected attempts, visitors and "
        "imports; corrects and retracts matches; shows and erases what is held about a visitor identity"
    ),
    Scope.REPORTS: "sees the reports: figures of goals, matches and sessions, not the visitors behind them",
    Scope.USERS: "manages users and API tokens, of those who hold no scope that the manager lacks",
}
