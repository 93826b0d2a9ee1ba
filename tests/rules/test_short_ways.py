"""What is plainly right is checked the short way: with the same outcome as the full checks."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goalsvc.api.serializers import ObjectSerializer
from matching.serializers.inputs import MATCH
from matching.serializers.visitors import IDENTITY_OF_VISITOR, SESSION

ROOM = "0199d6a4-2f60-7c3e-b6a5-3d8f5b9a1c10"

texts = st.one_of(
    st.sampled_from(["customer-1", " spaced ", "", " ", "a\tb", "a\nb", "a\x00b", "\ud800", "x" * 256, "é"]),
    st.sampled_from(
        ["null", "NaN", "n/a", "-1", "0", "1-", "1e+5", "1e5", "3.58E11", "00123", "a_b@c.example"]
    ),
    st.sampled_from(
        ["{{id}}", "%%id%%", "<%id%>", "[id]", "a" * 255, "1" * 256, "\u017f", "\u212a", "1\u0661"]
    ),
    st.text(alphabet="aE019.,+-_@:/% ", max_size=8),
    st.text(max_size=5),
)
numbers = st.one_of(
    st.sampled_from(
        [
            "12.50",
            "1.5",
            "-3.00",
            "+1.00",
            "999999999999.99",
            "1234567890123.00",
            "1e3",
            "\N{ARABIC-INDIC DIGIT THREE}.00",
        ]
    ),
    st.integers(),
    st.decimals(allow_nan=True).map(lambda number: number.normalize() if number.is_finite() else number),
)
moments = st.one_of(
    st.sampled_from(
        [
            "2016-10-10T22:00:49.123Z",
            "2016-10-10T22:00:49.1234567Z",
            "2016-10-10T22:00:49Z",
            "2016-10-10T24:00:00Z",
            "2016-02-30T00:00:00Z",
            "2016-10-10T22:00:60Z",
            "2016-10-10T22:00:49+02:00",
            "2016-10-10 22:00:49",
            "0001-01-01T00:00:00Z",
            "2016-10-10",
        ]
    ),
    st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
)
rooms = st.lists(
    st.sampled_from([ROOM, ROOM.upper(), ROOM.replace("-", ""), ROOM[:-1], "", 7, None])
    | st.uuids().map(str),
    max_size=3,
) | st.just([str(UUID(int=n)) for n in range(101)])
anything = st.one_of(st.none(), st.booleans(), texts, numbers, moments, rooms, st.just({}))


def objects(**usual: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Objects with these attributes, mostly of the usual kinds, some missing, some others besides."""
    return st.fixed_dictionaries(
        {},
        optional={
            **{name: st.one_of(values, values, values, anything) for name, values in usual.items()},
            "custom_visitor_identity": anything,
            "unknown": anything,
        },
    )


def outcome(check: Any, data: Any) -> Any:
    try:
        return check(data)
    except Exception as error:
        return type(error), getattr(error, "detail", None)


@pytest.mark.parametrize(
    ("form", "data"),
    [
        (
            MATCH,
            objects(
                visitor_identity=texts,
                goal_matched_at=moments,
                rooms=rooms,
                goal_value=numbers,
                external_id=texts,
                if_unmatched=st.sampled_from(["hold", "reject", "Hold"]),
            ),
        ),
        (
            SESSION,
            objects(
                visitor_session_id=texts,
                visitor_id=texts,
                started_at=moments,
                ended_at=moments,
                rooms=rooms,
                visitor_identity=texts,
            ),
        ),
        (
            IDENTITY_OF_VISITOR,
            objects(visitor_identity=texts, visitor_id=texts, visitor_session_id=texts),
        ),
    ],
    ids=["match", "session", "identity"],
)
def test_the_short_way_comes_to_what_the_full_checks_say(form: ObjectSerializer, data: Any) -> None:
    @settings(max_examples=300, deadline=None)
    @given(data)
    def compare(sent: Any) -> None:
        assert outcome(form.check, sent) == outcome(form.run_validation, sent)

    compare()


@pytest.mark.parametrize(
    ("form", "sent"),
    [
        (
            MATCH,
            {
                "visitor_identity": "customer-1",
                "goal_matched_at": "2016-10-10T22:00:49.123Z",
                "rooms": [ROOM],
                "goal_value": "12.50",
                "external_id": None,
            },
        ),
        (
            SESSION,
            {
                "visitor_session_id": "session-1",
                "visitor_id": "visitor-1",
                "started_at": "2016-10-10T22:00:49Z",
                "rooms": [],
            },
        ),
        (IDENTITY_OF_VISITOR, {"visitor_identity": "customer-1", "visitor_id": "visitor-1"}),
    ],
    ids=["match", "session", "identity"],
)
def test_what_is_usual_goes_the_short_way(form: ObjectSerializer, sent: dict[str, Any]) -> None:
    assert form.read(sent) == form.run_validation(sent)


def test_a_value_keeps_its_cents_either_way() -> None:
    sent = {
        "visitor_identity": "customer-1",
        "goal_matched_at": "2016-10-10T22:00:49.123Z",
        "rooms": [ROOM],
    }

    assert str(MATCH.check({**sent, "goal_value": "12.50"})["goal_value"]) == "12.50"
    assert str(MATCH.check({**sent, "goal_value": Decimal("12.5")})["goal_value"]) == "12.50"
