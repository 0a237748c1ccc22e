"""A year of minutes in every state, told in the order in which they happened."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.db.models import Q

from municipality.accounts.models import User
from municipality.jobs.models import Job, JobState
from municipality.kernel import clock
from municipality.review.models import Clock
from municipality.review.services import clock as clocks
from municipality.rulebook import queries as rulebook
from municipality.uploads import parts
from municipality.uploads import services as uploads
from municipality.uploads.inspection import Drawn
from sandbox.demo.loading import Loading
from sandbox.demo.payments import Payment, pay
from sandbox.demo.pictures import page
from sandbox.demo.platform.messages import mark_sent
from sandbox.demo.seeds import seeded
from sandbox.demo.shops import stories
from sandbox.demo.violations import paper_fines as paper
from sandbox.demo.violations.inspectors import office_staff, teams
from sandbox.demo.violations.timeline import Timeline
from shops.models import Shop
from violations import queries
from violations.models import EvidenceKind, JudicialWarrant, Violation
from violations.services import blocks, court, evidence, notices, objections, relief, settlements, terms, violation_reports
from violations.services.violation_reports import Findings
from violations.states import ViolationState

V = ViolationState
NOTICES = 12  # of the newest that are drawn as papers at the first start; the older ones lie in the archive of paper
# Weighted as a day on the street is.
OFFENCES = {"CLN-03": 16, "CLN-02": 14, "SHP-02": 16, "SHP-04": 22, "SHP-05": 12, "SHP-03": 6, "ADV-01": 12, "CLN-06": 2}
# What becomes of a minute, and how often.
ENDS = {
    "paid": 46,
    "open": 12,
    "unserved": 5,
    "overdue": 9,
    "referred": 8,
    "judged": 6,
    "objected": 5,
    "instalments": 4,
    "extended": 3,
    "waived": 2,
    "annulled": 2,
}
NOTES = ("أمام باب المحل", "على الرصيف المقابل للواجهة", "في الممر الخلفي", "عند مدخل المبنى")


def run(loading: Loading) -> str:
    rng = seeded("violations step")
    inspectors = teams(loading)
    timeline = Timeline(loading)
    held = Shop.objects.filter(Q(owner__isnull=False) | Q(organisation__signatories__isnull=False), closed_on__isnull=True).distinct()
    told = [place.commercial_license_no for place in stories.placed()]  # each of these shows one thing, and no fine beside
    held = held.exclude(commercial_license_no__in=told)
    shops = list(held.select_related("activity", "area__governorate__branch", "branch").order_by("pk"))
    office = office_staff()
    for number in range(loading.scale.minutes):
        # More of them lately, so that the lists of today are not empty.
        day = loading.day(-int(340 * rng.random() ** 2) - 1)
        moment = loading.instant(day, rng)
        timeline.at(moment, _seen(timeline, rng, number, shops, inspectors, office))
    paper.tell(timeline, loading, [shop for shop in shops if shop.branch_id == office["violation_clerk"].branch_id], office)
    timeline.run()
    with clock.at(loading.anchor):
        notices.sweep()
        terms.void_missed()
        terms.lapse_due()
        blocks.place_due()
        paper.lift_one(office)
        for pk in Clock.objects.filter(stopped_at__isnull=True, next_level_at__lte=loading.anchor).values_list("pk", flat=True):
            clocks.escalate(clock_id=pk)
    _photos(loading)
    _put_papers_away(loading)
    mark_sent(loading)
    return f"{Violation.objects.count()} violations: " + ", ".join(
        f"{found} {state}" for state, found in sorted(Counter(Violation.objects.values_list("state", flat=True)).items())
    )


def _seen(
    timeline: Timeline,
    rng: Random,
    number: int,
    shops: Sequence[Shop],
    inspectors: dict[tuple[str, bool], list[JudicialWarrant]],
    office: dict[str, Any],
) -> Callable[[], None]:
    """An inspector sees something at a shop; what follows depends on the offence and on how the party takes it."""

    def act() -> None:
        shop = shops[int(len(shops) * rng.random() ** 2)]
        womens = shop.activity.is_womens
        code = rng.choices(list(OFFENCES), list(OFFENCES.values()))[0]
        warrant = rng.choice(inspectors[shop.branch_id, womens])
        now = clock.now()
        if Violation.objects.filter(shop=shop, offence=code, seen_at__gte=now - dt.timedelta(days=30)).exists():
            return
        unit = rulebook.edition(queries.OFFENCES, clock.today()).offences[code].unit
        quantity = {"m2": rng.randrange(100, 1200, 25), "piece": 100 * rng.randint(1, 4)}.get(unit, 100)
        area = shop.area
        row, _new = violation_reports.record(
            inspector=warrant.user,
            findings=Findings(
                client_key=str(UUID(int=rng.getrandbits(128), version=4)),
                offence=code,
                seen_at=now - dt.timedelta(minutes=rng.randint(2, 20)),
                area=area,
                shop=shop,
                quantity_hundredths=quantity,
                latitude=round(area.latitude + rng.uniform(-0.004, 0.004), 6) if area.latitude else None,
                longitude=round(area.longitude + rng.uniform(-0.004, 0.004), 6) if area.longitude else None,
                accuracy_m=rng.randint(4, 25) if area.latitude else None,
                block=shop.block,
                street=shop.street,
                note_ar=rng.choice(NOTES),
            ),
        )
        if row.state == V.WARNED:
            _after_warning(timeline, rng, row, warrant, office)
        else:
            _after_minute(timeline, rng, row, office)

    return act


def _row(row: Violation) -> Violation:
    return Violation.objects.select_related("shop", "party").get(pk=row.pk)


def _after_warning(timeline: Timeline, rng: Random, row: Violation, warrant: JudicialWarrant, office: dict[str, Any]) -> None:
    now, rule = clock.now(), row.rule
    if rng.random() < 0.45:
        mended = now + dt.timedelta(days=rule.correction_days * 0.6)
        timeline.at(mended, lambda: violation_reports.accept_correction(violation=_row(row), inspector=warrant.user))
        return

    def write() -> None:
        found = _row(row)
        violation_reports.write_report(violation=found, inspector=warrant.user, seen_at=clock.now())
        _after_minute(timeline, rng, found, office)

    timeline.at(now + dt.timedelta(days=rule.correction_days + 1, hours=1), write)


def _after_minute(timeline: Timeline, rng: Random, row: Violation, office: dict[str, Any]) -> None:
    """The party opens the notice some days later, and then takes one of the ways."""
    now = clock.now()
    end = rng.choices(list(ENDS), list(ENDS.values()))[0]
    people = queries.people_of(row)
    if end == "unserved" or not people:
        return
    person = people[0]
    opened = now + dt.timedelta(days=rng.randint(0, 4), hours=rng.randint(1, 5))
    timeline.at(opened, lambda: _open(row, person))
    timeline.night(clock.day_of(opened) + dt.timedelta(days=15))
    acted = opened + dt.timedelta(days=rng.randint(0, 12), minutes=rng.randint(5, 300))
    ways: dict[str, Callable[[], None]] = {
        "paid": lambda: _pay(row, person, rng),
        "objected": lambda: _object(timeline, row, person, rng),
        "instalments": lambda: _plan(timeline, row, person, rng),
        "extended": lambda: _if(row, V.ORDERED, lambda found: terms.extend(violation=found, person=person)),
        "waived": lambda: _relieve(row, rng, office),
        "annulled": lambda: _annul(row, office),
    }
    if end in ways:
        timeline.at(acted, ways[end])
    if end in ("referred", "judged"):
        timeline.at(opened + dt.timedelta(days=40), lambda: _refer(office))
    if end == "judged":
        timeline.at(opened + dt.timedelta(days=75), lambda: _rule(row, rng, office))
        if rng.random() < 0.5:
            timeline.at(opened + dt.timedelta(days=80), lambda: _pay(row, person, rng))


def _open(row: Violation, person: User) -> None:
    notices.record_opening(violation=row, person=person)


def _if(row: Violation, state: str, act: Callable[[Violation], Any]) -> None:
    found = _row(row)
    if found.state == state:
        act(found)


def _pay(row: Violation, person: User, rng: Random) -> None:
    found = _row(row)
    if found.state not in (V.ORDERED, V.INSTALMENTS, V.JUDGED):
        return
    left = clock.now()
    with transaction.atomic():
        bill = settlements.bill_for(violation=found, person=person)
        pay([Payment(bill, left, left + dt.timedelta(seconds=rng.randint(40, 200)))], rng)
        settlements.paid(bill.pk)


def _object(timeline: Timeline, row: Violation, person: User, rng: Random) -> None:
    """An objection; what nobody answered in the legal time is refused by mark_sent on its day."""
    found = _row(row)
    if found.state != V.ORDERED:
        return
    objection = objections.file(
        violation=found,
        person=person,
        ground=rng.choice(("facts_wrong", "amount_wrong", "licensed")),
        words="الصورة لا تبين ما ذكره المحضر، والمكان كان نظيفاً.",
        lot=rng.choice,
    )
    timeline.at(clock.start_of(objection.defend_by + dt.timedelta(days=1)), lambda: objections.close_defence(objection_id=objection.pk))
    timeline.at(clock.start_of(objection.answer_by + dt.timedelta(days=1)), lambda: objections.lapse(objection_id=objection.pk))


def _plan(timeline: Timeline, row: Violation, person: User, rng: Random) -> None:
    found = _row(row)
    order = queries.order_of(found)
    if found.state != V.ORDERED or order is None or order.fils < queries.limits()["instalments_from_fils"]:
        return
    terms.agree_plan(violation=found, person=person, count=3)
    for turn in range(3 if rng.random() < 0.7 else 1):
        timeline.at(clock.now() + dt.timedelta(days=29 * turn, minutes=30 + turn), lambda: _pay(row, person, rng))


def _relieve(row: Violation, rng: Random, office: dict[str, Any]) -> None:
    def act(found: Violation) -> None:
        asked = relief.ask_relief(
            violation=found,
            code=rng.choice(("hardship", "minor_error")),
            note_ar="",
            percent=rng.choice((0, 50)),
            asked_by=office["violation_clerk"],
        )
        relief.allow_relief(relief=asked, allowed_by=office["violation_authority"])

    _if(row, V.ORDERED, act)


def _annul(row: Violation, office: dict[str, Any]) -> None:
    def act(found: Violation) -> None:
        asked = relief.ask_annulment(violation=found, code="form_defect", note_ar="", asked_by=office["violation_clerk"])
        relief.allow_annulment(annulment=asked, allowed_by=office["violation_authority"])

    _if(row, V.ORDERED, act)


def _refer(office: dict[str, Any]) -> None:
    if court.referable().exists():
        court.refer(clerk=office["court"])


def _rule(row: Violation, rng: Random, office: dict[str, Any]) -> None:
    def act(found: Violation) -> None:
        fils = rng.choice((100_000, 150_000, 200_000, 300_000, None))
        number = f"ج {rng.randint(100, 999)}/{clock.today().year}"
        ruling = court.enter_judgment(violation=found, ruling_no=number, ruled_on=clock.today(), fils=fils, clerk=office["court"])
        court.confirm_judgment(judgment=ruling, clerk=office["court_second"], ruling_no=number, fils=fils)

    _if(row, V.REFERRED, act)


def _photos(loading: Loading) -> None:
    """A drawn picture for the newest, so that their pages show how evidence stands there."""
    picture = page("photos")
    for row in Violation.objects.select_related("inspector__user").order_by("-pk")[: loading.scale.minutes // 12]:
        if row.inspector is None:  # of paper there is no picture
            continue
        sender = row.inspector.user
        with clock.at(row.received_at):
            file = SimpleUploadedFile("front.jpg", picture)
            evidence.take(violation=row, sender=sender, slot="photos", kind=EvidenceKind.OFFENCE, files=[file], captured_at=row.seen_at)
            for upload in uploads.queries.of(row.key, "photos"):
                uploads.accept(upload, Drawn(picture, picture, "image/jpeg", 1, 480, 640))
                parts.drop(upload.public_id)


def _put_papers_away(loading: Loading) -> None:
    """Only the newest notices are drawn by the worker of the first start; hundreds at once would keep it from everything else.

    What the first start is to draw has not been waiting since the day of its timeline.
    """
    waiting = Job.objects.filter(kind__in=("violations.notice_document", "violations.objection_document"), state=JobState.QUEUED)
    kept = list(waiting.order_by("-pk").values_list("pk", flat=True)[:NOTICES])
    waiting.exclude(pk__in=kept).update(state=JobState.DONE, finished_at=clock.now())
    Job.objects.filter(pk__in=kept).update(due_at=loading.anchor + dt.timedelta(seconds=1))
    told = Job.objects.filter(kind__in=("violations.close_defence", "violations.lapse_objection"), due_at__lte=loading.anchor)
    told.filter(state=JobState.QUEUED).update(state=JobState.DONE, finished_at=clock.now())  # the timeline has done it already
    Job.objects.filter(kind="uploads.inspect", state=JobState.QUEUED).update(state=JobState.DONE, finished_at=clock.now())
