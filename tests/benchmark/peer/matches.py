"""Posting matches: written once, refused with a reason, and the refused attempts kept."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from uuid_utils.compat import uuid7

from tests.benchmark.peer.answers import Refusal, RefusedError, answer, answer_batch, encoder, invalid
from tests.benchmark.peer.bodies import MATCH, Fields, read_fields, read_items, read_json, read_uuid
from tests.benchmark.peer.callers import authenticate, organization_of, read_digest, verify
from tests.benchmark.peer.facts import (
    FACTS_WITH_CALLER,
    GOALS,
    Facts,
    NewMatch,
    decide,
    digest_of,
    find_facts,
    show,
)
from tests.benchmark.peer.reasons import explain_missing_sessions
from tests.benchmark.peer.retries import TRIES, retried

MATCHES = "matching_externalmatch"
VALUES = ", ".join(
    f"${number}::text" if name == "external_id" else f"${number}"
    for number, name in enumerate(NewMatch._fields, 1)
)
INSERT = f"""
    INSERT INTO {MATCHES} ({", ".join(NewMatch._fields)})
    SELECT {VALUES}
    WHERE {{condition}}
    ON CONFLICT (organization_id, goal_id, external_id) WHERE external_id IS NOT NULL DO NOTHING
    RETURNING id
"""
INSERT_ONE = INSERT.format(condition="TRUE")
# The locks of the service: whoever holds a match takes them exclusively.
CLAIM_KEY = "hashtextextended('claims ' || {organization}::uuid::text, hashtext({external_id}) & 63)"
CLAIM_OF_ONE = CLAIM_KEY.format(organization="$2", external_id="$12")
INSERT_CLAIMED = INSERT.format(
    condition=f"""CASE
        WHEN pg_advisory_xact_lock_shared({CLAIM_OF_ONE}) IS NULL THEN NULL
        ELSE NOT is_held($2, $3, $12)
    END"""
)
CLAIM = f"""
    SELECT pg_advisory_xact_lock_shared({CLAIM_KEY.format(organization="$1", external_id="bucket.name")})
    FROM (
        SELECT min(claimed.name) AS name FROM unnest($2::text[]) AS claimed (name)
        GROUP BY hashtext(claimed.name) & 63 ORDER BY hashtext(claimed.name) & 63 OFFSET 0
    ) AS bucket
"""
FIRST_MATCHES = """
    SELECT m.*, s.visitor_session_id, v.visitor_id
    FROM matching_externalmatch AS m
    LEFT JOIN matching_visitorsession AS s ON s.organization_id = $1 AND s.id = m.session_id
    LEFT JOIN matching_visitor AS v ON v.organization_id = $1 AND v.id = s.visitor_id
    WHERE m.organization_id = $1 AND m.id = ANY($2::uuid[])
"""
ATTEMPT = (
    "id", "organization_id", "goal_id", "source", "visitor_identity", "goal_matched_at", "goal_value",
    "external_id", "code", "detail", "errors", "reason", "request_id", "created_at", "created_by_id",
)  # fmt: skip
KEEP_ATTEMPT = f"""
    INSERT INTO matching_matchattempt ({", ".join(ATTEMPT)})
    VALUES ({", ".join(f"${number}" for number in range(1, len(ATTEMPT) + 1))})
"""
VERDICTS = ("created", "replayed", "pending", "failed")
Result = tuple[int, str, Any]


def attempt(
    source: str,
    goal: UUID | None,
    fields: Fields,
    refusal: Refusal,
    caller: Any,
    request_id: str,
    now: datetime,
) -> tuple[Any, ...]:
    """Return the row of a refused attempt; of one that could not be read, as much as could be."""
    return (
        uuid7(),
        caller["caller_organization_id"],
        None if refusal.code == "goal_not_found" else goal,
        source,
        *(fields.get(name) for name in ("visitor_identity", "goal_matched_at", "goal_value", "external_id")),
        refusal.code,
        refusal.detail,
        encoder.encode(refusal.errors).decode() if refusal.errors is not None else None,
        encoder.encode(refusal.reason).decode() if refusal.reason is not None else None,
        request_id,
        now,
        caller["user_id"],
    )


def repetition(fields: Fields, first: Any) -> Refusal | UUID:
    """Return the key of the match that a repeated delivery stands for, or why it is none."""
    if bytes(first["request_digest"]) == digest_of(fields):
        key: UUID = first["match_id"]
        return key
    return Refusal(409, "external_id_conflict", reason={"match_id": first["match_id"]})


async def explain_conflicts(
    connection: Any, organization: UUID, refusals: Iterable[tuple[Fields, Refusal]]
) -> None:
    """Give those of the refusals that are `external_id_conflict` their reasons."""
    told = [
        (fields, refusal.reason)
        for fields, refusal in refusals
        if refusal.code == "external_id_conflict" and refusal.reason is not None
    ]
    if not told:
        return
    ids = list({reason["match_id"] for _, reason in told})
    first = {row["id"]: row for row in await connection.fetch(FIRST_MATCHES, organization, ids)}
    for fields, reason in told:
        match = first[reason["match_id"]]
        value = match["goal_value"] if match["goal_value_source"] == "request" else None
        differing = {
            "visitor_identity": fields["visitor_identity"] != match["visitor_identity"],
            "goal_matched_at": fields["goal_matched_at"] != match["goal_matched_at"],
            "rooms": {*fields["rooms"]} != {*match["room_ids"], *match["unconnected_room_ids"]},
            "goal_value": fields["goal_value"] != value,
        }
        names = [name for name, differs in differing.items() if differs] or ["goal_value"]
        reason["message"] = (
            f"It stands for a match in which {', '.join(names)} differ. PATCH …/matches/<match_id> corrects "
            "its value; another event needs another external_id."
        )
        reason["differing_attributes"] = names


async def explain(connection: Any, organization: UUID, refusals: list[tuple[Fields, Refusal]]) -> None:
    await explain_missing_sessions(connection, organization, refusals)
    await explain_conflicts(connection, organization, refusals)


async def find_matches(connection: Any, organization: UUID, ids: list[UUID]) -> dict[UUID, Any]:
    """Return matches as they are shown, by their keys."""
    if not ids:
        return {}
    return {row["id"]: show_row(row) for row in await connection.fetch(FIRST_MATCHES, organization, ids)}


def show_row(row: Any) -> dict[str, Any]:
    match = NewMatch._make(row[name] for name in NewMatch._fields)
    return show(match, row, is_retracted=row["retracted_at"] is not None)


@retried
async def post_match(request: Request) -> Response:
    digest, organization = read_digest(request), organization_of(request)
    goal, request_id, now = read_uuid(request.path_params["goal"]), str(uuid7()), datetime.now(UTC)
    fields: Fields = {}
    refusal: Refusal | None = None
    try:
        fields, errors = read_fields(await read_json(request), MATCH)
        refusal = invalid(errors) if errors else None
    except RefusedError as error:
        refusal = error.refusal
    async with request.app.state.pool.acquire() as connection:
        if refusal is not None or goal is None:
            caller = await authenticate(connection, request)
            if goal is None or await connection.fetchrow(GOALS, organization, [goal]) is None:
                goal, refusal = None, Refusal(404, "goal_not_found")
        for _ in range(TRIES):
            if refusal is not None:
                break
            row = caller = await connection.fetchrow(
                FACTS_WITH_CALLER, digest, now, organization, goal, fields["rooms"],
                fields["visitor_identity"], fields["goal_matched_at"], fields["external_id"],
            )  # fmt: skip
            await verify(connection, caller, organization, now)
            assert organization is not None
            facts = Facts(
                row if row["goal_id"] else None,
                row if row["session_id"] else None,
                row if row["match_id"] else None,
            )
            if facts.goal is not None and facts.first is not None:
                first = repetition(fields, row)
                if isinstance(first, Refusal):
                    refusal = first
                    break
                found = await find_matches(connection, organization, [first])
                return answer(found[first], 200, request_id)
            match = decide(fields, facts, set(row["known"] or ()), organization, row["user_id"], now)
            if isinstance(match, Refusal):
                refusal = match
            elif match.external_id is None:
                await connection.fetchval(INSERT_ONE, *match)
                return answer(show(match, row), 200, request_id)
            elif await connection.fetchval(INSERT_CLAIMED, *match) is not None:
                return answer(show(match, row), 200, request_id)
        if refusal is None:
            refusal = Refusal(409, "external_id_conflict")  # of a held match
        assert organization is not None
        await explain(connection, organization, [(fields, refusal)])
        await connection.execute(
            KEEP_ATTEMPT, *attempt("single", goal, fields, refusal, caller, request_id, now)
        )
    return answer(refusal.body, refusal.status, request_id)


@retried
async def post_matches(request: Request) -> Response:
    request_id, now = str(uuid7()), datetime.now(UTC)
    try:
        items = await read_items(request, "matches")
    except RefusedError as error:
        refusal = error.refusal
        async with request.app.state.pool.acquire() as connection:
            caller = await authenticate(connection, request)
            row = attempt("batch", None, {}, refusal, caller, request_id, now)
            await connection.execute(KEEP_ATTEMPT, *row)
        return answer(refusal.body, refusal.status, request_id)
    results: dict[int, Result] = {}
    goals: dict[int, UUID | None] = {}
    posted: dict[int, Fields] = {}
    for index, item in enumerate(items):
        named = item.get("goal_id") if isinstance(item, dict) else None
        goals[index] = goal = read_uuid(named) if isinstance(named, str) else None
        posted[index], errors = read_fields(item, MATCH)
        if isinstance(item, dict) and named in (None, ""):
            errors["goal_id"] = ["This field is required."]
        if errors:
            results[index] = (400, "failed", invalid(errors))
        elif goal is None:
            results[index] = (404, "failed", Refusal(404, "goal_not_found"))
    async with request.app.state.pool.acquire() as connection:
        caller = await authenticate(connection, request)
        organization = caller["caller_organization_id"]
        async with connection.transaction():
            if names := [fields["external_id"] for fields in posted.values() if fields.get("external_id")]:
                await connection.execute(CLAIM, organization, names)
            for _ in range(TRIES):
                still_open = [index for index in posted if index not in results]
                if still_open:
                    results |= await settle_batch(connection, caller, still_open, goals, posted, now)
            for index in posted.keys() - results.keys():
                results[index] = (409, "failed", Refusal(409, "external_id_conflict"))  # of a held match
            faulty = {index: goals[index] for index, (status, _, _) in results.items() if status == 400}
            for index in await find_unknown_goals(connection, organization, faulty):
                results[index] = (404, "failed", Refusal(404, "goal_not_found"))
            refusals = {index: told for index, (_, _, told) in results.items() if isinstance(told, Refusal)}
            if refusals:
                reasons = [(posted[index], refusal) for index, refusal in refusals.items()]
                await explain(connection, organization, reasons)
                rows = [
                    attempt("batch", goals[index], posted[index], refusal, caller, request_id, now)
                    for index, refusal in refusals.items()
                ]
                await connection.copy_records_to_table("matching_matchattempt", records=rows, columns=ATTEMPT)
    return answer_batch("match", [results[index] for index in range(len(items))], VERDICTS)


async def find_unknown_goals(connection: Any, organization: UUID, goals: dict[int, UUID | None]) -> list[int]:
    """Return the indexes of the goals that are none of the organization."""
    named = list({goal for goal in goals.values() if goal is not None})
    if not named:
        return []
    known = {row["goal_id"] for row in await connection.fetch(GOALS, organization, named)}
    return [index for index, goal in goals.items() if goal is not None and goal not in known]


async def settle_batch(
    connection: Any,
    caller: Any,
    indexes: list[int],
    goals: dict[int, UUID | None],
    posted: dict[int, Fields],
    now: datetime,
) -> dict[int, Result]:
    """Decide and write the matches at these indexes; one is missing where another has its external id."""
    organization, by = caller["caller_organization_id"], caller["user_id"]
    asked = {index: (goal, posted[index]) for index in indexes if (goal := goals[index]) is not None}
    facts = await find_facts(connection, organization, asked.values())
    results: dict[int, Result] = {}
    replays: dict[int, UUID] = {}
    new: dict[int, tuple[NewMatch, Any]] = {}
    claimed: set[tuple[UUID, str]] = set()
    for index, (goal, fields) in asked.items():
        known = facts.of(goal, fields)
        if known.goal is not None and known.first is not None:
            first = repetition(fields, known.first)
            if isinstance(first, Refusal):
                results[index] = (first.status, "failed", first)
            else:
                replays[index] = first
            continue
        external_id = fields["external_id"]
        if external_id is not None and (goal, external_id) in claimed:
            continue
        match = decide(fields, known, facts.known_rooms, organization, by, now)
        if isinstance(match, Refusal):
            results[index] = (match.status, "failed", match)
            continue
        new[index] = match, known.session
        if external_id is not None:
            claimed.add((goal, external_id))
    plain = [match for match, _ in new.values() if match.external_id is None]
    named = sorted(
        (match for match, _ in new.values() if match.external_id is not None),
        key=lambda match: (match.goal_id, match.external_id),
    )
    written = {match.id for match in plain}
    if plain:
        await connection.copy_records_to_table(MATCHES, records=plain, columns=NewMatch._fields)
    if named:
        written |= {row["id"] for row in await connection.fetchmany(INSERT_CLAIMED, named)}
    for index, (match, session) in new.items():
        if match.id in written:
            results[index] = (200, "created", show(match, session))
    found = await find_matches(connection, organization, list(set(replays.values())))
    return results | {index: (200, "replayed", found[pk]) for index, pk in replays.items()}
