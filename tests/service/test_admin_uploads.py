"""The upload page of the admin behind the server: what is too large, and what breaks off."""

import http.client
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookies import SimpleCookie
from urllib.parse import urlencode

import pytest

from tests.service.processes import PATIENCE, Service, open_folder, wait_until

UPLOAD = "/admin/matching/importrun/upload/"
BOUNDARY = "the-boundary"


@dataclass
class Visit:
    """An operator who has logged in."""

    service: Service
    organization: str
    cookies: dict[str, str]

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, str]:
        client = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=PATIENCE)
        client.request(method, path, body, headers | {"Cookie": self.cookie})
        response = client.getresponse()
        text = response.read().decode()
        for name, morsel in SimpleCookie(" ".join(response.headers.get_all("Set-Cookie", []))).items():
            self.cookies[name] = morsel.value
        client.close()
        return response.status, text

    @property
    def cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def begin_upload(self, size: int) -> socket.socket:
        """Send the head of an upload that is announced to have so many bytes."""
        connection = socket.create_connection(("127.0.0.1", self.service.port), timeout=PATIENCE)
        head = (
            f"POST {UPLOAD}?organization_id={self.organization} HTTP/1.1\r\nHost: localhost\r\n"
            f"Cookie: {self.cookie}\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
            f"Content-Length: {size}\r\n\r\n"
        )
        connection.sendall(head.encode())
        return connection

    def form(self, content: bytes) -> bytes:
        """The form up to the end of the file's content, without its last boundary."""
        fields = {"csrfmiddlewaretoken": self.cookies["csrftoken"], "kind": "sessions"}
        parts = [
            f'Content-Disposition: form-data; name="{name}"\r\n\r\n{text}' for name, text in fields.items()
        ]
        parts.append('Content-Disposition: form-data; name="file"; filename="sessions.csv"\r\n\r\n')
        return "\r\n".join(f"--{BOUNDARY}\r\n{part}" for part in parts).encode() + content


@pytest.fixture(scope="module")
def visit() -> Iterator[Visit]:
    with open_folder() as folder, Service(folder, "--demo") as service:
        found = re.search(r"admin +(\S+) +(\S+)", service.text)
        organization = re.search(r"organization +(\S+)", service.text)
        assert found
        assert organization
        visit = Visit(service, organization[1], {})
        visit.ask("GET", "/admin/login/")
        login = {
            "csrfmiddlewaretoken": visit.cookies["csrftoken"],
            "username": found[1],
            "password": found[2],
        }
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert visit.ask("POST", "/admin/login/", urlencode(login).encode(), **form)[0] == 302
        yield visit


def kept(visit: Visit) -> tuple[int, list[str]]:
    """How many runs there are, and the names of the files."""
    with visit.service.connect() as database:
        found = database.execute("SELECT count(*) FROM matching_importrun").fetchone()
    assert found
    folder = visit.service.data / "uploads"
    return found[0], sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_3_gb_are_refused_before_they_are_sent(visit: Visit) -> None:
    with visit.begin_upload(3 * 1024**3) as connection:
        answer = connection.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 413 ")
    assert kept(visit) == (0, [])


def test_who_is_not_logged_in_is_led_to_the_login_before_the_file_is_sent(visit: Visit) -> None:
    stranger = Visit(visit.service, visit.organization, {})
    with stranger.begin_upload(1024**3) as connection:
        answer = connection.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 302 ")


def test_an_upload_that_breaks_off_leaves_nothing(visit: Visit) -> None:
    with visit.begin_upload(30 * 1024**2) as connection:
        connection.sendall(visit.form(b"visitor_session_id,visitor_id,started_at,rooms\n" * 100_000))
        time.sleep(0.5)
    wait_until(lambda: kept(visit) == (0, []))
    time.sleep(0.5)
    assert kept(visit) == (0, [])
    assert visit.ask("GET", UPLOAD)[0] == 200


def test_a_file_larger_than_any_other_body_is_kept(visit: Visit) -> None:
    content = b"visitor_session_id,visitor_id,started_at,rooms\n" + b"s,v,2026-01-01T00:00:00Z,\n" * 900_000
    body = visit.form(content) + f"\r\n--{BOUNDARY}--\r\n".encode()
    assert len(body) > 20 * 1024**2
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    status, _ = visit.ask(
        "POST", f"{UPLOAD}?organization_id={visit.organization}", body, **{"Content-Type": kind}
    )
    assert status == 302
    runs, names = kept(visit)
    assert (runs, len(names)) == (1, 1)
    assert (visit.service.data / "uploads" / names[0]).read_bytes() == content
