"""Each migration is one that the code of the release before survives (docs/development.md, Migrations)."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django_migration_linter.sql_analyser.analyser import analyse_sql_statements
from django_migration_linter.sql_analyser.postgresql import PostgresqlAnalyser

OURS = {"orgs", "replica", "goals", "matching"}

# Migrations that take away what the release before no longer uses, such as `matching.0007_drop_note`, and the
# release that has stopped to use it.
EXCEPTIONS: dict[str, str] = {}


@pytest.fixture(autouse=True)
def outside_of_a_transaction(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Nothing is written; what is not for a transaction is not shown in one either."""
    with django_db_blocker.unblock():
        yield


def faults() -> Iterator[tuple[str, list[str]]]:
    """Our migrations after the first of each app, and what is wrong with each."""
    for app, name in sorted(MigrationLoader(connection).disk_migrations):
        if app in OURS and name != "0001_initial":
            sql = call_command("sqlmigrate", app, name, stdout=StringIO())
            errors, _, warnings = analyse_sql_statements(PostgresqlAnalyser, sql.splitlines())
            yield f"{app}.{name}", [issue.code for issue in (*errors, *warnings)]


def test_each_is_survived_by_the_code_of_the_release_before() -> None:
    found = {name: codes for name, codes in faults() if codes}
    assert found.keys() == EXCEPTIONS.keys(), found


def test_what_the_page_admits_is_no_fault(settings: Any) -> None:
    settings.MIGRATION_MODULES = {"matching": "tests.service.next_release.migrations"}
    added = {name: codes for name, codes in faults() if name.startswith("matching.")}
    assert added == {"matching.0002_channel": [], "matching.0003_channel_index": []}


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("migrations.RenameField('externalmatch', 'external_id', 'event_id')", "RENAME_COLUMN"),
        ("migrations.RemoveField('externalmatch', 'external_id')", "DROP_COLUMN"),
        ("migrations.RenameModel('Chore', 'Job')", "RENAME_TABLE"),
        ("migrations.DeleteModel('Chore')", "DROP_TABLE"),
        ("migrations.AddField('chore', 'note', models.CharField(max_length=9, default=''))", "NOT_NULL"),
        ("migrations.AddIndex('chore', models.Index(fields=['started_at'], name='began'))", "CREATE_INDEX"),
        (
            "migrations.AddConstraint('chore', models.UniqueConstraint('started_at', name='one'))",
            "ADD_UNIQUE",
        ),
        ("migrations.RunSQL('DROP TABLE matching_chore')", "DROP_TABLE"),
    ],
)
def test_what_the_old_code_does_not_survive_is_found(
    settings: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
    code: str,
) -> None:
    package = tmp_path / tmp_path.name
    package.mkdir()
    (package / "__init__.py").write_text(
        "from matching import migrations\n__path__ = [*__path__, *migrations.__path__]\n"
    )
    (package / "0002_bad.py").write_text(
        "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n"
        f"    dependencies = [('matching', '0001_initial')]\n    operations = [{operation}]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    settings.MIGRATION_MODULES = {"matching": package.name}
    assert code in dict(faults())["matching.0002_bad"]
