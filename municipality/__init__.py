"""The project and the platform under the services."""

from municipality.celery import app as celery_app

__all__ = ["celery_app"]
