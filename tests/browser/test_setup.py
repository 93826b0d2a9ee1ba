"""From no organization to its first match in a browser, and how many clicks that takes."""

import re
import shlex
import subprocess

import pytest
from uuid_utils.compat import uuid7

from tests.browser.conftest import PASSWORD, WIDE, OpenWindow, Window, every_look
from tests.service.processes import Service

MOST_CLICKS = 12


@pytest.fixture(scope="module")
def operator(demo: Service, password_hash: str) -> str:
    """An operator's e-mail address."""
    with demo.connect() as database:
        database.execute(
            "INSERT INTO orgs_user (id, email, password, first_name, last_name, is_bot, is_active, is_staff,"
            " is_superuser, scopes, created_at, updated_at)"
            " VALUES (%s, 'olli@example.com', %s, '', '', false, true, true, true, '{}', now(), now())",
            [uuid7(), password_hash],
        )
    return "olli@example.com"


def run(call: str) -> str:
    """Run a call as a shell would, and return the status of the answer."""
    command = [*shlex.split(call), "-o", "/dev/null", "-w", "%{http_code}"]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def clipboard(window: Window) -> str:
    return window.page.evaluate("navigator.clipboard.readText()")


def test_from_nothing_to_the_first_match(window: OpenWindow, operator: str) -> None:
    opened = window(width=WIDE)
    page = opened.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened.log_in(operator, PASSWORD)
    clicks = []

    def click(selector: str) -> None:
        page.click(selector)
        clicks.append(selector)

    click("#content-main >> text=Organizations >> nth=-1")
    click("text=Set up an organization")
    filled_in = {"name": "New Ltd.", "room": "Web shop", "email": "nora@example.com", "token": "Till"}
    for name, value in filled_in.items():
        page.fill(f"#id_{name}", value)
    click("input[value='Set up']")
    page.wait_for_url("**/ready/")
    ready = page.url
    click("[aria-label='Copy the call'] >> nth=0")
    page.wait_for_selector("text=Copied")
    assert run(clipboard(opened)) == "201"
    click("[aria-label='Copy the call'] >> nth=1")
    post = clipboard(opened)
    click("text=make a goal")
    page.fill("#id_name", "First sale")
    click("#id_is_any_room_allowed")
    click("[name=_save]")
    page.wait_for_selector(".messagelist")
    click("#result_list >> text=First sale")
    page.wait_for_selector("#goal_form")
    goal = re.search(r"/goal/([0-9a-f-]{36})/", page.url)
    assert goal
    assert run(post.replace("GOAL_ID", goal[1])) == "200"
    assert len(clicks) <= MOST_CLICKS
    page.goto(ready)
    opened.check()


@every_look
def test_its_pages(width: int, dark: bool, window: OpenWindow, operator: str) -> None:
    opened = window(width=width, dark=dark)
    for path in ("/admin/password_reset/", "/admin/password_reset/done/", "/admin/reset/x/y/"):
        opened.open(path)
        opened.check()
    opened.log_in(operator, PASSWORD)
    opened.open("/admin/orgs/organization/setup/")
    opened.check()
    opened.page.click("input[value='Set up']")
    opened.page.wait_for_selector(".errorlist")  # what is wrong
    opened.check()
