"""The conditions of a goal in the admin: what is told of those at fault, where, and in which words."""

import json
import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from goals.condition_types import TYPES
from goals.models import Goal
from goalsvc.orgs.models import Organization, Room
from tests.admin.test_goals import LEAD, errors, form_of, page_of
from tests.factories import GoalFactory


@pytest.fixture
def goal(organization: Organization, room: Room) -> Goal:
    return GoalFactory.create(rooms=[room], conditions=[LEAD])


@pytest.mark.parametrize(
    ("conditions", "lines"),
    [
        (
            '[{"type": 8, "value": "x"}, {"type": 99}, 3]',
            [
                "Condition 1, value: Must be an amount of at most two decimals, as “10.00”. "
                "(type 8, cart size more than)",
                "Condition 2, type: Must be an integer from 1 to 37.",
                "Condition 3: Not a JSON object.",
            ],
        ),
        ('[{"type": 27, "colour": "red"}]', ["Condition 1, colour: A condition has no such attribute."]),
        (
            '[{"type": 27, "settings": {"a": NaN}}]',
            ["Condition 1, settings: Numbers must be finite and fit 64 bits."],
        ),
        ('{"type": 27}', ["Not a list of conditions."]),
        ("[" * 30 + "]" * 30, ["The JSON is nested deeper than 20 levels."]),
        (json.dumps([LEAD] * 101), ["At most 100 conditions are allowed."]),
    ],
    ids=["several", "attribute", "number", "object", "deep", "many"],
)
def test_conditions_at_fault_are_told_in_lines(
    conditions: str, lines: list[str], as_staff: Client, goal: Goal
) -> None:
    response = as_staff.post(page_of(goal), form_of(as_staff, goal, conditions=conditions))
    assert errors(response, "conditions") == lines
    # What was typed is there to be mended.
    assert response.context["adminform"].form["conditions"].value() == conditions
    assert Goal.objects.get().conditions == [LEAD]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[1,", "Line 1, character 4: the text ends too early; a value or a closing bracket is missing."),
        (
            '[\n  {"type": 27}\n  {"type": 31}\n]',
            'Line 3, character 3, at “{"type": 31}”: a comma or a closing bracket is missing before this.',
        ),
        (
            "[{'type': 27}]",
            "Line 1, character 3, at “'type': 27}]”: a name in double quotes is missing here; after "
            "the last pair stands no comma.",
        ),
        (
            '[{"type" 27}]',
            "Line 1, character 10, at “27}]”: a colon is missing between the name and its value.",
        ),
        (
            '[{"type": x}]',
            "Line 1, character 11, at “x}]”: a condition or a value is missing here, or a text is "
            "without its double quotes.",
        ),
        (
            '[{"value": "a\tb"}]',
            'Line 1, character 14, at “b"}]”: a line break or the like stands inside a text; write '
            "it as \\n.",
        ),
        (
            "[]]",
            "Line 1, character 3, at “]”: the list has ended before this; remove what follows, or a bracket "
            "too much.",
        ),
        (
            '[{"value": "a}]',
            'Line 1, character 12, at “"a}]”: the text that begins here has no closing quote.',
        ),
        ("[" * 100_000, "The JSON is nested deeper than 20 levels."),
        ("[1" + ",1" * 600_000 + "]", "The text has more than 600000 values."),
        (
            '[{"type": 27, "value": "\x00"}]',
            'Line 1, character 25, at “\N{REPLACEMENT CHARACTER}"}]”: a line break or the like stands inside '
            "a text; write it as \\n.",
        ),
    ],
    ids=["end", "comma", "quotes", "colon", "value", "tab", "bracket", "open", "depth", "values", "nul"],
)
def test_conditions_that_are_no_json_are_told_in_words(
    text: str, line: str, as_staff: Client, goal: Goal
) -> None:
    response = as_staff.post(page_of(goal), form_of(as_staff, goal, conditions=text))
    assert errors(response, "conditions") == [line]
    assert Goal.objects.get().conditions == [LEAD]


def faults_of(response: Any) -> dict[str, list[str]]:
    """What the page tells its script, by the index of the condition."""
    found = re.search(r'data-faults="([^"]*)"', response.content.decode())
    return json.loads(unescape(found[1])) if found else {}


def test_conditions_at_fault_are_told_at_their_rows(as_staff: Client, goal: Goal) -> None:
    sent = [{"type": 27}, {"type": 7, "value": "x"}, {"type": None}, 3, {"type": 1, "value": 5}]
    response = as_staff.post(page_of(goal), form_of(as_staff, goal, conditions=json.dumps(sent)))
    assert faults_of(response) == {
        "1": ["Must be an integer, such as “3”."],
        "2": ["Choose a type."],
        "3": ["Not a JSON object."],
        "4": ["Not a string."],
    }
    assert faults_of(as_staff.get(page_of(goal))) == {}


def interval(day: int, start: str, end: str, **others: Any) -> dict[str, Any]:
    """As giosg's clients write it: each part as a text and as a number."""
    made: dict[str, Any] = {}
    for edge, time in (("start", start), ("end", end)):
        hour, minute = time.split(":")
        made |= {f"{edge}_day": day, f"{edge}_hour": hour, f"{edge}_minute": minute}
        made |= {f"{edge}_hours": int(hour), f"{edge}_minutes": int(minute)}
    return made | others


def schedule(*intervals: Any, timezone: Any = "Europe/Helsinki") -> str:
    settings = {"timezone": timezone, "intervals": list(intervals)}
    return json.dumps([{"type": 22, "settings": settings}])


@pytest.mark.parametrize(
    ("conditions", "lines"),
    [
        (
            schedule(interval(1, "17:00", "09:00")),
            ["Monday 17:00 to 09:00: the end must be later than the beginning."],
        ),
        (
            schedule(
                interval(1, "09:00", "12:00"), interval(2, "09:00", "12:00"), interval(1, "11:00", "13:00")
            ),
            ["Monday 09:00 to 12:00 and Monday 11:00 to 13:00 overlap. Make one of them."],
        ),
        (
            schedule(interval(1, "09:00", "17:00"), timezone="Helsinki"),
            ["There is no time zone “Helsinki”. Choose one such as Europe/Helsinki."],
        ),
        (
            schedule(interval(1, "09:00", "17:00"), timezone=["../../etc"]),
            ["There is no time zone “['../../etc']”. Choose one such as Europe/Helsinki."],
        ),
        (
            schedule(interval(1, "09:00", "17:00", start_hours=None)),
            ["Hours are missing, or are none. Write them such as 09:00 and 17:00."],
        ),
        (
            schedule(interval(8, "09:00", "17:00")),
            ["Hours are missing, or are none. Write them such as 09:00 and 17:00."],
        ),
        (schedule("Monday"), ["Hours are missing, or are none. Write them such as 09:00 and 17:00."]),
        (schedule(), ["No day is ticked, so it is never the time. Tick days and set their hours."]),
    ],
    ids=["backwards", "overlap", "zone", "no zone", "no hour", "no day", "no interval", "empty"],
)
def test_a_schedule_that_contradicts_itself_is_told(
    conditions: str, lines: list[str], as_staff: Client, goal: Goal
) -> None:
    response = as_staff.post(page_of(goal), form_of(as_staff, goal, conditions=conditions))
    assert errors(response, "conditions") == [f"Condition 1: {line}" for line in lines]
    assert faults_of(response) == {"0": lines}


@pytest.mark.parametrize(
    "conditions",
    [
        schedule(interval(1, "09:00", "12:00"), interval(1, "12:00", "24:00"), interval(7, "00:00", "23:59")),
        schedule(interval(5, "22:00", "02:00", end_day=6)),
        json.dumps([{"type": 22, "settings": {"monday": [{"from": "17:00", "to": "09:00"}]}}]),
        json.dumps([{"type": 22}]),
    ],
    ids=["hours", "night", "another shape", "nothing"],
)
def test_other_schedules_are_taken(conditions: str, as_staff: Client, goal: Goal) -> None:
    sent = form_of(as_staff, goal, conditions=conditions)
    assert as_staff.post(page_of(goal), sent).status_code == 302
    assert Goal.objects.get().conditions[0]["settings"] == json.loads(conditions)[0].get("settings", {})


def test_a_schedule_that_a_program_has_set_does_not_keep_people_from_the_name(
    as_staff: Client, goal: Goal
) -> None:
    Goal.objects.update(conditions=json.loads(schedule(interval(1, "17:00", "09:00"))))
    assert as_staff.post(page_of(goal), form_of(as_staff, goal, name="New")).status_code == 302
    assert Goal.objects.get().name == "New"


def test_ten_thousand_conditions_are_refused(as_staff: Client, goal: Goal) -> None:
    sent = form_of(as_staff, goal, conditions=json.dumps([LEAD] * 10_000))
    assert errors(as_staff.post(page_of(goal), sent), "conditions") == ["At most 100 conditions are allowed."]


def test_the_types_of_conditions_are_named(as_staff: Client, as_clerk: Client, goal: Goal) -> None:
    page = as_staff.get(page_of(goal)).content.decode()
    assert "<td>visitor sent lead</td>" in page
    assert "Conditions concern the web page; posted matches ignore them." in page
    page = as_clerk.get(page_of(goal)).content.decode()
    assert "Visitor sent lead" in page
    assert "Web shop (shop.example.com)" in page
    assert "<textarea" not in page


def test_a_condition_of_a_type_yet_to_come_is_shown(as_staff: Client, as_clerk: Client, goal: Goal) -> None:
    Goal.objects.update(conditions=[LEAD | {"type": 38, "value": "new"}])
    for client in (as_staff, as_clerk):
        assert "new" in client.get(page_of(goal)).content.decode()


def test_the_page_declares_each_type_once(as_staff: Client, goal: Goal) -> None:
    found = re.search(r'data-declared="([^"]*)"', as_staff.get(page_of(goal)).content.decode())
    assert found
    declared = json.loads(unescape(found[1]))
    assert sorted(each["number"] for each in declared["types"]) == sorted(TYPES)
    assert all(each["explanation"] for each in declared["types"])
    kinds = {each["form"]["kind"] for each in declared["types"]}
    assert kinds == {"text", "number", "choice", "ids", "schedule", "none"}
