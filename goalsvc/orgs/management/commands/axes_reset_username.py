"""Ends a lock-out by e-mail address, however that is spelled: failures are counted by its folded form."""

from typing import Any

from axes.management.commands.axes_reset_username import Command as OfAxes

from goalsvc.orgs.logins import folded


class Command(OfAxes):  # type: ignore[misc] # axes has no types
    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options | {"username": [folded(name) for name in options["username"]]})
