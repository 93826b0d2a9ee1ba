"""Long answers cost no memory and, however slowly they are read, no thread."""

import json
import re
import socket
import time
import tracemalloc
from pathlib import Path

import pytest
import requests

from goalsvc.server.spool import MAX_IN_MEMORY, OPENED_SECONDS, Spool
from tests.service.processes import wait_until

IDENTITY = "customer-12345678"
ROWS = 4_000
# A match of the demo world, again and again.
MANY = """
    INSERT INTO matching_externalmatch ({columns})
    SELECT {values} FROM (SELECT * FROM matching_externalmatch WHERE visitor_identity = %s LIMIT 1) AS match,
         generate_series(1, %s)
"""
COLUMNS = """
    SELECT column_name FROM information_schema.columns
    WHERE table_name = 'matching_externalmatch' AND is_generated = 'NEVER'
"""
OWN = {"id": "gen_random_uuid()", "external_id": "NULL", "request_digest": "NULL"}


@pytest.fixture(scope="module")
def page(demo_world):
    """A session of the admin, and the address and the form of a download of some 2 MB."""
    posted = requests.post(
        f"{demo_world.url}/api/v5/orgs/{demo_world.organization}/goals/{demo_world.goals[0]}/matches",
        json={
            "visitor_identity": IDENTITY,
            "goal_matched_at": "2026-02-05T12:00:00Z",
            "rooms": demo_world.rooms,
        },
        headers={"Authorization": f"Token {demo_world.integrator}"},
        timeout=10,
    )
    assert posted.status_code == 200, posted.text
    with demo_world.service.connect() as database:
        columns = [name for (name,) in database.execute(COLUMNS)]
        values = ", ".join(OWN.get(name, f"match.{name}") for name in columns)
        statement = MANY.format(columns=", ".join(columns), values=values)
        database.execute(statement, [IDENTITY, ROWS])
        database.commit()
    browser = requests.Session()
    address, password = demo_world.printed("admin")
    login = f"{demo_world.url}/admin/login/"
    token = token_in(browser.get(login, timeout=10).text)
    form = {"username": address, "password": password, "csrfmiddlewaretoken": token, "next": "/admin/"}
    logged_in = browser.post(login, form, headers={"Referer": login}, timeout=10)
    assert logged_in.status_code == 200, logged_in.text
    url = f"{demo_world.url}/admin/matching/visitoridentity/held/"
    shown = browser.get(url, timeout=10).text
    form = {"csrfmiddlewaretoken": token_in(shown), "identity": IDENTITY, "download": "1"}
    if "organization" in re.findall(r'<select name="(\w+)"', shown):
        form["organization"] = demo_world.organization
    return browser, url, form


def token_in(text: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', text)
    assert found
    return found[1]


def test_a_download_comes_whole(page):
    browser, url, form = page

    answer = browser.post(url, form, headers={"Referer": url}, timeout=60)

    assert answer.headers["Content-Type"] == "application/json"
    assert len(json.loads(answer.content)["matches"]["results"]) > ROWS


def test_readers_that_do_not_read_cost_no_threads(page, demo_world):
    browser, url, form = page
    body = "&".join(f"{name}={value}" for name, value in form.items()).encode()
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    head = (
        f"POST {url.removeprefix(demo_world.url)} HTTP/1.1\r\nHost: 127.0.0.1\r\nReferer: {url}\r\n"
        f"Cookie: {cookies}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode()
    readers = []
    for _ in range(40):
        reader = socket.create_connection(("127.0.0.1", demo_world.service.port))
        reader.sendall(head + body)
        readers.append(reader)
    try:
        wait_until(lambda: all(reader.recv(1, socket.MSG_PEEK) == b"H" for reader in readers))
        time.sleep(1)
        started = time.monotonic()
        assert demo_world.service.get("/api/v5/users/me", key=demo_world.manager) == 200
        assert time.monotonic() - started < 5
    finally:
        for reader in readers:
            reader.close()
    wait_until(lambda: demo_world.service.get("/api/v5/users/me", key=demo_world.manager) == 200)


def test_a_long_answer_is_kept_on_disk():
    spool = Spool()
    tracemalloc.start()
    try:
        path = spool.collect(bytes(1024 * 1024) for _ in range(64))
        assert tracemalloc.get_traced_memory()[1] < 8e6
    finally:
        tracemalloc.stop()

    assert isinstance(path, str)
    assert Path(path).read_bytes() == bytes(64 * 1024 * 1024)
    spool.sweep(time.monotonic())
    assert Path(path).exists()  # Granian may not have opened it yet
    spool.sweep(time.monotonic() + OPENED_SECONDS + 1)
    assert not Path(path).exists()


def test_a_short_answer_is_not():
    assert Spool().collect(iter([b"a", b"b"])) == b"ab"
    assert Spool().collect([bytes(MAX_IN_MEMORY * 2)]) == bytes(MAX_IN_MEMORY * 2)  # in memory anyhow
