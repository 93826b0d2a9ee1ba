"""The settings of goalsvc: one file, read top to bottom, everything from the environment.

Every variable is listed in docs/configuration.md. With none set the service still runs as in production:
debugging off, a secret key of its own, answers on the loopback names only.
"""

import os
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email
from environ import Env

from goalsvc.database import configuration
from goalsvc.database.configuration import env_int

BASE_DIR = Path(__file__).resolve().parent.parent


def env_flag(name: str) -> bool:
    value = os.environ.get(name, "").strip().lower()
    if value in {"", "0", "1", "true", "false", "yes", "no", "on", "off"}:
        return value in {"1", "true", "yes", "on"}
    raise ImproperlyConfigured(f"{name} must be 1 or 0 (or true/false, yes/no, on/off), not {value!r}.")


def env_list(name: str, default: str = "") -> list[str]:
    given = [part.strip() for part in os.environ.get(name, "").split(",") if part.strip()]
    return given or [part for part in default.split(",") if part]  # set to nothing is not set


def env_choice(name: str, default: str, choices: tuple[str, ...]) -> str:
    value = os.environ.get(name, "").strip()
    if value and value.upper() not in choices:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}, not {value!r}.")
    return value.upper() or default


def env_rate(name: str) -> tuple[int, str] | None:
    """Read a rate such as `600/minute`: how many, in what."""
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return None
    number, _, period = value.partition("/")
    is_number = number.isdecimal() and len(number) <= 9 and int(number) > 0
    if not is_number or period not in {"second", "minute", "hour", "day"}:
        raise ImproperlyConfigured(
            f"{name} must be a number per second, minute, hour or day, such as 600/minute, not {value!r}."
        )
    return int(number), period


def env_address(name: str) -> str:
    """Read an e-mail address, also with a name: `Goals <goals@example.com>`."""
    value = os.environ.get(name, "").strip()
    try:
        validate_email(parseaddr(value)[1] if value.isprintable() else "")
    except ValidationError:
        raise ImproperlyConfigured(
            f"{name} must be the address that mail comes from, such as goals@example.com, not {value!r}."
        ) from None
    return value


def read_email_url(url: str) -> dict[str, Any]:
    """Read the server that sends mail into Django's settings EMAIL_…; the password is in no error."""
    try:
        options = Env.email_url_config(url)
    except (ImproperlyConfigured, ValueError):
        options = {}
    backend = str(options.get("EMAIL_BACKEND", ""))
    if not backend or ("smtp" in backend and not options["EMAIL_HOST"]):
        raise ImproperlyConfigured(
            "EMAIL_URL must name a mail server, such as smtp+tls://user:password@mail.example.com:587, with "
            "the scheme smtp+tls (STARTTLS), smtp+ssl or smtp; special characters in the password are "
            "percent-encoded."
        )
    port = 465 if options.get("EMAIL_USE_SSL") else 587 if options.get("EMAIL_USE_TLS") else 25
    options["EMAIL_PORT"] = options["EMAIL_PORT"] or port
    return {name: value for name, value in options.items() if name.startswith("EMAIL_")}


VERSION = "0.1.0"  # as pyproject.toml has it, which is not in the image
DEBUG = env_flag("DEBUG")

# Where the service keeps what it makes itself: the secret key and the embedded database.
DATA_DIR = Path(os.environ.get("GOALSVC_DATA") or BASE_DIR / ".goalsvc").expanduser().resolve()

SECRET_KEY = os.environ.get("SECRET_KEY") or configuration.own_secret_key(DATA_DIR)

ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS")
CSRF_FAILURE_VIEW = "goalsvc.orgs.admin.errors.csrf_failure"

# HTTPS says that the service is reached through TLS (ended by a proxy that sets X-Forwarded-Proto).
HTTPS = env_flag("HTTPS")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_SSL_REDIRECT = HTTPS
# Probes and Prometheus come from inside, without TLS. The API refuses instead (goalsvc.api.requests): clients
# follow a redirect with GET, and believe the list that they get.
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)/?$", r"^api(?!/v5/docs/?$)(/|$)"]
YEAR_SECONDS = 365 * 24 * 3600
SECURE_HSTS_SECONDS = configuration.env_int("HSTS_SECONDS", YEAR_SECONDS, minimum=0) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_HSTS_SECONDS >= YEAR_SECONDS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = 12 * 3600  # of the admin: a working day
SECURE_REFERRER_POLICY = "same-origin"  # a search of the admin has identities in its address
# Of the pages (goalsvc.server.middleware). Nothing inline: what somebody smuggles into a page stays text.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

# Logins to the admin (goalsvc.orgs.logins): after so many failures none is tried for a while.
PROXY_COUNT = env_int("PROXY_COUNT", 0, minimum=0)
AXES_HANDLER = "goalsvc.orgs.logins.FailureCounts"
AXES_FAILURE_LIMIT = 5
LOGIN_FAILURES_OF_CLIENT = 30  # with whatever addresses: more than one person makes, or an office
AXES_COOLOFF_TIME = timedelta(minutes=15)
# Of this client and this address together: neither can a stranger lock out a colleague who is elsewhere,
# nor one person a whole office.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "goalsvc.orgs.logins.client_address"
AXES_USERNAME_FORM_FIELD = "username"  # as the login form calls the e-mail address
AXES_USERNAME_CALLABLE = "goalsvc.orgs.logins.login_name"
AXES_LOCKOUT_CALLABLE = "goalsvc.orgs.logins.locked_out"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True  # only failures are kept, and only while they count
AXES_ENABLE_ADMIN = False  # its pages would be Django's own, without our scoping
AXES_VERBOSE = False
# Not kept of a failed login: where it was to lead, which may be a search for an identity.
AXES_SENSITIVE_PARAMETERS = ["next", "csrfmiddlewaretoken"]
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]

# Mail for people who have lost their password; without EMAIL_URL a colleague makes them a link.
EMAIL_URL = os.environ.get("EMAIL_URL", "").strip()
SENDS_EMAIL = bool(EMAIL_URL)
if SENDS_EMAIL:
    globals().update(read_email_url(EMAIL_URL))
    DEFAULT_FROM_EMAIL = env_address("EMAIL_FROM")
EMAIL_TIMEOUT = 10  # seconds
PASSWORD_RESET_TIMEOUT = 24 * 3600  # in seconds: how long a link to set a password works

INSTALLED_APPS = [
    "goalsvc.orgs",  # first: its templates of the admin's pages stand before Django's own
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "axes",
    "csp",
    "goalsvc.replica",
    "procrastinate.contrib.django",
    "goals",
    "matching",
]

MIDDLEWARE = [
    "goalsvc.api.requests.RequestMiddleware",  # outermost: even an error page carries its request id
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "goalsvc.server.health.HostMiddleware",
    "goalsvc.server.health.MigrationsMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "goalsvc.orgs.logins.LoginMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "goalsvc.server.middleware.CurrentPageMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "axes.middleware.AxesMiddleware",
]
if os.environ.get("DATABASE_REPLICA_URL", "").strip():
    MIDDLEWARE.append("goalsvc.replica.middleware.ReplicaMiddleware")
# Of pages for people, by the beginning of their addresses, and of the root. All other requests take a short
# way past it; any other middleware above works for all requests (goalsvc.api.requests).
PAGES = ("/admin/", "/api/v5/docs")
PAGE_MIDDLEWARE = MIDDLEWARE[MIDDLEWARE.index("csp.middleware.CSPMiddleware") :]

# The secret of /metrics; unset, nothing is counted and there is no such address.
METRICS_TOKEN = os.environ.get("METRICS_TOKEN", "").strip()
if METRICS_TOKEN:
    if len(METRICS_TOKEN) < 16:
        raise ImproperlyConfigured("METRICS_TOKEN must have at least 16 characters.")
    MIDDLEWARE.insert(0, "goalsvc.server.metrics.MetricsMiddleware")

# Where traces go (goalsvc.server.tracing). OpenTelemetry's own variables say the rest.
TRACES = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "").strip()
TASK_MIDDLEWARE = []  # of jobs in the background
if TRACES:
    if not TRACES.startswith(("http://", "https://")):
        raise ImproperlyConfigured(
            "OTEL_EXPORTER_OTLP_ENDPOINT must be the address of a collector of traces that takes OTLP over "
            "HTTP, such as http://127.0.0.1:4318."
        )
    MIDDLEWARE.insert(0, "goalsvc.server.tracing.TracingMiddleware")
    TASK_MIDDLEWARE.append("goalsvc.server.tracing.trace_job")

ROOT_URLCONF = "goalsvc.urls"
WSGI_APPLICATION = "goalsvc.wsgi.application"
APPEND_SLASH = False  # a redirect would turn a POST into a GET

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = {"default": configuration.configuration(DATA_DIR)}
# A hot standby that answers what only reads (goalsvc.replica) while it is at most so many seconds behind.
if replica := configuration.replica_configuration():
    DATABASES[configuration.REPLICA] = replica
DATABASE_REPLICA_LAG = env_int("DATABASE_REPLICA_LAG", 5)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "orgs.User"
# User.email is unique without regard to case (user_email_unique), which this check does not see.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
PASSWORD_HASHERS = ["goalsvc.orgs.passwords.PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

USE_I18N = False
TIME_ZONE = "UTC"  # written out: otherwise the API prints local offsets
DATE_FORMAT = "j M Y"  # on pages
DATETIME_FORMAT = "j M Y H:i:s e"

STATIC_URL = "/static/"
# Where collectstatic puts the files (the image does so). Unset, they are served from the packages.
STATIC_ROOT = os.environ.get("STATIC_ROOT") or None
WHITENOISE_USE_FINDERS = True

# A body over these limits is answered 413 by goalsvc.api.bodies; Django's own limit serves the admin.
MAX_BODY_BYTES = 1024 * 1024
MAX_BATCH_BODY_BYTES = 16 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BATCH_BODY_BYTES
BODY_TIMEOUT_SECONDS = env_int("BODY_TIMEOUT_SECONDS", 30)  # how long a client may take to send a body

# Uploaded files. Another storage of Django's may stand here if it has paths, as a shared folder has.
MAX_UPLOAD_BYTES = 2 * 1024**3
UPLOAD_DAYS = env_int("UPLOAD_DAYS", 30)  # how long they are kept
UPLOADS_DIR = DATA_DIR / "uploads"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "uploads": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": UPLOADS_DIR,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
}

# Work in the background (`manage.py work`), on the same database.
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = ""
PROCRASTINATE_IMPORT_PATHS = ["matching.imports.jobs", "matching.management.chores"]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["goalsvc.orgs.authentication.TokenAuthentication"],
    # Fail closed: a view that names no permission lets nobody in.
    "DEFAULT_PERMISSION_CLASSES": ["goalsvc.api.permissions.Nobody"],
    "DEFAULT_PARSER_CLASSES": ["goalsvc.api.bodies.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["goalsvc.api.rendering.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "goalsvc.api.negotiation.ContentNegotiation",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "goalsvc.api.schema.AutoSchema",
    "EXCEPTION_HANDLER": "goalsvc.api.errors.handle",
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "goalsvc",
    "VERSION": "5",
    "DESCRIPTION": (
        "Goals, and their matches outside the web page: at once, with a reason, exactly once.\n\n"
        f"A body is JSON in UTF-8, of at most {MAX_BODY_BYTES >> 20} MiB, or "
        f"{MAX_BATCH_BODY_BYTES >> 20} MiB of a batch, and 600,000 values. It may be "
        "compressed (`Content-Encoding: gzip`); limits count what is unpacked."
    ),
    "SERVE_INCLUDE_SCHEMA": False,
    "OAS_VERSION": "3.1.0",
    "SERVERS": [{"url": "/", "description": "This installation."}],
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": ["goalsvc.api.schema.add_common_parts"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# How long a held match may wait for what it lacks, and how long rejected attempts and the answers to
# requests with an Idempotency-Key are kept (`manage.py resolve_pending` and `manage.py prune`).
DEMO_DAYS = env_int("DEMO_DAYS", 90, minimum=1)  # of life in the demo world
PENDING_MATCH_DAYS = env_int("PENDING_MATCH_DAYS", 30)
MATCH_ATTEMPT_DAYS = env_int("MATCH_ATTEMPT_DAYS", 30)
IDEMPOTENCY_KEY_HOURS = env_int("IDEMPOTENCY_KEY_HOURS", 24, minimum=24)

# How many requests each API token may make, all workers together; None: as many as it likes.
RATE_LIMIT = env_rate("RATE_LIMIT")

# How much of the client's address a request's line has: operators need its network, and not who it was.
LOG_CLIENT_ADDRESS = env_choice("LOG_CLIENT_ADDRESS", "SHORTENED", ("NONE", "SHORTENED", "WHOLE"))
LOG_LEVEL = env_choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "goalsvc.api.log.JSONFormatter"}},
    "handlers": {
        name: {"()": "goalsvc.api.log.LossyHandler", "stream": f"ext://sys.{name}", "formatter": "json"}
        for name in ("stdout", "stderr")
    },
    # Commands own stdout (their output is read by programs), so logs go to stderr, except under `serve`.
    "root": {"handlers": ["stdout" if env_flag("LOG_TO_STDOUT") else "stderr"], "level": LOG_LEVEL},
    # Refusals are in the line of their request; Django's own line comes too late to know the request's id.
    "loggers": {
        "django.request": {"level": "ERROR"},
        "procrastinate": {"level": "WARNING"},  # jobs have lines of their own
        # A collector that is away is told of by goalsvc.server.tracing, once.
        "opentelemetry.exporter": {"level": "CRITICAL"},
        "opentelemetry.sdk._shared_internal": {"level": "CRITICAL"},
        "urllib3": {"level": "ERROR"},
        "axes": {"level": "WARNING"},  # five lines for each login otherwise; failures are warnings
    },
}
