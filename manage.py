#!/usr/bin/env python
"""Runs the management commands, with the embedded database when none is configured."""

import os
import sys

# These never touch the database, so they must not make one.
WITHOUT_DATABASE = {"help", "version", "check", "collectstatic", "spectacular", "startapp", "diffsettings"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "goalsvc.settings")
    from django.core.management import execute_from_command_line

    from goalsvc import database

    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    asks_for_help = {"-h", "--help", "--version"} & set(sys.argv[1:])
    if command in WITHOUT_DATABASE or asks_for_help:
        execute_from_command_line(sys.argv)
        return
    with database.running():
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
