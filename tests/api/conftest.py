import pytest

from goalsvc.orgs.models import Organization
from tests.api.endpoints import Place, make_place


@pytest.fixture
def place(organization: Organization) -> Place:
    """The organization with one room, goal and session: enough for every endpoint to succeed."""
    return make_place(organization)
