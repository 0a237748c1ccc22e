"""Renewals of the last months: most written set by set, the newest through the portal itself, seal and all; some still open."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from random import Random

from licensing.health.services import submit_renewal, take_payment
from licensing.health.states import RENEWAL, RenewalState
from licensing.models import HealthLicence
from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.cases.services import compute_figures, place_block
from municipality.documents.states import DocumentState
from municipality.jobs import services as jobs
from municipality.jobs.models import Job, JobState
from municipality.kernel import clock
from municipality.kernel.actors import system
from payments.queries import bill_of
from sandbox.demo.licensing.licences import case_shop_ids
from sandbox.demo.licensing.renewals import PastCase, tell
from sandbox.demo.loading import Loading
from sandbox.demo.payments import Payment, pay
from sandbox.demo.platform.messages import mark_sent
from sandbox.demo.seeds import seeded
from sandbox.demo.shops import stories
from shops.models import Shop
from shops.register.queries import with_names

DAYS = 120
WINDOW = 59  # days before its end in which a licence is renewed here
NEWEST = 12  # days in which the sealed ones lie
MINUTE = dt.timedelta(minutes=1)


def run(loading: Loading) -> str:
    rng = seeded("past cases step")
    _place_blocks(loading)
    told, signed, waiting = _draw(loading, rng)
    stories_told = {p.commercial_license_no: p.story.key for p in stories.placed()}
    own = with_names(Shop.objects.filter(commercial_license_no__in=stories_told).order_by("pk"))
    signed += [_sealed(loading, shop, rng) for shop in own if stories_told[shop.commercial_license_no] == "renewed"]
    waiting += [shop for shop in own if stories_told[shop.commercial_license_no] == "open"]
    count = tell(told, rng, until=loading.anchor)
    _go_through(sorted(signed, key=lambda p: p.opened_at), rng)
    for shop in waiting:
        with clock.at(loading.instant(loading.day(-rng.randint(1, 9)), rng)):
            submit_renewal(shop=shop, applicant=applicant_of(shop, rng))
    _work_off(loading)
    mark_sent(loading)
    with clock.at(loading.anchor):
        compute_figures()
    issued = Case.objects.filter(service=RENEWAL, state=RenewalState.ISSUED).count() - sum(p.outcome == RenewalState.ISSUED for p in told)
    left = len(signed) - issued
    note = f", {left} of them wait for the renderer or the seal" if left else ""
    return f"{count + len(signed) + len(waiting)} requests, {len(signed)} through the whole portal{note}"


def _draw(loading: Loading, rng: Random) -> tuple[list[PastCase], list[PastCase], list[Shop]]:
    """What becomes of the shops set aside: told in sets, sent through the portal, left open."""
    current = HealthLicence.objects.filter(is_current=True, shop__in=case_shop_ids(), document__state=DocumentState.CARRIED_OVER)
    licences = {licence.shop_id: licence for licence in current.select_related("document")}
    found = [
        shop for shop in with_names(Shop.objects.filter(pk__in=licences).order_by("pk")) if shop.commercial_license_end > loading.today
    ]
    rng.shuffle(found)
    fresh = [s for s in found if 0 <= (licences[s.pk].last_day - loading.today).days + NEWEST <= WINDOW]
    ahead = [s for s in fresh if licences[s.pk].last_day > loading.today]
    waiting = ahead[: 2 + loading.scale.signed // 8]
    sealed = [s for s in fresh if s not in waiting][: loading.scale.signed - 2]
    left = [s for s in found if s not in waiting and s not in sealed]
    told = [p for shop in left if (p := _past(loading, shop, licences[shop.pk], rng)) is not None]
    return told, [_sealed(loading, shop, rng, licences[shop.pk]) for shop in sealed], waiting


def _past(loading: Loading, shop: Shop, licence: HealthLicence, rng: Random) -> PastCase | None:
    """What became of one renewal; None where the licence leaves no day for it."""
    first = max(licence.last_day - dt.timedelta(days=WINDOW), loading.day(-DAYS))
    last = min(licence.last_day - dt.timedelta(days=1), loading.day(-1))
    if first > last:
        return None
    opened = _moment(first + dt.timedelta(days=rng.randint(0, (last - first).days)), rng)
    fate, applicant = rng.random(), applicant_of(shop, rng)
    lapsed = opened + dt.timedelta(days=14)
    if fate < 0.05 and lapsed < loading.anchor:
        return PastCase(shop, licence, applicant, RenewalState.EXPIRED, opened, lapsed)
    if fate < 0.09:
        return PastCase(shop, licence, applicant, RenewalState.WITHDRAWN, opened, opened + rng.randint(5, 600) * MINUTE)
    left = opened + (rng.randint(1, 25) * MINUTE if rng.random() < 0.88 else rng.randint(60, 60 * 40) * MINUTE)
    paid = left + dt.timedelta(seconds=rng.randint(45, 240))
    pace = rng.random()  # nearly all within the minute, a few behind a fault of some hours, very few too late
    took = rng.randint(18, 75) if pace < 0.94 else rng.randint(3600, 5 * 3600) if pace < 0.98 else rng.randint(5 * 86400, 7 * 86400)
    issued = paid + dt.timedelta(seconds=took)
    if issued >= loading.anchor:
        left = opened + MINUTE
        paid, issued = left + MINUTE, left + 2 * MINUTE
    return PastCase(shop, licence, applicant, RenewalState.ISSUED, opened, issued, left, paid)


def _sealed(loading: Loading, shop: Shop, rng: Random, licence: HealthLicence | None = None) -> PastCase:
    """A renewal of the last days, to be sent through the portal."""
    licence = licence or HealthLicence.objects.select_related("document").get(shop=shop, is_current=True)
    first = max(loading.day(-NEWEST), licence.last_day - dt.timedelta(days=WINDOW))
    last = min(licence.last_day, loading.day(-1))
    opened = _moment(first + dt.timedelta(days=rng.randint(0, max((last - first).days, 0))), rng)
    left = opened + rng.randint(1, 15) * MINUTE
    paid = left + dt.timedelta(seconds=rng.randint(45, 240))
    return PastCase(shop, licence, applicant_of(shop, rng), RenewalState.ISSUED, opened, paid, left, paid)


def _go_through(signed: Sequence[PastCase], rng: Random) -> None:
    """Submit and take the money at their own times; the licences follow with the jobs."""
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


def _work_off(loading: Loading) -> None:
    """Run the jobs of licensing that were due before the anchor, each at its own time and in order."""
    done: set[int] = set()
    while True:
        due = Job.objects.filter(kind__startswith="licensing.", state=JobState.QUEUED, due_at__lte=loading.anchor).exclude(pk__in=done)
        job = due.order_by("due_at", "pk").first()
        if job is None:
            return
        done.add(job.pk)
        with clock.at(job.due_at + dt.timedelta(seconds=20)):
            jobs.run(job.pk)


def _place_blocks(loading: Loading) -> None:
    numbers = [p.commercial_license_no for p in stories.placed() if p.story.key == "blocked"]
    with clock.at(loading.anchor - dt.timedelta(days=40)):
        for shop in Shop.objects.filter(commercial_license_no__in=numbers).order_by("pk"):
            place_block(
                subject=shop.key,
                ground="unpaid_settlement",
                source=f"demo:{shop.public_id}",
                stops=RENEWAL,
                sentence_ar="على المحل أمر صلح غير مسدد. يُرفع الحظر تلقائيًا عند سداده.",
                sentence_en="A settlement order against this shop is unpaid. The block is lifted by itself once it is paid.",
                actor=system("violations"),
            )


def applicant_of(shop: Shop, rng: Random) -> User:
    if shop.owner is not None:
        return shop.owner
    return rng.choice(list(User.objects.filter(signs_for__organisation=shop.organisation).order_by("pk")))


def _moment(day: dt.date, rng: Random) -> dt.datetime:
    """Some time of a day between seven in the morning and eleven at night in Kuwait: a portal has no office hours."""
    return (dt.datetime.combine(day, dt.time(7), tzinfo=clock.KUWAIT) + dt.timedelta(seconds=rng.randrange(16 * 3600))).astimezone(dt.UTC)
