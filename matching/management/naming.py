"""What the commands that work on one organization have in common."""

import sys

from django.core.management.base import CommandError

from goalsvc.api.fields import parse_uuid
from goalsvc.orgs.models import Organization
from matching.privacy.export import can_be_identity


def organization_named(text: str) -> Organization:
    """Return the organization with this id. Raises: CommandError."""
    pk = parse_uuid(text)
    organization = Organization.objects.filter(id=pk).first() if pk else None
    if organization is None:
        raise CommandError(f"There is no organization {text}.")
    return organization


def identity_named(text: str) -> str:
    """Return the identity that was given, or that stands on standard input. Raises: CommandError."""
    identity = (sys.stdin.read() if text == "-" else text).strip()
    if not can_be_identity(identity):
        raise CommandError("A visitor identity has 1 to 255 characters, none of them a control character.")
    return identity
