"""Visitor sessions in the admin: a wrong report taken back."""

from django.test import Client

from goalsvc.orgs.models import HistoryEntry, Organization
from matching.models import VisitorSession
from tests.admin.samples import act
from tests.factories import ExternalMatchFactory, VisitorFactory, VisitorSessionFactory

LIST = "/admin/matching/visitorsession/"


def test_sessions_are_taken_back_and_those_of_matches_stay(
    as_staff: Client, organization: Organization, other_organization: Organization
) -> None:
    wrong, kept = VisitorSessionFactory.create_batch(2, organization=organization)
    ExternalMatchFactory.create(session=kept)
    foreign = VisitorSessionFactory.create(visitor=VisitorFactory.create(organization=other_organization))

    said = act(as_staff, LIST, "take_back", wrong, kept, foreign)

    assert "Sessions taken back: 1." in said
    assert "Sessions that stay, because matches hang on them: 1." in said
    assert set(VisitorSession.objects.all()) == {kept, foreign}
    assert HistoryEntry.objects.get().kind == "visitor_session"
