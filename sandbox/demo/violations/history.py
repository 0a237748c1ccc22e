"""A year of violations in every state, in the order in which they happened."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from municipality.accounts.models import User
from municipality.jobs.models import Job, JobState
from municipality.kernel import clock
from municipality.review.models import Clock
from municipality.review.services import case_clock
from municipality.rulebook import queries as rulebook
from sandbox.demo import land
from sandbox.demo.loading import Loading
from sandbox.demo.payments import Payment, pay
from sandbox.demo.platform.messages import mark_sent
from sandbox.demo.seeds import seeded
from sandbox.demo.shops import scenarios
from sandbox.demo.violations import blocked_shops, photos
from sandbox.demo.violations import paper_fines as paper
from sandbox.demo.violations.inspectors import office_staff, teams
from sandbox.demo.violations.timeline import Timeline
from shops.models import Shop
from violations import queries
from violations.models import JudicialWarrant, Violation
from violations.services import blocks, court, notices, objections, relief, settlements, terms, violation_reports
from violations.services.assessments import Findings
from violations.states import ViolationState

V = ViolationState
NOTICES = 12  # newest documents that the worker draws at the first start
# Offence → weight.
OFFENCES = {"CLN-03": 16, "CLN-02": 14, "SHP-02": 16, "SHP-04": 22, "SHP-05": 12, "SHP-03": 6, "ADV-01": 12, "CLN-06": 2}
# Outcome of a violation report → weight.
OUTCOMES = {
    "paid": 34,
    "open": 12,
    "unserved": 5,
    "overdue": 8,
    "referred": 8,
    "judged": 6,
    "objected": 10,
    "instalments": 16,
    "extended": 3,
    "waived": 5,
    "annulled": 3,
}
OUTSIDE = ("أمام باب المحل", "على الرصيف المقابل للواجهة", "في الممر الخلفي", "عند مدخل المبنى")
# Offence → what the inspector noted; of the others the place outside the shop.
NOTES = {
    "SHP-02": ("لم يُعرض الترخيص في المحل عند المعاينة", "الترخيص المعروض انتهت مدته"),
    "SHP-03": ("المساحة المشغولة أكبر من المرخصة",),
    "SHP-05": ("لم تُقدَّم الشهادات الصحية عند المعاينة",),
    "ADV-01": ("اللوحة فوق واجهة المحل",),
}


def run(loading: Loading) -> str:
    rng = seeded("violations step")
    inspectors = teams(loading)
    timeline = Timeline(loading)
    owned = Shop.objects.filter(Q(owner__isnull=False) | Q(organisation__signatories__isnull=False), closed_on__isnull=True).distinct()
    scenario_licences = [placed.commercial_license_no for placed in scenarios.placed()]  # the scenarios have none but their own
    owned = owned.exclude(commercial_license_no__in=scenario_licences)
    shops = list(owned.select_related("activity", "area__governorate__branch", "branch").order_by("pk"))
    office = office_staff()
    for number in range(loading.scale.violations):
        # More recent ones, so that current lists are not empty.
        day = loading.day(-int(340 * rng.random() ** 2) - 1)
        moment = loading.instant(day, rng)
        timeline.at(moment, _record_violation(timeline, rng, number, shops, inspectors, office))
    paper.load(timeline, loading, [shop for shop in shops if shop.branch_id == office["violation_clerk"].branch_id], office)
    blocked_shops.load(timeline, loading, seeded("blocked shops"), inspectors, office)
    timeline.run()
    with clock.at(loading.anchor):
        notices.sweep()
        terms.void_missed()
        terms.lapse_due()
        blocks.place_due()
        paper.lift_one(office)
        for pk in Clock.objects.filter(stopped_at__isnull=True, next_level_at__lte=loading.anchor).values_list("pk", flat=True):
            case_clock.escalate(clock_id=pk)
    photos.add()
    _skip_old_documents(loading)
    mark_sent(loading)
    return f"{Violation.objects.count()} violations: " + ", ".join(
        f"{current} {state}" for state, current in sorted(Counter(Violation.objects.values_list("state", flat=True)).items())
    )


def _record_violation(
    timeline: Timeline,
    rng: Random,
    number: int,
    shops: Sequence[Shop],
    inspectors: dict[tuple[str, bool], list[JudicialWarrant]],
    office: dict[str, User],
) -> Callable[[], None]:
    """An action of the timeline: an inspector records a violation, and what follows is added to the timeline."""

    def apply() -> None:
        shop = shops[int(len(shops) * rng.random() ** 2)]
        womens = shop.activity.is_womens
        code = rng.choices(list(OFFENCES), list(OFFENCES.values()))[0]
        warrant = rng.choice(inspectors[shop.branch_id, womens])
        now = clock.now()
        if Violation.objects.filter(shop=shop, offence=code, seen_at__gte=now - dt.timedelta(days=30)).exists():
            return
        unit = rulebook.edition(queries.OFFENCES, clock.today()).offences[code].unit
        surface, count = rng.randrange(100, 1200, 25), 100 * rng.randint(1, 4)
        quantity = {"m2": surface, "piece": count, "worker": count}.get(unit, 100)
        area, place = shop.area, None
        if area.latitude and area.longitude:
            place = land.near(area.latitude, area.longitude, rng.uniform(-0.004, 0.004), rng.uniform(-0.004, 0.004))
        row, _new = violation_reports.record(
            inspector=warrant.user,
            findings=Findings(
                client_key=str(UUID(int=rng.getrandbits(128), version=4)),
                offence=code,
                seen_at=now - dt.timedelta(minutes=rng.randint(2, 20)),
                area=area,
                shop=shop,
                quantity_hundredths=quantity,
                latitude=place[0] if place else None,
                longitude=place[1] if place else None,
                accuracy_m=rng.randint(4, 25) if place else None,
                block=shop.block,
                street=shop.street,
                note_ar=rng.choice(NOTES.get(code, OUTSIDE)),
            ),
        )
        if row.state == V.WARNED:
            _after_warning(timeline, rng, row, warrant, office)
        else:
            _after_report(timeline, rng, row, office)

    return apply


def _row(row: Violation) -> Violation:
    return Violation.objects.select_related("shop", "party").get(pk=row.pk)


def _after_warning(timeline: Timeline, rng: Random, row: Violation, warrant: JudicialWarrant, office: dict[str, User]) -> None:
    now, rule = clock.now(), row.rule
    if rng.random() < 0.45:
        corrected_at = now + dt.timedelta(days=rule.correction_days * 0.6)
        timeline.at(corrected_at, lambda: violation_reports.accept_correction(violation=_row(row), inspector=warrant.user))
        return

    def write() -> None:
        current = _row(row)
        violation_reports.write_report(violation=current, inspector=warrant.user, seen_at=clock.now())
        _after_report(timeline, rng, current, office)

    timeline.at(now + dt.timedelta(days=rule.correction_days + 1, hours=1), write)


def _after_report(timeline: Timeline, rng: Random, row: Violation, office: dict[str, User]) -> None:
    """The party opens the notice some days later and takes an option."""
    now = clock.now()
    outcome = rng.choices(list(OUTCOMES), list(OUTCOMES.values()))[0]
    people = queries.people_of(row)
    if outcome == "unserved" or not people:
        return
    person = people[0]
    opened_at = now + dt.timedelta(days=rng.randint(0, 4), hours=rng.randint(1, 5))
    timeline.at(opened_at, lambda: _open(row, person))
    timeline.night(clock.day_of(opened_at) + dt.timedelta(days=15))
    acted_at = opened_at + dt.timedelta(days=rng.randint(0, 12), minutes=rng.randint(5, 300))
    actions: dict[str, Callable[[], None]] = {
        "paid": lambda: _pay(row, person, rng),
        "objected": lambda: _object(timeline, row, person, rng),
        "instalments": lambda: _plan(timeline, row, person, rng),
        "extended": lambda: _apply_if(row, V.ORDERED, lambda current: terms.extend(violation=current, person=person)),
        "waived": lambda: _relieve(row, rng, office),
        "annulled": lambda: _annul(row, office),
    }
    if outcome in actions:
        timeline.at(acted_at, actions[outcome])
    if outcome in ("referred", "judged"):
        timeline.at(opened_at + dt.timedelta(days=40), lambda: _refer(office))
    if outcome == "judged":
        timeline.at(opened_at + dt.timedelta(days=75), lambda: _rule(row, rng, office))
        if rng.random() < 0.5:
            timeline.at(opened_at + dt.timedelta(days=80), lambda: _pay(row, person, rng))


def _open(row: Violation, person: User) -> None:
    notices.record_opening(violation=row, person=person)


def _apply_if(row: Violation, state: str, apply: Callable[[Violation], Any]) -> None:
    current = _row(row)
    if current.state == state:
        apply(current)


def _pay(row: Violation, person: User, rng: Random) -> None:
    current = _row(row)
    if current.state not in (V.ORDERED, V.INSTALMENTS, V.JUDGED):
        return
    started_at = clock.now()
    with transaction.atomic():
        bill = settlements.bill_for(violation=current, person=person)
        pay([Payment(bill, started_at, started_at + dt.timedelta(seconds=rng.randint(40, 200)))], rng)
        settlements.paid(bill.pk)


def _object(timeline: Timeline, row: Violation, person: User, rng: Random) -> None:
    """File an objection; its deadlines are on the timeline."""
    current = _row(row)
    if current.state != V.ORDERED:
        return
    objection = objections.file(
        violation=current,
        person=person,
        ground=rng.choice(("facts_wrong", "amount_wrong", "licensed")),
        words="الصورة لا تبين ما ذكره المحضر، والمكان كان نظيفاً.",
        lot=rng.choice,
    )
    timeline.at(clock.start_of(objection.defend_by + dt.timedelta(days=1)), lambda: objections.close_defence(objection_id=objection.pk))
    timeline.at(clock.start_of(objection.answer_by + dt.timedelta(days=1)), lambda: objections.lapse(objection_id=objection.pk))


def _plan(timeline: Timeline, row: Violation, person: User, rng: Random) -> None:
    current = _row(row)
    order = queries.order_of(current)
    if current.state != V.ORDERED or order is None or order.fils < queries.limits()["instalments_from_fils"]:
        return
    terms.agree_plan(violation=current, person=person, count=3)
    for number in range(3 if rng.random() < 0.7 else 1):
        timeline.at(clock.now() + dt.timedelta(days=29 * number, minutes=30 + number), lambda: _pay(row, person, rng))


def _relieve(row: Violation, rng: Random, office: dict[str, User]) -> None:
    def apply(current: Violation) -> None:
        proposal = relief.ask_relief(
            violation=current,
            code=rng.choice(("hardship", "minor_error")),
            note_ar="",
            percent=rng.choice((0, 50)),
            asked_by=office["violation_clerk"],
        )
        relief.allow_relief(relief=proposal, allowed_by=office["violation_authority"])

    _apply_if(row, V.ORDERED, apply)


def _annul(row: Violation, office: dict[str, User]) -> None:
    def apply(current: Violation) -> None:
        proposal = relief.ask_annulment(violation=current, code="form_defect", note_ar="", asked_by=office["violation_clerk"])
        relief.allow_annulment(annulment=proposal, allowed_by=office["violation_authority"])

    _apply_if(row, V.ORDERED, apply)


def _refer(office: dict[str, User]) -> None:
    if court.referable().exists():
        court.refer(clerk=office["court"])


def _rule(row: Violation, rng: Random, office: dict[str, User]) -> None:
    def apply(current: Violation) -> None:
        fils = rng.choice((100_000, 150_000, 200_000, None))
        number = f"ج {rng.randint(100, 999)}/{clock.today().year}"
        ruling = court.enter_judgment(violation=current, ruling_no=number, ruled_on=clock.today(), fils=fils, clerk=office["court"])
        court.confirm_judgment(judgment=ruling, ruled_on=ruling.ruled_on, clerk=office["court_second"], ruling_no=number, fils=fils)

    _apply_if(row, V.REFERRED, apply)


def _skip_old_documents(loading: Loading) -> None:
    """Leave only the newest documents to the worker of the first start, due now, and finish jobs that the timeline has run."""
    waiting = Job.objects.filter(kind__in=("violations.notice_document", "violations.objection_document"), state=JobState.QUEUED)
    newest = list(waiting.order_by("-pk").values_list("pk", flat=True)[:NOTICES])
    waiting.exclude(pk__in=newest).update(state=JobState.DONE, finished_at=clock.now())
    Job.objects.filter(pk__in=newest).update(due_at=loading.anchor + dt.timedelta(seconds=1))
    deadlines = Job.objects.filter(kind__in=("violations.close_defence", "violations.lapse_objection"), due_at__lte=loading.anchor)
    deadlines.filter(state=JobState.QUEUED).update(state=JobState.DONE, finished_at=clock.now())
    Job.objects.filter(kind="uploads.inspect", state=JobState.QUEUED).update(state=JobState.DONE, finished_at=clock.now())
