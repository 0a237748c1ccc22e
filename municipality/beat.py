"""The Celery application of the beat process. It only sends `jobs.tick` and records heartbeats, so it loads no app."""

from celery import Celery
from django.apps import apps

from municipality import settings

settings.set_default()
apps.populate(())  # without apps; a database connection warns until the registry is ready
app = Celery("portal", fixups=[])  # without Django's, which would load every app
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.broker_transport_options = {**app.conf.broker_transport_options, "max_retries": 0}  # the next second tries again
app.conf.beat_schedule = {"tick": {"task": "jobs.tick", "schedule": 1.0, "options": {"queue": "urgent", "expires": 10}}}
