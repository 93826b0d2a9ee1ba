import json
import re
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from io import BufferedReader
from pathlib import Path
from typing import Any, cast

import psycopg
from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from goalsvc.database.system import NoDatabaseError
from matching.management.backup.checking import Figures, faults, figures, live_figures, migrate
from matching.management.backup.restoring import BackupError, restore, scratch_database


def age(text: str) -> timedelta:
    """Read an age such as `26h` or `2d`."""
    found = re.fullmatch(r"([1-9][0-9]{0,5})([hd])", text, re.ASCII)
    if found is None:
        raise ArgumentTypeError(f"must be a number of hours or days such as 26h or 2d, not {text!r}")
    return timedelta(hours=int(found[1])) if found[2] == "h" else timedelta(days=int(found[1]))


@dataclass
class Report:
    """What a trial has found."""

    file: str
    at: datetime
    faults: list[str] = field(default_factory=list)
    restore_seconds: float | None = None
    applied_migrations: list[str] = field(default_factory=list)
    backup: dict[str, Figures] = field(default_factory=dict)
    live: dict[str, Figures] = field(default_factory=dict)
    live_fault: str | None = None

    @property
    def newest_at(self) -> datetime | None:
        """When the newest row was written that is in the backup."""
        return max((each.newest_at for each in self.backup.values() if each.newest_at), default=None)

    def as_json(self) -> str:
        rows = {name: each._asdict() for name, each in self.backup.items()}
        for name, each in self.live.items():
            rows.get(name, {}).update({f"live_{key}": value for key, value in each._asdict().items()})
        shown = {
            "is_good": not self.faults,
            **{key: value for key, value in asdict(self).items() if key not in {"backup", "live"}},
            "newest_at": self.newest_at,
            "contents": rows,
        }
        return json.dumps(shown, cls=DjangoJSONEncoder, indent=2)

    def as_table(self) -> str:
        lines = [f"{'':<20}{'backup':>12}  {'newest':<20}{'now':>12}  newer by"]
        for name, each in self.backup.items():
            newest = f"{each.newest_at:%Y-%m-%dT%H:%M:%SZ}" if each.newest_at else ""
            row = f"{name:<20}{each.rows:>12,}  {newest:<20}"
            if live := self.live.get(name):
                row += f"{live.rows:>12,}"
                if each.newest_at and live.newest_at:
                    row += f"  {hours(live.newest_at - each.newest_at)}"
            lines.append(row.rstrip())
        return "\n".join(lines)


def hours(span: timedelta) -> str:
    return f"{span.total_seconds() / 3600:.1f} h"


class Command(BaseCommand):
    help = (
        "Restore a dump into a PostgreSQL of its own, which is there only meanwhile, and look whether all "
        "is there; compare it with the database of the service, where that can be reached. Ends with 1 and "
        "a sentence when the backup is of no use."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", metavar="FILE", help="a dump, custom or SQL, perhaps with gzip; - for standard input"
        )
        parser.add_argument(
            "--max-age", type=age, metavar="AGE", help="fail if the newest row is older, such as 26h or 2d"
        )
        parser.add_argument("--json", action="store_true", help="print what was found as JSON")

    def handle(self, *, file: str, max_age: timedelta | None, **options: Any) -> None:
        report = Report(file, timezone.now())
        try:
            self.try_out(report)
            self.compare(report, max_age)
        except (BackupError, NoDatabaseError) as error:
            report.faults.append(str(error))
        except KeyboardInterrupt:
            raise CommandError("Interrupted. Nothing is left of the trial.", returncode=130) from None
        if options["json"]:
            self.stdout.write(report.as_json())
        elif report.backup:
            self.tell(report)
        if report.faults:
            raise CommandError("\n".join(report.faults))
        if not options["json"]:
            self.stdout.write("The backup is good.")

    def try_out(self, report: Report) -> None:
        """Restore the dump and look at it. Raises: BackupError, NoDatabaseError."""
        with opened(report.file) as dump, scratch_database() as url:
            began = time.monotonic()
            restore(dump, url)
            with psycopg.connect(url, autocommit=True) as database:
                report.applied_migrations = migrate(database, url)
                report.faults += faults(database)
                report.restore_seconds = round(time.monotonic() - began, 1)
                report.backup = figures(database)

    def compare(self, report: Report, max_age: timedelta | None) -> None:
        try:
            report.live = live_figures()
        except NoDatabaseError as error:
            report.live_fault = str(error)
        newest_at = report.newest_at
        if max_age is not None and (newest_at is None or report.at - newest_at > max_age):
            found = f"{hours(report.at - newest_at)} old" if newest_at else "missing"
            report.faults.append(
                f"The newest row in the backup is {found}, and --max-age is {hours(max_age)}."
            )

    def tell(self, report: Report) -> None:
        self.stdout.write(f"Restored and analyzed in {report.restore_seconds} s.")
        if report.applied_migrations:
            applied = ", ".join(report.applied_migrations)
            self.stdout.write(f"It is of an earlier version, and was migrated: {applied}.")
        self.stdout.write(report.as_table())
        if report.live_fault:
            self.stdout.write(f"It was compared with nothing. {report.live_fault}")


def opened(file: str) -> Any:
    """Return the file, or standard input, as a context. Raises: BackupError."""
    if file == "-":
        return nullcontext(cast(BufferedReader, sys.stdin.buffer))
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise BackupError(f"{file} cannot be read: {error.strerror}.") from error
