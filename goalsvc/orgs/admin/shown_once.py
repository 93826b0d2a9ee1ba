"""Secrets that one page shows for a few minutes, such as the key of a new token.

The page can be reloaded. Half of a secret is in the session and half in a cookie of that page alone, and
neither half says anything of it: the key is written neither into the database nor into a log.
"""

import json
import secrets
import time
from collections.abc import Mapping

from django.conf import settings
from django.http import HttpRequest, HttpResponseRedirect

MINUTES = 10
NAME = "shown_once"  # of the cookie, and in the session


def show_once(request: HttpRequest, page: str, texts: Mapping[str, str]) -> HttpResponseRedirect:
    """Redirect to a page of the admin, which gets the texts from `recall`."""
    plain = json.dumps(texts).encode()
    pad = secrets.token_bytes(len(plain))
    now = time.time()
    kept = {path: half for path, half in request.session.get(NAME, {}).items() if half["until"] > now}
    kept[page] = {"half": mask(plain, pad).hex(), "until": now + MINUTES * 60}
    request.session[NAME] = kept
    response = HttpResponseRedirect(page)
    response.set_cookie(
        NAME,
        pad.hex(),
        max_age=MINUTES * 60,
        path=page,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )
    return response


def recall(request: HttpRequest) -> dict[str, str]:
    """Return the texts that this page shows; nothing once the minutes are over, or in another browser."""
    kept = request.session.get(NAME, {}).get(request.path)
    try:
        pad = bytes.fromhex(request.COOKIES.get(NAME, ""))
        if kept is None or kept["until"] <= time.time():
            return {}
        texts: dict[str, str] = json.loads(mask(bytes.fromhex(kept["half"]), pad))
    except ValueError:  # the cookie is of something else
        return {}
    return texts


def mask(text: bytes, pad: bytes) -> bytes:
    """Combine the text with a pad of the same length, or the masked text with it. Raises: ValueError."""
    return bytes(one ^ other for one, other in zip(text, pad, strict=True))
