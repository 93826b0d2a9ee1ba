"""Every list, its form and the page of its first row, at both widths: the console, the width; and axe."""

import re

import pytest
from django.apps import apps
from django.contrib import admin

from tests.browser.conftest import NARROW, PASSWORD, WIDE

LISTS = [
    f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    for model in apps.get_models()
    if admin.site.is_registered(model)
]
OTHERS = ["/admin/password_change/", "/admin/matching/visitoridentity/held/", "/admin/nothing/here/"]

# What axe looks at when it is narrow and dark as well: a page of each kind, with the widgets of all of them.
# What else is on one has a module of its own here.
OF_EACH_KIND = ("/admin/goals/goal/", "/admin/orgs/apitoken/", "/admin/matching/externalmatch/", *OTHERS)

# How far a list reaches beyond its place.
SIDEWAYS = """() => {
    const list = document.querySelector('.results');
    return list ? list.scrollWidth - list.clientWidth : 0;
}"""
# Boxes with a search inside are made, and named, a moment after the page is loaded.
NAMED = "() => !document.querySelector('[role=combobox][aria-labelledby]')"


@pytest.mark.parametrize(
    ("is_operator", "width", "dark"), [(True, WIDE, False), (False, NARROW, True)], ids=["operator", "staff"]
)
def test_nothing_is_wrong_with_any_page(is_operator, width, dark, window, staff, demo):
    opened = window(width=width, dark=dark)
    printed = re.search(r"admin +(\S+) +(\S+)", demo.text)
    assert printed
    opened.log_in(*(printed.groups() if is_operator else (staff("settings", "reports", "users"), PASSWORD)))
    wrong = {}

    def look(path):
        opened.complaints.clear()
        opened.open(path)
        opened.page.wait_for_function(NAMED)
        opened.complaints[:] = [each for each in opened.complaints if "status of 404" not in each]
        try:
            if is_operator or path.startswith(OF_EACH_KIND):
                opened.check()
            else:
                opened.check_at_a_glance()
            assert opened.page.evaluate(SIDEWAYS) <= 0, "the list scrolls sideways"
        except AssertionError as error:
            wrong[path] = str(error)

    for path in OTHERS:
        look(path)
    for path in LISTS:
        look(path)
        links = (
            opened.page.locator(css).first for css in ("#result_list tbody th a", "#content-main a.addlink")
        )
        addresses = [link.get_attribute("href") for link in links if link.count()]
        for address in addresses:
            look(address)
    assert wrong == {}
