"""The clock's own Celery application. It rings for the worker and notes its life: for that it loads settings and no service."""

from celery import Celery
from django.apps import apps

from municipality import settings

settings.choose()
apps.populate(())  # none: a connection to the database warns until all are there
app = Celery("portal", fixups=[])  # without Django's, which would load every app
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.broker_transport_options = {**app.conf.broker_transport_options, "max_retries": 0}  # the next second tries again
app.conf.beat_schedule = {"tick": {"task": "jobs.tick", "schedule": 1.0, "options": {"queue": "urgent", "expires": 10}}}
