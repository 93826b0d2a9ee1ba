"""Authentication by the API token in the `Authorization` header."""

from django.conf import settings
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from goalsvc.api.errors import invalid_token
from goalsvc.api.requests import SEEN
from goalsvc.orgs.callers import find_token
from goalsvc.orgs.limits import count_request
from goalsvc.orgs.models import ApiToken, User


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Token <key>`, or `Bearer <key>`: one query for token, user and organization."""

    SCHEMES = frozenset({"token", "bearer"})

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Return the caller, or None when the header is absent or of another scheme.

        Raises: AuthenticationFailed (`invalid_token`) for an unknown, revoked or expired key, or a disabled
            user, without telling which; RateLimited.
        """
        scheme, _, key = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() not in self.SCHEMES:
            return None
        key = key.strip()
        token = None
        if ApiToken.KEY.fullmatch(key):
            ahead = getattr(request, "ahead", None)
            token = find_token(key, at=timezone.now(), ahead=ahead)
        if token is None:
            raise invalid_token()
        if settings.RATE_LIMIT is not None and SEEN not in request.META:
            count_request(token, *settings.RATE_LIMIT)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Token"
