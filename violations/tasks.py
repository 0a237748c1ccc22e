"""Jobs of violations."""

from __future__ import annotations

from municipality.jobs.registry import every, job
from violations.services import blocks, documents, notices, objections, repetition, terms

job("violations.notice_document", queue="documents", time_limit=90)(documents.write_notice)
job("violations.objection_document", queue="documents", time_limit=90)(documents.write_decision)
job("violations.close_defence", queue="bulk")(objections.close_defence)
job("violations.lapse_objection", queue="bulk")(objections.lapse)


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
