"""`manage.py create_token`"""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from goalsvc.orgs.models import ApiToken
from tests.conftest import Client
from tests.factories import UserFactory


def create_token(email: str, description: str = "Till") -> str:
    said = StringIO()
    call_command("create_token", email, description=description, stdout=said)
    return said.getvalue()


def test_it_prints_a_key_that_works_and_nothing_else(manager):
    said = create_token("MIRA@example.com", " Till ")

    assert ApiToken.KEY.fullmatch(said.rstrip("\n"))
    assert Client(said.strip()).get("/api/v5/users/me").json()["id"] == str(manager.id)
    assert ApiToken.objects.get().description == "Till"


@pytest.mark.parametrize(
    ("email", "description", "said"),
    [
        ("nobody@example.com", "Till", "There is no user with the e-mail address nobody@example.com."),
        ("mira@example.com", " ", "The description must have 1 to 255 characters."),
        ("gone@example.com", "Till", "The user is disabled, so a token would not work."),
        (
            "olli@example.com",
            "Till",
            "The user belongs to no organization, so a token would open nothing.",
        ),
    ],
)
def test_where_a_token_would_open_nothing_it_says_so(email, description, said, manager, organization):
    UserFactory.create(email="gone@example.com", organization=organization, is_active=False)
    UserFactory.create(email="olli@example.com", organization=None, is_superuser=True)

    with pytest.raises(CommandError) as refused:
        create_token(email, description)

    assert str(refused.value) == said
    assert not ApiToken.objects.exists()
