"""Writes tests/releases/VERSION.sql: the tables of this version, with a small demo world in them."""

import argparse
import re
import subprocess
import sys
from pathlib import Path

from tests.service.processes import ROOT, Service, migrated_folder

# What is only for people, what changes each time, what an older server does not know.
NOISE = re.compile(
    r"(--|-- (Name|Data for Name|Dumped|PostgreSQL).*|\\(un)?restrict .*|SET transaction_timeout = 0;)\n"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version", help="of pyproject.toml")
    file = Path(__file__).with_name(f"{parser.parse_args().version}.sql")
    with migrated_folder() as folder, Service(folder, "--demo", environment={"DEMO_DAYS": "4"}) as service:
        with service.connect() as database:
            database.execute("UPDATE orgs_user SET password = '!'")
            database.execute("DELETE FROM orgs_apitoken")
        dump = subprocess.run(
            [sys.executable, "manage.py", "with_database", "pg_dump", "--no-owner", "--no-privileges"],
            cwd=ROOT,
            env={"GOALSVC_DATA": str(folder), "SECRET_KEY": "unused"},
            check=True,
            capture_output=True,
            text=True,
        )
    lines = dump.stdout.splitlines(keepends=True)
    file.write_text("".join(line for line in lines if not NOISE.fullmatch(line)))


if __name__ == "__main__":
    main()
