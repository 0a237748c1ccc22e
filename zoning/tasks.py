"""Jobs of zoning."""

from __future__ import annotations

from municipality.jobs.registry import job
from zoning.extract import services as extracts
from zoning.imports import undo

job("zoning.extract_document", queue="documents", time_limit=90)(extracts.write_document)
job("zoning.undo_load", queue="bulk", time_limit=110)(undo.carry_out)
