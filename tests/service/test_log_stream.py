"""The log never stops the service, whatever becomes of whoever reads it: lines are lost then, and counted."""

import json
import logging
import os
import pty
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from goalsvc.api import log
from tests.service.processes import Service, migrated_folder, wait_until

TOKEN = "a secret of Prometheus"
REQUESTS = 500  # their lines are more than a pipe takes, which is 64 KiB
LOST = re.compile(r'^goalsvc_lost_log_lines_total\{reason="(\w+)"\} (\S+)$', re.M)


class Unread(Service):
    """A service whose output nobody reads unless the test does."""

    def _read(self) -> None:
        pass

    def __enter__(self) -> "Unread":
        wait_until(lambda: self.answers("/readyz"))
        return self

    @property
    def pipe(self) -> int:
        assert self.process.stdout is not None
        return self.process.stdout.fileno()

    def read_what_is_there(self) -> list[bytes]:
        os.set_blocking(self.pipe, False)
        found = b""
        try:
            while part := os.read(self.pipe, 65536):
                found += part
        except BlockingIOError:
            pass
        return found.splitlines()

    def ask(self, times: int) -> list[int]:
        return [self.get("/healthz") for _ in range(times)]

    def lost(self) -> dict[str, float]:
        url = f"http://127.0.0.1:{self.port}/metrics"
        with urlopen(Request(url, headers={"Authorization": f"Bearer {TOKEN}"}), timeout=15) as answer:
            return {reason: float(count) for reason, count in LOST.findall(answer.read().decode())}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with migrated_folder() as folder:
        yield folder


@pytest.fixture
def service(folder: Path) -> Unread:
    return Unread(folder, environment={"METRICS_TOKEN": TOKEN})


def test_a_reader_that_hangs_loses_lines_and_stops_nothing(service):
    with service:
        assert service.lost() == {}
        assert set(service.ask(REQUESTS)) == {200}
        assert service.lost()["unread"] > 100

        # It goes on reading: what had room is whole, and new lines come.
        lines = [json.loads(line) for line in service.read_what_is_there()]
        assert 100 < len([line for line in lines if line["message"] == "request"]) < REQUESTS
        assert service.get("/api/v5/nothing") == 404
        wait_until(lambda: any(b'"status":404' in line for line in service.read_what_is_there()))


def test_a_reader_that_is_gone_stops_nothing_not_even_the_start(service):
    assert service.process.stdout is not None
    service.process.stdout.close()
    with service:
        assert set(service.ask(20)) == {200}
        assert service.lost()["failed"] >= 20


@contextmanager
def handler_of(descriptor: int) -> Iterator[log.LossyHandler]:
    with os.fdopen(os.dup(descriptor), "w") as stream:
        handler = log.LossyHandler(stream)
        handler.setFormatter(logging.Formatter())
        yield handler


@pytest.fixture
def losses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(log, "LOSSES", [found.append])
    return found


def write(handler: logging.Handler, line: str) -> None:
    handler.handle(logging.LogRecord("test", logging.INFO, "", 0, line, None, None))


def test_a_full_disk_loses_lines_and_complains_of_none(losses, capfd):
    full = os.open("/dev/full", os.O_WRONLY)
    with handler_of(full) as handler:
        write(handler, "lost")
    os.close(full)
    assert losses == ["failed"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("kind", "has_proc"), [("pipe", True), ("pipe", False), ("socket", True), ("terminal", True)]
)
def test_nobody_waits_for_a_reader_of_any_kind(kind, has_proc, losses, monkeypatch):
    if not has_proc:
        monkeypatch.setattr(os, "open", refuse)
    if kind == "socket":
        ends = [end.detach() for end in socket.socketpair()]
    else:
        ends = list(pty.openpty() if kind == "terminal" else os.pipe())
    try:
        with handler_of(ends[1]) as handler:
            for _ in range(5000):
                write(handler, "x" * 200)
        assert len(losses) > 1000
        assert set(losses) == {"unread"}
        assert os.get_blocking(ends[1]), "others share it"
    finally:
        for end in ends:
            os.close(end)


def refuse(*arguments: object) -> int:
    raise PermissionError


def test_a_line_that_is_cut_short_spoils_no_other(losses):
    reader, writer = os.pipe()
    with handler_of(writer) as handler:
        write(handler, "long " * 50_000)
        assert losses == ["unread"]
        os.read(reader, 1_000_000)
        write(handler, "short")
    assert os.read(reader, 1000).splitlines()[-1] == b"short"
    os.close(reader)
    os.close(writer)


def test_where_standard_output_is_closed_nothing_is_written(losses):
    handler = log.LossyHandler(None)
    write(handler, "lost")
    assert losses == []
