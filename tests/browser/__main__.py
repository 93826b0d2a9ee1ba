"""Take the pictures of docs/reports.md: `python -m tests.browser docs/pictures` (takes Debian's Chromium)."""

import re
import sys
from pathlib import Path

from playwright.sync_api import ViewportSize, sync_playwright

from tests.browser.conftest import CHROMIUM
from tests.service.processes import Service, open_folder

SIZE: ViewportSize = {"width": 1280, "height": 1100}
PICTURES = {
    "dashboard": "/admin/?organization={organization}",
    "report": "/admin/reports/?organization_id={organization}",
}


def take_pictures(folder: Path) -> None:
    """Save a picture of each page, of the demo world as it is today."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        open_folder() as data,
        Service(data, "--demo", environment={"DEMO_DAYS": "90"}) as service,
        sync_playwright() as playwright,
    ):
        printed = re.search(r"admin +(\S+) +(\S+)", service.text)
        found = re.search(r"organization +(\S+)", service.text)
        assert printed
        assert found
        email, password = printed.groups()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, device_scale_factor=0.65)
        page.goto(f"http://127.0.0.1:{service.port}/admin/")
        page.fill("#id_username", email)
        page.fill("#id_password", password)
        page.click("[type=submit]")
        for name, address in PICTURES.items():
            page.goto(f"http://127.0.0.1:{service.port}{address.format(organization=found[1])}")
            page.wait_for_load_state("networkidle")
            page.locator("canvas.chart").first.wait_for()
            page.screenshot(path=folder / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    take_pictures(Path(sys.argv[1]))
