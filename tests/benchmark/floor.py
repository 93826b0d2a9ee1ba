"""The floor: the same endpoints as a Django REST framework tutorial would write them, on the same tables."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.benchmark.floor_settings")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
