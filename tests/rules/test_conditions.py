"""The conditions of a goal: 37 types, what the value of each may be, and what comes along."""

import json

import pytest

from tests.factories import GoalFactory

# Type: its name, values that are accepted, values that are refused (an empty one is tried for all).
ANY_TEXT = ("x", "0", "(", "*", "ä", "a\nb", "x" * 2048)
INTEGER = (
    ("0", "3", "-1", "007", "9" * 18),
    ("1.0", "1e3", "x", "1 0", "+1", "9" * 19, "\N{SUPERSCRIPT TWO}"),
)
AMOUNT = (
    ("0", "10", "10.5", "10.00", "999999999999.99"),
    ("10.001", "-1", "10,00", "x", ".5", "1e3", "1" * 13),
)
SECONDS = (("0", "30", "999999999"), ("-1", "1.5", "30s", "x", "1" * 10))
PRIORITY = (("1", "5", "10"), ("0", "11", "-1", "1.5", "01", "x"))
TYPES = {
    1: ("visitor city", ANY_TEXT, ()),
    2: ("CSS selector", ANY_TEXT, ()),
    3: ("previous page URL regexp", ANY_TEXT, ()),
    4: ("referrer URL regexp", ANY_TEXT, ()),
    5: ("page URL regexp", ANY_TEXT, ()),
    6: ("visitor country", ANY_TEXT, ()),
    7: ("visit count more than", *INTEGER),
    8: ("cart size more than", *AMOUNT),
    9: ("cart size less than", *AMOUNT),
    10: ("product names in cart", ANY_TEXT, ()),
    11: ("pipeline step", *INTEGER),
    12: ("JS function returns true", ANY_TEXT, ()),
    13: ("visit count less than", *INTEGER),
    14: ("purchase count more than", *INTEGER),
    15: ("visitor IP address regexp", ANY_TEXT, ()),
    16: ("page URL contains", ANY_TEXT, ()),
    17: ("operator presence", ("online", "offline"), ("Online", "on", "online,offline")),
    18: ("after timeout", *SECONDS),
    19: ("click element", ANY_TEXT, ()),
    20: ("click button", ANY_TEXT, ()),
    21: (
        "device type",
        ("desktop", "mobile", "tablet", "mobile,tablet"),
        ("phone", "tablet,mobile", "desktop,mobile", "mobile, tablet"),
    ),
    22: ("weekly schedule", ANY_TEXT, ()),
    23: ("visitor priority more than", *PRIORITY),
    24: ("visitor priority less than", *PRIORITY),
    25: ("visitor targeted", ANY_TEXT, ()),
    26: ("visitor cart locked", ANY_TEXT, ()),
    27: ("visitor sent lead", ANY_TEXT, ()),
    28: ("previous page URL contains", ANY_TEXT, ()),
    29: ("referrer URL contains", ANY_TEXT, ()),
    30: ("visitor has waited for", *SECONDS),
    31: ("has chatted", ANY_TEXT, ()),
    32: ("chat has at least one of tags", ANY_TEXT, ()),
    33: ("target experiment group", ANY_TEXT, ()),
    34: ("waited for first answer", *SECONDS),
    35: ("user experiment group", ANY_TEXT, ()),
    36: ("conversion probability", ANY_TEXT, ()),
    37: ("average waiting time", ANY_TEXT, ()),
}
WITHOUT_VALUE = {22, 25, 26, 27, 31}


@pytest.fixture
def set_conditions(as_manager, org_url, organization):
    """Set a goal's conditions; return the answer's status, and the conditions or the errors."""
    goal = GoalFactory.create(organization=organization)

    def patch(conditions):
        body = json.dumps({"conditions": conditions}).encode()
        response = as_manager.send("PATCH", f"{org_url}/goals/{goal.id}", body)
        return response.status_code, response.json().get("conditions", response.json())

    return patch


def test_the_table_has_all_types():
    assert list(TYPES) == list(range(1, 38))


@pytest.mark.parametrize("number", TYPES)
def test_a_type_accepts_its_values(number, set_conditions):
    _, accepted, _ = TYPES[number]

    status, conditions = set_conditions([{"type": number, "value": value} for value in accepted])

    assert status == 200, conditions
    assert conditions == [
        {"type": number, "value": value, "negate": False, "settings": {}} for value in accepted
    ]


@pytest.mark.parametrize("number", [number for number, (_, _, refused) in TYPES.items() if refused])
def test_a_type_refuses_other_values(number, set_conditions):
    name, _, refused = TYPES[number]

    status, errors = set_conditions([{"type": number, "value": value} for value in refused])

    assert status == 400
    assert set(errors) == {str(index) for index in range(len(refused))}
    for error in errors.values():
        [sentence] = error["value"]
        assert sentence.endswith(f"(type {number}, {name})")


@pytest.mark.parametrize("empty", [{}, {"value": ""}, {"value": "  \n"}])
def test_a_value_is_required_but_for_the_types_that_have_none(empty, set_conditions):
    status, errors = set_conditions([{"type": number, **empty} for number in TYPES])

    assert status == 400
    assert errors == {
        str(number - 1): {"value": [f"Required for the type {number}, {name}."]}
        for number, (name, _, _) in TYPES.items()
        if number not in WITHOUT_VALUE
    }


@pytest.mark.parametrize("empty", [{}, {"value": ""}, {"value": "  \n"}])
def test_the_types_that_have_no_value_go_without(empty, set_conditions):
    status, conditions = set_conditions([{"type": number, **empty} for number in sorted(WITHOUT_VALUE)])

    assert status == 200
    assert [condition["value"] for condition in conditions] == [""] * 5


@pytest.mark.parametrize("number", [0, 38, -1, 10**30])
def test_a_number_that_is_no_type_is_refused(number, set_conditions):
    assert set_conditions([{"type": number}]) == (400, {"0": {"type": ["Must be an integer from 1 to 37."]}})


@pytest.mark.parametrize("value", ["1", "", 1.5, 1.0, True, False, [1], {}])
def test_a_type_is_an_integer_and_nothing_like_it(value, set_conditions):
    assert set_conditions([{"type": value, "value": "x"}]) == (
        400,
        {"0": {"type": ["A valid integer is required."]}},
    )


@pytest.mark.parametrize(
    ("condition", "errors"),
    [
        ({}, {"type": ["This field is required."]}),
        ({"type": None}, {"type": ["This field may not be null."]}),
        ({"type": 1, "value": None}, {"value": ["This field may not be null."]}),
        ({"type": 1, "value": 5}, {"value": ["Not a string."]}),
        ({"type": 7, "value": 5}, {"value": ["Not a string."]}),
        ({"type": 1, "value": ["x"]}, {"value": ["Not a string."]}),
        ({"type": 1, "value": "x" * 2049}, {"value": ["At most 2048 characters are allowed."]}),
        (
            {"type": 1, "value": "a\x00b"},
            {"value": ["Control characters and lone surrogates are not allowed."]},
        ),
        ({"type": 27, "negate": None}, {"negate": ["This field may not be null."]}),
        ({"type": 27, "negate": "false"}, {"negate": ["Must be a valid boolean."]}),
        ({"type": 27, "negate": 0}, {"negate": ["Must be a valid boolean."]}),
        ({"type": 27, "settings": None}, {"settings": ["This field may not be null."]}),
        ({"type": 27, "settings": []}, {"settings": ["Not a JSON object."]}),
        ({"type": 27, "settings": "{}"}, {"settings": ["Not a JSON object."]}),
        ({"type": 27, "setting": {}}, {"setting": ["A condition has no such attribute."]}),
        ({"type": 27, "Type": 27}, {"Type": ["A condition has no such attribute."]}),
        (
            {"type": 27, "a\x00": 1, "": 2},
            {
                "a\N{REPLACEMENT CHARACTER}": ["A condition has no such attribute."],
                "": ["A condition has no such attribute."],
            },
        ),
        (None, {"non_field_errors": ["This field may not be null."]}),
        ("x", {"non_field_errors": ["Not a JSON object."]}),
        (27, {"non_field_errors": ["Not a JSON object."]}),
        ([], {"non_field_errors": ["Not a JSON object."]}),
    ],
)
def test_a_bad_condition_is_named_by_its_place_and_attribute(condition, errors, set_conditions):
    status, answer = set_conditions([{"type": 27}, condition])

    if condition is None:  # said of the item itself
        errors = errors["non_field_errors"]
    assert (status, answer) == (400, {"1": errors})


def test_every_bad_condition_is_named(set_conditions):
    assert set_conditions([{"type": 0}, {"type": 27}, {"type": 38}]) == (
        400,
        {
            "0": {"type": ["Must be an integer from 1 to 37."]},
            "2": {"type": ["Must be an integer from 1 to 37."]},
        },
    )


@pytest.mark.parametrize("conditions", ["", "[]", {}, {"0": {"type": 27}}, 1, True])
def test_conditions_are_a_list(conditions, set_conditions):
    assert set_conditions(conditions) == (400, ["Not a list of conditions."])


def test_a_hundred_conditions_are_taken_and_kept_in_order(set_conditions):
    status, conditions = set_conditions([{"type": 7, "value": str(100 - n)} for n in range(100)])

    assert status == 200
    assert [condition["value"] for condition in conditions] == [str(100 - n) for n in range(100)]


def test_a_hundred_and_one_conditions_are_too_many(set_conditions):
    assert set_conditions([{"type": 27}] * 101) == (400, ["At most 100 conditions are allowed."])


def test_the_same_condition_may_stand_twice(set_conditions):
    status, conditions = set_conditions([{"type": 27}, {"type": 27}])

    assert (status, len(conditions)) == (200, 2)


def test_a_negated_condition_stays_negated(set_conditions):
    assert set_conditions([{"type": 27, "negate": True}])[1][0]["negate"] is True


# Settings

WEEK = {"monday": [{"from": "09:00", "to": "17:00"}], "timezone": "Europe/Helsinki", "open": True, "n": None}


@pytest.mark.parametrize(
    "settings",
    [
        {},
        WEEK,
        {"": ""},
        {"é 😀": "ü\n\t"},
        {"n": [0, -1, 1.5, 2**63 - 1, -(2**63)]},
        {"x": "y" * (8 * 1024 - len('{"x":""}'))},  # 8 KiB as JSON
    ],
)
def test_settings_are_kept_as_sent(settings, set_conditions):
    status, conditions = set_conditions([{"type": 22, "settings": settings}])

    assert status == 200, conditions
    assert conditions[0]["settings"] == settings


def test_settings_over_eight_kibibytes_are_refused(set_conditions):
    settings = {"x": "y" * (8 * 1024 - len('{"x":""}') + 1)}

    assert set_conditions([{"type": 22, "settings": settings}]) == (
        400,
        {"0": {"settings": ["At most 8192 bytes of JSON are allowed."]}},
    )


WRONG_TEXTS = ["\x00", "\x01", "\r", "\x7f", "\x85", "a\x00b", "\ud800", "x\udc00", "a\udfff", "\udc00\ud800"]


@pytest.mark.parametrize(
    "settings_of",
    [
        lambda text: {"a": text},
        lambda text: {text: "a"},
        lambda text: {"a": {text: 1}},
        lambda text: {"a": [{"b": [[text]]}]},
        lambda text: {"a": [{text: {}}]},
    ],
    ids=["value", "key", "nested key", "deep value", "deep key"],
)
def test_settings_hold_no_control_characters_nor_lone_surrogates(settings_of, set_conditions):
    status, errors = set_conditions([{"type": 22, "settings": settings_of(text)} for text in WRONG_TEXTS])

    assert status == 400
    assert errors == {
        str(index): {"settings": ["Control characters and lone surrogates are not allowed."]}
        for index in range(len(WRONG_TEXTS))
    }


@pytest.mark.parametrize(
    "number",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e400",
        "1e20",
        "-1e300",
        "1e99999999999999999999",
        str(2**63),
        "9" * 5000,
    ],
)
@pytest.mark.parametrize("nested", ['{"a": %s}', '{"a": [{"b": [%s]}]}'])
def test_settings_hold_no_number_that_could_not_be_sent_back(number, nested, as_manager, org_url, goal):
    body = '{"conditions": [{"type": 22, "settings": %s}]}' % (nested % number)

    response = as_manager.send("PATCH", f"{org_url}/goals/{goal.id}", body.encode())

    assert response.status_code == 400
    assert response.json() == {"conditions": {"0": {"settings": ["Numbers must be finite and fit 64 bits."]}}}
