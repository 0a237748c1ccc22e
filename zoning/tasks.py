"""Jobs of zoning."""

from __future__ import annotations

from municipality.jobs.registry import job
from zoning.extract import services as extracts


@job("zoning.extract_document", queue="documents", time_limit=90)
def extract_document(*, extract_id: int) -> None:
    extracts.write_document(extract_id=extract_id)
