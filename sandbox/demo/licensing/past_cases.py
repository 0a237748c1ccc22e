"""Renewals of the last months: most written in bulk, the newest by the services with sealed documents, some open."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from random import Random

from licensing.health.services import submit_renewal, take_payment
from licensing.health.states import RENEWAL, RenewalState
from licensing.models import HealthLicence
from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.documents.states import DocumentState
from municipality.jobs import services as jobs
from municipality.jobs.models import Job, JobState
from municipality.kernel import clock
from payments.queries import bill_of
from sandbox.demo.licensing.licences import case_shop_ids
from sandbox.demo.licensing.renewals import PastCase, load
from sandbox.demo.loading import Loading
from sandbox.demo.payments import Payment, pay
from sandbox.demo.platform.messages import mark_sent
from sandbox.demo.seeds import seeded
from sandbox.demo.shops import scenarios
from shops.models import Shop
from shops.register.queries import with_names

DAYS = 120
WINDOW = 59  # days before its end in which a licence is renewed
NEWEST = 12  # days of the sealed ones
MINUTE = dt.timedelta(minutes=1)


def run(loading: Loading) -> str:
    rng = seeded("past cases step")
    bulk, signed, waiting = _draw(loading, rng)
    scenarios_by_licence = {p.commercial_license_no: p.scenario.key for p in scenarios.placed()}
    scenario_shops = with_names(Shop.objects.filter(commercial_license_no__in=scenarios_by_licence).order_by("pk"))
    signed += [_sealed(loading, shop, rng) for shop in scenario_shops if scenarios_by_licence[shop.commercial_license_no] == "renewed"]
    waiting += [shop for shop in scenario_shops if scenarios_by_licence[shop.commercial_license_no] == "open"]
    count = load(bulk, rng, until=loading.anchor)
    _run_services(sorted(signed, key=lambda p: p.opened_at), rng)
    for shop in waiting:
        with clock.at(loading.instant(loading.day(-rng.randint(1, 9)), rng)):
            submit_renewal(shop=shop, applicant=applicant_of(shop, rng))
    run_licensing_jobs(loading)
    mark_sent(loading)
    issued = Case.objects.filter(service=RENEWAL, state=RenewalState.ISSUED).count() - sum(p.outcome == RenewalState.ISSUED for p in bulk)
    remaining = len(signed) - issued
    note = f", {remaining} of them wait for the renderer or the seal" if remaining else ""
    return f"{count + len(signed) + len(waiting)} requests, {len(signed)} through the whole portal{note}"


def _draw(loading: Loading, rng: Random) -> tuple[list[PastCase], list[PastCase], list[Shop]]:
    """Divide the shops: renewals in bulk, by the services, and open ones."""
    current = HealthLicence.objects.filter(is_current=True, shop__in=case_shop_ids(), document__state=DocumentState.CARRIED_OVER)
    licences = {licence.shop_id: licence for licence in current.select_related("document")}
    shops = [
        shop for shop in with_names(Shop.objects.filter(pk__in=licences).order_by("pk")) if shop.commercial_license_end > loading.today
    ]
    rng.shuffle(shops)
    recent = [s for s in shops if 0 <= (licences[s.pk].last_day - loading.today).days + NEWEST <= WINDOW]
    not_ended = [s for s in recent if licences[s.pk].last_day > loading.today]
    waiting = not_ended[: 2 + loading.scale.signed // 8]
    sealed = [s for s in recent if s not in waiting][: loading.scale.signed - 2]
    remaining = [s for s in shops if s not in waiting and s not in sealed]
    bulk = [p for shop in remaining if (p := _past(loading, shop, licences[shop.pk], rng)) is not None]
    return bulk, [_sealed(loading, shop, rng, licences[shop.pk]) for shop in sealed], waiting


def _past(loading: Loading, shop: Shop, licence: HealthLicence, rng: Random) -> PastCase | None:
    """A random past renewal; None if the licence leaves no day for it."""
    first = max(licence.last_day - dt.timedelta(days=WINDOW), loading.day(-DAYS))
    last = min(licence.last_day - dt.timedelta(days=1), loading.day(-1))
    if first > last:
        return None
    opened = _moment(first + dt.timedelta(days=rng.randint(0, (last - first).days)), rng)
    draw, applicant = rng.random(), applicant_of(shop, rng)
    lapsed = opened + dt.timedelta(days=14)
    if draw < 0.05 and lapsed < loading.anchor:
        return PastCase(shop, licence, applicant, RenewalState.EXPIRED, opened, lapsed)
    if draw < 0.09:
        return PastCase(shop, licence, applicant, RenewalState.WITHDRAWN, opened, opened + rng.randint(5, 600) * MINUTE)
    left_at = opened + (rng.randint(1, 25) * MINUTE if rng.random() < 0.88 else rng.randint(60, 60 * 40) * MINUTE)
    paid_at = left_at + dt.timedelta(seconds=rng.randint(45, 240))
    speed = rng.random()  # nearly all within a minute, a few after hours, very few after days
    seconds = rng.randint(18, 75) if speed < 0.94 else rng.randint(3600, 5 * 3600) if speed < 0.98 else rng.randint(5 * 86400, 7 * 86400)
    issued = paid_at + dt.timedelta(seconds=seconds)
    if issued >= loading.anchor:
        left_at = opened + MINUTE
        paid_at, issued = left_at + MINUTE, left_at + 2 * MINUTE
    return PastCase(shop, licence, applicant, RenewalState.ISSUED, opened, issued, left_at, paid_at)


def _sealed(loading: Loading, shop: Shop, rng: Random, licence: HealthLicence | None = None) -> PastCase:
    """A renewal of the last days, for the services."""
    licence = licence or HealthLicence.objects.select_related("document").get(shop=shop, is_current=True)
    first = max(loading.day(-NEWEST), licence.last_day - dt.timedelta(days=WINDOW))
    last = min(licence.last_day, loading.day(-1))
    opened = _moment(first + dt.timedelta(days=rng.randint(0, max((last - first).days, 0))), rng)
    left_at = opened + rng.randint(1, 15) * MINUTE
    paid_at = left_at + dt.timedelta(seconds=rng.randint(45, 240))
    return PastCase(shop, licence, applicant_of(shop, rng), RenewalState.ISSUED, opened, paid_at, left_at, paid_at)


def _run_services(signed: Sequence[PastCase], rng: Random) -> None:
    """Submit and pay renewals at their times; jobs issue the licences."""
    for p in signed:
        with clock.at(p.opened_at):
            p.case = submit_renewal(shop=p.shop, applicant=p.applicant)
    payments = []
    for p in signed:
        bill = bill_of(p.case.key) if p.case else None
        if bill is not None and p.left_at and p.paid_at:
            payments.append(Payment(bill, p.left_at, p.paid_at))
    pay(payments, rng)
    for p in sorted(signed, key=lambda p: p.paid_at or p.opened_at):
        with clock.at(p.paid_at or p.opened_at):
            take_payment(case=Case.objects.select_related("applicant", "branch").get(public_id=p.case.public_id if p.case else ""))


def run_licensing_jobs(loading: Loading, app: str = "licensing") -> None:
    """Run the jobs of licensing, or of another app, that were due before the anchor, in order and at their times."""
    done: set[int] = set()
    while True:
        due = Job.objects.filter(kind__startswith=f"{app}.", state=JobState.QUEUED, due_at__lte=loading.anchor).exclude(pk__in=done)
        job = due.order_by("due_at", "pk").first()
        if job is None:
            return
        done.add(job.pk)
        with clock.at(job.due_at + dt.timedelta(seconds=20)):
            jobs.run(job.pk)


def applicant_of(shop: Shop, rng: Random) -> User:
    if shop.owner is not None:
        return shop.owner
    return rng.choice(list(User.objects.filter(signs_for__organisation=shop.organisation).order_by("pk")))


def _moment(day: dt.date, rng: Random) -> dt.datetime:
    """A random instant of a day, 07:00 to 23:00 in Kuwait."""
    return (dt.datetime.combine(day, dt.time(7), tzinfo=clock.KUWAIT) + dt.timedelta(seconds=rng.randrange(16 * 3600))).astimezone(dt.UTC)
