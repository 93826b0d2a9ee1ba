"""Logins beside the API: what is left of its rate, and of the worker's memory, while many try passwords.

`python -m tests.service.logins --seconds 12` runs one worker, posts matches to it, and then does so again
beside 40 clients that log in with ever new e-mail addresses.
"""

import argparse
import http.client
import itertools
import json
import multiprocessing
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

from tests.service.crash import KNOWN_IDENTITY, Load
from tests.service.processes import PATIENCE, Service, open_folder

LOGIN = "/admin/login/"
API_CLIENTS = 8
LOGIN_CLIENTS = 40

# In processes of their own: with Python's lock the threads of one would slow each other down.
processes = multiprocessing.get_context("fork")


def post_matches(port: int, key: str, path: str, rooms: list[str], until: float) -> Counter[int]:
    """Post matches over one connection; count the answers by status."""
    statuses: Counter[int] = Counter()
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    headers = {"Authorization": f"Token {key}", "Content-Type": "application/json"}
    body = json.dumps(
        {"visitor_identity": KNOWN_IDENTITY, "goal_matched_at": "2026-02-05T12:00:00Z", "rooms": rooms}
    )
    while time.monotonic() < until:
        client.request("POST", path, body, headers)
        response = client.getresponse()
        response.read()
        statuses[response.status] += 1
    return statuses


def log_in(port: int, until: float, number: int, *, is_spread: bool) -> Counter[int]:
    """Log in with one unknown e-mail address after the other; count the answers by status.

    Args:
        is_spread: each as if from a client of its own, so that no client is locked out.
    """
    statuses: Counter[int] = Counter()
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    client.request("GET", LOGIN)
    response = client.getresponse()
    cookie = (response.headers["Set-Cookie"] or "").partition(";")[0]
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', response.read().decode())
    assert found
    headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    for attempt in itertools.count():
        if time.monotonic() >= until:
            break
        form = {
            "csrfmiddlewaretoken": found[1],
            "username": f"nobody-{number}-{attempt}@example.com",
            "password": "a guess",
        }
        if is_spread:
            headers["X-Forwarded-For"] = f"10.{number}.{attempt // 256 % 256}.{attempt % 256}"
        client.request("POST", LOGIN, urlencode(form), headers)
        response = client.getresponse()
        response.read()
        statuses[response.status] += 1
    return statuses


def together(
    count: int, run: Callable[[int], Counter[int]], results: "multiprocessing.Queue[Counter[int]]"
) -> None:
    """Run so many clients at once in this process; put the sum of what they counted into the queue."""
    total: Counter[int] = Counter()
    lock = threading.Lock()

    def count_one(number: int) -> None:
        statuses = run(number)
        with lock:
            total.update(statuses)

    threads = [threading.Thread(target=count_one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put(total)


def run_clients(count: int, run: Callable[[int], Counter[int]]) -> Callable[[], Counter[int]]:
    """Start so many clients in a process of their own; return what waits for them and what they counted."""
    results: multiprocessing.Queue[Counter[int]] = processes.Queue()
    process = processes.Process(target=together, args=(count, run, results))
    process.start()

    def wait() -> Counter[int]:
        counted = results.get(timeout=2 * PATIENCE)
        process.join()
        return counted

    return wait


def peak_memory(pid: int) -> float:
    """The greatest memory that the process has had at a time, in MB."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description="Try logins beside the API; print what that costs it.")
    parser.add_argument("--seconds", type=float, default=12, help="of each of three runs (%(default)s)")
    parser.add_argument("--spread", action="store_true", help="each login from another client's address")
    arguments = parser.parse_args()
    seconds = arguments.seconds
    proxies = {"PROXY_COUNT": "1"}
    with (
        open_folder() as folder,
        Service(folder, "--workers", "1", "--demo", environment=proxies) as service,
    ):
        load = Load(service)
        [worker] = service.workers()

        def start_matches() -> Callable[[], Counter[int]]:
            until = time.monotonic() + seconds
            return run_clients(
                API_CLIENTS, lambda _: post_matches(service.port, load.key, load.goal_path, load.rooms, until)
            )

        before = start_matches()()
        memory = peak_memory(worker)
        until = time.monotonic() + seconds
        wait_for_logins = run_clients(
            LOGIN_CLIENTS, lambda number: log_in(service.port, until, number, is_spread=arguments.spread)
        )
        beside = start_matches()()
        logins = wait_for_logins()
        after = start_matches()()
        alone = (before[200] + after[200]) / 2
        print(
            f"matches a second, alone   {before[200] / seconds:.0f} before, {after[200] / seconds:.0f} after"
        )
        print(f"matches a second, beside  {beside[200] / seconds:.0f}, which is {beside[200] / alone:.0%}")
        statuses = before + beside + after
        print(f"matches not answered 200  {statuses.total() - statuses[200]}")
        print(f"logins answered           {', '.join(f'{status}: {n}' for status, n in logins.items())}")
        print(f"worker's peak memory, MB  {memory:.0f} before, {peak_memory(worker):.0f} after the logins")


if __name__ == "__main__":
    main()
