"""Jobs of violations."""

from __future__ import annotations

from municipality.jobs.registry import every, job
from violations.services import blocks, documents, notices, objections, repetition, terms


@job("violations.notice_document", queue="documents", time_limit=90)
def notice_document(*, violation_id: int) -> None:
    documents.write_notice(violation_id=violation_id)


@job("violations.objection_document", queue="documents", time_limit=90)
def objection_document(*, case_id: int) -> None:
    documents.write_decision(case_id=case_id)


@job("violations.close_defence", queue="bulk")
def close_defence(*, objection_id: int) -> None:
    objections.close_defence(objection_id=objection_id)


@job("violations.lapse_objection", queue="bulk")
def lapse_objection(*, objection_id: int) -> None:
    objections.lapse(objection_id=objection_id)


@every("violations.sweep", seconds=600)
def sweep() -> None:
    """Service by two channels, questions without an answer, ends of periods, void plans, sums without a repetition, and service blocks
    that are due."""
    notices.sweep()
    objections.go_on_unanswered()
    terms.void_missed()
    terms.lapse_due()
    repetition.sweep()
    blocks.place_due()
