"""A goal's conditions in a browser: made with rows, over the JSON that is sent."""

import json

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PASSWORD, every_look

LEAD = {"type": 27, "value": "", "negate": False, "settings": {}}


@pytest.fixture
def form(window, staff):
    """The form of a new goal, with a name."""

    def open_form(**look):
        opened = window(**look)
        opened.log_in(staff("settings"), PASSWORD)
        opened.open("/admin/goals/goal/add/")
        opened.page.fill("#id_name", "Bought on the page")
        opened.page.check("#id_is_any_room_allowed")
        return opened

    return open_form


def sent(page):
    return json.loads(page.input_value("#id_conditions"))


def row(page, number):
    return page.get_by_role("group", name=f"condition {number}", exact=True)


def add(page, name):
    page.get_by_role("button", name="Add a condition").click()
    number = page.locator(".condition").count()
    page.get_by_label(f"Type of condition {number}").select_option(name)
    return row(page, number), page.get_by_label(f"Value of condition {number}", exact=True)


def save(page):
    page.get_by_role("button", name="Save and continue editing").click()


@every_look
def test_conditions_of_every_kind_are_made_with_rows(width, dark, form):
    opened = form(width=width, dark=dark)
    page = opened.page
    add(page, "Page URL contains")[1].fill("/checkout")
    add(page, "Cart size more than")[1].fill("10.00")
    add(page, "Visitor has waited for")[1].fill("30")
    add(page, "Device type")[1].select_option("Mobile or tablet")
    add(page, "Chat has at least one of tags")[1].fill(" 12, 13\n\n,14 ,")
    add(page, "Visitor sent lead")[0].get_by_label("not").check()
    hours = add(page, "Weekly schedule")[0]
    hours.get_by_label("Saturday").check()
    hours.get_by_label("to", exact=True).fill("00:00")
    hours.get_by_label("Time zone").fill("Europe/Helsinki")

    save(page)

    expect(page.locator("li.success")).to_be_visible()
    *simple, weekly = sent(page)
    assert [(each["type"], each["value"], each["negate"]) for each in simple] == [
        (16, "/checkout", False),
        (8, "10.00", False),
        (30, "30", False),
        (21, "mobile,tablet", False),
        (32, "12,13,14", False),
        (27, "", True),
    ]
    intervals = weekly["settings"]["intervals"]
    assert weekly["settings"]["timezone"] == "Europe/Helsinki"
    assert [each["start_day"] for each in intervals] == [1, 2, 3, 4, 5, 6]
    assert {
        (each["start_hour"], each["end_hours"], each["end_day"] - each["start_day"]) for each in intervals
    } == {("09", 24, 0)}
    expect(row(page, 7).get_by_label("to", exact=True)).to_have_value("00:00")
    opened.check()


def test_the_keyboard_makes_moves_and_removes_them(form):
    opened = form()
    page = opened.page
    page.get_by_role("button", name="Add a condition").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Type of condition 1")).to_be_focused()
    page.keyboard.type("Visitor city")
    expect(page.get_by_label("Type of condition 1")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("Turku")
    add(page, "Has chatted")

    page.get_by_role("button", name="Move up condition 2").press("Enter")

    expect(page.get_by_role("status")).to_have_text("Condition 2 is now condition 1 of 2.")
    assert [each["type"] for each in sent(page)] == [31, 1]
    assert sent(page)[1]["value"] == "Turku"
    expect(page.get_by_role("button", name="Move down condition 1")).to_be_focused()

    page.get_by_role("button", name="Remove condition 1").press("Enter")

    expect(page.get_by_role("status")).to_have_text("Condition 1 was removed; 1 left.")
    expect(page.get_by_role("button", name="Remove condition 1")).to_be_focused()
    page.keyboard.press("Enter")
    assert sent(page) == []
    expect(page.get_by_role("button", name="Add a condition")).to_be_focused()


def test_what_is_wrong_stands_at_its_row(form):
    opened = form()
    page = opened.page
    add(page, "Visitor sent lead")
    add(page, "Visit count more than")[1].fill("many")
    page.get_by_role("button", name="Add a condition").click()

    save(page)

    expect(row(page, 1).locator(".fault")).to_have_count(0)
    expect(row(page, 2).locator(".fault")).to_have_text("Must be an integer, such as “3”.")
    expect(row(page, 3).locator(".fault")).to_have_text("Choose a type.")
    expect(page.get_by_label("Value of condition 2")).to_have_value("many")
    expect(page.get_by_label("Value of condition 2")).to_have_attribute("aria-invalid", "true")
    opened.check()


def test_what_rows_cannot_show_stays_as_it_is(form):
    opened = form()
    page = opened.page
    unknown = [{"type": 99, "value": "x", "new": [1]}, 3, {**LEAD, "settings": {"a": [0.1, "ä"]}}]
    several_days = {"timezone": "UTC", "intervals": [{"start_day": 5, "end_day": 6}]}
    unknown.append({"type": 22, "value": "", "negate": False, "settings": several_days})
    page.get_by_role("button", name="Edit as JSON").click()
    page.fill("#id_conditions", json.dumps(unknown))
    page.get_by_role("button", name="Edit as rows").click()

    expect(row(page, 1)).to_contain_text("Not known here; it stays as it is.")
    expect(row(page, 3)).to_contain_text("Its settings stay as they are")
    expect(row(page, 4)).to_contain_text("it stays as it is")
    page.get_by_role("button", name="Move down condition 1").click()

    assert sent(page) == [unknown[1], unknown[0], *unknown[2:]]


@pytest.mark.parametrize(
    "text",
    [
        "[1,",
        '{"type": 27}',
        json.dumps([LEAD] * 101),
        '[{"type": 22, "settings": {"n": 9223372036854775807}}]',
    ],
    ids=["no json", "no list", "too many", "digits"],
)
def test_a_text_that_rows_would_spoil_stays_a_text(text, form):
    opened = form()
    page = opened.page
    page.get_by_role("button", name="Edit as JSON").click()
    page.fill("#id_conditions", text)

    page.get_by_role("button", name="Edit as rows").click()

    expect(page.get_by_role("alert")).to_contain_text("Rows cannot show this text")
    expect(page.locator("#id_conditions")).to_be_visible()
    assert page.input_value("#id_conditions") == text


def test_without_scripts_conditions_are_json(browser, demo, staff):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{demo.port}/admin/login/?next=/admin/goals/goal/add/")
    page.fill("#id_username", staff("settings"))
    page.fill("#id_password", PASSWORD)
    page.click("[type=submit]")
    page.fill("#id_name", "Without scripts")
    page.check("#id_is_any_room_allowed")
    page.fill("#id_conditions", '[{"type": 27}\n {"type": 7, "value": "x"}]')
    save(page)
    expect(page.locator(".field-conditions .errorlist")).to_contain_text("Line 2, character 2")
    page.fill("#id_conditions", '[{"type": 27},\n {"type": 7, "value": "x"}]')
    save(page)
    expect(page.locator(".field-conditions .errorlist")).to_contain_text(
        "Condition 2, value: Must be an integer"
    )
    page.fill("#id_conditions", '[{"type": 27}]')
    save(page)
    expect(page.locator("li.success")).to_be_visible()
    context.close()
