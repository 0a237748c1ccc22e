"""The WSGI application."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault(
    "DJANGO_SETTINGS_MODULE",
    "municipality.settings.demo" if os.environ.get("PORTAL_DEMO") == "1" else "municipality.settings.production",
)

application = get_wsgi_application()
