"""The settings of the service, with the migrations of the next release."""

from goalsvc.settings import *  # noqa: F403 - all of them

MIGRATION_MODULES = {"matching": "tests.service.next_release.migrations"}
