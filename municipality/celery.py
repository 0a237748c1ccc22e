"""The Celery application of the workers, which run the jobs of the outbox (`municipality.jobs`). Beat has its own: `municipality.beat`."""

from celery import Celery
from celery.signals import task_prerun
from django.db import close_old_connections

from municipality import settings

settings.set_default()
app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@task_prerun.connect
def check_connections(**_: object) -> None:
    """A worker keeps its database connections (CELERY_DB_REUSE_MAX), with Django's age limit and health check, as a web process does."""
    close_old_connections()
