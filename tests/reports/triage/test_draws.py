"""Who is drawn, and how often a supervisor has another one drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted
from municipality.review.models import Absence
from reports.models import Report
from reports.triage import draws, services
from tests.browsers import signed_in
from tests.factories import report_steps, reports
from tests.factories.inspections import inspector

pytestmark = pytest.mark.django_db


def test_a_supervisor_draws_once_for_each_draw_of_the_portal(row: Report, supervisor: User) -> None:
    """Control: what the portal draws anew by itself, and a report that was opened again, leave them their draw."""
    page, button, day = f"/admin/eye/{row.public_id}/", 'value="draw_again"', clock.today()
    for login in ("third", "fourth"):
        inspector(login, "HA", scope=["SHP", "CLN"])
    away = {"first_day": day, "last_day": day, "kind": "leave", "entered_by": supervisor, "entered_at": clock.now()}
    Absence.objects.create(officer=row.inspector, **away)
    assert services.redraw_unable() == 1
    browser = signed_in(supervisor)
    assert button in browser.get(page).content.decode()
    services.draw_again(report=row, supervisor=supervisor, code="conflict")
    assert button not in browser.get(page).content.decode()
    with pytest.raises(NotPermitted, match="drawn_before"):
        services.draw_again(report=row, supervisor=supervisor, code="absent")
    row = Report.objects.get(pk=row.pk)
    report_steps.answered(report_steps.closed(row), is_solved=False)
    services.assign(row)
    services.draw_again(report=row, supervisor=supervisor, code="absent")


def test_the_lot_is_among_those_who_may_write_what_the_report_may_become(rules: None, store: Path) -> None:
    """Control: without them the others of the branch, before those of another one."""
    waste = [inspector(f"waste-{number}", "HA", scope=["CLN"]) for number in range(2)]
    shops, _far = inspector("shops", "HA", scope=["SHP"]), inspector("far", "JA", scope=["CLN"])
    report, lots = reports.assigned(), list[list[User]]()

    def lot(users: Sequence[User]) -> User:
        lots.append(list(users))
        return users[0]

    draws.draw(report, lot=lot)
    draws.draw(report, without={user.pk for user in waste}, lot=lot)
    draws.draw(reports.assigned(category="road"), lot=lot)  # becomes no offence
    assert lots == [waste, [shops], [*waste, shops]]
