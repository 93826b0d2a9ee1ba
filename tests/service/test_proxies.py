"""The API and the admin through nginx, Caddy and HAProxy, with the very files of docs/deploy/."""

import gzip
import json
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from goalsvc.orgs.management.commands.serve import HEADER_TIMEOUT_MS
from tests.service.conftest import DemoWorld
from tests.service.processes import PATIENCE, Service, free_port, migrated_folder, open_folder, wait_until
from tests.service.proxies import FILES, FOLDER, NAME, Proxy, program, running

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
pytestmark = needs_openssl

# Under TLS, behind one proxy: what the heads of the files say.
ENVIRONMENT = {"HTTPS": "1", "PROXY_COUNT": "1", "ALLOWED_HOSTS": NAME}
UPLOAD = "/admin/matching/importrun/upload/"
FORM = "application/x-www-form-urlencoded"
MEGABYTE = 1024**2
SESSIONS = b"visitor_session_id,visitor_id,started_at,rooms\n"
EVIL = "evil.example"
FORGED = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Host": EVIL,
    "X-Forwarded-Port": "81",
    "Forwarded": f"for=203.0.113.9;proto=http;host={EVIL}",
    "X-Real-IP": "203.0.113.9",
    "X_Forwarded_Proto": "http",
}


class TLSConnection(HTTPSConnection):
    """One to the proxy on this machine, whatever the name."""

    def __init__(self, proxy: Proxy, context: ssl.SSLContext) -> None:
        super().__init__("127.0.0.1", proxy.tls, timeout=PATIENCE, context=context)
        self.trust = context

    def connect(self) -> None:
        HTTPConnection.connect(self)
        self.sock = self.trust.wrap_socket(self.sock, server_hostname=NAME)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    cookies: list[str]

    @property
    def json(self) -> Any:
        body = gzip.decompress(self.body) if self.headers.get("content-encoding") == "gzip" else self.body
        return json.loads(body)


@dataclass
class Client:
    """Somebody on the other side of a proxy."""

    proxy: Proxy
    world: DemoWorld
    cookies: dict[str, str] = field(default_factory=dict)

    def connection(self) -> TLSConnection:
        return TLSConnection(self.proxy, ssl.create_default_context(cafile=self.proxy.certificate))

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send(self.connection(), method, path, body, given)

    def send(
        self, connection: HTTPConnection, method: str, path: str, body: Any, headers: dict[str, str]
    ) -> Answer:
        headers = {"Host": f"{NAME}:{self.proxy.tls}", **headers}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            connection.request(method, path, body, headers)
            return read(connection.getresponse())
        finally:
            connection.close()

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Call the API with the manager's token; the path is below the organization's."""
        kind = {"Content_Type": "application/json"} if body is not None else {}
        data = json.dumps(body).encode() if isinstance(body, dict | list) else body
        key = {"Authorization": f"Token {self.world.manager}"}
        return self.ask(method, f"/api/v5/orgs/{self.world.organization}{path}", data, **key | kind | headers)

    def begin(self, path: str, kind: str, megabytes: int) -> TLSConnection:
        """Send the head of a request that announces a body of so many megabytes."""
        connection = self.connection()
        connection.putrequest("POST", f"/api/v5/orgs/{self.world.organization}{path}", skip_host=True)
        headers = {"Host": NAME, "Authorization": f"Token {self.world.manager}", "Content-Type": kind}
        for name, value in {**headers, "Content-Length": str(megabytes * MEGABYTE)}.items():
            connection.putheader(name, value)
        connection.endheaders()
        return connection

    def log_in(self, username: str, password: str, **headers: str) -> Answer:
        self.cookies = {}
        self.keep(self.ask("GET", "/admin/login/"))
        form = {"csrfmiddlewaretoken": self.cookies["csrftoken"], "username": username, "password": password}
        headers = {"Origin": self.proxy.origin, "Referer": f"{self.proxy.origin}/admin/login/", **headers}
        answer = self.ask("POST", "/admin/login/", urlencode(form).encode(), Content_Type=FORM, **headers)
        self.keep(answer)
        return answer

    def keep(self, answer: Answer) -> None:
        for name, morsel in SimpleCookie(" ".join(answer.cookies)).items():
            assert morsel["secure"]
            self.cookies[name] = morsel.value


def read(response: HTTPResponse) -> Answer:
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read(), response.headers.get_all("Set-Cookie") or [])


@pytest.fixture(scope="module")
def world() -> Iterator[DemoWorld]:
    with migrated_folder() as folder, Service(folder, "--demo", environment=ENVIRONMENT) as service:
        yield DemoWorld(service)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


@pytest.fixture(scope="module", params=list(FILES))
def client(request: pytest.FixtureRequest, world: DemoWorld, folder: Path) -> Iterator[Client]:
    kind: str = request.param
    if program(kind) is None:
        pytest.skip(f"{kind} is not installed")
    with running(kind, folder / kind, world.service.port) as proxy:
        yield Client(proxy, world)


def a_match(client: Client, name: str) -> dict[str, Any]:
    return {
        "visitor_identity": "customer-12345678",
        "goal_matched_at": "2026-02-05T12:00:00Z",
        "rooms": client.world.rooms,
        "external_id": f"{client.proxy.kind}-{name}",
    }


def test_the_api_is_read_and_written(client: Client) -> None:
    assert client.call("GET", "/goals").status == 200
    path = f"/goals/{client.world.goals[0]}/matches"
    posted = client.call("POST", path, a_match(client, "single"))
    assert posted.status == 200, posted.body
    assert client.call("POST", path, a_match(client, "single")).headers["idempotent-replay"] == "true"
    assert client.ask("GET", "/readyz").status == 200


def test_http_2_is_offered(client: Client) -> None:
    context = ssl.create_default_context(cafile=client.proxy.certificate)
    context.set_alpn_protocols(["h2", "http/1.1"])
    connection = TLSConnection(client.proxy, context)
    connection.connect()
    assert isinstance(connection.sock, ssl.SSLSocket)
    assert connection.sock.selected_alpn_protocol() == "h2"
    connection.close()


def curl(client: Client, path: str, *options: str) -> tuple[str, int, Any]:
    """Call the API with HTTP/2; return the version of HTTP, the status, and the answer."""
    program = shutil.which("curl")
    if program is None or "HTTP2" not in subprocess.check_output([program, "--version"], text=True):
        pytest.skip("curl with HTTP/2 is not installed")
    url = f"{client.proxy.origin}/api/v5/orgs/{client.world.organization}{path}"
    said = subprocess.run(
        [
            program, "--silent", "--http2", "--cacert", str(client.proxy.certificate),
            "--resolve", f"{NAME}:{client.proxy.tls}:127.0.0.1",
            "--write-out", "\n%{http_version} %{http_code}",
            "--header", f"Authorization: Token {client.world.manager}", *options, url,
        ],
        check=False, capture_output=True, text=True, timeout=PATIENCE,
    ).stdout  # fmt: skip
    body, _, last = said.rpartition("\n")
    version, status = last.split()
    return version, int(status), json.loads(body)


def test_http_2_works(client: Client) -> None:
    match = json.dumps(a_match(client, "http-2"))
    path = f"/goals/{client.world.goals[0]}/matches"
    version, status, _ = curl(client, path, "--json", match)
    assert (version, status) == ("2", 200)


def large(client: Client, name: str, megabytes: int) -> dict[str, Any]:
    """A batch of so many megabytes: of attributes that nobody reads, as a client may send."""
    items = [
        a_match(client, f"{name}-{number}") | {"goal_id": client.world.goals[0], "receipt": "x" * MEGABYTE}
        for number in range(megabytes)
    ]
    return {"matches": items}


def test_a_batch_of_14_megabytes_arrives(client: Client) -> None:
    answer = client.call("POST", "/matches/batch", large(client, "large", 14))
    assert answer.status == 200
    assert [result["status"] for result in answer.json["results"]] == [200] * 14


def test_a_batch_without_an_announced_length_arrives(client: Client) -> None:
    body = json.dumps(large(client, "chunked", 2)).encode()
    parts = (body[start : start + 100_000] for start in range(0, len(body), 100_000))
    answer = client.call("POST", "/matches/batch", parts)
    assert [result["status"] for result in answer.json["results"]] == [200] * 2


def test_a_compressed_batch_arrives(client: Client) -> None:
    body = gzip.compress(json.dumps(large(client, "compressed", 14)).encode(), 1)
    answer = client.call("POST", "/matches/batch", body, Content_Encoding="gzip")
    assert [result["status"] for result in answer.json["results"]] == [200] * 14


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(client: Client) -> None:
    connection = client.begin("/imports?kind=sessions", "text/csv", 3000)
    connection.send(b"{")
    answer = read(connection.getresponse())
    connection.close()
    assert (answer.status, answer.json["code"]) == (413, "payload_too_large")
    assert answer.headers["content-type"].startswith("application/json")


@pytest.mark.parametrize("is_announced", [True, False])
@pytest.mark.parametrize(
    ("megabytes", "key", "code"), [(20, "", "payload_too_large"), (12, "0" * 40, "invalid_token")]
)
def test_who_sends_everything_first_reads_why_it_was_refused(
    client: Client, is_announced: bool, megabytes: int, key: str, code: str
) -> None:
    body = b"x" * megabytes * MEGABYTE
    parts = (body[start : start + 100_000] for start in range(0, len(body), 100_000))
    headers = {"Authorization": f"Token {key}"} if key else {}
    answer = client.call("POST", "/matches/batch", body if is_announced else parts, **headers)
    assert answer.json["code"] == code
    assert answer.headers["content-type"].startswith("application/json")


def test_entity_tags_are_those_of_the_service(client: Client) -> None:
    path = f"/goals/{client.world.goals[0]}"
    # Compressed answers are what most programs ask for by themselves.
    read = client.call("GET", path, Accept_Encoding="gzip, deflate, br, zstd")
    tag = read.headers["etag"]
    assert tag.startswith('"'), tag
    assert "content-encoding" not in read.headers
    assert client.call("GET", path, If_None_Match=tag).status == 304
    change = {"name": f"Through {client.proxy.kind}"}
    assert client.call("PATCH", path, change, If_Match=tag).status == 200
    refused = client.call("PATCH", path, change, If_Match=tag)
    assert (refused.status, refused.json["code"]) == (412, "precondition_failed")


def test_people_log_in_to_the_admin_and_upload_a_file(client: Client) -> None:
    address, password = client.world.printed("admin")
    answer = client.log_in(address, password)
    assert answer.status == 302, answer.body
    page = client.ask("GET", f"{UPLOAD}?organization_id={client.world.organization}")
    assert page.status == 200
    assert page.headers["strict-transport-security"]
    client.keep(page)
    boundary = "the-boundary"
    fields = {"csrfmiddlewaretoken": client.cookies["csrftoken"], "kind": "sessions"}
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{text}' for name, text in fields.items()]
    parts.append('Content-Disposition: form-data; name="file"; filename="sessions.csv"\r\n\r\n')
    head = "\r\n".join(f"--{boundary}\r\n{part}" for part in parts).encode()
    # More than any other body may have.
    file = SESSIONS + f"{client.proxy.kind},v,2026-01-01T00:00:00Z,\n".encode() * 700_000
    assert len(file) > 18 * MEGABYTE
    answer = client.ask(
        "POST",
        f"{UPLOAD}?organization_id={client.world.organization}",
        head + file + f"\r\n--{boundary}--\r\n".encode(),
        Content_Type=f"multipart/form-data; boundary={boundary}",
        Origin=client.proxy.origin,
        Referer=f"{client.proxy.origin}{UPLOAD}",
    )
    client.cookies = {}
    assert answer.status == 302, answer.body


def test_a_file_to_import_is_uploaded(client: Client) -> None:
    file = SESSIONS + f"api-{client.proxy.kind},v,2026-01-01T00:00:00Z,\n".encode() * 600_000
    assert len(file) > 18 * MEGABYTE
    answer = client.call("POST", "/imports?kind=sessions", file, Content_Type="text/csv")
    assert answer.status == 202, answer.body
    assert (answer.json["status"], answer.json["size"]) == ("queued", len(file))


def test_a_file_is_passed_on_as_it_comes(client: Client) -> None:
    connection = client.begin("/imports?kind=sessions", "text/csv", 30)
    connection.send(b"x" * (20 * MEGABYTE))
    wait_until(lambda: arriving(client.world.service) > 10 * MEGABYTE)
    connection.close()
    wait_until(lambda: arriving(client.world.service) == 0)


def arriving(service: Service) -> int:
    """How many bytes the workers have in files of uploads, which have no names."""
    size = 0
    for worker in service.workers():
        for descriptor in Path(f"/proc/{worker}/fd").iterdir():
            with suppress(OSError):
                if "/uploads/" in str(descriptor.readlink()):
                    size += descriptor.stat().st_size
    return size


def test_forged_headers_count_for_nothing(client: Client) -> None:
    # Nothing of it makes the service believe that TLS is missing, or another address in what it prints.
    connection = client.connection()
    key = {"Authorization": f"Token {client.world.manager}"}
    path = f"/api/v5/orgs/{client.world.organization}/visitor_sessions?page_size=1"
    answer = client.send(connection, "GET", path, None, FORGED | key)
    assert answer.status == 200
    assert EVIL not in answer.body.decode()
    assert answer.json["next"].startswith(client.proxy.origin + "/")
    # Nor has a failed login another address than the client's own.
    nobody = f"{client.proxy.kind}@example.com"
    client.log_in(nobody, "wrong", **FORGED)
    client.cookies = {}
    with client.world.service.connect() as database:
        query = "SELECT ip_address FROM axes_accessattempt WHERE username = %s"
        found = database.execute(query, [nobody]).fetchall()
    assert [str(address) for (address,) in found] == ["127.0.0.1"]


def test_another_host_is_not_served(client: Client) -> None:
    key = {"Authorization": f"Token {client.world.manager}", "Host": EVIL}
    path = f"/api/v5/orgs/{client.world.organization}/goals"
    answer = client.send(client.connection(), "POST", path, b"{}", key)
    assert answer.status in {400, 421}, answer


@pytest.mark.parametrize("forged", [{}, {"X-Forwarded-Proto": "https"}])
def test_a_plain_call_is_sent_on_with_its_method_and_writes_nothing(
    client: Client, forged: dict[str, str]
) -> None:
    path = f"/api/v5/orgs/{client.world.organization}/goals?a=b"
    connection = HTTPConnection("127.0.0.1", client.proxy.plain, timeout=PATIENCE)
    answer = client.send(connection, "POST", path, b"{}", {**forged, "Host": NAME})
    assert answer.status == 308
    assert re.fullmatch(rf"https://{re.escape(NAME)}(:\d+)?{re.escape(path)}", answer.headers["location"])


@pytest.mark.parametrize("given", ["till-7:42", None, "two words"])
def test_both_logs_have_the_id_of_a_request(client: Client, given: str | None) -> None:
    headers = {"X_Request_ID": f"{client.proxy.kind}-{given}"} if given else {}
    path = f"/visitor_sessions?visitor_id=secret-{client.proxy.kind}"
    answer = client.call("GET", path, **headers)
    sent = answer.headers["x-request-id"]
    assert (sent == headers.get("X_Request_ID")) == (given == "till-7:42")
    wait_until(lambda: sent in client.proxy.log, lambda: client.proxy.log)
    wait_until(lambda: f'"request_id":"{sent}"' in client.world.service.text)
    # In neither is the query, which may have the identity of a customer, nor the key.
    for log in (client.proxy.log, client.world.service.text.partition("goalsvc serves on")[2]):
        assert "secret-" not in log
        assert client.world.manager not in log


@pytest.mark.parametrize("kind", list(FILES))
def test_while_the_service_is_away_the_answer_is_that_of_the_api(
    kind: str, folder: Path, world: DemoWorld
) -> None:
    if program(kind) is None:
        pytest.skip(f"{kind} is not installed")
    with running(kind, folder / f"{kind}-alone", free_port()) as proxy:
        answer = Client(proxy, world).call("GET", "/goals")
    assert (answer.status, answer.json["code"]) == (503, "service_unavailable")
    assert answer.headers["retry-after"] == "2"
    assert answer.headers["content-type"].startswith("application/json")


def test_no_proxy_keeps_a_connection_longer_than_the_service() -> None:
    nginx, caddy, haproxy = ((FOLDER / FILES[kind]).read_text() for kind in ("nginx", "caddy", "haproxy"))
    for text, pattern in ((nginx, r"\n    keepalive_timeout (\d+)s;"), (caddy, r"\tkeepalive (\d+)s\n")):
        found = re.search(pattern, text)
        assert found
        assert int(found[1]) * 1000 < HEADER_TIMEOUT_MS
    assert "option http-server-close" in haproxy
