"""How made-up requests are made better: real ids, so that they get past the first check, and small batches.

Made-up ids stay in some requests, chosen by their contents, so that a seed repeats a run.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

import schemathesis

LARGEST_BATCH = 10

# The ids that exist, by the name of the parameter; and values of the attributes of bodies, by their names.
Ids = Mapping[str, Sequence[str]]


@schemathesis.serializer("application/x-ndjson")
def as_ndjson(context: Any, value: Any) -> bytes:
    items = value if isinstance(value, list) else [value]
    return b"\n".join(json.dumps(item, default=str).encode() for item in items)


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: dict[str, Any]) -> None:
    """Let batches be small: to make up one of 5,000 items takes minutes, and says no more."""
    for schema in raw_schema["components"]["schemas"].values():
        for attribute in schema.get("properties", {}).values():
            if attribute.get("maxItems", 0) > LARGEST_BATCH:
                attribute["maxItems"] = LARGEST_BATCH


def throw(sides: int, *seed: Any) -> int:
    """Throw a die with so many sides that falls the same for the same seed."""
    return crc32(repr(seed).encode()) % sides


def pick(choices: Sequence[str], *seed: Any) -> str:
    return choices[throw(len(choices), "pick", *seed)]


def make_real(case: Any, ids: Ids) -> None:
    """Put real ids into the address, mostly, and into half of the bodies."""
    seed = (case.path_parameters, case.query, case.body)
    for name in case.path_parameters or {}:
        if throw(20 if name == "organization_id" else 5, name, seed):
            case.path_parameters[name] = pick(ids[name], seed)
    if isinstance(case.body, dict | list) and throw(2, seed):
        case.body = with_real_attributes(case.body, ids, seed)


def with_real_attributes(value: Any, ids: Ids, seed: Any) -> Any:
    if isinstance(value, list):
        return [with_real_attributes(each, ids, (seed, index)) for index, each in enumerate(value)]
    if not isinstance(value, dict):
        return value
    real = {
        "goal_id": pick(ids["goal_id"], seed),
        "rooms": [pick(ids["room_id"], seed)],
        "allowed_rooms": [pick(ids["room_id"], seed)],
        "visitor_identity": pick(ids["visitor_identity"], seed),
        "goal_matched_at": "2026-10-10T22:00:49.123Z",
    }
    return {
        name: real[name]
        if name in real and throw(4, name, seed)
        else with_real_attributes(inner, ids, (name, seed))
        for name, inner in value.items()
    }
