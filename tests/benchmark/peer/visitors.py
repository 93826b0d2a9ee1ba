"""Sessions and identities: merged as they are reported, and what waits for them looked for."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from uuid_utils.compat import uuid7

from matching.limits import MAX_VISITORS
from tests.benchmark.peer import arrivals
from tests.benchmark.peer.answers import Refusal, RefusedError, answer, answer_batch, invalid, moment, refused
from tests.benchmark.peer.bodies import IDENTITY, SESSION, Fields, read_fields, read_items, read_json
from tests.benchmark.peer.callers import authenticate, organization_of, read_digest, verify
from tests.benchmark.peer.retries import retried

VERDICTS = ("created", "known", "failed")
Result = tuple[int, str, Any]
Pair = tuple[str, str]  # an identity and a visitor id


def unknown_rooms(fields: Fields, known: Iterable[UUID]) -> Refusal:
    wrong = [room for room in fields["rooms"] if room not in set(known)]
    return invalid({"rooms": [f"{room} is not a room of the organization." for room in wrong]})


def show_session(organization: UUID, visitor_id: str, row: Any) -> dict[str, Any]:
    return {
        "id": row["id"],
        "organization_id": organization,
        "visitor_session_id": row["visitor_session_id"],
        "visitor_id": visitor_id,
        "started_at": moment(row["started_at"]),
        "ended_at": moment(row["ended_at"]) if row["ended_at"] else None,
        "rooms": row["room_ids"],
        "created_at": moment(row["created_at"]),
        "updated_at": moment(row["updated_at"]),
    }


def show_identity(organization: UUID, fields: Fields, row: Any) -> dict[str, Any]:
    return {
        "id": row["id"],
        "organization_id": organization,
        "visitor_identity": fields["visitor_identity"],
        "visitor_id": fields["visitor_id"],
        "visitor_session_id": row["visitor_session_id"],
        "created_at": moment(row["created_at"]),
    }


async def settle(connection: Any, awaiting: str, organization: UUID, who: Sequence[Any]) -> None:
    """Look for held matches that waited. Raises: RefusedError for any: the peer makes none."""
    if await connection.fetch(awaiting, organization, who):
        raise refused(501, "not_served")


@retried
async def post_session(request: Request) -> Response:
    digest, organization, now = read_digest(request), organization_of(request), datetime.now(UTC)
    fields, errors = read_fields(await read_json(request), SESSION)
    async with request.app.state.pool.acquire() as connection:
        if errors:
            await authenticate(connection, request)
            raise RefusedError(invalid(errors))
        if fields["visitor_identity"] is not None:
            await authenticate(connection, request)
            assert organization is not None
            [(status, _, shown)] = await record_sessions(connection, organization, {0: fields}, now)
            return answer(shown.body if isinstance(shown, Refusal) else shown, status)
        row = await connection.fetchrow(
            arrivals.ONE_SESSION, digest, now, organization, fields["visitor_session_id"],
            fields["visitor_id"], uuid7(), uuid7(), fields["started_at"], fields["ended_at"],
            sorted(fields["rooms"]),
        )  # fmt: skip
        await verify(connection, row, organization, now)
        assert organization is not None
        if row["id"] is None:
            if len(row["known_rooms"]) < len(fields["rooms"]):
                raise RefusedError(unknown_rooms(fields, row["known_rooms"]))
            if row["is_visitor_new"]:
                await connection.execute(arrivals.DELETE_STRAY_VISITORS, organization, [row["visitor_pk"]])
            raise refused(409, "session_visitor_conflict")
        await settle(connection, arrivals.AWAITING_SESSIONS, organization, [row["visitor_pk"]])
    shown = show_session(organization, fields["visitor_id"], row)
    return answer(shown, 201 if row["is_new"] else 200)


@retried
async def post_identity(request: Request) -> Response:
    digest, organization, now = read_digest(request), organization_of(request), datetime.now(UTC)
    fields, errors = read_fields(await read_json(request), IDENTITY)
    async with request.app.state.pool.acquire() as connection:
        if errors:
            await authenticate(connection, request)
            raise RefusedError(invalid(errors))
        row = await connection.fetchrow(
            arrivals.ONE_IDENTITY, digest, now, organization, fields["visitor_identity"],
            fields["visitor_id"], uuid7(), uuid7(), fields["visitor_session_id"],
        )  # fmt: skip
        await verify(connection, row, organization, now)
        assert organization is not None
        if row["is_others"]:
            raise refused(409, "session_visitor_conflict")
        if row["id"] is None:  # it has many visitors: its lock has to be taken before they are counted
            row = await record_common_identity(connection, organization, fields, now)
        await settle(connection, arrivals.AWAITING_IDENTITIES, organization, [fields["visitor_identity"]])
    return answer(show_identity(organization, fields, row), 201 if row["is_new"] else 200)


async def record_common_identity(connection: Any, organization: UUID, fields: Fields, now: datetime) -> Any:
    """Tie an identity of many visitors to one more. Raises: RefusedError."""
    pair = fields["visitor_identity"], fields["visitor_id"]
    async with connection.transaction():
        places = await announce(connection, organization, [pair])
        if not places.admit(pair):
            raise refused(409, "identity_too_common")
        visitors = await make_visitors(connection, organization, [fields["visitor_id"]], now)
        rows = await upsert_identities(connection, organization, [fields], visitors, now)
    return rows[pair]


class Places:
    """Of identities that have many visitors: how many more each may have, and which it has."""

    def __init__(self) -> None:
        self.left: dict[str, int] = {}
        self.known: set[Pair] = set()

    def admit(self, pair: Pair) -> bool:
        identity, _ = pair
        if identity not in self.left or pair in self.known:
            return True
        if self.left[identity] <= 0:
            return False
        self.left[identity] -= 1
        self.known.add(pair)
        return True


async def announce(connection: Any, organization: UUID, pairs: Iterable[Pair]) -> Places:
    """Take the locks of an arrival; return what is known of its common identities."""
    pairs = set(pairs)
    tied = Counter(identity for identity, _ in pairs)
    rows = await connection.fetch(arrivals.ANNOUNCE, organization, list(tied), list(tied.values()))
    common = {row["identity"] for row in rows}
    places = Places()
    if common:
        for row in await connection.fetch(arrivals.COUNT_VISITORS, organization, list(common)):
            places.left[row["identity"]] = MAX_VISITORS - row["visitors"]
        identities, visitor_ids = zip(*(pair for pair in pairs if pair[0] in common), strict=True)
        known = await connection.fetch(arrivals.KNOWN_PAIRS, organization, identities, visitor_ids)
        places.known = {(row["identity"], row["visitor_id"]) for row in known}
    return places


async def make_visitors(
    connection: Any, organization: UUID, visitor_ids: Sequence[str], now: datetime
) -> dict[str, Any]:
    """Return the visitors with these ids, those that are new made."""
    keys = [uuid7() for _ in visitor_ids]
    rows = await connection.fetch(arrivals.VISITORS, organization, visitor_ids, keys, now)
    return {row["visitor_id"]: row for row in rows}


async def upsert_identities(
    connection: Any, organization: UUID, tied: Iterable[Fields], visitors: dict[str, Any], now: datetime
) -> dict[Pair, Any]:
    """Tie identities to visitors; return the rows by identity and visitor id."""
    merged: dict[Pair, str | None] = {}
    for fields in tied:
        pair = fields["visitor_identity"], fields["visitor_id"]
        merged[pair] = fields["visitor_session_id"] or merged.get(pair)
    if not merged:
        return {}
    rows = await connection.fetch(
        arrivals.IDENTITIES, organization, now, [uuid7() for _ in merged],
        [identity for identity, _ in merged], [visitors[visitor]["id"] for _, visitor in merged],
        list(merged.values()),
    )  # fmt: skip
    visitor_ids = {visitors[visitor]["id"]: visitor for _, visitor in merged}
    return {(row["identity"], visitor_ids[row["visitor_id"]]): row for row in rows}


@retried
async def post_sessions(request: Request) -> Response:
    items = await read_items(request, "visitor_sessions")
    now = datetime.now(UTC)
    results: dict[int, Result] = {}
    reports: dict[int, Fields] = {}
    for index, item in enumerate(items):
        fields, errors = read_fields(item, SESSION)
        if errors:
            results[index] = (400, "failed", invalid(errors))
        else:
            reports[index] = fields
    async with request.app.state.pool.acquire() as connection:
        caller = await authenticate(connection, request)
        if reports:
            recorded = await record_sessions(connection, caller["caller_organization_id"], reports, now)
            results |= zip(reports, recorded, strict=True)
    return answer_batch("visitor_session", [results[index] for index in range(len(items))], VERDICTS)


async def record_sessions(
    connection: Any, organization: UUID, reports: dict[int, Fields], now: datetime
) -> list[Result]:
    """Merge reports of sessions, and tie the identities that come along; return the results in order."""
    refusals: dict[int, Refusal] = {}
    rooms = list({room for fields in reports.values() for room in fields["rooms"]})
    known_rooms = set(await connection.fetchval(arrivals.ROOMS_OF_BATCH, organization, rooms))
    pairs = {
        index: (fields["visitor_identity"], fields["visitor_id"])
        for index, fields in reports.items()
        if fields["visitor_identity"] is not None
    }
    async with connection.transaction():
        places = await announce(connection, organization, pairs.values())
        claims: dict[str, set[str]] = {}
        for fields in reports.values():
            claims.setdefault(fields["visitor_session_id"], set()).add(fields["visitor_id"])
        disputed = list(claims) if places.left else [key for key, who in claims.items() if len(who) > 1]
        owners = await find_owners(connection, organization, disputed)
        for index, fields in reports.items():
            visitor_id, session_id = fields["visitor_id"], fields["visitor_session_id"]
            if not known_rooms.issuperset(fields["rooms"]):
                refusals[index] = unknown_rooms(fields, known_rooms)
            elif owners.get(session_id, visitor_id) != visitor_id:
                refusals[index] = Refusal(409, "session_visitor_conflict")
            elif index in pairs and not places.admit(pairs[index]):
                refusals[index] = Refusal(409, "identity_too_common")
            else:
                owners[session_id] = visitor_id
        placed = {index: fields for index, fields in reports.items() if index not in refusals}
        # Not after those who are refused: nothing of them stays.
        visitor_ids = list({fields["visitor_id"] for fields in placed.values()})
        visitors = await make_visitors(connection, organization, visitor_ids, now)
        rows = await upsert_sessions(connection, organization, placed.values(), visitors, now)
        for index, fields in placed.items():
            if fields["visitor_session_id"] not in rows:
                refusals[index] = Refusal(409, "session_visitor_conflict")
        tied = [reports[index] for index in pairs if index not in refusals]
        await upsert_identities(connection, organization, tied, visitors, now)
        new = [visitor["id"] for visitor in visitors.values() if visitor["is_new"]]
        if new and len(refusals) > len(reports) - len(placed):
            await connection.execute(arrivals.DELETE_STRAY_VISITORS, organization, new)
    arrived = list({visitors[each["visitor_id"]]["id"] for each in placed.values()})
    await settle(connection, arrivals.AWAITING_SESSIONS, organization, arrived)

    results: list[Result] = []
    seen: set[str] = set()
    for index, fields in reports.items():
        session_id = fields["visitor_session_id"]
        if index in refusals:
            results.append((refusals[index].status, "failed", refusals[index]))
            continue
        shown = show_session(organization, fields["visitor_id"], rows[session_id])
        is_new = rows[session_id]["is_new"] and session_id not in seen
        results.append((201, "created", shown) if is_new else (200, "known", shown))
        seen.add(session_id)
    return results


async def find_owners(connection: Any, organization: UUID, session_ids: list[str]) -> dict[str, str]:
    """Return the visitors of those of the sessions that are known."""
    if not session_ids:
        return {}
    rows = await connection.fetch(arrivals.OWNERS, organization, session_ids)
    return {row["visitor_session_id"]: row["visitor_id"] for row in rows}


async def upsert_sessions(
    connection: Any,
    organization: UUID,
    reports: Iterable[Fields],
    visitors: dict[str, Any],
    now: datetime,
) -> dict[str, Any]:
    """Write the reports, which agree whose each session is; return the rows of theirs by the ids."""
    merged: dict[str, Fields] = {}
    for fields in reports:
        session_id = fields["visitor_session_id"]
        if earlier := merged.get(session_id):
            ends = [end for end in (earlier["ended_at"], fields["ended_at"]) if end is not None]
            fields = {
                **earlier,
                "started_at": min(earlier["started_at"], fields["started_at"]),
                "ended_at": max(ends, default=None),
                "rooms": list(dict.fromkeys([*earlier["rooms"], *fields["rooms"]])),
            }
        merged[session_id] = fields
    if not merged:
        return {}
    rows = await connection.fetch(
        arrivals.SESSIONS, organization, now, [uuid7() for _ in merged], list(merged),
        [visitors[each["visitor_id"]]["id"] for each in merged.values()],
        [each["started_at"] for each in merged.values()],
        [each["ended_at"] for each in merged.values()],
        ["{" + ",".join(map(str, sorted(each["rooms"]))) + "}" for each in merged.values()],
    )  # fmt: skip
    return {row["visitor_session_id"]: row for row in rows}
