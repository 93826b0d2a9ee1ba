"""What all tests share: the database of the run."""

import fcntl
import itertools
import os
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection

from goalsvc import database


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> Iterator[None]:
    """The embedded server, if DATABASE_URL names none, and a test database of this process's own.

    Two test runs at once, or the workers of one, must not drop each other's database: each takes the first
    free number. Numbers are used again, so what a killed run leaves behind is replaced by a later one.
    """
    for number in itertools.count(1):
        lock = os.open(settings.DATA_DIR / f"test-{number}.lock", os.O_RDONLY | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            os.close(lock)
    test_settings = connection.settings_dict["TEST"]
    test_settings["NAME"] = f"test_{connection.settings_dict['NAME']}_{number}"
    with database.running():
        yield
    os.close(lock)
