"""The WSGI application that `serve` and every other server runs."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "goalsvc.settings")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
