"""How the floor knows its callers."""

import hashlib
from typing import Any

from rest_framework import authentication, exceptions
from rest_framework.request import Request

from goalsvc.orgs.models import ApiToken


class TokenAuthentication(authentication.BaseAuthentication):
    def authenticate(self, request: Request) -> Any:
        key = request.headers.get("Authorization", "").partition(" ")[2]
        try:
            token = ApiToken.objects.select_related("user").get(
                digest=hashlib.sha256(key.encode()).hexdigest(), revoked_at=None
            )
        except ApiToken.DoesNotExist:
            raise exceptions.AuthenticationFailed from None
        return token.user, token
