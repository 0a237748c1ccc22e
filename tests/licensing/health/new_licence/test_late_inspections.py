"""An inspection that has no free day before its request closes: the request waits for its result."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db.models import Q

from licensing.health.new_licence.services import requests
from licensing.inspections import services as inspections
from licensing.models import Inspection, NewLicence
from municipality.accounts.models import User
from municipality.jobs.models import Job
from municipality.kernel import clock
from tests.conftest import Clock
from tests.factories import inspections as acts
from tests.factories import new_licences
from tests.factories.new_licences import fresh, pass_inspection
from zoning.models import Plot

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inspectors")]


@pytest.fixture
def late(plot: Plot, owner: User, officer: User, frozen_clock: Clock) -> NewLicence:
    """A request on the day after its last one, with an inspection that is appointed on a later day."""
    request = new_licences.waiting_for_inspection(owner, officer)
    frozen_clock.move(days=90)
    row = acts.appointed(Inspection.objects.select_related("case", "activity", "contact").get(case=request.case))
    assert row.day is not None and row.day > clock.today(), "no day was free before"
    frozen_clock.move(days=1)
    return request


def test_a_request_waits_for_its_open_inspection_and_goes_on_by_its_result(late: NewLicence, outbox: Callable[..., int]) -> None:
    outbox("licensing.expire_new")
    job = Job.objects.get(kind="licensing.expire_new", args__state="inspection")
    assert (fresh(late.case).case.state, job.state, job.tries) == ("inspection", "on_hold", 0)
    assert pass_inspection(late).case.state == "awaiting_payment"


def test_what_failed_may_be_put_right_and_then_the_request_closes(
    late: NewLicence, owner: User, outbox: Callable[..., int], frozen_clock: Clock
) -> None:
    row = Inspection.objects.select_related("case", "activity", "inspector").get(case=late.case)
    frozen_clock.move(days=(row.day - clock.today()).days)  # type: ignore[operator]
    acts.visited(row, acts.found(row, fire="no"))
    outbox("licensing.expire_new")
    assert fresh(late.case).case.state == "inspection"
    again = inspections.ask_again(inspection=row, person=owner)
    inspections.cancel(inspection=again, actor=requests.SYSTEM, reason="request_closed")
    row.refresh_from_db()
    frozen_clock.move(days=(row.put_right_by - clock.today()).days + 1)  # type: ignore[operator]
    outbox("licensing.expire_new")
    assert fresh(late.case).case.state == "expired"


def test_red_control_without_the_wait_the_request_ends_before_its_visit(
    late: NewLicence, outbox: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "Q", lambda **_: Q(pk=None))
    outbox("licensing.expire_new")
    assert fresh(late.case).case.state == "expired"
    assert Inspection.objects.get(case=late.case).state == "appointed", "an inspector goes to a shop that nobody licenses any more"
