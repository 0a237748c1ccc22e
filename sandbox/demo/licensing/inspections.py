"""Inspections of three licensed shops: one with an appointment, one passed, one not."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.db.models import QuerySet

from licensing.inspections import questions, services
from licensing.inspections.questions import HUNDRED, GivenAnswer
from licensing.inspections.services import appointments, visits
from licensing.models import HealthLicence, Inspection
from municipality.accounts.models import User
from municipality.documents.states import DocumentState
from municipality.fieldwork.services import SentVisit
from municipality.kernel import clock
from municipality.rulebook.models import InspectionRule
from municipality.uploads import parts
from municipality.uploads import services as uploads
from municipality.uploads.inspection import Reencoded
from municipality.uploads.models import Upload
from municipality.uploads.states import UploadState
from sandbox.demo import scenes
from sandbox.demo.loading import Loading
from sandbox.demo.platform.messages import mark_sent
from sandbox.demo.seeds import seeded
from sandbox.demo.shops import scenarios
from shops.models import Shop

DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
REASON = "متابعة دورية لاشتراطات المحل"
FOUND: dict[str, tuple[str, ...]] = {"passed": ("first_aid",), "failed": ("cleanliness", "workers")}
KINDS = ("appointed", *FOUND)


def run(loading: Loading) -> str:
    """Premises for women, whose branch has one inspector of a team of women: so the draw has one outcome."""
    for number, (kind, shop) in enumerate(zip(KINDS, _shops()[: len(KINDS)], strict=False)):
        supervisor = User.objects.filter(groups__name="supervisor", branch=shop.branch_id).order_by("pk")[0]
        with clock.at(loading.anchor - (1 if kind == "appointed" else 24 - number) * DAY):
            row = services.order_of_shop(shop=shop, supervisor=supervisor, reason=REASON)
            assert row.contact is not None  # noqa: S101 - the shop belongs to a person
            row = appointments.choose(inspection=row, person=row.contact, time=appointments.offered(row)[0].value)
        if kind in FOUND:
            _visit(row, FOUND[kind])
    mark_sent(loading)
    return f"{Inspection.objects.count()} inspections"


def _shops() -> QuerySet[Shop]:
    """Licensed premises for women that belong to people, without those that tell a scenario."""
    told = [place.commercial_license_no for place in scenarios.placed()]
    licensed = HealthLicence.objects.filter(is_current=True, document__state__in=(DocumentState.ACTIVE, DocumentState.CARRIED_OVER))
    shops = Shop.objects.filter(activity__is_womens=True, owner__isnull=False, closed_on__isnull=True, pk__in=licensed.values("shop"))
    return shops.exclude(commercial_license_no__in=told).select_related("activity", "branch", "area", "owner").order_by("pk")


def _visit(row: Inspection, short: tuple[str, ...]) -> None:
    """The visit at nine o'clock of its day, with drawn photos."""
    assert row.day is not None  # noqa: S101 - it has an appointment
    with clock.at(clock.start_of(row.day) + 9 * HOUR):
        key = str(UUID(int=seeded(f"visit of {row.reference}").getrandbits(128), version=4))
        answers = [_answer(rule, "no" if rule.code in short else "yes") for rule in questions.asked(row)]
        found = visits.VisitFindings(SentVisit(key, clock.now()), is_nobody=False, answers=answers)
        assessment = visits.assess(inspection=row, inspector=row.inspector, found=found)
        confirmed = visits.confirmation(assessment, inspection=row, inspector=row.inspector, found=found)
        with transaction.atomic():
            made, _new = visits.record_visit(inspection=row, inspector=row.inspector, found=found, confirmed=confirmed)
        wanted = [answer.rule.code for answer in answers if answer.rule.needs_photo]
        taken = {code: [(SimpleUploadedFile(f"{code}.jpg", scenes.front() + code.encode()), clock.now())] for code in wanted}
        visits.add_photos(made=made, sender=row.inspector, photos=taken)
        for upload in Upload.objects.filter(subject=f"visited:{row.public_id}", state=UploadState.CHECKING).order_by("pk"):
            uploads.accept(upload, Reencoded(scenes.front(), scenes.front(), "image/jpeg", 1, *scenes.SIZE))
            parts.drop(upload.public_id)


def _answer(rule: InspectionRule, value: str) -> GivenAnswer:
    if rule.kind == "number":
        return GivenAnswer(rule, "number", (rule.least or rule.most or 0) * HUNDRED + 4850)
    return GivenAnswer(rule, value)
