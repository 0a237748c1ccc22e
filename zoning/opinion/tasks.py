"""Job handlers of opinions."""

from __future__ import annotations

from municipality.cases.models import Case
from municipality.incidents.services import wait_for_relief
from municipality.jobs.registry import every, job
from payments.services import held_by_payment
from zoning.opinion.services import consultations, issue, requests


def _case(case_id: int) -> Case:
    return Case.objects.select_related("applicant", "branch").get(pk=case_id)


@job("zoning.issue_opinion", queue="documents", time_limit=90)
def issue_opinion(*, case_id: int) -> None:
    issue.issue_opinion(case=_case(case_id))


@job("zoning.close_unpaid", queue="bulk")
def close_unpaid(*, case_id: int) -> None:
    wait_for_relief()
    with held_by_payment():
        requests.close_unpaid(case=_case(case_id))


@every("zoning.mark_silent", seconds=600)
def mark_silent() -> None:
    consultations.mark_silent()


@every("zoning.lapse_unanswered", seconds=3600)
def lapse_unanswered() -> None:
    requests.lapse_unanswered()


@every("zoning.drop_files", seconds=3600)
def drop_files() -> None:
    requests.drop_files()
