"""Reports of the last weeks in every state, with drawn photos; sent by people of the demo and by nobody by name."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from random import Random
from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Q

from municipality.accounts.models import User
from municipality.fieldwork.services import SentVisit
from municipality.jobs.models import Job, JobState
from municipality.kernel import clock
from municipality.places.models import Area
from municipality.uploads import parts
from municipality.uploads import services as uploads
from municipality.uploads.inspection import Reencoded
from municipality.uploads.models import Upload
from municipality.uploads.states import UploadState
from reports.intake import services as intake
from reports.intake.services import ReportPlace, SentReport
from reports.models import BlurState, MeToo, PlaceSource, Report, ReportPhoto, SolvedAnswer
from reports.photos import copies
from reports.photos import services as photos
from reports.reporters.services import Sender
from reports.triage import services as triage
from reports.triage.services.joins import ReportPart
from reports.triage.services.results import FoundResult
from sandbox.demo import scenes
from sandbox.demo.loading import Loading
from sandbox.demo.platform.messages import mark_sent
from sandbox.demo.seeds import seeded
from shops.models import Shop

HOUR = dt.timedelta(hours=1)
METRES = 0.00001  # degrees, about a metre


@dataclass(frozen=True)
class Scenario:
    """One report: days before the anchor, category, area, scene of its photo, and what became of it."""

    days: float
    category: str
    area: str
    scene: str
    words: str
    steps: tuple[str, ...] = ()
    answers: dict[str, str] = field(default_factory=dict)


SCENARIOS = (
    Scenario(41, "waste", "Salmiya", "bags", "أكياس نفايات عند مدخل العمارة منذ أيام", ("close", "solved")),
    Scenario(36, "occupation", "Hawalli", "goods", "بضاعة تسد الرصيف أمام المحل", ("close", "solved")),
    Scenario(33, "board", "Farwaniya", "sign", "لوحة إعلان بلا رقم ترخيص", ("close",)),
    Scenario(29, "waste", "Jahra", "bags", "أنقاض بناء في الساحة", ("close", "not_solved", "close")),
    Scenario(26, "shop", "Salmiya", "goods", "محل يبيع خارج مساحته", ("close", "solved")),
    Scenario(22, "waste", "Mahboula", "bags", "حاوية ممتلئة لا تفرغ", ("sign",)),
    Scenario(19, "vendor", "Fahaheel", "goods", "بائع متجول يسد الممر", ("close",)),
    Scenario(16, "burning", "Jahra", "smoke", "دخان من حرق نفايات في الساحة", ("close",)),
    Scenario(12, "vehicle", "Hawalli", "paper", "مركبة مهملة منذ شهور", ("close",)),
    Scenario(9, "waste", "Farwaniya", "bags", "نفايات خلف المدرسة", ("close", "not_solved")),
    Scenario(8, "utilities", "Salmiya", "leak", "تسرب ماء على الرصيف", ("hand_over",)),
    Scenario(6, "road", "Farwaniya", "paper", "حفرة في الطريق", ("hand_over",)),
    Scenario(5, "building", "Salwa", "sign", "بناء فوق السطح", ("split",)),
    Scenario(4, "waste", "Hawalli", "bags", "أكياس عند الحاوية", ()),
    Scenario(3.5, "waste", "Hawalli", "bags", "نفايات عند الحاوية نفسها", ("merge",)),
    Scenario(3, "shop", "Hawalli", "goods", "محل بلا لوحة ولا ترخيص معلق", ("ask",)),
    Scenario(2, "waste", "Salmiya", "bags", "نفايات تسد ممر المشاة", ("sign_waits",), {"blocks_road": "yes"}),
    Scenario(1.5, "occupation", "Fahaheel", "goods", "كراسي على الرصيف", ()),
    Scenario(1, "board", "Jahra", "sign", "لوحة تحجب إشارة المرور", ()),
    Scenario(0.4, "waste", "Mangaf", "bags", "مخلفات حديقة على الطريق", ()),
)


def run(loading: Loading) -> str:
    rng, people = seeded("reports step"), list(User.objects.filter(is_staff=False, name_en__in=REPORTERS).order_by("name_en"))
    drawn = scenes.draw()
    made: list[Report] = []
    for number, scenario in enumerate(SCENARIOS):
        is_named = number % 3 or "ask" in scenario.steps  # nobody else can be asked
        sender = Sender(person=people[number % len(people)]) if is_named else Sender(device=f"demo-{number}")
        at = loading.anchor - dt.timedelta(days=scenario.days)
        with clock.at(at):
            report = _send(scenario, sender, drawn[scenario.scene], rng, made[-1] if "merge" in scenario.steps else None)
        for _more in range(rng.randint(0, 3) if scenario.category == "waste" else 0):
            MeToo.objects.create(report=report, who=f"{rng.getrandbits(256):064x}", at=at + HOUR)
        Report.objects.filter(pk=report.pk).update(me_too_count=report.me_toos.count())
        _go_on(report, scenario, at, drawn, made)
        made.append(report)
    _show_photos()
    done = Job.objects.filter(Q(kind="uploads.inspect") | Q(kind__startswith="reports."), state=JobState.QUEUED)
    done.update(state=JobState.DONE, finished_at=loading.anchor)
    mark_sent(loading)
    return f"{Report.objects.count()} reports"


PARTS = [ReportPart("building", "بناء مخالف"), ReportPart("waste", "أنقاض البناء")]
REPORTERS = ("Noura Al-Marsa", "Salem Al-Mouj")


def _send(scenario: Scenario, sender: Sender, photo: bytes, rng: Random, same: Report | None) -> Report:
    """A report, `same`: at the place of an earlier one."""
    area = Area.objects.get(name_en=scenario.area)
    key = str(UUID(int=rng.getrandbits(128), version=4))
    shop = Shop.objects.filter(area=area, closed_on__isnull=True, latitude__isnull=False).order_by("pk").first()
    assert area.latitude is not None and area.longitude is not None  # noqa: S101 - of the areas of the scenarios
    latitude, longitude = area.latitude + rng.uniform(-300, 300) * METRES, area.longitude + rng.uniform(-300, 300) * METRES
    if same is not None and same.latitude is not None and same.longitude is not None:
        latitude, longitude = same.latitude + 10 * METRES, same.longitude
    if scenario.category == "shop" and shop is not None:
        place = ReportPlace(PlaceSource.SHOP, shop.latitude, shop.longitude, area=area, block=shop.block, shop=shop)
    else:
        place = ReportPlace(PlaceSource.DEVICE, latitude, longitude, rng.randint(4, 25), area, str(rng.randint(1, 9)))
    photos.hold(key, SimpleUploadedFile("photo.jpg", photo + key.encode()))
    report = intake.receive(
        SentReport(key, scenario.category, place, clock.now() - 2 * HOUR / 60, scenario.words, scenario.answers), sender
    ).report
    triage.assign(report)
    return Report.objects.select_related("inspector").get(pk=report.pk)


def _go_on(report: Report, scenario: Scenario, at: dt.datetime, drawn: dict[str, bytes], earlier: list[Report]) -> None:
    """The steps of a scenario, some hours after each other."""
    for number, step in enumerate(scenario.steps):
        report.refresh_from_db()
        inspector = report.inspector
        assert inspector is not None  # noqa: S101 - one was drawn
        with clock.at(at + dt.timedelta(hours=5 + 30 * number)):
            if step in ("close", "sign", "sign_waits"):
                _close(report, inspector, drawn["paper"], on_the_spot=step == "close")
            if step == "sign":
                _sign(report, inspector)
            if step in ("solved", "not_solved"):
                _say(report, is_solved=step == "solved")
            if step == "hand_over":
                body = str(report.category_facts["body"])
                triage.hand_over(report=report, inspector=inspector, body=body, code="not_ours")
            if step == "ask":
                triage.ask(report=report, inspector=inspector, text="ما رقم الطابق الذي فيه المحل؟")
            if step == "merge":
                triage.merge(report=report, into=earlier[-1], inspector=inspector, why="الحاوية نفسها")
            if step == "split":
                for part in triage.split(report=report, inspector=inspector, parts=PARTS):
                    triage.assign(part)


def _close(report: Report, inspector: User, photo: bytes, *, on_the_spot: bool) -> None:
    now = clock.now()
    key = str(UUID(int=seeded(f"result of {report.number} {report.closures.count()}").getrandbits(128), version=4))
    sent = SentVisit(key, now, report.latitude, report.longitude, 8)
    file = SimpleUploadedFile("after.jpg", photo + key.encode()) if on_the_spot else None
    code = "fixed" if on_the_spot else "nothing_found"
    found = FoundResult(sent, code, photo=file, captured_at=now - HOUR / 12, written_at=now, asks_signature=not on_the_spot)
    triage.close(report=report, inspector=inspector, found=found)


def _sign(report: Report, inspector: User) -> None:
    supervisor = User.objects.filter(groups__name="supervisor", branch=inspector.branch_id).exclude(pk=inspector.pk).order_by("pk")[0]
    report.refresh_from_db()
    triage.countersign(report=report, supervisor=supervisor)


def _say(report: Report, *, is_solved: bool) -> None:
    closure = report.closures.order_by("-pk")[0]
    SolvedAnswer.objects.create(closure=closure, is_solved=is_solved, words="" if is_solved else "ما زال هناك", at=clock.now())
    if not is_solved:
        report.refresh_from_db()
        triage.reopen(report)
        triage.assign(report)


def _show_photos() -> None:
    """What the workers and an employee of intake would have done with the photos."""
    intake_staff = User.objects.filter(groups__name="intake").order_by("pk")[0]
    subjects = [f"report:{public_id}" for public_id in Report.objects.values_list("public_id", flat=True)]
    for upload in Upload.objects.filter(subject__in=subjects, state=UploadState.CHECKING).order_by("pk"):
        content = parts.path(upload.public_id).read_bytes()
        uploads.accept(upload, Reencoded(content, content, "image/jpeg", 1, *scenes.SIZE))
        parts.drop(upload.public_id)
    for photo in ReportPhoto.objects.order_by("pk"):
        copies.make(photo.pk)
    agreed = {"blur": BlurState.AGREED, "agreed_by": intake_staff, "agreed_at": clock.now()}
    waiting = [photo.pk for photo in ReportPhoto.objects.filter(blur=BlurState.UNSURE).order_by("-pk")]
    ReportPhoto.objects.filter(pk__in=waiting[3:]).update(**agreed)
