"""What the Goals API refuses, besides what every endpoint does."""

from collections.abc import Iterable

from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError


class GoalNotFound(APIException):
    """A malformed id, another organization's goal, a deleted one."""

    status_code = status.HTTP_404_NOT_FOUND
    default_code = "goal_not_found"
    default_detail = "The organization has no such goal."


class UnknownRoomsError(ValidationError):
    """A goal's allowed rooms that are not the organization's: foreign, unknown or archived."""

    def __init__(self, room_ids: Iterable[str]) -> None:
        faults = [f"{room_id} is not a room of the organization." for room_id in room_ids]
        super().__init__({"allowed_rooms": faults})
