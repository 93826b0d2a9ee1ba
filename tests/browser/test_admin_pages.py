"""The admin as people see it: each kind of page, wide and narrow, light and dark."""

import pytest

from tests.browser.conftest import NARROW, PASSWORD, WIDE

PAGES = [""]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_pages_are_usable_and_complain_of_nothing(width, dark, window, staff):
    opened = window(width=width, dark=dark)
    opened.log_in(staff("settings", "reports"), PASSWORD)

    for path in PAGES:
        opened.open(f"/admin/{path}")
        opened.check()
