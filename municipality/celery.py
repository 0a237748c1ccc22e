"""The Celery application of the workers, which run the jobs of the outbox (`municipality.jobs`). Beat has its own: `municipality.beat`."""

from celery import Celery

from municipality import settings

settings.set_default()
app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
