"""Uploads over HTTP: what they answer, what they refuse, and the refused rows."""

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection, transaction
from django.utils import timezone

from matching.imports import jobs, uploads
from matching.models import ExternalMatch, ImportRun, MatchAttempt
from tests.concurrency import PATIENCE, on_own_connection, wait_for_lock
from tests.conftest import Client
from tests.factories import ImportRunFactory, OrganizationFactory, UserFactory, issue_token

CSV = "text/csv"
HEADER = "visitor_identity,goal_matched_at,rooms,goal_value"


class Job:
    attempts = 0


class Context:
    job = Job()

    def should_abort(self) -> bool:
        return False


def work(run_id: str) -> None:
    context: Any = Context()
    jobs.run_import(context, run_id=run_id)


@pytest.fixture
def url(org_url):
    return f"{org_url}/imports"


@pytest.fixture
def content(place) -> bytes:
    rows = [
        f"{place.visitor_identity},2016-10-10T22:00:00Z,{place.room_id},10.00",
        f"nobody,2016-10-10T22:00:00Z,{place.room_id},11.00",
    ]
    return "\n".join([HEADER, *rows, ""]).encode()


@pytest.fixture
def query(place) -> dict[str, Any]:
    return {"kind": "matches", "goal_id": str(place.goal_id), "filename": "purchases.csv"}


def test_an_upload_is_queued_run_and_told(as_integrator, integrator, url, query, content):
    answer = as_integrator.send("POST", f"{url}?{urlencode(query)}", content, CSV)

    assert answer.status_code == 202
    queued = answer.json()
    assert queued == {
        "id": queued["id"],
        "kind": "matches",
        "status": "queued",
        "filename": "purchases.csv",
        "size": len(content),
        "options": {
            "goal_id": query["goal_id"],
            "encoding": None,
            "time_zone": None,
            "ambiguous": None,
            "hold": False,
            "dry_run": False,
            "decimal_comma": False,
            "format": "csv",
            "column": [],
            "ignore_column": [],
        },
        "rows_done": 0,
        "rows_total": None,
        "counts": {"created": 0, "replayed": 0, "pending": 0, "failed": 0, "by_code": {}},
        "unread_columns": [],
        "created_at": queued["created_at"],
        "created_by_user_id": str(integrator.id),
        "started_at": None,
        "finished_at": None,
        "error": None,
    }
    assert answer["Location"].endswith(f"/imports/{queued['id']}")
    assert as_integrator.get(f"{answer['Location']}/failed_rows").status_code == 404

    work(queued["id"])

    done = as_integrator.get(answer["Location"]).json()
    assert (done["status"], done["rows_done"], done["rows_total"]) == ("finished", 2, 2)
    assert done["counts"] == {
        "created": 1,
        "replayed": 0,
        "pending": 0,
        "failed": 1,
        "by_code": {"session_not_found": 1},
    }
    assert ExternalMatch.objects.get(goal_value=10).created_by == integrator
    assert MatchAttempt.objects.get().created_by == integrator
    failed = as_integrator.get(f"{answer['Location']}/failed_rows", HTTP_ACCEPT="text/csv")
    assert failed["Content-Type"] == "text/csv; charset=utf-8"
    lines = b"".join(failed.streaming_content).decode().splitlines()
    assert lines[0] == f"{HEADER},row,status,code,detail,reason"
    assert lines[1].startswith("nobody,")
    assert ",2,404,session_not_found," in lines[1]
    listed = as_integrator.get(url).json()["results"]
    assert listed[0] == done


def test_ndjson_in_gzip_is_answered_ndjson(as_integrator, url, place, query):
    item = {
        "visitor_identity": "nobody",
        "goal_matched_at": "2016-10-10T22:00:00Z",
        "rooms": [str(place.room_id)],
    }
    packed = gzip.compress(f"{json.dumps(item)}\n{{broken\n".encode())
    headers = {"HTTP_CONTENT_ENCODING": "gzip"}

    sent = as_integrator.send(
        "POST", f"{url}?{urlencode(query)}", packed, "application/x-ndjson", **headers
    ).json()
    work(sent["id"])

    told = as_integrator.get(f"{url}/{sent['id']}").json()
    assert (told["options"]["format"], told["size"], told["rows_total"]) == ("ndjson", len(packed), 2)
    assert told["counts"]["by_code"] == {"parse_error": 1, "session_not_found": 1}
    failed = as_integrator.get(f"{url}/{sent['id']}/failed_rows")
    assert failed["Content-Type"].startswith("application/x-ndjson")
    assert len(b"".join(failed.streaming_content).splitlines()) == 2


def test_the_same_file_again_is_answered_the_first_import(as_integrator, as_manager, url, query, content):
    first = as_integrator.send("POST", f"{url}?{urlencode(query)}", content, CSV)
    work(first.json()["id"])

    again = as_manager.send("POST", f"{url}?{urlencode(query)}", content, CSV)
    other = as_manager.send("POST", f"{url}?{urlencode(query | {'hold': 'true'})}", content, CSV)

    assert (again.status_code, again["Idempotent-Replay"]) == (200, "true")
    assert (again.json()["id"], again.json()["status"]) == (first.json()["id"], "finished")
    assert (other.status_code, "Idempotent-Replay" in other) == (202, False)


def test_an_import_is_cancelled_once(as_integrator, url, query, content):
    sent = as_integrator.send("POST", f"{url}?{urlencode(query)}", content, CSV)

    assert as_integrator.delete(sent["Location"]).status_code == 204
    work(sent.json()["id"])

    assert as_integrator.get(sent["Location"]).json()["status"] == "cancelled"
    again = as_integrator.delete(sent["Location"])
    assert (again.status_code, again.json()["code"]) == (409, "import_finished")
    assert not ExternalMatch.objects.filter(goal_value=10).exists()


@pytest.mark.parametrize(
    ("said", "status", "names"),
    [
        ({"kind": ""}, 400, {"kind"}),
        ({"kind": "goals"}, 400, {"kind"}),
        ({"hold": "yes"}, 400, {"hold"}),
        ({"ambiguous": "never"}, 400, {"ambiguous"}),
        ({"ambiguous": "later"}, 400, {"ambiguous"}),
        ({"time_zone": "Mars"}, 400, {"time_zone"}),
        ({"encoding": "klingon"}, 400, {"encoding"}),
        ({"column": "price=amount"}, 400, {"column"}),
        ({"filename": "a\0b"}, 400, {"filename"}),
        ({"file": "x"}, 400, {"detail", "code"}),
        ({"hold": ["true", "false"]}, 400, {"hold"}),
        ({"kind": "sessions"}, 400, {"goal_id"}),
        ({"goal_id": "none"}, 404, {"detail", "code"}),
        ({"goal": "0199d6a4-2f60-7c3e-b6a5-3d8f5b9a1c10"}, 400, {"goal", "goal_id"}),
    ],
)
def test_a_wrong_parameter_is_named(said, status, names, as_integrator, url, query, content):
    answer = as_integrator.send("POST", f"{url}?{urlencode(query | said, doseq=True)}", content, CSV)

    assert (answer.status_code, set(answer.json())) == (status, names), answer.json()
    assert ImportRun.objects.count() == 1  # the place's own


def test_columns_may_be_said_several_times(as_integrator, url, query, content):
    columns = {"column": ["goal_value=Amount", "rooms=Store"], "ignore_column": ["Price", "Sum"]}
    answer = as_integrator.send("POST", f"{url}?{urlencode(query | columns, doseq=True)}", content, CSV)

    assert answer.status_code == 202
    assert answer.json()["options"]["column"] == columns["column"]
    assert answer.json()["options"]["ignore_column"] == columns["ignore_column"]


@pytest.mark.parametrize(
    ("content_type", "headers", "status"),
    [
        ("application/json", {}, 415),
        ("application/x-www-form-urlencoded", {}, 415),
        ("multipart/form-data; boundary=x", {}, 415),
        (CSV, {"HTTP_CONTENT_ENCODING": "br"}, 415),
        (CSV, {"HTTP_CONTENT_ENCODING": "gzip"}, 400),
        (CSV, {"CONTENT_LENGTH": str(3 * 1024**3)}, 413),
        (CSV, {"CONTENT_LENGTH": "9" * 30}, 413),
    ],
)
def test_a_wrong_body_is_refused(content_type, headers, status, as_integrator, url, query, content):
    answer = as_integrator.send("POST", f"{url}?{urlencode(query)}", content, content_type, **headers)

    assert answer.status_code == status, answer.json()
    assert ImportRun.objects.count() == 1


def test_an_empty_body_is_refused(as_integrator, url, query, uploads_folder):
    answer = as_integrator.send("POST", f"{url}?{urlencode(query)}", b"", CSV)

    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")
    assert list(uploads_folder.glob("*")) == []


def test_another_organizations_import_is_not_there(as_integrator, url, query, stranger, content):
    other = ImportRunFactory.create(organization=stranger.organization)

    unknown = as_integrator.get(f"{url}/0199d6a4-2f60-7c3e-b6a5-3d8f5b9a1c10")
    for method, path in (("get", ""), ("delete", ""), ("get", "/failed_rows")):
        answer = getattr(as_integrator, method)(f"{url}/{other.id}{path}")
        assert (answer.status_code, answer.json()) == (404, unknown.json())
    other.refresh_from_db()
    assert other.status == "queued"


def test_a_file_that_was_deleted_has_no_refused_rows(as_integrator, url, query, content):
    sent = as_integrator.send("POST", f"{url}?{urlencode(query)}", content, CSV)
    work(sent.json()["id"])
    uploads.forget_old(at=timezone.now() + timedelta(days=31))

    answer = as_integrator.get(f"{sent['Location']}/failed_rows")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert as_integrator.get(sent["Location"]).json()["counts"]["failed"] == 1


def test_a_chunked_file_may_be_larger_than_other_bodies_without_serve(as_integrator, url, query, settings):
    settings.MAX_BATCH_BODY_BYTES = 1000
    client = Client(as_integrator._credentials["HTTP_AUTHORIZATION"].split()[1])
    chunked: dict[str, Any] = {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}
    chunked |= {"wsgi.input": BytesIO(b"x" * 2000), "wsgi.input_terminated": True}
    answer = client.generic(
        "POST",
        f"{url}?{urlencode(query)}",
        "",
        CSV,
        **chunked,
    )
    assert (answer.status_code, answer.json()["size"]) == (202, 2000)


@pytest.mark.django_db(transaction=True)
def test_an_upload_that_would_wait_in_a_circle_with_another_transaction_is_kept_all_the_same(
    transactional_db,
):
    """As with a migration that alters the tables one after the other."""
    organization = OrganizationFactory.create()
    key = issue_token(UserFactory.create(organization=organization))
    url = f"/api/v5/orgs/{organization.id}/imports?kind=sessions"

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL deadlock_timeout = '60s'")  # so the other one is refused
            cursor.execute("LOCK TABLE procrastinate_jobs IN ACCESS EXCLUSIVE MODE")
            answer = pool.submit(
                on_own_connection, key, lambda client: client.send("POST", url, b"visitor_id\n1\n", CSV)
            )
            wait_for_lock(answer)
            cursor.execute("LOCK TABLE matching_importrun IN ACCESS EXCLUSIVE MODE")

        assert answer.result(PATIENCE).status_code == 202
    assert ImportRun.objects.count() == 1
