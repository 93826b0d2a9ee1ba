"""The `Idempotency-Key` header: the same request again gets the same answer and writes nothing new.

After the IETF draft draft-ietf-httpapi-idempotency-key-header. The key, the answer and what the request
wrote are committed together, so a crash leaves either all of it or nothing. An answer that wrote nothing
(a refusal) is not kept: sent again, the request is looked at afresh, so what has healed meanwhile succeeds.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from django.db import connection, transaction

from goalsvc.api.errors import field_error
from goalsvc.api.rendering import JSONRenderer, Response
from goalsvc.api.viewsets import Request
from goalsvc.orgs.models import Organization
from matching.limits import MAX_KEY_LENGTH
from matching.models import IdempotencyKey
from matching.refusals import IdempotencyKeyInUse, IdempotencyKeyReused

HEADER = "Idempotency-Key"
KEY_HEADER = "HTTP_IDEMPOTENCY_KEY"  # as WSGI names it
REPLAY_HEADER = "Idempotent-Replay"
SANE_KEY = re.compile(rf"[\x21-\x7e]([\x20-\x7e]{{0,{MAX_KEY_LENGTH - 2}}}[\x21-\x7e])?")
# Until the transaction ends; false when another request has the key.
TRY_TO_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 1))"


def read_key(request: Request) -> str | None:
    """Return the request's key, or None when it brings none.

    Raises: ValidationError naming the header when the key is not 1 to MAX_KEY_LENGTH printable ASCII
        characters.
    """
    key: str | None = request.META.get(KEY_HEADER)
    if key is None:
        return None
    key = key.strip()
    if not SANE_KEY.fullmatch(key):
        raise field_error(HEADER, f"Must be 1 to {MAX_KEY_LENGTH} printable ASCII characters.")
    return key


@dataclass
class KeyedRequest:
    """A request with an Idempotency-Key."""

    stored: Response | None = None  # the answer to the first one with the key, if there was one
    answer: Response | None = None  # what is to be stored for those to come


@contextmanager
def once(
    organization: Organization, *, endpoint: str, key: str, payload: Any, at: datetime
) -> Iterator[KeyedRequest]:
    """Enter a transaction in which the request with this key is either answered as before, or performed.

    Args:
        endpoint: what the key is scoped to, within the organization.
        payload: the request's decoded body; formatting and the order of attributes make no difference.

    Raises: IdempotencyKeyInUse while the first request is still running, IdempotencyKeyReused when its
        payload was another.
    """
    # Not msgspec: it refuses the lone surrogates that a client may send, and the checks come later.
    canonical = json.dumps(payload, sort_keys=True, default=str)
    digest = hashlib.blake2b(canonical.encode(), digest_size=16).digest()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(TRY_TO_LOCK, [f"{organization.id} {endpoint} {key}"])
            [is_locked] = cursor.fetchone()
        if not is_locked:
            raise IdempotencyKeyInUse
        first = organization.idempotency_keys.filter(endpoint=endpoint, key=key).first()
        if first is not None and bytes(first.request_digest) != digest:
            raise IdempotencyKeyReused
        request = KeyedRequest()
        if first is not None:
            body, headers = msgspec.json.decode(bytes(first.body)), {REPLAY_HEADER: "true"}
            request.stored = Response(body, status=first.status_code, headers=headers)
        yield request
        if request.answer is not None:
            IdempotencyKey.objects.create(
                organization=organization,
                endpoint=endpoint,
                key=key,
                request_digest=digest,
                status_code=request.answer.status_code,
                body=JSONRenderer().render(request.answer.data),
                created_at=at,
            )
