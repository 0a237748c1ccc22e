"""Open fines of the time before the portal: a sheet that two people let in, one that waits, and a stop that two units lifted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from municipality.cases.models import Block
from municipality.imports import services as imports
from municipality.imports.models import ImportFile
from municipality.jobs.models import Job, JobState
from municipality.kernel import clock
from sandbox.demo.loading import Loading
from sandbox.demo.seeds import seeded
from shops.models import Shop
from violations.models import Violation
from violations.services import block_lifts
from violations.services.blocks import GROUND

if TYPE_CHECKING:
    from sandbox.demo.violations.timeline import Timeline

COLUMNS = "رقم المحضر;تاريخ المحضر;رمز المخالفة;نص المخالفة;المادة;رقم الرخصة;المبلغ;الحالة;تاريخ الإعلان;رقم الحكم;تاريخ الحكم;ملاحظة"
WORDS = ("عرض بضاعة خارج حدود المحل", "المادة 12 من لائحة قديمة")
DAYS_AGO = 50  # when the sheet came in


def tell(timeline: Timeline, loading: Loading, shops: Sequence[Shop], office: dict[str, Any]) -> None:
    """Let one sheet come in some weeks ago, and another be read yesterday, with errors, and wait for its second person."""
    rng = seeded("fines on paper")
    count = max(6, loading.scale.minutes // 25)
    chosen = rng.sample(list(shops), min(count + 3, len(shops)))
    came, waits = chosen[:-3] or chosen, chosen[-3:]
    timeline.at(loading.instant(loading.day(-DAYS_AGO), rng), lambda: _come_in(_sheet(loading, came, 100), office))
    timeline.at(loading.instant(loading.day(-1), rng), lambda: _wait(_sheet(loading, waits, 900) + _errors(), office))


def _sheet(loading: Loading, shops: Sequence[Shop], first: int) -> str:
    lines = [COLUMNS]
    for turn, shop in enumerate(shops):
        written = loading.day(-DAYS_AGO - 120 - 9 * turn)
        served = written + dt.timedelta(days=6)
        state = ("مفتوحة", "مفتوحة", "منتهية", "محالة", "مفتوحة", "محكوم بها")[turn % 6]
        code, words, article = ("", *WORDS) if turn % 5 == 4 else (("SHP-04", "CLN-02", "SHP-02")[turn % 3], "", "")
        ruling = (f"{300 + turn}/{written.year}", (served + dt.timedelta(days=60)).isoformat()) if state == "محكوم بها" else ("", "")
        told = "" if state == "مفتوحة" else served.isoformat()
        number, sum_ = f"{first + turn}/{written.year}", f"{(50, 100, 75)[turn % 3]}.000"
        cells = (number, written.isoformat(), code, words, article, shop.commercial_license_no, sum_, state, told, *ruling, "")
        lines.append(";".join(cells))
    return "\n".join(lines) + "\n"


def _errors() -> str:
    return "905/2024;٣١/٠٢/٢٠٢٤;SHP-99;;;0000/1;مئة;مفتوحة;;;;\n906/2024;2024-05-02;CLN-02;;;;=50+50;منتهية;;;;\n"


def _read(text: str, office: dict[str, Any]) -> ImportFile:
    file = imports.load("paper", content=text.encode("utf-8-sig"), name="مخالفات مفتوحة.csv", loaded_by=office["violation_clerk"])
    while imports.check(file_id=file.pk):
        pass
    _told("imports.check")
    return file


def _wait(text: str, office: dict[str, Any]) -> None:
    """Read, and not released yet."""
    _read(text, office)


def _come_in(text: str, office: dict[str, Any]) -> None:
    file = _read(text, office)
    imports.release(file=file, released_by=office["violation_authority"])
    while imports.take(file_id=file.pk):
        pass
    _told("imports.take")


def _told(kind: str) -> None:
    """What the story has done itself is no work for the worker."""
    Job.objects.filter(kind=kind, state=JobState.QUEUED).update(state=JobState.DONE, finished_at=clock.now())


def lift_one(office: dict[str, Any]) -> None:
    """The oldest stop of an unpaid sum is lifted for three weeks, as the public register then says."""
    block = Block.objects.filter(ground=GROUND, lifted_at__isnull=True, source__startswith="violation:").order_by("pk").first()
    row = Violation.objects.filter(public_id=block.source.partition(":")[2]).first() if block is not None else None
    if row is None:
        return
    until = clock.today() + dt.timedelta(days=21)
    asked = block_lifts.ask(violation=row, code="public_need", note_ar="", until=until, asked_by=office["violation_clerk"])
    block_lifts.allow(lift=asked, allowed_by=office["elsewhere"])
