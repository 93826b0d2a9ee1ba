"""GET /healthz and /readyz"""

from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder


def test_the_process_is_alive(as_nobody, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = as_nobody.get("/healthz")

    assert response.status_code == 200
    assert response.json() == {"status": "ok"}


def test_the_service_is_ready(as_nobody):
    response = as_nobody.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {"status": "ok", "checks": {"database": "ok", "migrations": "ok"}}


def test_without_the_database_the_process_is_alive_but_not_ready(as_nobody, monkeypatch):
    def unreachable(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("connection refused at 10.0.0.1")

    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", unreachable)
        alive = as_nobody.get("/healthz")
        response = as_nobody.get("/readyz")

    assert alive.status_code == 200
    assert response.status_code == 503
    assert response.json() == {
        "status": "unavailable",
        "checks": {"database": "unreachable", "migrations": "unknown"},
    }


def test_with_a_migration_to_apply_the_service_is_not_ready(as_nobody, db):
    MigrationRecorder(connection).migration_qs.filter(app="matching").delete()

    response = as_nobody.get("/readyz")

    assert response.status_code == 503
    assert response.json() == {
        "status": "unavailable",
        "checks": {"database": "ok", "migrations": "not all applied"},
    }


def test_when_requests_would_fail_the_service_is_not_ready(as_nobody, db):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE orgs_user RENAME is_active TO was_active")

    response = as_nobody.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"] == {"database": "refuses requests", "migrations": "ok"}


def test_what_the_database_lacks_is_said_in_a_sentence(as_nobody, db):
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_isolation = 'serializable'")

    response = as_nobody.get("/readyz")

    assert response.status_code == 503
    checks = response.json()["checks"]
    assert checks["migrations"] == "ok"
    assert checks["database"].startswith("default_transaction_isolation is 'serializable', and")


def test_credentials_are_not_even_looked_at(as_nobody):
    assert as_nobody.get("/healthz", HTTP_AUTHORIZATION="Token nonsense").status_code == 200


@pytest.mark.parametrize("probe", ["/healthz", "/readyz", "/healthz/"])
@pytest.mark.parametrize("host", ["10.1.2.3:8000", "goalsvc-7d9f.pods.internal", "_", "a b", ""])
def test_probes_are_answered_whatever_they_call_us(host, probe, as_nobody, settings, caplog):
    settings.HTTPS = settings.SECURE_SSL_REDIRECT = True

    assert as_nobody.get(probe, HTTP_HOST=host).status_code == 200

    assert [record.levelname for record in caplog.records] == ["INFO"]
    assert as_nobody.get("/api/v5/users/me", HTTP_HOST=host).status_code == 400
