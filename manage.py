#!/usr/bin/env python
"""Runs the management commands, with the embedded database when none is configured."""

import os
import signal
import sys
from contextlib import nullcontext

# These never touch the database, so they must not make one. `serve` looks after its database itself, and
# `verify_backup` does without where there is none.
WITHOUT_DATABASE = {
    "help",
    "version",
    "check",
    "collectstatic",
    "spectacular",
    "startapp",
    "diffsettings",
    "serve",
    "verify_backup",
}

# These may be the first to want a database: they make the embedded one. In others, such as a daily job
# without its environment, that would hide what is wrong.
MAKES_DATABASE = {"migrate", "load_demo", "with_database", "makemigrations"}


def heed_stops() -> None:
    """Stopped politely (SIGTERM), a command still stops the database server that it started."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    # Python drops what is raised in a callback of its garbage collector. A stop that comes right then is
    # asked for once more, a moment later.
    signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGTERM))

    def ask_again(dropped: "sys.UnraisableHookArgs") -> None:
        if isinstance(dropped.exc_value, SystemExit | KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, 0.01)
        else:
            sys.__unraisablehook__(dropped)

    sys.unraisablehook = ask_again


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "goalsvc.settings")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from goalsvc.database import lifecycle
    from goalsvc.database.system import NoDatabaseError

    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    # What follows `with_database` belongs to another program.
    own_arguments = sys.argv[1:3] if command == "with_database" else sys.argv[1:]
    asks_for_help = {"-h", "--help", "--version"} & set(own_arguments)
    if command == "serve":
        os.environ["LOG_TO_STDOUT"] = os.environ.get("LOG_TO_STDOUT") or "1"
    else:
        # A migration or an import may rightly take longer than any statement of a request.
        os.environ["DATABASE_STATEMENT_TIMEOUT_MS"] = "0"
    heed_stops()
    try:
        settings.INSTALLED_APPS  # noqa: B018 - reads the settings, and only that: bugs keep their traceback
    except ImproperlyConfigured as error:
        sys.exit(f"{error}")
    if command in WITHOUT_DATABASE or asks_for_help:
        execute_from_command_line(sys.argv)
        return
    try:
        with lifecycle.running(make=command in MAKES_DATABASE):
            lifecycle.verify(is_to_migrate=command == "migrate")
            with nullcontext() if command == "migrate" else lifecycle.migrated():
                execute_from_command_line(sys.argv)
    except NoDatabaseError as error:
        sys.exit(f"{error}")


if __name__ == "__main__":
    main()
