"""nginx, Caddy and HAProxy before the service, each with its file of docs/deploy/."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.service.processes import PATIENCE, ROOT, free_port, wait_until

FOLDER = ROOT / "docs" / "deploy"
NAME = "goals.example.com"
WHERE = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
FILES = {"nginx": "nginx.conf", "caddy": "Caddyfile", "haproxy": "haproxy.cfg"}

# Around the file, as in Debian's own nginx.conf, and with the compression that ours has to turn off.
NGINX = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/log;
events {{ worker_connections 256; }}
http {{
    client_body_temp_path {folder}/bodies;
    proxy_temp_path {folder}/answers;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    gzip on;
    gzip_types application/json;
    gzip_proxied any;
    include {file};
}}
"""


@dataclass
class Proxy:
    """A running proxy."""

    kind: str
    folder: Path
    plain: int  # ports
    tls: int

    @property
    def origin(self) -> str:
        return f"https://{NAME}:{self.tls}"

    @property
    def certificate(self) -> Path:
        return self.folder / "certificate.pem"

    @property
    def log(self) -> str:
        """What it has logged of requests."""
        name = "log" if self.kind == "haproxy" else "requests.log"
        return (self.folder / name).read_text()


def program(kind: str) -> str | None:
    return shutil.which(kind, path=WHERE)


def replaced(text: str, changes: dict[str, str]) -> str:
    """The file of docs/deploy/ with the values that its head tells to change, each of which it has."""
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def changes_of(proxy: Proxy, upstream: int) -> dict[str, str]:
    folder, tls, plain = proxy.folder, str(proxy.tls), str(proxy.plain)
    everywhere = {"127.0.0.1:8000": f"127.0.0.1:{upstream}"}
    if proxy.kind == "nginx":
        return everywhere | {
            "listen 80;": f"listen 127.0.0.1:{plain};",
            "listen 443 ": f"listen 127.0.0.1:{tls} ",
            "/etc/nginx/goalsvc/fullchain.pem": f"{folder}/certificate.pem",
            "/etc/nginx/goalsvc/privkey.pem": f"{folder}/key.pem",
            "/var/log/nginx/goalsvc.log": f"{folder}/requests.log",
        }
    if proxy.kind == "caddy":
        return everywhere | {
            "http_port 80": f"http_port {plain}",
            "https_port 443": f"https_port {tls}",
            "# tls /etc/caddy/goalsvc/fullchain.pem /etc/caddy/goalsvc/privkey.pem": (
                f"tls {folder}/certificate.pem {folder}/key.pem"
            ),
            "/var/log/caddy/goalsvc.log": f"{folder}/requests.log",
        }
    account = {} if os.geteuid() == 0 else {"    user haproxy\n    group haproxy\n": ""}
    return everywhere | account | {
        "bind :80\n": f"bind 127.0.0.1:{plain}\n",
        "bind :443 ": f"bind 127.0.0.1:{tls} ",
        "/etc/haproxy/goalsvc.pem": f"{folder}/both.pem",
    }  # fmt: skip


def command_of(proxy: Proxy, file: Path) -> list[str]:
    path = program(proxy.kind)
    assert path is not None
    if proxy.kind == "nginx":
        user = "user root;" if os.geteuid() == 0 else ""
        whole = proxy.folder / "whole.conf"
        whole.write_text(NGINX.format(folder=proxy.folder, file=file, user=user))
        return [path, "-c", str(whole), "-e", str(proxy.folder / "log")]
    if proxy.kind == "caddy":
        return [path, "run", "--config", str(file), "--adapter", "caddyfile"]
    return [path, "-db", "-f", str(file)]


def make_certificate(folder: Path) -> None:
    """One of its own for the name, in the two forms that the proxies take."""
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-days", "2", "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}",
            "-keyout", "key.pem", "-out", "certificate.pem",
        ],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    (folder / "both.pem").write_text(
        (folder / "certificate.pem").read_text() + (folder / "key.pem").read_text()
    )


@contextmanager
def running(kind: str, folder: Path, upstream: int) -> Iterator[Proxy]:
    """Run a proxy before the port of the service, on ports of its own."""
    folder.mkdir()
    make_certificate(folder)
    proxy = Proxy(kind, folder, free_port(), free_port())
    file = folder / FILES[kind]
    file.write_text(replaced((FOLDER / FILES[kind]).read_text(), changes_of(proxy, upstream)))
    # Caddy keeps what it likes in folders of its user, and has a port for its administration.
    environment = {**os.environ, "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    environment["CADDY_ADMIN"] = f"unix/{folder}/admin.sock"
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            command_of(proxy, file), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
        )
    try:
        wait_until(lambda: listens(proxy.tls) or process.poll() is not None)
        assert process.poll() is None, (folder / "log").read_text()
        yield proxy
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        finally:
            process.kill()


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
