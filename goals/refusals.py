"""What the Goals API refuses, besides what every endpoint does."""

from goalsvc.api.errors import NotFound


class GoalNotFound(NotFound):
    """A malformed id, another organization's goal, a deleted one."""

    def __init__(self) -> None:
        super().__init__("goal_not_found", "The organization has no such goal.")
