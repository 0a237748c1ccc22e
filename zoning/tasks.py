"""Jobs of zoning."""

from __future__ import annotations

from municipality.jobs.registry import job
from zoning.extract import services as extracts
from zoning.imports import undo


@job("zoning.extract_document", queue="documents", time_limit=90)
def extract_document(*, extract_id: int) -> None:
    extracts.write_document(extract_id=extract_id)


@job("zoning.undo_load", queue="bulk", time_limit=110)
def undo_load(*, undo_id: int) -> None:
    undo.carry_out(undo_id=undo_id)
