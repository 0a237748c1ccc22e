"""Who is drawn, and how often a supervisor has another one drawn."""

from __future__ import annotations

import pytest

from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted
from municipality.review.models import Absence
from reports.models import Report
from reports.triage import services
from tests.browsers import signed_in
from tests.factories import report_steps
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
