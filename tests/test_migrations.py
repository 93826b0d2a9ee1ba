from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.db import connection

from goalsvc.orgs.models import HistoryEntry
from matching.models import ExternalMatch
from tests.factories import ExternalMatchFactory, UserFactory


def test_the_migrations_say_all_that_the_models_do(db):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)  # exits with 1 otherwise


def test_the_system_checks_find_nothing(db):
    call_command("check", fail_level="WARNING", verbosity=0)


@pytest.mark.django_db(transaction=True)
def test_erased_matches_and_corrections_survive_the_way_back_and_forth():
    match, other = ExternalMatchFactory.create_batch(2, goal_value="1.00")
    user = UserFactory.create(organization=match.organization)
    at = datetime(2016, 10, 12, tzinfo=UTC)
    match.restate(None, by=user, at=at)
    match.retract(by=None, at=at)
    before = list(HistoryEntry.objects.order_by("id").values())
    for each in (match, other):
        ExternalMatch.objects.filter(pk=each.pk).update(visitor_identity=None, session=None)
    try:
        call_command("migrate", "matching", "0005", verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT kind, old_value::text, new_value::text, changed_by_id"
                " FROM matching_matchchange ORDER BY id"
            )
            assert cursor.fetchall() == [("restated", "1.00", None, user.pk), ("retracted", None, None, None)]
            cursor.execute(
                "SELECT match.id, match.visitor_identity, session.visitor_session_id"
                " FROM matching_externalmatch AS match JOIN matching_visitorsession AS session"
                " ON session.id = session_id AND session.organization_id = match.organization_id ORDER BY 1"
            )
            assert cursor.fetchall() == [(each.pk, "erased", "erased") for each in (match, other)]
    finally:
        call_command("migrate", verbosity=0)

    assert list(HistoryEntry.objects.order_by("id").values()) == before
    assert ExternalMatch.objects.count() == 2
