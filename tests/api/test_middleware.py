"""Middleware that is added to the settings works for every request, as Django's documentation says."""

from django.http import HttpResponse

from tests.conftest import Client
from tests.factories import issue_token


class Stamp:
    """Marks each answer, and answers itself where it is asked to."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        response["X-Stamp"] = "seen"
        return response

    def process_view(self, request, view, args, kwargs):
        return HttpResponse("held up", status=418) if "HTTP_X_HOLD_UP" in request.META else None

    def process_exception(self, request, exception):
        return HttpResponse(type(exception).__name__, status=418)


STAMP = f"{__name__}.Stamp"
PLACES = ["/api/v5/users/me", "/healthz", "/api/v5/docs", "/admin/login/", "/api/v5/nothing-here"]


def test_it_sees_every_answer(db, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, STAMP]
    client = Client()

    assert [client.get(place).headers.get("X-Stamp") for place in PLACES] == ["seen"] * len(PLACES)


def test_its_hooks_are_called(settings, manager, org_url, monkeypatch):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, STAMP]
    client = Client(issue_token(manager))

    assert client.get("/api/v5/users/me", HTTP_X_HOLD_UP="1").status_code == 418

    def crash(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr("goalsvc.orgs.views.RoomViewSet.list", crash)
    answer = client.get(f"{org_url}/rooms")
    assert (answer.status_code, answer.content) == (418, b"RuntimeError")


def test_the_pages_own_is_not_called_for_programs(db, settings):
    """The API has no session, however a client comes by a cookie."""
    client = Client()
    client.cookies["sessionid"] = "x"

    answer = client.get("/api/v5/users/me")

    assert answer.status_code == 401
    assert "Content-Security-Policy" not in answer.headers
    assert not hasattr(answer.wsgi_request, "session")
    assert hasattr(client.get("/admin/login/").wsgi_request, "session")
