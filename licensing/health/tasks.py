"""Job handlers of licensing."""

from __future__ import annotations

from licensing.health import services
from municipality.cases.models import Case
from municipality.documents.contexts import FactsRefused
from municipality.documents.rendering import RendererMissing, RenderingRefused
from municipality.documents.signing import SignerMissing
from municipality.jobs.errors import Gone, Parked
from municipality.jobs.registry import every, job


def _case(case_id: int) -> Case:
    return Case.objects.select_related("applicant", "branch").get(pk=case_id)


@job("licensing.issue_renewal", queue="documents", time_limit=90)
def issue_renewal(*, case_id: int) -> None:
    try:
        services.issue_renewal(case=_case(case_id))
    except RendererMissing as missing:
        raise Parked("renderer", str(missing)) from missing
    except SignerMissing as missing:
        raise Parked("signer", str(missing)) from missing
    except (FactsRefused, RenderingRefused) as refused:
        raise Gone(f"the licence cannot be drawn: {refused}") from refused


@job("licensing.supersede", queue="bulk")
def supersede(*, licence_id: int) -> None:
    services.supersede_previous(licence_id=licence_id)


@job("licensing.close_unpaid", queue="bulk")
def close_unpaid(*, case_id: int) -> None:
    services.close_unpaid(case=_case(case_id))


@job("licensing.refusal_document", queue="documents", time_limit=90)
def refusal_document(*, case_id: int) -> None:
    try:
        services.write_refusal(case=_case(case_id))
    except RendererMissing as missing:
        raise Parked("renderer", str(missing)) from missing
    except SignerMissing as missing:
        raise Parked("signer", str(missing)) from missing
    except (FactsRefused, RenderingRefused) as refused:
        raise Gone(f"the refusal cannot be drawn: {refused}") from refused


@every("licensing.lapse_unanswered", seconds=3600)
def lapse_unanswered() -> None:
    services.lapse_unanswered()
