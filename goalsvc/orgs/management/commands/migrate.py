"""Django's `migrate`: one at a time, all or nothing where that is possible, and not long in the way."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as OfDjango
from django.db import DEFAULT_DB_ALIAS, OperationalError, ProgrammingError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from procrastinate.contrib.django.apps import ProcrastinateConfig
from psycopg.errors import DeadlockDetected, InsufficientPrivilege, LockNotAvailable

from goalsvc.database import lifecycle
from goalsvc.database.fitness import migrations, named

logger = logging.getLogger(__name__)

# Of the advisory lock: any number, the same in all versions.
MIGRATION_LOCK = 7_420_531_186

# How long a migration waits for a table that is in use. Whoever wants the table meanwhile waits behind it.
LOCK_TIMEOUT = "2s"
PAUSE_SECONDS = 1.0  # in which those go on


class Command(OfDjango):
    """Migrates as Django does. `applied` has the names of the migrations that a run has applied."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.applied: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        changes_nothing = options["plan"] or options["check_unapplied"]
        if changes_nothing or options["database"] != DEFAULT_DB_ALIAS:  # the replica's, which has no own
            super().handle(*args, **options)
            return
        self.verbosity = options["verbosity"]
        try:
            with self.alone():
                if options["app_label"] is None:
                    self.migrate_whole(*args, **options)
                else:
                    super().handle(*args, **options)
                unknown = migrations().unknown
        except ProgrammingError as error:
            if not isinstance(error.__cause__, InsufficientPrivilege):
                raise
            raise CommandError(
                "The database cannot be used: migrations have to be applied, which its role may not do: "
                f"{error.__cause__.diag.message_primary}."
            ) from error
        if unknown:
            self.say(f"The database is that of a newer version: {named(unknown)} is left as it is.")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Inside the block no other process migrates, of this version or another."""
        has_said = False
        while True:
            # Polled, not waited for inside PostgreSQL: CREATE INDEX CONCURRENTLY of the other process waits
            # for every running statement.
            with lifecycle.only_one(MIGRATION_LOCK) as is_alone:
                if is_alone:
                    yield
                    return
            if not has_said:
                self.say("Another process is migrating. Waiting for it.")
                has_said = True
            time.sleep(0.2)

    def migrate_whole(self, *args: Any, **options: Any) -> None:
        """Apply all missing migrations, in one transaction where that is possible.

        Django commits a migration and its row in django_migrations separately. A process that is stopped
        between them leaves a migration that fails at each later start.

        Those of procrastinate go before, one by one: some use what another has added to an enum, which takes
        a commit between them. They are plain SQL, which Django commits with its row.
        """
        executor = MigrationExecutor(connection)
        leaves = executor.loader.graph.leaf_nodes()
        self.apply([leaf for leaf in leaves if leaf[0] == ProcrastinateConfig.label], **options)
        # What is not for a transaction, such as CREATE INDEX CONCURRENTLY, and what comes before it.
        plan = [migration for migration, _ in MigrationExecutor(connection).migration_plan(leaves)]
        while any(not migration.atomic for migration in plan):
            migration = plan.pop(0)
            apply = partial(self.apply, [(migration.app_label, migration.name)], **options)
            self.apply_at_once(apply) if migration.atomic else apply()
        self.apply_at_once(partial(super().handle, *args, **options))

    def apply(self, targets: Sequence[tuple[str, str]], *, fake: bool, **options: Any) -> None:
        MigrationExecutor(connection, self.migration_progress_callback).migrate(targets, fake=fake)

    def apply_at_once(self, apply: Callable[[], object]) -> None:
        """Apply migrations in one transaction; begin it anew where a table is in use for too long."""
        applied = len(self.applied)
        while True:
            try:
                with transaction.atomic():
                    with connection.cursor() as cursor:
                        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
                    apply()
                return
            except OperationalError as error:
                if not isinstance(error.__cause__, (LockNotAvailable, DeadlockDetected)):
                    raise
            del self.applied[applied:]
            self.say("A table is in use. Nothing was changed; trying again.")
            time.sleep(PAUSE_SECONDS)

    def say(self, text: str) -> None:
        """Tell whoever watches, or the log."""
        if self.verbosity:
            self.stderr.write(text)
        else:
            logger.warning(text)

    def migration_progress_callback(
        self, action: str, migration: Any = None, fake: bool | None = False
    ) -> None:
        super().migration_progress_callback(action, migration, bool(fake))
        if action == "apply_success":
            self.applied.append(f"{migration.app_label}.{migration.name}")
