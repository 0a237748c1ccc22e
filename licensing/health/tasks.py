"""Job handlers of licensing."""

from __future__ import annotations

from licensing.health import services
from municipality.cases.models import Case
from municipality.incidents.services import wait_for_relief
from municipality.jobs.registry import every, job
from payments.services import held_by_payment


def _case(case_id: int) -> Case:
    return Case.objects.select_related("applicant", "branch").get(pk=case_id)


@job("licensing.issue_renewal", queue="documents", time_limit=90)
def issue_renewal(*, case_id: int) -> None:
    services.issue_renewal(case=_case(case_id))


job("licensing.supersede", queue="bulk")(services.supersede_previous)


@job("licensing.close_unpaid", queue="bulk")
def close_unpaid(*, case_id: int) -> None:
    wait_for_relief()
    with held_by_payment():
        services.close_unpaid(case=_case(case_id))


@job("licensing.refusal_document", queue="documents", time_limit=90)
def refusal_document(*, case_id: int) -> None:
    services.write_refusal(case=_case(case_id))


every("licensing.lapse_unanswered", seconds=3600)(services.lapse_unanswered)
every("licensing.remind", seconds=3600)(services.remind)
