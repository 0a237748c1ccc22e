"""The officers' queue: skills, an absence, a conflict of interest, and renewals with changes in every state."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from licensing.health import draft_pages
from licensing.health.queries import offer
from licensing.health.services import send_to_officer, take_payment
from licensing.health.states import RENEWAL, RenewalState
from licensing.models import HealthLicence
from municipality.accounts.models import User
from municipality.audit.services import log_access
from municipality.cases.models import Case
from municipality.drafts import services as drafts
from municipality.jobs import services as jobs
from municipality.jobs.models import Job, JobState
from municipality.kernel import clock, worktime
from municipality.kernel.actors import Actor
from municipality.review import queries
from municipality.review.admin.access import STUDY
from municipality.review.models import Assignment, Clock
from municipality.review.registry import reviewable
from municipality.review.services import case_clock, desk, staff
from municipality.review.services import queue as places
from municipality.review.services.desk import CorrectionRequest
from municipality.rulebook import queries as rulebook
from municipality.uploads import parts
from municipality.uploads import services as uploads
from municipality.uploads.inspection import Reencoded
from municipality.uploads.models import Upload
from payments.queries import bill_of
from sandbox.demo import scenes
from sandbox.demo.licensing.past_cases import applicant_of, run_licensing_jobs
from sandbox.demo.loading import Loading
from sandbox.demo.payments import Payment, pay
from sandbox.demo.pictures import page
from sandbox.demo.platform.messages import mark_sent
from sandbox.demo.seeds import seeded
from sandbox.demo.shops import scenarios
from shops.models import Shop

SKILL = "health"
DAYS = 6  # working days over which the requests arrived
CHANGES = (("area_m2",), ("trade_name",), ("trade_name", "area_m2"))
NAMES = (("صالون الشراع", "Al-Sheraa Salon"), ("محل الميناء", "Al-Mina Shop"), ("ركن الواحة", "Al-Waha Corner"))


def run(loading: Loading) -> str:
    rng = seeded("queue step")
    with clock.at(loading.anchor - dt.timedelta(days=40)):
        officers = _fields()
    counts: Counter[str] = Counter()
    moments = _moments(loading, rng)
    for shop in _shops(loading):
        moment = next(moments, None)
        if moment is None:
            break
        with clock.at(moment):
            _send(shop, rng)
        counts["sent"] += 1
    with clock.at(loading.anchor - dt.timedelta(hours=2)):
        _people(loading, officers)
    counts.update(_work(loading, officers))
    counts["issued"] += _pay_one(loading, rng)
    with clock.at(loading.anchor):
        for pk in Clock.objects.filter(stopped_at__isnull=True, next_level_at__lte=loading.anchor).values_list("pk", flat=True):
            counts["moved up"] += case_clock.escalate(clock_id=pk)
        run_idle_jobs()
    mark_sent(loading)
    return ", ".join(f"{count} {label}" for label, count in counts.items())


def _pay_one(loading: Loading, rng: Random) -> int:
    """Pay an approved request with a photo of the front: its licence is issued, and the shop's page shows the photo."""
    approved = Case.objects.filter(service=RENEWAL, state=RenewalState.AWAITING_PAYMENT).select_related("applicant", "branch")
    case = next((c for c in approved.order_by("pk") if Upload.objects.filter(subject=c.key, slot="photo_front").exists()), None)
    bill = bill_of(case.key) if case else None
    if case is None or bill is None:
        return 0
    paid_at = loading.anchor - dt.timedelta(minutes=30)
    pay([Payment(bill, paid_at - dt.timedelta(minutes=2), paid_at)], rng)
    with clock.at(paid_at):
        take_payment(case=case)
    run_licensing_jobs(loading)
    return 1


def run_idle_jobs() -> None:
    """Run jobs that have nothing left to do."""
    kinds = ("uploads.inspect", "review.recompute_clocks")
    for pk in Job.objects.filter(kind__in=kinds, state=JobState.QUEUED).order_by("pk").values_list("pk", flat=True):
        jobs.run(pk)


def _fields() -> list[User]:
    """Give every officer their skills, by the supervisor of the branch."""
    supervisors = {user.branch_id: user for user in User.objects.filter(groups__name="supervisor").order_by("pk")}
    officers = list(User.objects.filter(groups__name="officer", branch__isnull=False).order_by("login"))
    for officer in officers:
        for field in (SKILL, "claims", "pages"):
            staff.give_skill(officer=officer, code=field, given_by=supervisors[officer.branch_id])
    return officers


def _people(loading: Loading, officers: Sequence[User]) -> None:
    """Enter an absence of an officer and a conflict of interest of another."""
    absent = next(o for o in officers if o.login == "officer2.ah")
    staff.enter_absence(officer=absent, kind="leave", first_day=loading.day(0), last_day=loading.day(9), entered_by=absent)
    waiting = Case.objects.filter(place__isnull=False, branch="HA").select_related("applicant").order_by("pk").first()
    if waiting is not None:
        conflicted = next(o for o in officers if o.login == "officer2.ha")
        staff.declare_conflict(officer=conflicted, party_key=waiting.applicant.key, kind="relative", declared_by=conflicted)


def _moments(loading: Loading, rng: Random) -> Iterator[dt.datetime]:
    """Ordered instants of the last working days before the anchor."""
    calendar, day = rulebook.calendar(), loading.today
    days: list[dt.date] = []
    while len(days) < DAYS:
        day -= dt.timedelta(days=1)
        if worktime.is_working_day(calendar, day):
            days.append(day)
    yield from sorted(loading.instant(rng.choice(days), rng) for _ in range(loading.scale.studied))


def _shops(loading: Loading) -> Iterator[Shop]:
    """Shops of persons that may be renewed now, without a scenario."""
    counts = {place.commercial_license_no for place in scenarios.placed()}
    owned = Shop.objects.filter(owner__isnull=False, pk__in=HealthLicence.objects.filter(is_current=True).values("shop")).exclude(
        commercial_license_no__in=counts
    )
    with clock.at(loading.anchor):
        open_for = set(Case.objects.filter(service=RENEWAL, is_open=True).values_list("subject", flat=True))
        renewable = [s for s in owned.select_related("owner", "branch").order_by("pk") if s.key not in open_for and offer(s).may_be_studied]
    yield from renewable


def _send(shop: Shop, rng: Random) -> None:
    owner = applicant_of(shop, rng)
    names = rng.choice(CHANGES)
    draft = drafts.begin(person=owner, service=RENEWAL, subject=shop.key)
    draft = drafts.answer(draft=draft, page=draft_pages.WHAT, answers={"changed": list(names)}, version=draft.version)
    given: dict[str, Any] = {}
    for name in names:
        answers = _answers(shop, name, rng)
        draft, given = drafts.answer(draft=draft, page=name, answers=answers, version=draft.version), given | answers
    for slot in (slot for slot, least in draft_pages.required_slots(draft).items() if least):
        attach(owner, draft.key, slot, f"Area: {given['area_m2']} m2" if slot == "drawing" and "area_m2" in given else "")
    send_to_officer(shop=shop, applicant=owner, draft=draft, version=draft.version)


def _answers(shop: Shop, name: str, rng: Random) -> dict[str, Any]:
    if name == "area_m2":
        return {"area_m2": (shop.area_m2 or 60) + rng.choice((10, 15, 25))}
    name_ar, name_en = rng.choice(NAMES)
    return {"name_ar": name_ar, "name_en": name_en}


def attach(owner: Any, subject: str, slot: str, note: str = "") -> None:
    """Upload a drawn page, with a note on it, and accept it."""
    picture, (width, height) = (scenes.front(), scenes.SIZE) if slot in ("photo_front", "front") else (page(slot, note), (480, 640))
    upload = uploads.receive(owner=owner, subject=subject, slot=slot, name=f"{slot}.jpg", content=SimpleUploadedFile("page.jpg", picture))
    upload.refresh_from_db()
    uploads.accept(upload, Reencoded(picture, picture, "image/jpeg", 1, width, height))
    parts.drop(upload.public_id)


def _work(loading: Loading, officers: Sequence[User]) -> Counter[str]:
    """In three rounds: the first officer of a branch decides two cases and opens a third, every other second one opens one."""
    counts: Counter[str] = Counter()
    for index in range(3):
        begin = loading.anchor - dt.timedelta(minutes=115 - 32 * index)
        opened = []
        for number, officer in enumerate(officers):
            first = 0 if not officer.login.startswith("officer2") else 2 if number % 2 else 3
            if index < first or queries.is_absent(officer):
                continue
            with clock.at(begin + dt.timedelta(minutes=number)):
                assignment = places.next_case(officer=officer)
                if assignment is not None:
                    read(assignment.place.case, officer)
                    opened.append((number, assignment))
        for number, assignment in opened:
            with clock.at(begin + dt.timedelta(minutes=16 + number)):
                counts["on a desk" if index == 2 else _decide(assignment, (number + index) % 4)] += 1
    return counts


def read(case: Case, officer: User) -> None:
    """Log that an officer opens a case, as its page does."""
    log_access(viewer=Actor("officer", officer.key), person_key=case.applicant.key, subject=case.key, purpose=STUDY)


def _decide(assignment: Assignment, decision: int) -> str:
    case = assignment.place.case
    unmet = {0: {"files_complete"}, 1: {"files_complete", "drawing_matches"}}.get(decision, set())
    answers = {question.code: "no" if question.code in unmet else "yes" for question in queries.questions(case)}
    desk.check_all(assignment=assignment, answers=answers)
    if decision == 0:
        target = next(i.name for i in reviewable(case).items(case) if i.is_file and i.may_correct)
        desk.ask_corrections(assignment=assignment, items=[CorrectionRequest("file_unreadable", target)])
        return "asked back"
    if decision == 1:
        desk.propose_refusal(assignment=assignment, code="layout_changed")
        return "to be signed"
    desk.accept(assignment=assignment)
    return "approved"
