"""Sends the worst bodies, at full size, to a service with one worker; prints what each cost the worker."""

import argparse
import http.client
import json
import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bodies.corpus import MEBIBYTE, Body, World, worst_bodies
from tests.service.processes import PATIENCE, Service, migrated_folder

TICKS = os.sysconf("SC_CLK_TCK")


class Worker:
    """The only worker of a service with the demo world."""

    def __init__(self, service: Service) -> None:
        self.service = service
        [self.pid] = service.workers()
        key = re.search(r"manager's token +(\w+)", service.text)
        assert key
        self.key = key[1]
        [[self.organization], rooms, goals] = (
            re.findall(rf"^  {name} +(.+)$", service.text, re.M)[0].split()
            for name in ("organization", "rooms", "goals")
        )
        self.world = World(goals[0], rooms[0])

    def send(self, body: Body, size: int) -> tuple[int, bytes]:
        """Send a body of at most so many bytes; return the answer's status and beginning."""
        client = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=PATIENCE)
        headers = {"Authorization": f"Token {self.key}", "Content-Type": body.content_type, **body.headers}
        path = f"/api/v5/orgs/{self.organization}{body.path}"
        client.request("POST", path, body.make(min(size, body.most)), headers)
        answer = client.getresponse()
        content = answer.read()
        client.close()
        return answer.status, content[:200]

    def reset_peak(self) -> None:
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def memory(self, name: str = "VmRSS") -> float:
        """Return a figure of its memory, in megabytes: `VmHWM` is the peak since the last reset."""
        found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
        assert found
        return int(found[1]) / 1024

    def seconds(self) -> float:
        """Return the processor time it has taken."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


@contextmanager
def one_worker() -> Iterator[Worker]:
    with (
        migrated_folder() as folder,
        Service(folder, "--demo", "--workers", "1") as service,
    ):
        yield Worker(service)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bodies", description=__doc__)
    parser.add_argument("--size", type=float, default=16, help="of a body, in MiB (default: %(default)s)")
    parser.add_argument("--only", default="", help="bodies whose names have this in them")
    parser.add_argument("--clients", type=int, default=10, help="who send at once (default: %(default)s)")
    options = parser.parse_args()
    size = int(options.size * MEBIBYTE)
    with one_worker() as worker:
        bodies = [body for body in worst_bodies(worker.world) if options.only in body.name]
        print(f"{'body':<28} {'MiB':>6} {'status':>6} {'peak MB':>8} {'more MB':>8} {'s':>6}")
        for body in bodies:
            measure(worker, body, size)
        if options.clients:
            crowd(worker, bodies, size, options.clients)


def measure(worker: Worker, body: Body, size: int) -> None:
    worker.reset_peak()
    before, began = worker.memory(), worker.seconds()
    status, content = worker.send(body, size)
    peak = worker.memory("VmHWM")
    length = len(body.make(min(size, body.most))) / MEBIBYTE
    took = worker.seconds() - began
    mark = " !" if peak - before > 200 or took > 5 or status >= 500 else ""
    print(f"{body.name:<28} {length:>6.2f} {status:>6} {peak:>8.0f} {peak - before:>8.0f} {took:>6.2f}{mark}")
    if mark:
        print("    ", content)


def crowd(worker: Worker, bodies: list[Body], size: int, count: int) -> None:
    """Let many clients send the worst bodies at once, each another one."""
    worker.reset_peak()
    statuses: list[int] = []

    def drive(number: int) -> None:
        statuses.extend(worker.send(body, size)[0] for body in bodies[number::count])

    threads = [threading.Thread(target=drive, args=(number,)) for number in range(count)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts = {status: statuses.count(status) for status in sorted(set(statuses))}
    print(f"{count} clients at once: peak {worker.memory('VmHWM'):.0f} MB, {time.monotonic() - began:.0f} s, "
          f"statuses {json.dumps(counts)}")  # fmt: skip


if __name__ == "__main__":
    main()
