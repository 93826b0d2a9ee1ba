"""What a world takes on disk, how deep its indexes are, and how long it takes to look after them."""

import subprocess
import time
from dataclasses import dataclass

import psycopg
from psycopg import Connection

from goalsvc.database.system import find_programs
from tests.far.world import TABLES

RELATIONS = """
    SELECT relation.oid::regclass::text, relation.relkind = 'i', greatest(relation.reltuples, 0)::bigint,
           pg_relation_size(relation.oid)
    FROM pg_class AS relation
    LEFT JOIN pg_index ON indexrelid = relation.oid
    WHERE coalesce(indrelid, relation.oid) = ANY (%s::regclass[]) AND relation.relkind IN ('r', 'i')
    ORDER BY array_position(%s::regclass[], coalesce(indrelid, relation.oid)::regclass), relkind = 'i', 4 DESC
"""
# A root above leaves and the pages between are inner ones; a page on the lowest level is a leaf.
INNER = "SELECT count(*) FROM bt_multi_page_stats(%s, 1, -1) WHERE type IN ('i', 'r') AND btpo_level > 0"
# As `prune_sessions` does, sessions without a match; these are of five days that have none.
PRUNE = """
    DELETE FROM matching_visitorsession AS session
    USING (SELECT min(started_at) AS at FROM matching_visitorsession) AS first
    WHERE started_at BETWEEN first.at + interval '60 days' AND first.at + interval '65 days'
      AND NOT EXISTS (
          SELECT FROM matching_externalmatch AS match
          WHERE match.organization_id = session.organization_id AND match.session_id = session.id
      )
"""


@dataclass(frozen=True)
class Relation:
    """A table or an index.

    Args:
        levels: of the index, its root and its leaves included; None where the server cannot say.
        inner: bytes of the pages above the leaves.
    """

    name: str
    is_index: bool
    rows: int
    size: int
    levels: int | None = None
    inner: int | None = None


def relations(connection: Connection) -> list[Relation]:
    """Measure the large tables and their indexes."""
    try:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pageinspect")
        can_inspect = True
    except psycopg.Error:  # not installed there, or not ours to create
        can_inspect = False
    found = []
    for name, is_index, rows, size in connection.execute(RELATIONS, [list(TABLES)] * 2).fetchall():
        levels = inner = None
        if is_index and can_inspect:
            [levels] = connection.execute("SELECT level + 1 FROM bt_metap(%s)", [name]).fetchone() or [None]
            if size > 2 * 8192:
                [pages] = connection.execute(INNER, [name]).fetchone() or [0]
                inner = pages * 8192
        found.append(Relation(name, is_index, rows, size, levels, inner))
    return found


def vacuum(connection: Connection) -> tuple[int, float, float]:
    """Delete old sessions; return how many, and the seconds of that and of the VACUUM of their table."""
    connection.execute("SET maintenance_work_mem = '1GB'")
    began = time.monotonic()
    deleted = connection.execute(PRUNE).rowcount
    halfway = time.monotonic()
    # So few rows would leave the indexes for another time.
    connection.execute("VACUUM (INDEX_CLEANUP ON) matching_visitorsession")
    return deleted, halfway - began, time.monotonic() - halfway


def dump(url: str) -> tuple[int, float]:
    """Back up a database as docs/operations.md says; return the bytes, and the seconds."""
    program = find_programs(None) / "pg_dump"
    began = time.monotonic()
    size = 0
    with subprocess.Popen(
        [str(program), "--format=custom", url.replace("postgres://", "postgresql://")], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        while part := process.stdout.read(1 << 20):
            size += len(part)
    if process.returncode:
        raise SystemExit(f"pg_dump ended with {process.returncode}")
    return size, time.monotonic() - began
