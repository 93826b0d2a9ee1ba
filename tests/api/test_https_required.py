"""With HTTPS=1 plain calls are answered 400: who follows a redirect with GET believes that it has posted."""

import pytest

from tests.api.endpoints import ENDPOINTS
from tests.conftest import Client
from tests.factories import issue_token

REFUSAL = {
    "detail": "This service is reached through https:// alone. Nothing was done; change the address.",
    "code": "https_required",
}
PAGES = {"docs", "home"}
PROBES = {"healthz", "readyz", "metrics"}
OF_THE_API = [each for each in ENDPOINTS if each.route not in PAGES | PROBES]


@pytest.fixture
def through_tls(settings):
    settings.HTTPS = True
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")


@pytest.fixture
def client(through_tls, manager):
    return Client(issue_token(manager))


@pytest.mark.parametrize("endpoint", OF_THE_API, ids=str)
def test_a_plain_call_is_refused_and_not_redirected(endpoint, client, place):
    response = client.generic(endpoint.method, endpoint.url(place), b"{}", "application/json")

    assert response.status_code == 400
    if endpoint.method != "HEAD":
        assert response.json() == REFUSAL
    assert "Location" not in response.headers
    assert response.headers["X-Request-ID"]


@pytest.mark.parametrize("path", ["/api/v5/nothing", "/api/"])
def test_so_is_an_address_that_is_none(path, client):
    assert client.get(path).json() == REFUSAL


def test_a_call_through_tls_is_answered(client, org_url):
    assert client.get(f"{org_url}/rooms", HTTP_X_FORWARDED_PROTO="https").status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_may_be_plain(path, client):
    assert client.get(path).status_code == 200


def test_metrics_may_be_plain(db, through_tls, settings):
    settings.METRICS_TOKEN = "a-long-random-text"

    response = Client().get("/metrics", HTTP_AUTHORIZATION="Bearer a-long-random-text")

    assert response.status_code == 200


@pytest.mark.parametrize("path", ["/admin/login/", "/api/v5/docs"])
def test_pages_are_redirected(path, client):
    response = client.get(path)

    assert response.status_code == 301
    assert response.headers["Location"] == f"https://testserver{path}"


def test_without_https_plain_calls_are_answered(as_manager, org_url):
    assert as_manager.get(f"{org_url}/rooms").status_code == 200
