"""Jobs of appeals."""

from licensing.health.appeals import services
from municipality.cases.models import Case
from municipality.jobs.registry import job


@job("licensing.appeal_document", queue="documents", time_limit=90)
def appeal_document(*, case_id: int) -> None:
    services.write_decision(case=Case.objects.select_related("applicant", "branch").get(pk=case_id))


job("licensing.lapse_appeal", queue="bulk")(services.lapse)
