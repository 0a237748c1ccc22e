"""The Celery application. Its tasks only empty the outbox; see `municipality.jobs`."""

import os

from celery import Celery

os.environ.setdefault(
    "DJANGO_SETTINGS_MODULE",
    "municipality.settings.demo" if os.environ.get("PORTAL_DEMO") == "1" else "municipality.settings.production",
)

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
