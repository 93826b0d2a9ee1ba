"""Conditional requests (RFC 9110, section 13): entity tags, `If-Match` and `If-None-Match`."""

import hashlib
import re
from typing import Any

import msgspec
from django.db import transaction
from django.http import HttpResponseNotModified
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from goalsvc.api.errors import field_error
from goalsvc.api.rendering import encode
from goalsvc.database.retries import is_outdated, retried_if

TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
TAGS = re.compile(rf"{TAG}(?:[ \t]*,[ \t]*{TAG})*")
ANY = "*"


class PreconditionFailed(APIException):
    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_code = "precondition_failed"
    default_detail = "This has changed since you read it. Nothing was changed; read it anew."

    compressed_tag = (
        "This is unchanged, but {tag} is not its tag: a proxy that compresses answers has made it weak (W/) "
        "or changed its end. Nothing was changed. Switch compression off in the proxy for this address."
    )


# An entity tag as proxies change it when they compress the answer.
COMPRESSED = re.compile(r'(?:W/)?"(.*?)(?:[-;:+.]+(?:gzip|gz|br|brotli|zstd|deflate|df))?"')


def entity_tag(body: bytes) -> str:
    """Return the strong entity tag of an answer, a hash of its body."""
    return f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'


def required_tags(request: Request) -> set[str] | None:
    """Return the tags of `If-Match`; None where any will do: without the header, or with `*`.

    Raises: ValidationError naming it when it is malformed; to ignore it would overwrite other changes.
    """
    sent: str | None = request.headers.get("If-Match")
    if sent is None or sent.strip() == ANY:
        return None
    if (tags := tags_of(sent)) is None:
        raise field_error("If-Match", 'Must be * or entity tags in double quotes, such as "0a1b2c".')
    return tags


def verify_match(tags: set[str], current: str) -> None:
    """Raises: PreconditionFailed unless the entity tag is among those sent. Weak ones never match."""
    if current in tags:
        return
    for tag in sorted(tags):
        if (found := COMPRESSED.fullmatch(tag)) and f'"{found[1]}"' == current:
            raise PreconditionFailed(PreconditionFailed.compressed_tag.format(tag=tag))
    raise PreconditionFailed


def is_known(request: Request, current: str) -> bool:
    """Tell whether the entity tag is among those of `If-None-Match`."""
    sent: str | None = request.META.get("HTTP_IF_NONE_MATCH")
    if sent is None:
        return False
    if sent.strip() == ANY:
        return True
    # A weak comparison, as the RFC demands of this header; a malformed one is ignored.
    return current in {tag.removeprefix("W/") for tag in tags_of(sent) or ()}


def tags_of(text: str) -> set[str] | None:
    """Read a list of entity tags; None when it is none."""
    text = text.strip()
    return set(re.findall(TAG, text)) if TAGS.fullmatch(text) else None


class ConditionalRequests:
    """A mixin for viewsets, to stand before their other classes: entity tags and conditional requests.

    Answers that show one object carry its tag. PUT, PATCH and DELETE compare `If-Match` once `get_object` has
    locked the object, so that nobody changes it between the comparison and the write.
    """

    SHOWING = frozenset({"retrieve", "create", "update", "partial_update"})

    def get_object(self: Any) -> Any:
        """Return the object of the address. Raises: PreconditionFailed, and for a malformed `If-Match`."""
        found = super().get_object()  # type: ignore[misc] # the viewset's
        if self.request.method not in SAFE_METHODS and (tags := required_tags(self.request)) is not None:
            verify_match(tags, entity_tag(encode(self.get_serializer(found).data)))
        return found

    @retried_if(is_outdated)
    def update(self, *args: Any, **kwargs: Any) -> Any:
        with transaction.atomic():
            return super().update(*args, **kwargs)  # type: ignore[misc] # the viewset's

    @retried_if(is_outdated)
    def destroy(self, *args: Any, **kwargs: Any) -> Any:
        with transaction.atomic():
            return super().destroy(*args, **kwargs)  # type: ignore[misc] # the viewset's

    def finalize_response(self: Any, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(response, Response) and response.status_code < 300 and self.action in self.SHOWING:
            body = encode(response.data)
            tag = entity_tag(body)
            if request.method in SAFE_METHODS and is_known(request, tag):
                # The length of the omitted body (RFC 9110, section 8.6).
                response = HttpResponseNotModified(headers={"Content-Length": str(len(body))})
            else:
                response.data = msgspec.Raw(body)
            response["ETag"] = tag
        return super().finalize_response(request, response, *args, **kwargs)  # type: ignore[misc] # the viewset's
