"""Uploads behind the server: streamed to disk, refused before they are read, cut off when they stall."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.service.processes import Service, migrated_folder, wait_until
from tests.service.test_limits import World, read_answer

MEBIBYTE = 1024 * 1024
BODY_TIMEOUT = 2
HEADER = b"visitor_session_id,visitor_id,started_at,rooms,note\n"


class Uploads(World):
    """The demo world, and its address for uploads."""

    @property
    def files(self) -> list[Path]:
        folder = self.service.data / "uploads"
        return list(folder.iterdir()) if folder.exists() else []

    def uploading(self, *headers: str, **query: str) -> bytes:
        path = f"{self.base}/imports?{urlencode({'kind': 'sessions', **query})}"
        return self.head("POST", path, *headers).replace(b"application/json", b"text/csv")

    def rows(self, size: int) -> Iterator[bytes]:
        """About so many bytes of a file of sessions, in parts of a mebibyte."""
        yield HEADER
        note = b"x" * 1000
        row = b"stream-%d,stream-%d,2016-10-10T22:00:00Z," + self.rooms[0].encode() + b"," + note + b"\n"
        for first in range(0, size // 1000, 1000):
            yield b"".join(row % (number, number) for number in range(first, first + 1000))


@pytest.fixture(scope="module")
def world() -> Iterator[Uploads]:
    environment = {"BODY_TIMEOUT_SECONDS": str(BODY_TIMEOUT)}
    with migrated_folder() as folder, Service(folder, "--demo", environment=environment) as service:
        yield Uploads(service)


def resident(pid: int) -> int:
    """Kilobytes of memory of a process."""
    [line] = [
        line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")
    ]
    return int(line.split()[1])


def ask_for_an_import(world: Uploads, import_id: str) -> Any:
    return world.ask(world.head("GET", f"{world.base}/imports/{import_id}"))[1]


def test_three_gigabytes_are_refused_before_they_are_read(world):
    status, body = world.ask(world.uploading(f"Content-Length: {3 * 1024**3}"))

    assert (status, body["code"]) == (413, "payload_too_large")


def test_who_may_not_call_is_refused_before_the_body(world):
    head = world.uploading(f"Content-Length: {1024**3}").replace(world.key.encode(), b"0" * 40)

    assert world.ask(head)[0] == 401


@pytest.mark.parametrize("query", [{"kind": "goals"}, {"hold": "yes"}, {"goal": "none", "kind": "matches"}])
def test_a_wrong_parameter_is_refused_before_the_body(query, world):
    assert world.ask(world.uploading(f"Content-Length: {1024**3}", **query))[0] in {400, 404}


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_large_file_takes_no_memory_and_holds_up_nobody(is_chunked, world):
    parts = list(world.rows(60 * MEBIBYTE + is_chunked))
    size = sum(map(len, parts))
    before = {worker: resident(worker) for worker in world.service.workers()}
    with world.connect() as client:
        if is_chunked:
            client.sendall(world.uploading("Transfer-Encoding: chunked", dry_run="true"))
        else:
            client.sendall(world.uploading(f"Content-Length: {size}"))
        for number, part in enumerate(parts):
            client.sendall(b"%x\r\n%b\r\n" % (len(part), part) if is_chunked else part)
            if number % 20 == 0:
                world.assert_answers_others()
        if is_chunked:
            client.sendall(b"0\r\n\r\n")
        status, body = read_answer(client)
    grown = max(resident(worker) - of for worker, of in before.items())

    assert (status, body["size"], body["status"]) == (202, size, "queued")
    assert grown < 30_000, f"{grown} kB more"
    told = ask_for_an_import(world, body["id"])
    assert [path.stat().st_size for path in world.files if path.name == f"{told['id']}.csv"] == [size]


def test_an_upload_that_breaks_off_leaves_nothing(world):
    before = world.files
    with world.connect() as client:
        client.sendall(world.uploading(f"Content-Length: {10 * MEBIBYTE}", filename="broken.csv"))
        for part in world.rows(5 * MEBIBYTE):
            client.sendall(part)
    time.sleep(0.5)

    listed = world.ask(world.head("GET", f"{world.base}/imports"))[1]["results"]
    assert world.files == before
    assert "broken.csv" not in {each["filename"] for each in listed}


def test_an_upload_that_stalls_is_cut_off(world):
    before = world.files
    with world.connect() as client:
        client.sendall(world.uploading(f"Content-Length: {10 * MEBIBYTE}") + HEADER)
        began = time.monotonic()
        status, body = read_answer(client)

    assert (status, body["code"]) == (408, "request_timeout")
    assert time.monotonic() - began < BODY_TIMEOUT + 8
    assert world.files == before


def test_a_slow_upload_is_not_cut_off(world):
    content = b"".join(world.rows(MEBIBYTE))[:200_000]
    with world.connect() as client:
        client.sendall(world.uploading(f"Content-Length: {len(content)}", filename="slow.csv"))
        for start in range(0, len(content), 20_000):  # longer than BODY_TIMEOUT in all
            client.sendall(content[start : start + 20_000])
            time.sleep(0.3)
        status, _ = read_answer(client)

    assert status == 202


def test_the_same_file_at_the_same_moment_is_one_import(world):
    content = HEADER + b"at-once,at-once,2016-10-10T22:00:00Z,%b,\n" % world.rooms[0].encode()
    request = world.uploading(f"Content-Length: {len(content)}", filename="at-once.csv") + content
    answers: list[Any] = []
    threads = [threading.Thread(target=lambda: answers.append(world.ask(request))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(status for status, _ in answers) == [200] * 7 + [202]
    assert len({body["id"] for _, body in answers}) == 1
    wait_until(lambda: len([path for path in world.files if path.name.startswith(answers[0][1]["id"])]) == 1)


def test_uploads_are_kept_where_only_the_service_reads_them(world):
    folder = world.service.data / "uploads"

    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in world.files} == {0o600}
