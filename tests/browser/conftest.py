"""The demo world in a browser: Debian's Chromium without a window, on a service of its own."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.hashers import make_password
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright
from uuid_utils.compat import uuid7

from tests.service.processes import PATIENCE, Service, open_folder

# The first is made for this, and takes two thirds of the processor time.
CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
PASSWORD = "a password for tests"

WIDE, NARROW = 1280, 390

# Both widths and both schemes of colours. The width does not choose colours, nor do they choose the layout.
every_look = pytest.mark.parametrize(
    ("width", "dark"), [(WIDE, False), (NARROW, True)], ids=["wide", "narrow"]
)

# What axe leaves out: rows of a long list after its first, and what is folded up of the API after the first
# of each section. They are made alike, and take most of the time.
ALIKE = {
    "exclude": [
        ["#result_list tbody tr:nth-child(n+6)"],
        [".operation-tag-content > span:nth-child(n+3):not(:has(.is-open))"],
    ]
}

LOGINS: dict[str, Any] = {}  # the cookies of who has logged in, by e-mail address


@pytest.fixture(scope="session")
def demo() -> Iterator[Service]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (Debian's package: chromium-headless-shell)")
    with (
        open_folder() as folder,
        Service(folder, "--demo", environment={"DEMO_DAYS": "90"}, has_worker=True) as service,
    ):
        yield service


@pytest.fixture(scope="session")
def password_hash() -> str:
    return make_password(PASSWORD)


@pytest.fixture(scope="package")
def browser(demo: Service, password_hash: str) -> Iterator[Browser]:
    """A browser for this folder: while Playwright's event loop runs in a thread, Django's models refuse."""
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE * 1000)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Window:
    """A page in the browser, and what it complains of."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(self.url + path)  # and wait until all of it is loaded, scripts included

    def log_in(self, email: str, password: str) -> None:
        """Log in; with cookies of an earlier login, if there was one."""
        if email in LOGINS:
            self.page.context.add_cookies(LOGINS[email])
            self.open("/admin/")
            return
        self.open("/admin/")
        self.page.fill("#id_username", email)
        self.page.fill("#id_password", password)
        self.page.click("[type=submit]")
        self.page.wait_for_url("**/admin/")
        LOGINS[email] = self.page.context.cookies()

    def check(self) -> None:
        """Nothing is wrong at a glance, and nothing keeps people from using the page, as far as axe can
        tell."""
        self.check_at_a_glance()
        # Its preloading makes styles of its own, which the CSP forbids. To write down as well what is right
        # takes several times as long as to look.
        options = {"preload": False, "resultTypes": ["violations"]}
        found = Axe().run(self.page, ALIKE, options).response["violations"]
        serious = [
            f"{each['id']}: {[node['target'] for node in each['nodes']]} {each['help']}"
            for each in found
            if each["impact"] in {"serious", "critical"}
        ]
        assert serious == []

    def check_at_a_glance(self) -> None:
        """Nothing is on the console, the CSP's reports included; nothing is wider than the window."""
        assert self.complaints == []
        width = self.page.evaluate("document.documentElement.scrollWidth")
        size: Any = self.page.viewport_size
        assert width <= size["width"], f"{width} pixels wide"


OpenWindow = Callable[..., Window]


@pytest.fixture
def window(browser: Browser, demo: Service) -> Iterator[OpenWindow]:
    """Open windows: `window(width=390, dark=True)`, each with cookies of its own."""
    contexts: list[BrowserContext] = []

    def open_window(*, width: int = WIDE, dark: bool = False) -> Window:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        contexts.append(context)
        opened = Window(context.new_page(), f"http://127.0.0.1:{demo.port}")

        def note(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"}:
                opened.complaints.append(message.text)

        opened.page.on("console", note)
        opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        return opened

    yield open_window
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def staff(demo: Service, password_hash: str) -> Callable[..., str]:
    """Make a user of the demo's organization who may enter the admin, with these scopes.

    Returns: the e-mail address to log in with.
    """

    def make_staff(*scopes: str) -> str:
        email = f"{'-'.join(scopes) or 'none'}@example.com"
        with demo.connect() as database:
            database.execute(
                "INSERT INTO orgs_user (id, email, password, first_name, last_name, is_bot, is_active,"
                " is_staff, is_superuser, scopes, organization_id, created_at, updated_at)"
                " SELECT %s, %s, %s, '', '', false, true, true, false, %s, id, now(), now()"
                " FROM orgs_organization ORDER BY created_at LIMIT 1 ON CONFLICT DO NOTHING",
                [uuid7(), email, password_hash, list(scopes)],
            )
        return email

    return make_staff
