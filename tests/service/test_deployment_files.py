"""The Dockerfile and the compose file agree with the service that they run; no Docker takes part."""

import json
import os
import re
import shlex
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from django.core.management import get_commands, load_command_class

from goalsvc.database import configuration
from tests.service.pages import PAGES, blocks, page, section, table
from tests.service.test_docs import OF_THE_SYSTEM, variables

ROOT = Path(__file__).resolve().parents[2]
PORT = 8000


def dockerfile() -> list[tuple[str, str]]:
    """The instructions, each with what follows it."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.M)
    lines = [line for line in re.sub(r"\\\n\s*", "", text).splitlines() if line]
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines)]


def instructions(name: str) -> list[str]:
    return [rest for instruction, rest in dockerfile() if instruction == name]


def instruction(name: str) -> str:
    [rest] = instructions(name)
    return rest


def compose() -> Any:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def service() -> Any:
    return compose()["services"]["service"]


def postgres() -> Any:
    return compose()["services"]["database"]


def arguments_of(command: list[str]) -> dict[str, Any]:
    """What one of our commands understands of its arguments. Raises CommandError for unknown ones."""
    assert command[:2] == ["python", "manage.py"]
    name, *arguments = command[2:]
    parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
    return vars(parser.parse_args(arguments))


# The image.


def test_the_image_has_a_python_that_the_service_runs_on():
    version = re.fullmatch(r"python:3\.(\d+)-slim", instruction("FROM"))
    assert version
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    least = re.fullmatch(r">=3\.(\d+)", project["requires-python"])
    assert least
    assert int(version[1]) >= int(least[1])


def test_the_image_gets_the_pinned_dependencies():
    [install] = [run for run in instructions("RUN") if "pip install" in run]
    assert {"--require-hashes", "-r", "requirements.lock"} <= set(shlex.split(install))


def test_what_is_copied_exists_and_is_all_that_the_service_needs():
    sources = [source for copy in instructions("COPY") for source in copy.split()[:-1]]
    for source in sources:
        assert (ROOT / source).exists(), source
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert set(sources) == packages | {"manage.py", "requirements.lock"}
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored[1] == "*"
    assert {line[1:] for line in ignored if line.startswith("!")} == set(sources)


def test_the_image_sets_variables_that_the_settings_read():
    names = {pair.partition("=")[0] for setting in instructions("ENV") for pair in shlex.split(setting)}
    assert names
    assert names <= variables().keys()


def test_the_static_files_are_collected_where_they_are_looked_for(tmp_path):
    [collect] = [run for run in instructions("RUN") if "collectstatic" in run]
    words = shlex.split(collect)
    environment = dict(word.split("=") for word in words if "=" in word)
    arguments_of([word for word in words if "=" not in word])
    root = tmp_path / "static"
    ran = subprocess.run(
        [sys.executable, "manage.py", *words[words.index("manage.py") + 1 :]],
        cwd=ROOT,
        env={**environment, "STATIC_ROOT": str(root), "GOALSVC_DATA": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert (root / "admin/css/base.css").is_file()
    assert (root / "orgs/admin.css").is_file()
    assert not (tmp_path / "data").exists(), "a key was made that would be every installation's"


def test_the_image_serves_to_the_outside_and_not_as_root():
    options = arguments_of(json.loads(instruction("CMD")))
    assert (options["host"], options["port"]) == ("0.0.0.0", PORT)
    assert instruction("EXPOSE") == str(PORT)
    assert int(instruction("USER")) > 0
    names = [name for name, _ in dockerfile()]
    assert names.index("USER") > max(index for index, name in enumerate(names) if name in {"RUN", "COPY"})


class Probed(BaseHTTPRequestHandler):
    """Answers a probe, and remembers what it asked for."""

    status = 200
    seen: list[str]

    def do_GET(self) -> None:
        self.seen.append(self.path)
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def probed() -> Iterator[HTTPServer]:
    Probed.seen, Probed.status = [], 200
    server = HTTPServer(("127.0.0.1", 0), Probed)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def probe(port: int) -> int:
    """Run the image's health check against a port; return what Docker would judge by."""
    command = json.loads(instruction("HEALTHCHECK").partition(" CMD ")[2])
    assert command[:2] == ["python", "-c"]
    script = command[2].replace(f"127.0.0.1:{PORT}/", f"127.0.0.1:{port}/")
    assert script != command[2]
    return subprocess.run([sys.executable, "-c", script], capture_output=True, check=False).returncode


def test_the_health_check_asks_whether_the_process_lives(probed):
    assert probe(probed.server_port) == 0
    assert Probed.seen == ["/healthz"]


def test_the_health_check_gives_a_migration_its_time():
    [minutes] = re.findall(r"--start-period=(\d+)m ", instruction("HEALTHCHECK"))
    assert int(minutes) >= 30


def test_the_health_check_fails_with_the_service(probed):
    Probed.status = 503
    assert probe(probed.server_port) == 1
    probed.server_close()
    assert probe(probed.server_port) == 1


# The composition.


def test_compose_runs_the_image_beside_its_database():
    assert compose()["services"].keys() == {"service", "worker", "database", "backup"}
    assert service()["build"] == "."
    assert service()["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert service()["command"][:4] == ["python", "manage.py", "serve", "--no-worker"]
    assert service()["ports"] == [f"127.0.0.1:{PORT}:{PORT}"]
    assert {part["restart"] for part in (service(), postgres())} == {"unless-stopped"}


def test_compose_passes_every_variable_of_the_page():
    passed = service()["environment"]
    assert passed.keys() == table(page("configuration")).keys()
    assert passed.keys() == variables().keys() - OF_THE_SYSTEM
    for name in passed.keys() - {"DATABASE_URL"}:
        assert passed[name].startswith(f"${{{name}:"), name


def test_what_compose_leaves_empty_has_the_service_s_own_default(tmp_path):
    """An empty variable is an unset one, for the settings and for serve."""
    passed = service()["environment"]
    empty = {name: "" for name, value in passed.items() if value.endswith(":-}")}
    assert {"HTTPS", "RATE_LIMIT", "LOG_TO_STDOUT", "DATABASE_POOL_SIZE"} <= empty.keys()
    script = (
        "from django.conf import settings; import json, goalsvc.settings;"
        "print(json.dumps({n: v for n, v in vars(goalsvc.settings).items() if n.isupper()},"
        " default=lambda value: getattr(value, '__qualname__', str(value))))"
    )
    bare = {name: value for name, value in os.environ.items() if name not in passed}
    bare |= {"GOALSVC_DATA": str(tmp_path), "DJANGO_SETTINGS_MODULE": "goalsvc.settings"}

    def read(environment: dict[str, str]) -> Any:
        said = subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(said.stdout)

    assert read(empty | bare) == read(bare)


@pytest.mark.parametrize(("given", "read"), [("", "1"), ("0", "0"), ("1", "1")])
def test_serve_logs_to_stdout_where_the_variable_is_empty(given, read):
    script = (
        "import os, runpy, sys\nsys.argv = ['manage.py', 'serve', '--help']\n"
        "try: runpy.run_path('manage.py', run_name='__main__')\n"
        "except SystemExit: print('It is', os.environ['LOG_TO_STDOUT'])"
    )
    environment = {**os.environ, "LOG_TO_STDOUT": given}
    said = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert said.stdout.endswith(f"It is {read}\n")


def test_the_image_and_compose_agree_on_where_the_static_files_are():
    [root] = [setting for setting in instructions("ENV") if setting.startswith("STATIC_ROOT=")]
    assert service()["environment"]["STATIC_ROOT"] == f"${{STATIC_ROOT:-{root.partition('=')[2]}}}"


def test_what_the_pages_run_with_compose_is_for_services_that_there_are():
    scripts = "\n".join(content for text in PAGES for _, content in blocks(text.read_text(), "sh|bash"))
    lines = re.findall(r"^docker compose (exec|run|stop|start) (.*)$", scripts, re.M)
    assert {verb for verb, _ in lines} == {"exec", "run", "stop", "start"}
    services = compose()["services"]
    for verb, rest in lines:
        named = [word for word in rest.split() if not word.startswith("-")]
        assert named[0] in services, rest
        if verb in {"stop", "start"}:
            assert set(named) <= services.keys()
        if named[0] == "database":
            assert f"--username={postgres()['environment']['POSTGRES_USER']}" in rest


def test_compose_limits_the_memory_of_each():
    for part, variable in ((service(), "SERVICE_MEMORY"), (postgres(), "DATABASE_MEMORY")):
        assert re.fullmatch(rf"\$\{{{variable}:-\dg\}}", part["mem_limit"])
        assert f"`{variable}`" in section(page("deployment"), "With Docker Compose")


def test_compose_holds_no_secret_and_asks_for_each():
    for name in ("SECRET_KEY", "ALLOWED_HOSTS"):
        assert re.fullmatch(rf"\$\{{{name}:\?[^}}]+\}}", service()["environment"][name])
    assert postgres()["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")
    written = re.search(
        r"cat > \.env <<END\n(.*?)END", section(page("deployment"), "With Docker Compose"), re.S
    )
    assert written
    given = set(re.findall(r"^(\w+)=", written[1], re.M))
    text = (ROOT / "docker-compose.yml").read_text()
    assert set(re.findall(r"\$\{(\w+):\?", text)) <= given
    assert given <= set(re.findall(r"\$\{(\w+):", text))


def test_compose_names_one_database(monkeypatch, tmp_path):
    url = re.sub(r"\$\{POSTGRES_PASSWORD:\?[^}]+\}", "secret", service()["environment"]["DATABASE_URL"])
    monkeypatch.setenv("DATABASE_URL", url)
    settings = configuration.configuration(tmp_path)
    expected = postgres()["environment"]
    assert settings["NAME"] == expected["POSTGRES_DB"]
    assert settings["USER"] == expected["POSTGRES_USER"]
    assert settings["PASSWORD"] == "secret"
    assert urlsplit(url).hostname == "database"
    check = postgres()["healthcheck"]["test"]
    assert check[:2] == ["CMD", "pg_isready"]
    assert f"--username={expected['POSTGRES_USER']}" in check
    assert f"--dbname={expected['POSTGRES_DB']}" in check


def test_the_data_of_postgresql_18_outlive_the_container():
    assert postgres()["image"] == "postgres:18"
    assert postgres()["volumes"] == ["database:/var/lib/postgresql"]
    assert "database" in compose()["volumes"]
