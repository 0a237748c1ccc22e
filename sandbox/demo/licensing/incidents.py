"""One outage of 75 minutes some weeks ago, on the last day of a licence, which was then renewed a day later without late fee."""

from __future__ import annotations

import datetime as dt

from licensing.health import queries
from licensing.health.services import submit_renewal, take_payment
from licensing.models import HealthLicence
from municipality.documents.states import LIVE
from municipality.incidents.models import Incident, PartCheck, PortalPart
from municipality.incidents.relief import relieve
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from payments.queries import bill_of
from sandbox.demo.licensing.past_cases import run_licensing_jobs
from sandbox.demo.loading import Loading
from sandbox.demo.payments import Payment, pay
from sandbox.demo.platform.messages import mark_sent
from sandbox.demo.seeds import seeded
from sandbox.demo.shops import scenarios
from shops.register.queries import owners

FIRST, LAST = -80, -14  # days from which the licence is taken
MINUTE = dt.timedelta(minutes=1)


def run(loading: Loading) -> str:
    rng = seeded("incidents step")
    licence = _ended(loading)
    day = licence.last_day if licence is not None else loading.day(-21)
    began_at = clock.start_of(day) + 10 * 60 * MINUTE
    ended_at = began_at + 75 * MINUTE
    PartCheck.objects.bulk_create([PartCheck(part=part, checked_at=loading.anchor) for part in PortalPart])
    incident = Incident.objects.create(part=PortalPart.SIGN_IN, started_at=began_at, ended_at=ended_at)
    with clock.at(ended_at + 30 * MINUTE):
        relieve(incident.pk)
    if licence is not None:
        opened_at = clock.start_of(day + dt.timedelta(days=1)) + 9 * 60 * MINUTE
        with clock.at(opened_at):
            case = submit_renewal(shop=licence.shop, applicant=owners(licence.shop)[0])
        if (bill := bill_of(case.key)) is not None:
            pay([Payment(bill, opened_at + 4 * MINUTE, opened_at + 6 * MINUTE)], rng)
        with clock.at(opened_at + 6 * MINUTE):
            take_payment(case=case)
        run_licensing_jobs(loading)
    mark_sent(loading)
    return f"one outage of 75 minutes, {incident.moved_deadlines.count()} deadlines moved"


def _ended(loading: Loading) -> HealthLicence | None:
    """A licence of no scenario that ended some weeks ago and could have been renewed on the next day."""
    told = [place.commercial_license_no for place in scenarios.placed()]
    rows = HealthLicence.objects.filter(
        is_current=True,
        document__state__in=LIVE,
        last_day__range=(loading.day(FIRST), loading.day(LAST)),
        shop__closed_on__isnull=True,
    ).exclude(shop__commercial_license_no__in=told)
    for row in rows.select_related("shop__owner", "shop__organisation", "document").order_by("pk")[:100]:
        with clock.at(clock.start_of(row.last_day + dt.timedelta(days=1)) + 9 * 60 * MINUTE):
            try:
                if owners(row.shop) and queries.offer(row.shop).may_renew:
                    return row
            except Refused:
                continue
    return None
