"""`Content-Encoding: gzip`, whose limits count what is unpacked; what else is sent is told what to send."""

import gzip
import json

import pytest

from tests.api.endpoints import ENDPOINTS, takes_json

MEBIBYTE = 1024 * 1024
WRITING = [each for each in ENDPOINTS if takes_json(each)]
BATCH = json.dumps(
    {"visitor_identities": [{"visitor_identity": "somebody", "visitor_id": "laptop"}]}
).encode()


@pytest.fixture
def url(org_url):
    return f"{org_url}/visitor_identities/batch"


def send(client, url, body, encoding="gzip", content_type="application/json"):
    return client.send("POST", url, body, content_type, HTTP_CONTENT_ENCODING=encoding)


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", " x-gzip "])
def test_a_compressed_body_is_read(encoding, as_integrator, url):
    response = send(as_integrator, url, gzip.compress(BATCH), encoding)

    assert response.status_code == 200
    assert response.json()["summary"]["created"] == 1


def test_an_identity_encoding_is_none(as_integrator, url):
    assert send(as_integrator, url, BATCH, "identity").status_code == 200


def test_compressed_lines_are_read(as_integrator, url):
    line = b'{"visitor_identity": "somebody", "visitor_id": "laptop"}\n'

    response = send(as_integrator, url, gzip.compress(3 * line), content_type="application/x-ndjson")

    summary = response.json()["summary"]
    assert (summary["received"], summary["created"]) == (3, 1)


def test_several_members_are_one_body(as_integrator, url):
    response = send(as_integrator, url, gzip.compress(BATCH[:20]) + gzip.compress(BATCH[20:]))

    assert response.status_code == 200


def test_thousands_of_members_are_refused(as_integrator, url):
    response = send(as_integrator, url, gzip.compress(b"") * 2001 + gzip.compress(BATCH))

    assert response.json() == {
        "detail": "The request body has too many members of gzip. Compress it as a whole.",
        "code": "parse_error",
    }


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (gzip.compress(BATCH)[:-1], "The request body ends in the middle of its gzip."),
        (gzip.compress(BATCH)[:-9], "The request body ends in the middle of its gzip."),
        (gzip.compress(BATCH)[:12], "The request body ends in the middle of its gzip."),
        (BATCH, "The request body is not gzip, as its Content-Encoding says."),
        (gzip.compress(BATCH) + b"more", "The request body is not gzip, as its Content-Encoding says."),
        (
            gzip.compress(BATCH)[:-8] + b"\0" * 4 + gzip.compress(BATCH)[-4:],
            "The request body is not gzip, as its Content-Encoding says.",
        ),
    ],
    ids=["cut by a byte", "without its end", "hardly begun", "plain", "more behind", "wrong checksum"],
)
def test_what_is_not_gzip_says_so(body, detail, as_integrator, url):
    response = send(as_integrator, url, body)

    assert response.status_code == 400
    assert response.json() == {"detail": detail, "code": "parse_error"}


@pytest.mark.parametrize("endpoint", WRITING, ids=str)
def test_the_limit_counts_what_is_unpacked(endpoint, as_manager, place):
    limit = 16 * MEBIBYTE if endpoint.route.endswith("-batch") else MEBIBYTE
    body = json.dumps(endpoint.body(place)).encode()

    within = as_manager.send(
        endpoint.method,
        endpoint.url(place),
        gzip.compress(body.ljust(limit)),
        HTTP_CONTENT_ENCODING="gzip",
    )
    beyond = as_manager.send(
        endpoint.method,
        endpoint.url(place),
        gzip.compress(body.ljust(limit + 1)),
        HTTP_CONTENT_ENCODING="gzip",
    )

    assert within.status_code == endpoint.succeeds
    assert (beyond.status_code, beyond.json()) == (
        413,
        {"detail": f"The request body is larger than {limit} bytes.", "code": "payload_too_large"},
    )


def test_a_bomb_is_refused(as_integrator, url):
    response = send(as_integrator, url, gzip.compress(b" " * 160 * MEBIBYTE))

    assert (response.status_code, response.json()["code"]) == (413, "payload_too_large")


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip", "gzip;q=1", "nonsense"])
def test_another_encoding_is_415_and_says_what_to_send(encoding, as_integrator, url):
    response = send(as_integrator, url, BATCH, encoding)

    assert response.status_code == 415
    assert response.json() == {
        "detail": f"The content encoding “{encoding}” is not supported. Send the body as it is, or in gzip.",
        "code": "unsupported_media_type",
    }


@pytest.mark.parametrize("content_type", ["application/x-ndjson", "application/ndjson", "application/jsonl"])
def test_lines_have_three_media_types(content_type, as_integrator, url):
    line = b'{"visitor_identity": "somebody", "visitor_id": "laptop"}\n'

    response = as_integrator.send("POST", url, line, f"{content_type}; charset=utf-8")

    assert response.json()["summary"]["received"] == 1


def test_another_media_type_is_415_and_says_what_to_send(as_integrator, url, org_url):
    of_batch = as_integrator.send("POST", url, BATCH, "text/csv")
    of_one = as_integrator.send("POST", f"{org_url}/visitor_identities", BATCH, "application/x-ndjson")

    assert of_batch.status_code == of_one.status_code == 415
    assert of_batch.json() == {
        "detail": "The media type “text/csv” is not supported. "
        "Send the Content-Type application/json or application/x-ndjson.",
        "code": "unsupported_media_type",
    }
    assert of_one.json()["detail"] == (
        "The media type “application/x-ndjson” is not supported. Send the Content-Type application/json."
    )
