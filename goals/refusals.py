"""What the Goals API refuses, besides what every endpoint does."""

from rest_framework import status
from rest_framework.exceptions import APIException


class GoalNotFound(APIException):
    """A malformed id, another organization's goal, a deleted one."""

    status_code = status.HTTP_404_NOT_FOUND
    default_code = "goal_not_found"
    default_detail = "The organization has no such goal."
