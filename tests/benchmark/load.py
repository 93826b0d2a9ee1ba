"""The load: wrk where it is installed, else a plain client of our own; always bounded in time."""

import http.client
import json
import random
import re
import shutil
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Workload:
    """What is asked again and again.

    In the body `{i}` is a random number below `numbers`, `{s}` the same one once more and `{p}` that in eight
    digits; `{u}` is a number that no other item has, and draws another one for `{s}` and `{p}`.
    """

    name: str
    method: str
    path: str
    body: str | None
    numbers: int
    status: int
    items: int = 1  # how many matches or sessions a request carries
    table: str | None = None  # what each of them becomes a new row of


@dataclass(frozen=True)
class Measured:
    """What one run of a workload gave; latencies in milliseconds."""

    requests: int
    seconds: float
    p50: float
    p99: float
    worst: float
    bad: int  # answers of another status than expected, and timeouts

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


SCRIPT = """
wrk.method = "{method}"
wrk.headers["Authorization"] = "Token {token}"
wrk.headers["Content-Type"] = "application/json"
local body = [==[{body}]==]
local expected = {status}
local threads = {{}}
function setup(thread) thread:set("id", #threads); table.insert(threads, thread) end
function init(args) math.randomseed({seed} + id); bad = 0 end
local last = 0
function pick(mark)
  if mark == "{{i}}" or mark == "{{u}}" then last = math.random(0, {numbers} - 1) end
  if mark == "{{u}}" then return string.format("%.0f", math.random(0, 9e15)) end
  if mark == "{{p}}" then return string.format("%08d", last) end
  return last
end
function request()
  local filled = body
  if body ~= "" then filled = string.gsub(body, "{{[ispu]}}", pick) end
  return wrk.format(nil, nil, nil, filled)
end
function response(status, headers, body) if status ~= expected then bad = bad + 1 end end
function done(summary, latency, requests)
  local wrong = summary.errors.timeout + summary.errors.connect + summary.errors.read
  for _, thread in ipairs(threads) do wrong = wrong + thread:get("bad") end
  io.write(string.format(
    'RESULT {{"requests": %d, "micros": %d, "p50": %f, "p99": %f, "worst": %f, "bad": %d}}\\n',
    summary.requests, summary.duration, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    latency.max / 1000, wrong))
end
"""


def run(workload: Workload, base: str, token: str, *, connections: int, seconds: int) -> Measured:
    """Drive a server for so many seconds over so many connections.

    Args:
        base: the server's URL, on this machine.
    """
    if shutil.which("wrk") is None:
        return run_plainly(workload, base, token, connections=connections, seconds=seconds)
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "load.lua"
        script.write_text(
            SCRIPT.format(
                method=workload.method,
                token=token,
                body=workload.body or "",
                status=workload.status,
                numbers=workload.numbers,
                seed=random.randrange(10**9),
            )
        )
        output = subprocess.run(
            [
                *("wrk", "-t", str(min(2, connections)), "-c", str(connections), "-d", f"{seconds}s"),
                *("--timeout", "30s", "-s", str(script), base + workload.path),
            ],
            capture_output=True,
            text=True,
            check=True,
            timeout=seconds + 60,
        ).stdout
    [line] = [line for line in output.splitlines() if line.startswith("RESULT ")]
    result = json.loads(line.removeprefix("RESULT "))
    seconds_taken = result["micros"] / 1e6
    return Measured(
        result["requests"], seconds_taken, result["p50"], result["p99"], result["worst"], result["bad"]
    )


def run_plainly(workload: Workload, base: str, token: str, *, connections: int, seconds: int) -> Measured:
    """Do the same in threads of this process: slower, so that both sides of a ratio look more alike."""
    latencies: list[float] = []
    bad = 0
    host = base.removeprefix("http://")
    end = time.monotonic() + seconds

    def drive() -> None:
        nonlocal bad
        client = http.client.HTTPConnection(host, timeout=30)
        while time.monotonic() < end:
            began = time.perf_counter()
            status, _ = ask(client, workload, token)
            latencies.append((time.perf_counter() - began) * 1000)
            bad += status != workload.status

    threads = [threading.Thread(target=drive) for _ in range(connections)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ordered = sorted(latencies)
    return Measured(
        len(ordered),
        time.monotonic() - began,
        ordered[len(ordered) // 2],
        ordered[int(len(ordered) * 0.99)],
        ordered[-1],
        bad,
    )


def fill(workload: Workload) -> str:
    """Put numbers for the marks of the workload's body."""
    last = 0

    def pick(mark: re.Match[str]) -> str:
        nonlocal last
        if mark[0] in ("{i}", "{u}"):
            last = random.randrange(workload.numbers)
        if mark[0] == "{u}":
            return str(random.randrange(9 * 10**15))
        return f"{last:08}" if mark[0] == "{p}" else str(last)

    return re.sub(r"\{[ispu]\}", pick, workload.body or "")


def ask(client: http.client.HTTPConnection, workload: Workload, token: str) -> tuple[int, Any]:
    """Make one request of the workload; return its status and body."""
    client.request(
        workload.method,
        workload.path,
        fill(workload) or None,
        {"Authorization": f"Token {token}", "Content-Type": "application/json"},
    )
    response = client.getresponse()
    content = response.read()
    return response.status, json.loads(content) if content else None
