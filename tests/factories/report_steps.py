"""Steps of reports for tests of what everybody sees: results with a second signature, joined reports, hand-overs, hidden ones."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import uuid4

from django.db import transaction

from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.transitions import transition
from reports.models import Closure, Consequence, HandOver, Moderation, Report, ReportPhoto, SolvedAnswer
from shops.models import Shop
from tests.factories.accounts import StaffFactory
from violations.services import violation_reports
from violations.services.assessments import Findings

ACTOR = system("tests")


def moved(report: Report, move: str, **changes: Any) -> Report:
    """A report after one move."""
    with transaction.atomic():
        transition(report, move, actor=ACTOR, reason="tests", updated_at=clock.now(), **changes)
    return report


def proposed(
    report: Report, *, code: str = "removed", text_en: str = "The waste was removed.", photo: ReportPhoto | None = None
) -> Closure:
    """The result of a drawn inspector, which waits for a second signature."""
    closure = Closure.objects.create(
        report=report,
        code=code,
        text_ar="أزيلت النفايات.",
        text_en=text_en,
        is_on_the_spot=False,
        photo=photo,
        closed_by=report.inspector,
        closed_at=clock.now(),
    )
    moved(report, "propose_close")
    return closure


def closed(report: Report, **result: str) -> Report:
    """A report of a drawn inspector, closed now with a second signature."""
    proposed(report, **result)
    return signed(report)


def signed(report: Report) -> Report:
    """A report whose result waits for a second signature, closed now with it."""
    closure, now = report.closures.latest("pk"), clock.now()
    branch = report.branch or (report.inspector and report.inspector.branch)
    signer = StaffFactory(supervisor=True, login=f"signs-{closure.pk}", branch=branch)
    Closure.objects.filter(pk=closure.pk).update(signed_by=signer, signed_at=now)
    return moved(report, "countersign", closed_at=now)


def answered(report: Report, *, is_solved: bool) -> Report:
    """A closed report of which its reporter said whether it is solved; a "no" opens it again."""
    SolvedAnswer.objects.create(closure=report.closures.latest("pk"), is_solved=is_solved, at=clock.now())
    return report if is_solved else moved(report, "reopen", closed_at=None)


def hidden(report: Report) -> Report:
    """A report that the public does not see; its Moderation says why."""
    Moderation.objects.create(report=report, part="report", code="insult", by=StaffFactory(login=f"hides-{report.pk}"), at=clock.now())
    Report.objects.filter(pk=report.pk).update(hidden_at=clock.now())
    return report


def handed_over(report: Report, days: int = 3) -> Report:
    HandOver.objects.create(
        report=report,
        body="police",
        name_ar="وزارة الداخلية",
        name_en="Ministry of Interior",
        contact="112",
        back_on=clock.today() + dt.timedelta(days=days),
        made_by=report.inspector,
        made_at=clock.now(),
    )
    return moved(report, "hand_over")


def handed_over_and_back(report: Report) -> Report:
    handed_over(report)
    report.hand_overs.filter(returned_at__isnull=True).update(returned_at=clock.now())
    return moved(report, "take_back")


def led_to(report: Report, shop: Shop, offence: str = "CLN-03") -> Consequence:
    """A violation of a shop that the inspector of the report saw there and wrote."""
    seen = {"client_key": str(uuid4()), "offence": offence, "seen_at": clock.now(), "area": shop.area, "shop": shop, "note_ar": "أكياس"}
    findings = Findings(latitude=29.33, longitude=48.02, accuracy_m=8, **seen)
    violation, _new = violation_reports.record(inspector=report.inspector, findings=findings)
    return Consequence.objects.create(report=report, kind="violation", violation=violation, made_by=report.inspector, made_at=clock.now())
