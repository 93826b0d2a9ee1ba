"""Ids that others give: what nobody sees, what a spreadsheet has shortened, and what is no id, is refused."""

import pytest
from django.db import transaction

from goalsvc.api.identifiers import PLACEHOLDERS

MATCH = {"visitor_identity": "customer-1", "goal_matched_at": "2016-10-10T22:00:49Z"}
SESSION = {"visitor_session_id": "visit-1", "visitor_id": "laptop-1", "started_at": "2016-10-10T20:00:00Z"}
IDENTITY = {"visitor_identity": "customer-1", "visitor_id": "laptop-1"}

# Where an id may stand: the address behind the organization's, the rest of the body, the attribute.
PLACES = [
    ("match", MATCH, "visitor_identity"),
    ("match", MATCH, "external_id"),
    ("visitor_sessions", SESSION, "visitor_session_id"),
    ("visitor_sessions", SESSION, "visitor_id"),
    ("visitor_sessions", SESSION, "visitor_identity"),
    ("visitor_identities", IDENTITY, "visitor_identity"),
    ("visitor_identities", IDENTITY, "visitor_id"),
    ("visitor_identities", IDENTITY, "visitor_session_id"),
]
every_place = pytest.mark.parametrize(
    ("name", "rest", "attribute"), PLACES, ids=[f"{name} {attribute}" for name, _, attribute in PLACES]
)

INVISIBLE = [
    0x00AD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065), *range(0x2066, 0x206A),
    0xFEFF, 0x034F, 0x061C, 0x115F, 0x180E, 0x206F, 0x3164, 0xFE0F, 0xFFFA, 0x1D173, 0xE0041, 0xE0100,
]  # fmt: skip
SHORTENED = [
    "3.58401E+11", "3,58E+11", "1.9E+18", "2E+11", "-3.58E+11", "3.58401e+11", "1.23457E+18",
    "3.58401234567E11", "3.5e+6", "1,5E-07",
]  # fmt: skip
NO_IDS = [
    "null", "NULL", "Null", "none", "None", "nil", "NaN", "nan", "undefined", "n/a", "N/A", "#N/A",
    "(not set)",
    "(none)", "[object Object]", "0", "-", "--", "000", "00000000-0000-0000-0000-000000000000", "(null)",
    "<null>", '"null"', "'undefined'", "\\N", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "{}", "[]", '""',
    "unknown", "anonymous", "guest", "TRUE", "—", "[Object object]",
    "NA", "<NA>", "NaT", "-1", "0.0", "0,00", "...", "?", "#####", "Array", "[object Promise]", "#SPILL!",
    "{{customer_id}}", "crm-{{ contact.id }}", "${user.id}", "#{id}", "%%emailaddr%%", "*|EMAIL|*",
    "<%= user.id %>", "{% id %}", "[% id %]", "[[id]]", "n/d", "empty", "not available",
]  # fmt: skip
REAL = [
    "358401234567", "+358401234567", "1e5", "3E5", "E+11", "1.5", "A-0", "00123", "nullify", "Nona",
    "none@example.com",
    "a—b", "héllo", "client 0", "0-1", "object", "n/a-17", "N°5", "日本", "\U0001f600",
    "1E100", "12E5", "7e-5", "100%", "50%%", "{id}", "a{b}c", "$id", "*7*", "-12", "00.10", "Nathan", "#17",
]  # fmt: skip


@pytest.fixture
def send(as_integrator, org_url, goal, room):
    def send(name, body):
        path = f"/goals/{goal.id}/matches" if name == "match" else f"/{name}"
        rooms = {} if name == "visitor_identities" else {"rooms": [str(room.id)]}
        return as_integrator.post(org_url + path, body | rooms)

    return send


@every_place
def test_what_nobody_sees_is_refused(name, rest, attribute, send):
    for code in INVISIBLE:
        for text in (f"crm{chr(code)}77", f"crm-77{chr(code)}", f"{chr(code)}crm-77"):
            response = send(name, rest | {attribute: text})

            assert response.status_code == 400
            place = text.index(chr(code)) + 1
            assert response.json() == {
                attribute: [f"Has an invisible character, U+{code:04X}, as its character {place}. Remove it."]
            }


@every_place
def test_what_only_looks_like_a_space_is_refused_within_an_id_and_trimmed_around_it(
    name, rest, attribute, send
):
    for code in (0x00A0, 0x2009, 0x3000, 0x2028):
        response = send(name, rest | {attribute: f"crm{chr(code)}77"})

        assert response.status_code == 400
        assert response.json() == {
            attribute: [f"Has an invisible character, U+{code:04X}, as its character 4. Remove it."]
        }
        assert (
            send(name, rest | {attribute: f"{chr(code)}{rest.get(attribute, 'crm-77')}"}).status_code != 400
        )


@every_place
def test_a_text_too_long_is_refused_for_its_length_before_templates_are_looked_for(
    name, rest, attribute, send
):
    """That search takes quadratic time: minutes in a text of half a megabyte."""
    response = send(name, rest | {attribute: "{{" + "a" * 300 + "}}"})

    assert response.status_code == 400
    [[sentence]] = response.json().values()
    assert "characters" in sentence
    assert "placeholder" not in sentence


# One test for all texts of a place: a world for each of them would take most of the time.


@every_place
def test_what_a_spreadsheet_has_shortened_is_refused(name, rest, attribute, send):
    for text in SHORTENED:
        response = send(name, rest | {attribute: text})

        assert response.status_code == 400, text
        assert response.json() == {
            attribute: [
                f"“{text}” is a number that a spreadsheet has shortened, so others may look the same. "
                "Format the column as text and export it again."
            ]
        }


@every_place
def test_a_placeholder_is_no_id(name, rest, attribute, send):
    for text in NO_IDS:
        response = send(name, rest | {attribute: text})

        assert response.status_code == 400, text
        assert response.json() == {
            attribute: [
                f"“{text}” is a placeholder, not an id: it would make one of many. Send the real one."
            ]
        }


@every_place
def test_an_id_that_only_looks_odd_is_taken(name, rest, attribute, send):
    for text in REAL:
        with transaction.atomic():
            response = send(name, rest | {attribute: text})
            transaction.set_rollback(True)  # or the next would be another visitor of the same session

        assert response.status_code in {200, 201, 404}, (text, response.content)
        assert attribute not in response.json().get("errors", {}), text


@pytest.mark.parametrize("text", ["crm-77\u200b", "3.58E+11", "NULL", "0"])
def test_a_look_up_of_what_is_no_id_finds_nothing(text, as_manager, org_url):
    for path in ("matches", "visitor_sessions", "visitor_identities", "pending_matches", "match_attempts"):
        response = as_manager.get(f"{org_url}/{path}", {"visitor_identity": text})
        assert (response.status_code, response.json()["results"]) == (200, [])
    assert as_manager.get(f"{org_url}/visitor_identities/-", {"visitor_identity": text}).status_code == 404


def test_in_a_batch_it_is_the_item_that_is_refused(as_integrator, org_url):
    items = [IDENTITY, IDENTITY | {"visitor_identity": "NULL"}, IDENTITY | {"visitor_id": "undefined"}]

    results = as_integrator.post(f"{org_url}/visitor_identities/batch", {"visitor_identities": items}).json()

    assert [result["status"] for result in results["results"]] == [201, 400, 400]


def test_the_placeholders_are_documented(as_nobody):
    description = as_nobody.get("/api/v5/schema").json()["info"]["description"]

    assert all(f"`{word}`" in description for word in PLACEHOLDERS)
