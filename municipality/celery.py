"""The Celery application. Its tasks only empty the outbox; see `municipality.jobs`. The clock has its own: `municipality.beat`."""

from celery import Celery

from municipality import settings

settings.choose()
app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
