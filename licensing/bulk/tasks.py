"""The job that sends a part of many renewals."""

from licensing.bulk import services
from municipality.jobs.registry import job


@job("licensing.send_batch", queue="bulk", time_limit=110)
def send_batch(*, batch_id: int, first: int) -> None:
    services.send_part(batch_id=batch_id, first=first)
