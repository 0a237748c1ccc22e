"""Jobs of objections to opinions."""

from municipality.cases.models import Case
from municipality.jobs.registry import job
from zoning.objections import services


@job("zoning.objection_document", queue="documents", time_limit=90)
def objection_document(*, case_id: int) -> None:
    services.write_decision(case=Case.objects.select_related("applicant", "branch").get(pk=case_id))


job("zoning.lapse_objection", queue="bulk")(services.lapse)
