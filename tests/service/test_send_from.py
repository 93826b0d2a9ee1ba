"""The page "Send from …": its programs, its file and its bodies do what it says."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import pytest
import requests

from tests.service.conftest import DemoWorld
from tests.service.pages import blocks, page, section
from tests.service.processes import PATIENCE, ROOT, free_port

PAGE = page("send-from")
CUSTOMER, MATCHED_AT, VALUE = "customer-23456789", "2026-02-05T14:00:00+02:00", "59.90"


class Program(NamedTuple):
    title: str
    file: str
    command: tuple[str, ...]  # what runs the file
    tool: str
    tries: str  # what in it says how often to send

    @property
    def text(self) -> str:
        text = section(PAGE, self.title)
        assert f"Save as `{self.file}`" in text
        [(_, program)] = blocks(text)
        return program

    @property
    def without_retries(self) -> str:
        """Its text, so that it sends once: to wait for five tries takes a quarter of a minute."""
        assert self.text.count(self.tries) == 1
        return self.text.replace(self.tries, self.tries[:-1] + str(int(self.tries[-1]) - 4))


PROGRAMS = [
    Program("curl", "send.sh", ("sh",), "curl", "--retry 4"),
    Program("Python", "send.py", (sys.executable,), sys.executable, "total=4"),
    Program("PHP", "send.php", ("php",), "php", "attempt === 5"),
    Program("Node", "send.mjs", ("node",), "node", "attempt <= 5"),
    Program("PowerShell", "send.ps1", ("pwsh", "-NoProfile", "-File"), "pwsh", "attempt -eq 5"),
]
INSTALLED = [program for program in PROGRAMS if shutil.which(program.tool)]
TOOLS = ["Zapier", "Make", "n8n", "Power Automate"]

every_program = pytest.mark.parametrize(
    "program",
    [
        pytest.param(
            program,
            id=program.title,
            marks=pytest.mark.skipif(program not in INSTALLED, reason=f"{program.tool} is not installed"),
        )
        for program in PROGRAMS
    ],
)
every_tool = pytest.mark.parametrize("tool", TOOLS)


@pytest.fixture
def variables(demo_world):
    """The environment that the page tells to set, with this service's address and token."""
    [(_, exports)] = blocks(section(PAGE, "The programs").partition("\n### ")[0])
    variables = dict(re.findall(r"^export (\w+)=(.+)$", exports, re.M))
    assert variables["GOALS_ORGANIZATION"] == demo_world.organization
    assert variables["GOALS_GOAL"] == demo_world.goals[0]
    assert variables["GOALS_ROOM"] == demo_world.rooms[0]
    return variables | {"GOALS_URL": demo_world.url, "GOALS_TOKEN": demo_world.integrator}


@pytest.fixture
def run(tmp_path, variables):
    """Start a program of the page on its arguments."""

    def run(program: Program, *arguments: str, text: str = "", **other: str) -> subprocess.Popen[str]:
        file = tmp_path / program.file
        file.write_text(text or program.text)
        return subprocess.Popen(
            [*program.command, str(file), *arguments],
            env={**os.environ, **variables, **other},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return run


def outcome(process: subprocess.Popen[str]) -> tuple[int, str]:
    said, complaints = process.communicate(timeout=PATIENCE)
    return process.returncode, said or complaints


def matches(world: DemoWorld, external_id: str) -> list[dict[str, Any]]:
    answer = requests.get(
        f"{world.url}/api/v5/orgs/{world.organization}/matches",
        params={"external_id": external_id},
        headers={"Authorization": f"Token {world.integrator}"},
        timeout=PATIENCE,
    )
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def verdict(world: DemoWorld, body: str) -> requests.Response:
    """What the service would answer to a match."""
    return requests.post(
        f"{world.url}/api/v5/orgs/{world.organization}/goals/{world.goals[0]}/matches?validate_only=true",
        data=body.encode(),
        headers={"Authorization": f"Token {world.integrator}", "Content-Type": "application/json"},
        timeout=PATIENCE,
    )


# Programs.


@every_program
def test_a_program_that_runs_twice_writes_one_match(demo_world, run, program):
    receipt = f"{program.title}-0001"
    answers = []
    for _ in range(2):
        status, said = outcome(run(program, CUSTOMER, MATCHED_AT, VALUE, receipt))
        assert status == 0, said
        answers.append(json.loads(said))
    [match] = matches(demo_world, receipt)
    assert [answer["id"] for answer in answers] == [match["id"]] * 2
    assert match["visitor_identity"] == CUSTOMER
    assert match["goal_matched_at"] == "2026-02-05T12:00:00.000Z"
    assert match["goal_value"] == VALUE
    assert match["rooms"] == demo_world.rooms[:1]


@every_program
def test_a_program_prints_why_it_was_refused(demo_world, run, program):
    status, said = outcome(run(program, "käufer-1", MATCHED_AT, VALUE, f"{program.title}-0002"))
    refusal = json.loads(said)
    assert status == 1
    assert refusal["code"] == "session_not_found"
    assert refusal["detail"].startswith("No session")
    assert refusal["reason"]["message"].startswith("The identity is unknown")

    status, said = outcome(run(program, CUSTOMER, "2026-02-05", VALUE, f"{program.title}-0003"))
    assert status == 1
    assert json.loads(said).keys() == {"goal_matched_at"}
    assert not matches(demo_world, f"{program.title}-0003")


@every_program
def test_a_program_sends_letters_of_any_language(demo_world, run, program):
    status, said = outcome(run(program, CUSTOMER, MATCHED_AT, VALUE, "kuitti-äöå-收据"))
    assert status == 0, said
    assert json.loads(said)["external_id"] == "kuitti-äöå-收据"


@dataclass
class Busy:
    """What a server that is busy at first has received: when, and with which body."""

    url: str = ""
    received: dict[str, list[tuple[float, bytes]]] = field(default_factory=dict)


@contextmanager
def busy_server() -> Iterator[Busy]:
    """Answers 503 first, then nothing, then 200; but 404 at once to a purchase named `refused`."""
    busy = Busy()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            name = json.loads(body)["external_id"]
            received = busy.received.setdefault(name, [])
            received.append((time.monotonic(), body))
            if name.startswith("refused"):
                self.answer(404)
            elif len(received) == 1:
                self.answer(503, {"Retry-After": "2"})
            elif len(received) == 2:
                self.close_connection = True
            else:
                self.answer(200)

        def answer(self, status: int, headers: Mapping[str, str] = {}) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Type": "application/json", "Content-Length": "2"}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    busy.url = f"http://127.0.0.1:{server.server_address[1]}"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield busy
    finally:
        server.shutdown()
        server.server_close()


def test_programs_wait_as_told_and_repeat_only_what_may_go_well_the_next_time(run):
    def start(program: Program, receipt: str) -> subprocess.Popen[str]:
        return run(program, CUSTOMER, MATCHED_AT, VALUE, f"{receipt}-{program.title}", GOALS_URL=busy.url)

    with busy_server() as busy:  # all at once, because most of it is waiting
        accepted = [start(program, "accepted") for program in INSTALLED]
        refused = [start(program, "refused") for program in INSTALLED]
        assert Counter(outcome(process)[0] for process in accepted) == {0: len(INSTALLED)}
        assert Counter(outcome(process)[0] for process in refused) == {1: len(INSTALLED)}
    for program in INSTALLED:
        assert len(busy.received[f"refused-{program.title}"]) == 1, program
        (first, sent), (second, *_), (third, *_) = busy.received[f"accepted-{program.title}"]
        assert {body for _, body in busy.received[f"accepted-{program.title}"]} == {sent}
        assert second - first >= 2, program
        assert third - second > 0.5, program


@every_program
def test_a_program_without_an_answer_says_so_and_ends_with_1(run, program):
    sale = (CUSTOMER, MATCHED_AT, VALUE, "receipt-1")
    nobody = f"http://127.0.0.1:{free_port()}"
    status, said = outcome(run(program, *sale, text=program.without_retries, GOALS_URL=nobody))
    assert status == 1
    assert re.search("no answer|could not connect|couldn't connect|failed to connect", said, re.I)


def test_the_powershell_program_sends_the_attributes_of_a_match(demo_world):
    """Its body, also where PowerShell is not to be had."""
    program = PROGRAMS[-1].text
    sale = re.search(r"^\$sale = @\{\n(.*?)^\}", program, re.M | re.S)
    assert sale
    values = {
        "$identity": CUSTOMER,
        "$matchedAt": MATCHED_AT,
        "$value": VALUE,
        "@($env:GOALS_ROOM)": demo_world.rooms[:1],
        "$receipt": "receipt-1",
    }
    body = {name: values[value] for name, value in re.findall(r"^ +(\w+) += (.+)$", sale[1], re.M)}
    answer = verdict(demo_world, json.dumps(body))
    assert answer.status_code == 200, answer.text
    match = answer.json()
    assert [match["goal_value"], match["external_id"]] == [VALUE, "receipt-1"]


# The spreadsheet.


def test_the_spreadsheet_is_imported_as_written(demo_world, variables, tmp_path):
    text = section(PAGE, "A spreadsheet")
    [(_, sheet)] = blocks(text, "csv")
    [(_, commands)] = blocks(text, "sh")
    (tmp_path / "sales.csv").write_text(sheet)
    written = ".venv/bin/python manage.py"
    assert commands.count(written) == 2
    environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    ran = subprocess.run(
        ["sh", "-ec", commands.replace(written, f"'{sys.executable}' '{ROOT / 'manage.py'}'")],
        cwd=tmp_path,
        env={**environment, **variables, "GOALSVC_DATA": str(demo_world.service.data)},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert ran.returncode == 0, ran.stderr
    assert not (tmp_path / "sales.failed.csv").exists(), ran.stdout
    [first], [second] = matches(demo_world, "receipt-2001"), matches(demo_world, "receipt-2002")
    assert (first["goal_matched_at"], first["goal_value"]) == ("2026-02-05T12:00:00.000Z", "59.90")
    assert (second["goal_value"], second["goal_value_source"]) == ("14.15", "goal_default")
    assert first["rooms"] == demo_world.rooms[:1]
    assert sorted(second["rooms"] + second["unconnected_rooms"]) == sorted(demo_world.rooms[:2])


def test_a_number_that_a_spreadsheet_has_shortened_is_refused(demo_world):
    assert "`3.58401E+11`" in section(PAGE, "A spreadsheet")
    answer = verdict(demo_world, filled("Make", external_id="3.58401E+11"))
    assert answer.status_code == 400
    assert answer.json().keys() == {"external_id"}


# Bodies of tools.

# A field of a step before, as these tools write it.
MAPPED = r"\{\{.*?\}\}|@\{.*?\}"
SAMPLES = {
    "visitor_identity": CUSTOMER,
    "goal_matched_at": MATCHED_AT,
    "goal_value": VALUE,
    "external_id": "order-1",
}


def filled(tool: str, *, without_quotes: str = "", **other: str) -> str:
    """The body of a tool, once it has put the fields in."""
    [(_, body)] = blocks(section(PAGE, tool), "json")
    samples = SAMPLES | other
    for name in SAMPLES:
        mapped = re.search(rf'"{name}": "(?:{MAPPED})"', body)
        assert mapped, f"{tool} {name}"
        quote = "" if name == without_quotes else '"'
        body = body.replace(mapped[0], f'"{name}": {quote}{samples[name]}{quote}')
    return body


@every_tool
def test_the_body_of_a_tool_is_a_match(demo_world, tool):
    answer = verdict(demo_world, filled(tool))
    assert answer.status_code == 200, answer.text
    match = answer.json()
    assert match["goal_matched_at"] == "2026-02-05T12:00:00.000Z"
    assert match["goal_value"] == VALUE
    assert match["external_id"] == "order-1"
    assert match["rooms"] == demo_world.rooms[:1]


@every_tool
def test_the_body_of_a_tool_is_held_until_its_customer_is_known(demo_world, tool):
    answer = verdict(demo_world, filled(tool, visitor_identity="customer-of-tomorrow"))
    assert answer.status_code == 202, answer.text
    without = json.loads(filled(tool, visitor_identity="customer-of-tomorrow"))
    del without["if_unmatched"]
    assert verdict(demo_world, json.dumps(without)).json()["code"] == "session_not_found"


@pytest.mark.parametrize("name", ["visitor_identity", "external_id", "goal_matched_at"])
@pytest.mark.parametrize("value", ["", "null", "undefined"])
def test_a_field_that_was_not_mapped_is_refused(demo_world, name, value):
    answer = verdict(demo_world, filled("n8n", **{name: value}))
    assert answer.status_code == 400, answer.text
    assert answer.json().keys() == {name}


def test_an_id_without_quotes_is_refused(demo_world):
    answer = verdict(demo_world, filled("n8n", without_quotes="visitor_identity", visitor_identity="1001"))
    assert answer.status_code == 400
    assert answer.json().keys() == {"visitor_identity"}
    zeros = verdict(demo_world, filled("n8n", without_quotes="external_id", external_id="0042"))
    assert zeros.json()["code"] == "parse_error"


@pytest.mark.parametrize(
    "moment",
    [
        "2026-02-05T12:00:00.0000000Z",  # Power Automate's convertToUtc
        "2026-02-05T14:00:00.000+02:00",  # n8n's toISO
        "2026-02-05T14:00:00+0200",  # Zapier's Formatter
    ],
)
def test_moments_are_read_as_the_tools_write_them(demo_world, moment):
    match = verdict(demo_world, filled("Zapier", goal_matched_at=moment)).json()
    assert match["goal_matched_at"] == "2026-02-05T12:00:00.000Z"


def test_a_value_may_be_a_number_but_has_no_comma(demo_world):
    body = filled("Make", without_quotes="goal_value", goal_value="59.9")
    assert verdict(demo_world, body).json()["goal_value"] == VALUE
    assert verdict(demo_world, filled("Make", goal_value="59,90")).json().keys() == {"goal_value"}


def test_a_retry_with_another_moment_is_a_conflict(demo_world, run):
    python = PROGRAMS[1]
    assert outcome(run(python, CUSTOMER, MATCHED_AT, VALUE, "order-of-two-moments"))[0] == 0
    body = filled("n8n", external_id="order-of-two-moments", goal_matched_at="2026-02-05T12:00:07Z")
    answer = verdict(demo_world, body)
    assert (answer.status_code, answer.json()["code"]) == (409, "external_id_conflict")


def test_the_table_of_answers_names_codes_that_exist():
    named = re.findall(r"`(\w+_(?:found|rooms|conflict))`", section(PAGE, "What to do with an answer"))
    files = [path for app in ("goals", "matching") for path in Path(ROOT, app).rglob("*.py")]
    sources = "".join(path.read_text() for path in files)
    assert len(named) == 4
    for code in named:
        assert f'"{code}"' in sources, code
