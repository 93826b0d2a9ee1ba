"""What the environment makes of the settings, and that they stand up to Django's own check for deployment."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password

ROOT = Path(__file__).resolve().parents[2]
# What deployments set; the rest is as it comes.
DEPLOYED = {
    "ALLOWED_HOSTS": "goals.example.com",
    "HTTPS": "1",
    "SECRET_KEY": "0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
}
OURS = (
    "DEBUG",
    "EMAIL_URL",
    "EMAIL_FROM",
    "LOG_LEVEL",
    "CSRF_TRUSTED_ORIGINS",
    "PROXY_COUNT",
    "HSTS_SECONDS",
    "DATABASE_URL",
    *DEPLOYED,
)


def run(data: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run Python in the environment given, with nothing else of ours set."""
    others = {name: value for name, value in os.environ.items() if name not in OURS}
    ours = {"GOALSVC_DATA": str(data), "DJANGO_SETTINGS_MODULE": "goalsvc.settings"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=others | ours | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def read(data: Path, *names: str, **environment: str) -> Any:
    """The settings with these names, in a process that has this environment."""
    code = (
        "import json; from django.conf import settings; "
        f"print(json.dumps([getattr(settings, name) for name in {names!r}]))"
    )
    ran = run(data, "-c", code, **environment)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_with_nothing_set_it_is_as_in_production(tmp_path):
    names = ("DEBUG", "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "PROXY_COUNT", "SECRET_KEY")
    debug, hosts, origins, proxies, key = read(tmp_path, *names)
    assert (debug, origins, proxies) == (False, [], 0)
    assert hosts == ["localhost", "127.0.0.1", "[::1]"]
    assert key == (tmp_path / "secret_key").read_text().strip()
    assert len(key) >= 50


def test_the_code_holds_no_secret_key():
    for path in (ROOT / "goalsvc").rglob("*.py"):
        assert not re.search(r"SECRET_KEY\s*=\s*[\"']|django-insecure", path.read_text()), path


def test_what_is_set_to_nothing_is_as_if_unset(tmp_path):
    empty = dict.fromkeys(OURS, "") | {"ALLOWED_HOSTS": " , "}
    names = ("DEBUG", "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "PROXY_COUNT", "HTTPS", "LOG_LEVEL")
    assert read(tmp_path, *names, **empty) == read(tmp_path, *names)
    assert read(tmp_path, "LOG_LEVEL", **empty) == ["INFO"]


def test_levels_are_read_in_either_case(tmp_path):
    assert read(tmp_path, "LOG_LEVEL", LOG_LEVEL=" warning ") == ["WARNING"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("LOG_LEVEL", "loud", "LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL, not 'loud'."),
        ("PROXY_COUNT", "-1", "PROXY_COUNT must be a whole number, 0 or more, not '-1'."),
    ],
)
def test_a_setting_that_makes_no_sense_ends_a_command_with_one_sentence(name, value, said, tmp_path):
    ran = run(tmp_path, "manage.py", "serve", **{name: value})
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", f"{said}\n")


def test_the_check_for_deployment_finds_nothing(tmp_path):
    ran = run(tmp_path, "manage.py", "check", "--deploy", "--fail-level", "DEBUG", **DEPLOYED)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert re.fullmatch(
        r"System check identified no issues \(\d silenced\)\.", ran.stdout.strip().splitlines()[-1]
    )


def test_over_tls_cookies_and_browsers_keep_to_it(tmp_path):
    expected = {
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SECURE_SSL_REDIRECT": True,
        "SECURE_HSTS_SECONDS": 365 * 24 * 3600,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
        "SECURE_HSTS_PRELOAD": True,
    }
    assert dict(zip(expected, read(tmp_path, *expected, **DEPLOYED), strict=True)) == expected


@pytest.mark.parametrize(("seconds", "is_for_all"), [("300", False), ("0", False), ("31536000", True)])
def test_for_how_long_browsers_keep_to_it_can_be_said(seconds, is_for_all, tmp_path):
    names = ("SECURE_HSTS_SECONDS", "SECURE_HSTS_INCLUDE_SUBDOMAINS", "SECURE_HSTS_PRELOAD")
    given = read(tmp_path, *names, **DEPLOYED, HSTS_SECONDS=seconds)
    assert given == [int(seconds), is_for_all, is_for_all]


def test_passwords_are_stored_as_argon2():
    assert settings.PASSWORD_HASHERS == ["goalsvc.orgs.passwords.PasswordHasher"]
    assert make_password("correct horse battery").startswith("argon2$argon2id$")


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_every_dependency_is_pinned_with_its_hashes(name):
    text = (ROOT / name).read_text().replace("\\\n", " ")
    entries = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert len(entries) > 20
    pinned = r"[a-z0-9._-]+==[^\s;]+( ; [^#]*?)?( +--hash=sha256:[0-9a-f]{64})+"
    assert [entry for entry in entries if not re.fullmatch(pinned, entry.strip())] == []


def test_mail_is_sent_where_its_server_is_named(tmp_path):
    names = ("SENDS_EMAIL", "EMAIL_HOST", "EMAIL_PORT", "EMAIL_USE_TLS", "EMAIL_HOST_PASSWORD")
    url = "smtp+tls://goals:p%40ss@mail.example.com"
    given = read(tmp_path, *names, EMAIL_URL=url, EMAIL_FROM="Goals <goals@example.com>")
    assert given == [True, "mail.example.com", 587, True, "p@ss"]
    assert read(tmp_path, "SENDS_EMAIL") == [False]


@pytest.mark.parametrize(
    ("url", "sender", "words"),
    [
        ("mail.example.com", "goals@example.com", "EMAIL_URL must name a mail server"),
        ("http://mail.example.com", "goals@example.com", "EMAIL_URL must name a mail server"),
        (
            "smtp://goals:secret@mail.example.com:port",
            "goals@example.com",
            "EMAIL_URL must name a mail server",
        ),
        ("smtp://mail.example.com", "", "EMAIL_FROM must be the address"),
        ("smtp://mail.example.com", "Goals", "EMAIL_FROM must be the address"),
    ],
)
def test_a_mail_server_that_cannot_be_is_refused_at_the_start(tmp_path, url, sender, words):
    ran = run(tmp_path, "-c", "import goalsvc.settings", EMAIL_URL=url, EMAIL_FROM=sender)
    assert ran.returncode == 1
    assert words in ran.stderr
    assert "goals:secret" not in ran.stderr
