"""What a run costs: processor time, as the kernel counts it, and PostgreSQL's write-ahead log."""

import os
import resource
from pathlib import Path
from typing import NamedTuple

import psycopg

TICKS = os.sysconf("SC_CLK_TCK")


class Reading(NamedTuple):
    """Processor time in seconds, and where the write-ahead log is, in bytes."""

    service: float
    database: float | None  # None: the database server runs elsewhere
    client: float
    log: int


class Meter:
    """Reads processes of this machine and the log of a database."""

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url, autocommit=True)
        self.postmaster = find_postmaster(self.connection)

    def read(self, service: int) -> Reading:
        """Read all.

        Args:
            service: the first process of the service.
        """
        position = self.connection.execute("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn").fetchone()
        assert position is not None
        database = processor_seconds(self.postmaster) if self.postmaster is not None else None
        return Reading(processor_seconds(service), database, client_seconds(), int(position[0]))


def costs(before: Reading, after: Reading, *, requests: int, items: int) -> dict[str, float]:
    """Return what a request and a row cost between two readings: microseconds, and bytes of the log.

    Args:
        items: how many rows a request carries.
    """
    requests = max(1, requests)
    spent = {"service": after.service - before.service, "client": after.client - before.client}
    if before.database is not None and after.database is not None:
        spent["database"] = after.database - before.database
    figures = {f"{who} µs": seconds * 1e6 / requests for who, seconds in spent.items()}
    figures |= {f"{name} a row": figure / items for name, figure in figures.items()}
    return figures | {"log bytes a row": (after.log - before.log) / requests / items}


def find_postmaster(connection: psycopg.Connection) -> int | None:
    """Return the process of the server that this connection leads to; None if it is on another machine."""
    process = Path(f"/proc/{connection.info.backend_pid}")
    try:
        title = (process / "cmdline").read_text()
        parent = int(fields_of(process)[1])
    except OSError:
        return None
    # The number might be another process's here: a server process says whose database it is.
    return parent if title.startswith("postgres") and connection.info.dbname in title else None


def fields_of(process: Path) -> list[str]:
    """Return the fields of a process's `stat` that follow its name; the state is the first."""
    return (process / "stat").read_text().rpartition(")")[2].split()


def processor_seconds(pid: int) -> float:
    """Return the processor time of a process and its descendants, also of those that have ended."""
    process = Path(f"/proc/{pid}")
    try:
        spent = sum(map(int, fields_of(process)[11:15])) / TICKS
        children = [
            int(child) for listed in process.glob("task/*/children") for child in listed.read_text().split()
        ]
    except OSError:  # it has ended: its parent counts it
        return 0.0
    return spent + sum(map(processor_seconds, children))


def client_seconds() -> float:
    """Return the processor time of this process and of the loads that have ended."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def largest_worker(pid: int) -> float:
    """Return the resident memory of the largest child process, in megabytes."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    pages = [int(Path(f"/proc/{child}/statm").read_text().split()[1]) for child in children]
    return float(max(pages, default=0)) * os.sysconf("SC_PAGE_SIZE") / 1e6
