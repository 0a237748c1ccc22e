"""Job handlers of boards."""

from __future__ import annotations

from licensing import former_holders
from licensing.signage.life import reminders, shop_licence
from licensing.signage.renewals import reminders as renewal_reminders
from licensing.signage.services import issue, requests
from municipality.cases.models import Case
from municipality.incidents.services import wait_for_relief
from municipality.jobs.registry import every, job
from payments.services import held_by_payment


def _case(case_id: int) -> Case:
    return Case.objects.select_related("applicant", "branch").get(pk=case_id)


@job("licensing.issue_boards", queue="documents", time_limit=90)
def issue_boards(*, case_id: int) -> None:
    issue.issue_licence(case=_case(case_id))


@job("licensing.close_unpaid_boards", queue="bulk")
def close_unpaid(*, case_id: int) -> None:
    wait_for_relief()
    with held_by_payment():
        requests.close_unpaid(case=_case(case_id))


every("licensing.lapse_boards", seconds=3600)(requests.lapse_unanswered)
every("licensing.remind_boards", seconds=3600)(reminders.remind)


@every("licensing.follow_shops", seconds=3600)
def follow_shops() -> None:
    """Shops that are closed from a later day on lose their boards on that day; nobody pays for boards that a shop may not have any more."""
    shop_licence.follow_all()
    former_holders.end_boards()


every("licensing.drop_board_files", seconds=3600)(requests.drop_files)
every("licensing.remind_boards_end", seconds=3600)(renewal_reminders.remind)
