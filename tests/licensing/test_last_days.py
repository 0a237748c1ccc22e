"""Until when a request can be paid stands on every page that leads to the payment, and moves with the day."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.urls import reverse
from django.utils.translation import override

from licensing.health import services
from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.jobs.models import Job
from municipality.kernel import clock
from payments.models import Bill
from payments.queries import bill_of
from tests.browsers import signed_in
from tests.violations.agreement import Pages, days

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def paths(case: Case, bill: Bill) -> list[str]:
    with override("en"):
        home, shops, basket = (reverse(name) for name in ("home", "shops:mine", "payments:basket"))
        return [home, shops, basket, reverse("payments:pay", args=[bill.public_id]), reverse("cases:case", args=[case.public_id])]


def test_the_last_day_to_pay_is_on_every_page(make_licensed_shop: Any, owner: User) -> None:
    case = services.submit_renewal(shop=make_licensed_shop(), applicant=owner)
    bill, job = bill_of(case.key), Job.objects.get(kind="licensing.close_unpaid")
    assert bill is not None
    until = clock.day_of(job.due_at)

    def missing(day: dt.date) -> list[str]:
        pages = Pages(signed_in(owner))
        return [path for path in paths(case, bill) if day not in days(pages[path])]

    assert not missing(until)
    Job.objects.filter(pk=job.pk).update(due_at=job.due_at + 2 * DAY)  # as after an outage
    assert not missing(until + 2 * DAY) and len(missing(until)) == 5
    yesterday = clock.today() - DAY
    Job.objects.filter(pk=job.pk).update(state="on_hold", due_at=clock.start_of(yesterday))  # a job that is held keeps its day
    assert len(missing(yesterday)) == 5, "a day that is over is no day to pay, while the request can be paid still"
    Job.objects.filter(pk=job.pk).update(state="done", due_at=job.due_at + 2 * DAY)  # the control: nothing closes the request
    assert len(missing(until + 2 * DAY)) == 5


def test_a_bill_that_is_due_again_after_the_issue_names_no_day(make_licensed_shop: Any, owner: User) -> None:
    """The job waits on, and closes nothing any more."""
    case = services.submit_renewal(shop=make_licensed_shop(), applicant=owner)
    bill = bill_of(case.key)
    services.take_payment(case=case)  # as the service is told; then the bank takes the payment back
    assert bill is not None and bill.state == "due" and Job.objects.filter(kind="licensing.close_unpaid", state="queued").exists()
    until = clock.day_of(Job.objects.get(kind="licensing.close_unpaid").due_at)
    pages = Pages(signed_in(owner))
    assert not [path for path in paths(case, bill)[2:4] if until in days(pages[path])]
