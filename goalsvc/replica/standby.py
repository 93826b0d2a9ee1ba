"""Whether the hot standby of DATABASE_REPLICA_URL may be read: is it this database's, and how far behind?

A thread of each process that reads compares positions in the write-ahead log. A standby that has replayed
what the primary had written at some moment has all that was committed before that moment: it may be read
until DATABASE_REPLICA_LAG later. That is exact, also on an idle primary and where the standby has lost its
connection, needs no other machine's clock, and no right beyond that to connect.
"""

import logging
import threading
from collections import deque
from contextlib import closing
from decimal import Decimal
from time import monotonic, sleep
from typing import Any

import psycopg
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

from goalsvc.database import lifecycle, outages
from goalsvc.database.configuration import REPLICA
from goalsvc.database.connection import Connection

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 2.0  # for a statement of the thread; a server that takes longer is frozen

IS_STANDBY = "SELECT pg_is_in_recovery()"
CLUSTER = "SELECT system_identifier::text FROM pg_control_system()"
DATABASE = "SELECT oid::text FROM pg_database WHERE datname = current_database()"
# Which tables there are. Two installations have not migrated in the same microseconds.
MIGRATIONS = (
    "SELECT md5(string_agg(concat_ws(' ', app, name, applied), ',' ORDER BY id)) FROM django_migrations"
)
WRITTEN = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')"
REPLAYED = "SELECT CASE WHEN pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0') END"

NO_STANDBY = "it is not a hot standby; perhaps it is the primary itself"
STRANGER = "it is not a standby of this database"
OTHER_TABLES = "its migrations are not those of the primary"


class Standby:
    """The standby, as this process sees it."""

    def __init__(self) -> None:
        self.is_configured = REPLICA in settings.DATABASES
        self.lag = settings.DATABASE_REPLICA_LAG
        self.fresh_until = 0.0  # by the clock of `monotonic`
        self.fault: str | None = None
        self._lock = threading.Lock()
        self._watcher: threading.Thread | None = None
        self._session: Connection | None = None  # of the thread with the standby

    def is_fresh(self) -> bool:
        """Tell whether it has all that was committed until DATABASE_REPLICA_LAG ago; asks nobody."""
        if not self.is_configured:
            return False
        if self._watcher is None or not self._watcher.is_alive():  # at first, or in a fork
            with self._lock:
                if self._watcher is None or not self._watcher.is_alive():
                    self._watcher = threading.Thread(target=self._watch, daemon=True, name="replica-watch")
                    self._watcher.start()
        return monotonic() < self.fresh_until and not self._has_ended()

    def doubt(self) -> None:
        """Do not read it before it has answered the thread again."""
        self.fresh_until = 0.0

    def find_fault(self) -> str | None:
        """Connect, and return why it cannot be the replica, in words; None if it can or there is none."""
        if not self.is_configured:
            return None
        try:
            with closing(connect(DEFAULT_DB_ALIAS)) as primary, closing(connect(REPLICA)) as replica:
                return unfitness(primary, replica)
        except psycopg.Error as error:
            return lifecycle.reason_of(error)

    def report(self, fault: str | None) -> None:
        """Log a fault, or that it has ended, once; the reasons why a server is away may alternate."""
        was, self.fault = self.fault, fault
        if fault is not None and was is None:
            logger.warning("the replica is not read: %s", fault)
        elif fault is None and was is not None:
            logger.warning("the replica is read again")

    def _has_ended(self) -> bool:
        """Tell whether the standby has ended since the thread asked it; after a restart it may be older."""
        session = self._session
        try:
            return session is None or (session.waits_since is None and outages.is_readable(session))
        except psycopg.Error:
            return True

    def _watch(self) -> None:
        pause = min(1.0, self.lag / 5)
        while True:
            try:
                with closing(connect(DEFAULT_DB_ALIAS)) as primary, closing(connect(REPLICA)) as replica:
                    self._session = replica
                    self._follow(primary, replica, pause)
            except psycopg.Error as error:
                self.fresh_until = 0.0
                self.report(lifecycle.reason_of(error))
                if self._session is not None and self._session.is_given_up:
                    outages.give_up_all(connections[REPLICA].pool)  # type: ignore[attr-defined] # of our engine
            self._session = None
            sleep(pause)

    def _follow(self, primary: Connection, replica: Connection, pause: float) -> None:
        """Compare positions as long as both servers answer and the replica is one."""
        positions: deque[tuple[float, Decimal]] = deque([(monotonic(), ask(primary, WRITTEN))])
        if fault := unfitness(primary, replica) or difference(primary, replica):
            self.report(fault)
            return
        while True:
            replayed = ask(replica, REPLAYED)
            moment = monotonic()
            written = ask(primary, WRITTEN)
            # Nothing is sent to a standby before it is written: it would be another's, whatever it is called.
            if replayed is None or replayed > written:
                self.fresh_until = 0.0
                self.report(NO_STANDBY if replayed is None else STRANGER)
                return
            reached = [each for each, position in positions if position <= replayed]
            if reached:
                self.fresh_until = reached[-1] + self.lag
            is_fresh = monotonic() < self.fresh_until
            self.report(None if is_fresh else f"it is more than {self.lag} s behind")
            positions.append((moment, written))
            while positions[0][0] < moment - self.lag:
                positions.popleft()
            sleep(pause)


def connect(alias: str) -> Connection:
    """Connect to a database, not through its pool. Raises: psycopg.Error."""
    parameters: dict[str, Any] = connections[alias].get_connection_params()
    connected = Connection.connect(**parameters, autocommit=True)
    connected.patience = ANSWER_SECONDS
    return connected


def ask(connection: Connection, question: str) -> Any:
    """Return the answer to a question of one value. Raises: psycopg.Error."""
    row = connection.execute(question).fetchone()
    return row[0] if row else None


def unfitness(primary: Connection, replica: Connection) -> str | None:
    """Return why a server cannot be the replica of the primary, in words. Raises: psycopg.Error."""
    if not ask(replica, IS_STANDBY):
        return NO_STANDBY
    for question in (CLUSTER, DATABASE):
        try:
            if ask(primary, question) != ask(replica, question):
                return STRANGER
        except psycopg.errors.InsufficientPrivilege:  # where the operator has taken it away
            continue
    return None


def difference(primary: Connection, replica: Connection) -> str | None:
    """Return that the replica's tables are not the primary's; that passes while migrations are replayed."""
    try:
        return None if ask(primary, MIGRATIONS) == ask(replica, MIGRATIONS) else OTHER_TABLES
    except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege):
        return OTHER_TABLES


standby = Standby()
