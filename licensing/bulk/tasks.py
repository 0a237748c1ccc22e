"""The job that sends a part of many renewals."""

from licensing.bulk import services
from municipality.jobs.registry import job

job("licensing.send_batch", queue="bulk", time_limit=110)(services.send_part)
