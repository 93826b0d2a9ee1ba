"""The settings of the floor: Django REST framework as it comes."""

from goalsvc.settings import *  # noqa: F403 - the same database, apps and models
from goalsvc.settings import DATABASES, INSTALLED_APPS

ROOT_URLCONF = "tests.benchmark.floor_views"
INSTALLED_APPS = [*INSTALLED_APPS]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["tests.benchmark.floor_authentication.TokenAuthentication"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination",
    "PAGE_SIZE": 50,  # type: ignore[dict-item] # the type is that of our own settings
}
# As the tutorials leave it: one persistent connection a thread, without a pool or prepared statements.
OURS = {"pool", "server_side_binding", "prepare_threshold", "options"}
OPTIONS = {name: value for name, value in DATABASES["default"]["OPTIONS"].items() if name not in OURS}
DATABASES["default"].update(OPTIONS=OPTIONS, CONN_MAX_AGE=None)
LOGGING = {"version": 1}
