"""Job handlers of new health licences."""

from __future__ import annotations

from licensing.health.new_licence.services import approval, issue, requests
from municipality.cases.models import Case
from municipality.incidents.services import wait_for_relief
from municipality.jobs.registry import every, job
from payments.services import held_by_payment


def _case(case_id: int) -> Case:
    return Case.objects.select_related("applicant", "branch").get(pk=case_id)


@job("licensing.approve_location", queue="documents", time_limit=90)
def approve_location(*, case_id: int) -> None:
    approval.write_approval(case=_case(case_id))


@job("licensing.refuse_new", queue="documents", time_limit=90)
def refuse_new(*, case_id: int) -> None:
    approval.write_refusal(case=_case(case_id))


@job("licensing.issue_new", queue="documents", time_limit=90)
def issue_new(*, case_id: int) -> None:
    issue.issue_licence(case=_case(case_id))


@job("licensing.expire_new", queue="bulk")
def expire_new(*, case_id: int, state: str) -> None:
    wait_for_relief()
    with held_by_payment():
        requests.expire(case=_case(case_id), state=state)


every("licensing.lapse_new", seconds=3600)(requests.lapse_unanswered)
every("licensing.drop_new_files", seconds=3600)(requests.drop_files)
