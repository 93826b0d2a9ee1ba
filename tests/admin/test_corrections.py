"""Corrections of matches: what is asked first, what is done then, and what is said of it."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.utils.http import urlencode

from goalsvc.orgs.models import HistoryEntry, Organization, User
from matching.admin.matches import ExternalMatchAdmin
from matching.models import ExternalMatch
from tests.admin.samples import act, words
from tests.factories import ExternalMatchFactory, GoalFactory

LIST = "/admin/matching/externalmatch/"
NOW = datetime(2016, 10, 11, 6, tzinfo=UTC)


@pytest.fixture
def match(organization: Organization) -> ExternalMatch:
    return ExternalMatchFactory.create(
        goal=GoalFactory.create(organization=organization, name="Bought in the shop"),
        visitor_identity="customer-12345678",
        goal_matched_at=datetime(2016, 10, 10, 22, tzinfo=UTC),
        goal_value=Decimal("1234.50"),
        goal_value_source="request",
    )


def page(match: ExternalMatch, name: str = "correct") -> str:
    return f"{LIST}{match.pk}/{name}/"


def said(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


# The value.


def test_a_value_is_corrected_after_a_page_that_says_what_will_happen(
    as_staff: Client, staff: User, match: ExternalMatch
) -> None:
    assert 'href="../correct/"' in as_staff.get(page(match, "change")).content.decode()
    asked = words(as_staff.get(page(match)))
    assert "Goal Bought in the shop Customer customer-12345678 Event" in asked
    form = {"goal_value": "999.9", "reason": "Sent back", "seen": "1234.50"}
    shown = words(as_staff.post(page(match), form))
    assert "1,234.50 → 999.90 Why Sent back Reports and figures count the new value at once" in shown
    match.refresh_from_db()
    assert match.goal_value == Decimal("1234.50")

    response = as_staff.post(page(match), {**form, "confirmed": "yes"}, follow=True)

    assert said(response) == ["The value was corrected from 1,234.50 to 999.90."]
    assert response.redirect_chain[0][0] == page(match, "change")
    match.refresh_from_db()
    assert (match.goal_value, match.goal_value_source) == (Decimal("999.90"), "request")
    [entry] = match.changes
    assert entry.changes == {"goal_value": ["1234.50", "999.90"], "reason": [None, "Sent back"]}
    assert (entry.changed_by, entry.channel) == (staff, "admin")
    assert f"by {staff.email}" in words(response)
    listed = as_staff.get(LIST).content.decode()
    assert f"by {staff.email}" in listed
    assert ">corrected</small>" in listed


def test_a_value_is_taken_away(as_staff: Client, match: ExternalMatch) -> None:
    form = {"goal_value": "1234.50", "has_none": "on", "seen": "1234.50", "confirmed": "yes"}
    assert said(as_staff.post(page(match), form, follow=True)) == [
        "The value was corrected from 1,234.50 to none."
    ]
    match.refresh_from_db()
    assert (match.goal_value, match.goal_value_source) == (None, "none")


def test_a_match_without_a_value_gets_one(as_staff: Client, match: ExternalMatch) -> None:
    ExternalMatch.objects.update(goal_value=None, goal_value_source="none")
    assert " checked" not in as_staff.get(page(match)).content.decode()
    form = {"goal_value": "5", "seen": "", "confirmed": "yes"}
    both = as_staff.post(page(match), {**form, "has_none": "on"})
    assert "Write a value, or tick that it has none: not both." in words(both)
    none = as_staff.post(page(match), {**form, "goal_value": "", "has_none": "on"})
    assert "The match has no value already." in words(none)
    assert said(as_staff.post(page(match), form, follow=True)) == [
        "The value was corrected from none to 5.00."
    ]


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("", "Write the right value, or tick that it has none."),
        ("   ", "Write the right value, or tick that it has none."),
        ("12,50", "Write it without a comma: a point before the decimals, nothing between thousands."),
        ("1234567890123", "At most 14 digits are allowed, 2 of them decimals."),
        ("1.2345", "At most 14 digits are allowed, 2 of them decimals."),
        ("1.250", "“1.250” may be 1250.00 or 1.25. Write the one that is meant, with two decimals."),
        ("abc", "Not a decimal number."),
        ("NaN", "Not a decimal number."),
        ("1\x002", "Null characters are not allowed."),
        ("9" * 41, "Ensure this value has at most 40 characters (it has 41)."),
        ("1234.5", "The match has the value 1,234.50 already."),
    ],
)
def test_a_wrong_value_is_told_in_words(
    value: str, sentence: str, as_staff: Client, match: ExternalMatch
) -> None:
    form = {"goal_value": value, "seen": "1234.50", "confirmed": "yes"}
    assert sentence in words(as_staff.post(page(match), form))
    assert not HistoryEntry.objects.exists()


def test_a_refund_may_be_negative(as_staff: Client, match: ExternalMatch) -> None:
    as_staff.post(page(match), {"goal_value": "-5", "seen": "1234.50", "confirmed": "yes"})
    match.refresh_from_db()
    assert match.goal_value == Decimal("-5.00")


def test_a_correction_that_the_user_has_not_seen_is_not_undone(
    as_staff: Client, match: ExternalMatch, manager: User
) -> None:
    match.restate(Decimal("1000.00"), by=manager, at=NOW)
    for more in ({}, {"confirmed": "yes"}):
        response = as_staff.post(page(match), {"goal_value": "5.00", "seen": "1234.50", **more})
        assert "Somebody else has corrected the match meanwhile: it has the value 1,000.00 now." in words(
            response
        )
        assert 'name="seen" value="1000.00"' in response.content.decode()
    match.refresh_from_db()
    assert match.goal_value == Decimal("1000.00")


def test_a_retracted_match_has_no_value_to_correct(as_staff: Client, match: ExternalMatch) -> None:
    match.retract(by=None, at=NOW)
    form = {"goal_value": "5.00", "seen": "1234.50", "confirmed": "yes"}
    for response in (as_staff.get(page(match), follow=True), as_staff.post(page(match), form, follow=True)):
        assert said(response) == ["A retracted match has no value to correct. Restore it first."]


def test_nobody_corrects_what_is_not_theirs(
    as_clerk: Client, client: Client, other_staff: User, as_operator: Client, match: ExternalMatch
) -> None:
    form = {"goal_value": "5.00", "seen": "1234.50", "confirmed": "yes"}
    client.force_login(other_staff)
    for path in (page(match), f"{LIST}nonsense/correct/"):
        strange = client.post(path, form)
        assert (strange.status_code, strange["Location"]) == (302, "/admin/")  # as of a row that is not there
    assert as_clerk.post(page(match), form).status_code == 403
    assert not HistoryEntry.objects.exists()
    as_operator.post(page(match), form)
    assert HistoryEntry.objects.count() == 1


# Retracted and restored.


def ask(client: Client, action: str, *matches: ExternalMatch, **query: Any) -> Any:
    form = {"action": action, "_selected_action": [str(each.pk) for each in matches]}
    return client.post(f"{LIST}?{urlencode(query)}", form)


def test_a_page_asks_how_many_to_retract(as_staff: Client, match: ExternalMatch) -> None:
    others = ExternalMatchFactory.create_batch(12, goal=match.goal)
    others[0].retract(by=None, at=NOW)
    text = words(ask(as_staff, "retract", match, *others))
    assert "Retract 12 matches?" in text
    assert "leave reports and figures at once" in text
    assert "Bought in the shop customer-12345678" in text
    assert "and 2 more" in text
    assert "1 of those selected is retracted already: nothing happens to it." in text
    assert not ExternalMatch.objects.filter(retracted_by__isnull=False).exists()

    assert act(as_staff, LIST, "retract", match, *others) == (
        "Retracted 12 of 13 matches; 1 was retracted already."
    )
    match.refresh_from_db()
    assert match.retraction_reason == "Sent back"
    assert match.changes[0].changes["reason"] == [None, "Sent back"]


def test_a_retraction_says_why(as_staff: Client, match: ExternalMatch) -> None:
    asked = ask(as_staff, "retract", match)
    form = {"action": "retract", "_selected_action": str(match.pk), "chosen": asked.context["chosen"]}
    for reason, sentence in (
        ("", "Say why: others will ask."),
        ("  \n ", "Say why: others will ask."),
        ("x" * 5000, "Ensure this value has at most 500 characters (it has 5000)."),
        ("a\x00b", "Null characters are not allowed."),
        ("a\x07b", "Control characters are not allowed."),
    ):
        response = as_staff.post(LIST, {**form, "confirmed": "yes", "reason": reason})
        assert sentence in words(response), reason
    match.refresh_from_db()
    assert match.retracted_at is None


def test_a_restored_match_has_no_reason_any_more(as_staff: Client, match: ExternalMatch) -> None:
    match.retract(by=None, at=NOW, reason="Sent back")
    assert "count in reports and figures again" in words(ask(as_staff, "restore", match))
    assert act(as_staff, LIST, "restore", match, reason="") == "Restored 1 match."
    match.refresh_from_db()
    assert (match.retracted_at, match.retraction_reason) == (None, None)


def test_what_was_asked_about_is_done_whatever_the_list_shows_by_then(
    as_staff: Client, match: ExternalMatch
) -> None:
    other = ExternalMatchFactory.create(goal=match.goal)
    asked = ask(as_staff, "retract", match, other, retracted="no")
    other.retract(by=None, at=NOW)
    form = {"action": "retract", "_selected_action": str(match.pk), "chosen": asked.context["chosen"]}
    response = as_staff.post(
        f"{LIST}?retracted=no", {**form, "confirmed": "yes", "reason": "Wrong file"}, follow=True
    )
    assert said(response) == ["Retracted 1 of 2 matches; 1 was retracted already."]


def test_from_a_match_s_page_one_comes_back_to_it(as_staff: Client, match: ExternalMatch) -> None:
    form = {"action": "retract", "_selected_action": str(match.pk), "from_page": "yes"}
    asked = as_staff.post(LIST, form)
    assert "Retract this match?" in words(asked)
    assert f'href="{page(match, "change")}"' in asked.content.decode()
    form |= {"chosen": asked.context["chosen"], "confirmed": "yes", "reason": "Sent back"}
    response = as_staff.post(LIST, form, follow=True)
    assert response.redirect_chain == [(page(match, "change"), 302)]
    assert said(response) == ["Retracted 1 match."]


def test_all_of_a_filtered_list_are_retracted_at_once(
    as_staff: Client, match: ExternalMatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ExternalMatchAdmin, "list_per_page", 2)
    ExternalMatchFactory.create_batch(3, goal=match.goal)
    stranger = ExternalMatchFactory.create(organization=match.organization)
    of_goal = f"{LIST}?goal__id__exact={match.goal_id}"
    assert "Select all 4 matches" in words(as_staff.get(of_goal))
    form = {"action": "retract", "_selected_action": str(match.pk), "select_across": "1"}
    asked = as_staff.post(of_goal, form)
    assert "Retract 4 matches?" in words(asked)
    form = {**form, "chosen": asked.context["chosen"], "confirmed": "yes", "reason": "Wrong file"}
    assert said(as_staff.post(of_goal, form, follow=True)) == ["Retracted 4 matches."]
    stranger.refresh_from_db()
    assert stranger.retracted_at is None


def test_no_action_is_taken_on_all_there_is(
    as_staff: Client, match: ExternalMatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ExternalMatchAdmin, "list_per_page", 1)
    ExternalMatchFactory.create_batch(2, goal=match.goal)
    assert "Select all" not in words(as_staff.get(LIST))
    model_admin = admin.site.get_model_admin(ExternalMatch)
    form = {"action": "retract", "_selected_action": str(match.pk), "select_across": "1"}
    sentence = (
        "An action takes all matches of a filtered list, {} at most. Filter it further. Nothing was done."
    )
    assert said(as_staff.post(LIST, form, follow=True)) == [sentence.format("1,000")]
    monkeypatch.setattr(type(model_admin), "ACTION_LIMIT", 2)
    of_goal = f"{LIST}?goal__id__exact={match.goal_id}"
    assert said(as_staff.post(of_goal, form, follow=True)) == [sentence.format(2)]
    assert "Select all" not in words(as_staff.get(of_goal))


def test_the_ids_of_the_page_that_asks_are_not_trusted(
    as_staff: Client, match: ExternalMatch, other_organization: Organization
) -> None:
    foreign = ExternalMatchFactory.create(organization=other_organization)
    form = {"action": "retract", "_selected_action": str(match.pk), "confirmed": "yes", "reason": "x"}
    assert said(as_staff.post(LIST, {**form, "chosen": f"{foreign.pk}"}, follow=True)) == [
        "Retracted 0 matches."
    ]
    for chosen in ("nonsense", f"{match.pk},{match.pk}"):
        assert "does not exist" in said(as_staff.post(LIST, {**form, "chosen": chosen}, follow=True))[0]
    foreign.refresh_from_db()
    assert foreign.retracted_at is None
