"""Who works in the admin, which rows they meet, and which users they may manage."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest

from goalsvc.orgs.models import User
from goalsvc.orgs.scopes import Scope


def acting_user(request: HttpRequest) -> User:
    """Return the user who works in the admin. Raises: PermissionDenied for anybody else."""
    user = request.user
    if not (isinstance(user, User) and user.is_active and user.is_staff):
        raise PermissionDenied
    return user


def is_operator(request: HttpRequest) -> bool:
    """Tell whether the user operates the installation. Raises: PermissionDenied as `acting_user`."""
    return acting_user(request).is_superuser


def is_allowed(request: HttpRequest, scope: Scope | None) -> bool:
    """Tell whether the user may do what takes the scope: operators, and staff who hold it (None: all)."""
    user = acting_user(request)
    if user.is_superuser:
        return True
    return user.organization_id is not None if scope is None else user.has_scope(scope)


def of_acting_user(request: HttpRequest, rows: QuerySet[Any], organization_path: str) -> QuerySet[Any]:
    """Return those of `rows` that the user may see: their organization's, or all for operators."""
    user = acting_user(request)
    if user.is_superuser:
        return rows
    if user.organization_id is None:
        return rows.none()
    return rows.filter(**{organization_path: user.organization_id})


def may_manage(actor: User, user: User) -> bool:
    """Tell whether the actor may edit the user.

    It prevents privilege escalation: setting a user's password or issuing a token gives that user's rights.
    """
    return actor.is_superuser or (
        user.organization_id == actor.organization_id
        and not user.is_superuser
        and set(user.scopes) <= set(actor.scopes)
    )


def manageable(users: QuerySet[User], actor: User) -> QuerySet[User]:
    """Return those of `users` for whom `may_manage` is true."""
    if actor.is_superuser:
        return users
    if actor.organization_id is None:
        return users.none()
    return users.filter(
        organization_id=actor.organization_id, is_superuser=False, scopes__contained_by=actor.scopes
    )
