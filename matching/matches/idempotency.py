"""The `Idempotency-Key` header: the same request again gets the same answer and writes nothing new.

After the IETF draft draft-ietf-httpapi-idempotency-key-header. The key, the answer and what the request
wrote are committed together, so a crash leaves either all of it or nothing. An answer that wrote nothing
(a refusal) is not kept: sent again, the request is looked at afresh, so what has healed meanwhile succeeds.
"""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from django.db import connection, transaction
from rest_framework import status
from rest_framework.exceptions import APIException

from goalsvc.api.errors import Conflict, field_error
from goalsvc.api.rendering import JSONRenderer, Response
from goalsvc.api.viewsets import Request
from goalsvc.orgs.models import Organization
from matching.models import IdempotencyKey

HEADER = "Idempotency-Key"
KEY_HEADER = "HTTP_IDEMPOTENCY_KEY"  # as WSGI names it
REPLAY_HEADER = "Idempotent-Replay"
SANE_KEY = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?")


class KeyReused(APIException):
    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_code = "idempotency_key_reused"
    default_detail = "This Idempotency-Key was used for a request with a different payload."


def read_key(request: Request) -> str | None:
    """Return the request's key, or None when it brings none.

    Raises: ValidationError naming the header when the key is not 1 to 255 printable ASCII characters.
    """
    key: str | None = request.META.get(KEY_HEADER)
    if key is None:
        return None
    key = key.strip()
    if not SANE_KEY.fullmatch(key):
        raise field_error(HEADER, "Must be 1 to 255 printable ASCII characters.")
    return key


def answer_once(
    organization: Organization,
    *,
    endpoint: str,
    key: str,
    payload: Any,
    at: datetime,
    perform: Callable[[], Response],
    is_to_be_kept: Callable[[Any], bool],
    on_replay: Callable[[Any], None],
) -> Response:
    """Return what `perform` answers, or answered to the first request with this key.

    Args:
        endpoint: what the key is scoped to, within the organization.
        payload: the request's decoded body; formatting and the order of attributes make no difference.
        is_to_be_kept: told the body of a successful answer; says whether it tells of anything written.
        on_replay: called, in the same transaction, when the stored answer is given, with its body.

    Raises: Conflict (`idempotency_key_in_use`) while the first request is still running, KeyReused when
        its payload was another.
    """
    digest = digest_of(payload)
    with transaction.atomic():
        if not try_to_lock(organization, endpoint, key):
            raise Conflict(
                "idempotency_key_in_use", "The first request with this Idempotency-Key is still running."
            )
        stored = organization.idempotency_keys.filter(endpoint=endpoint, key=key).first()
        if stored is not None:
            if bytes(stored.request_digest) != digest:
                raise KeyReused
            body = msgspec.json.decode(bytes(stored.body))
            on_replay(body)
            return Response(body, status=stored.status_code, headers={REPLAY_HEADER: "true"})
        response = perform()
        if status.is_success(response.status_code) and is_to_be_kept(response.data):
            IdempotencyKey.objects.create(
                organization=organization,
                endpoint=endpoint,
                key=key,
                request_digest=digest,
                status_code=response.status_code,
                body=JSONRenderer().render(response.data),
                created_at=at,
            )
        return response


def digest_of(payload: Any) -> bytes:
    # Not msgspec: it refuses the lone surrogates that a client may send, and the checks come later.
    canonical = json.dumps(payload, sort_keys=True, default=str)
    return hashlib.blake2b(canonical.encode(), digest_size=16).digest()


def try_to_lock(organization: Organization, endpoint: str, key: str) -> bool:
    """Take the key until the transaction ends; False when another request has it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 1))",
            [f"{organization.id} {endpoint} {key}"],
        )
        row = cursor.fetchone()
    return bool(row[0])
