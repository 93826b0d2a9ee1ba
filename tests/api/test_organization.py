"""GET /orgs/<org>"""

from datetime import UTC, date, datetime

import pytest
from django.utils import timezone

from goalsvc.orgs.models import Organization


def test_an_organization_is_answered_whole(as_integrator, organization, org_url):
    Organization.objects.update(
        created_at=datetime(2016, 9, 1, 11, 31, 36, 42999, tzinfo=UTC),
        updated_at=datetime(2016, 9, 2, tzinfo=UTC),
    )

    response = as_integrator.get(org_url)

    assert response.status_code == 200
    assert response.json() == {
        "id": str(organization.id),
        "name": "Example Ltd.",
        "created_at": "2016-09-01T11:31:36.042Z",
        "updated_at": "2016-09-02T00:00:00.000Z",
    }


def test_an_upper_case_id_is_the_same_organization(as_integrator, organization):
    response = as_integrator.get(f"/api/v5/orgs/{str(organization.id).upper()}")

    assert response.json()["id"] == str(organization.id)


@pytest.mark.parametrize(
    ("expires_on", "status"),
    [
        (date(2016, 10, 11), 200),
        (date(2016, 10, 10), 200),  # its last day is included
        (date(2016, 10, 9), 403),
        (None, 403),
    ],
)
@pytest.mark.parametrize("now", ["2016-10-10T00:00:00+00:00", "2016-10-10T23:59:59.999999+00:00"])
def test_a_subscription_is_active_through_its_last_day_in_utc(
    now, expires_on, status, as_manager, organization, org_url, monkeypatch
):
    monkeypatch.setattr(timezone, "now", lambda: datetime.fromisoformat(now))
    organization.subscription_expires_on = expires_on
    organization.save()

    response = as_manager.get(f"{org_url}/goals")

    assert response.status_code == status
    if status == 403:
        assert response.json() == {
            "detail": "The organization has no active subscription.",
            "code": "subscription_inactive",
        }
