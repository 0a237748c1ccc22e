"""Legacy fines: an imported sheet, one that waits for release, and a lifted service block."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from municipality.accounts.models import User
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
FREE_OFFENCE = ("عرض بضاعة خارج حدود المحل", "المادة 12 من لائحة قديمة")
DAYS_AGO = 50  # of the import


def load(timeline: Timeline, loading: Loading, shops: Sequence[Shop], office: dict[str, User]) -> None:
    """Import a sheet some weeks ago, and read another one with errors yesterday, which waits for release."""
    rng = seeded("fines on paper")
    count = max(6, loading.scale.violations // 25)
    chosen = rng.sample(list(shops), min(count + 3, len(shops)))
    imported, waiting = chosen[:-3] or chosen, chosen[-3:]
    timeline.at(loading.instant(loading.day(-DAYS_AGO), rng), lambda: _import(_sheet(loading, imported, 100), office))
    timeline.at(loading.instant(loading.day(-1), rng), lambda: _read(_sheet(loading, waiting, 900) + _errors(), office))


def _sheet(loading: Loading, shops: Sequence[Shop], first: int) -> str:
    lines = [COLUMNS]
    for index, shop in enumerate(shops):
        written = loading.day(-DAYS_AGO - 120 - 9 * index)
        served = written + dt.timedelta(days=6)
        state = ("مفتوحة", "مفتوحة", "منتهية", "محالة", "مفتوحة", "محكوم بها")[index % 6]
        code, text, article = ("", *FREE_OFFENCE) if index % 5 == 4 else (("SHP-04", "CLN-02", "SHP-02")[index % 3], "", "")
        ruling = (f"{300 + index}/{written.year}", (served + dt.timedelta(days=60)).isoformat()) if state == "محكوم بها" else ("", "")
        served_text = "" if state == "مفتوحة" else served.isoformat()
        number, amount = f"{first + index}/{written.year}", f"{(50, 100, 75)[index % 3]}.000"
        cells = (number, written.isoformat(), code, text, article, shop.commercial_license_no, amount, state, served_text, *ruling, "")
        lines.append(";".join(cells))
    return "\n".join(lines) + "\n"


def _errors() -> str:
    return "905/2024;٣١/٠٢/٢٠٢٤;SHP-99;;;0000/1;مئة;مفتوحة;;;;\n906/2024;2024-05-02;CLN-02;;;;=50+50;منتهية;;;;\n"


def _read(text: str, office: dict[str, User]) -> ImportFile:
    file = imports.load("paper", content=text.encode("utf-8-sig"), name="مخالفات مفتوحة.csv", loaded_by=office["violation_clerk"])
    while imports.check(file_id=file.pk):
        pass
    _finish_jobs("imports.check")
    return file


def _import(text: str, office: dict[str, User]) -> None:
    file = _read(text, office)
    imports.release(file=file, released_by=office["violation_authority"])
    while imports.apply_released(file_id=file.pk):
        pass
    _finish_jobs("imports.take")


def _finish_jobs(kind: str) -> None:
    """Finish the jobs of what is done here."""
    Job.objects.filter(kind=kind, state=JobState.QUEUED).update(state=JobState.DONE, finished_at=clock.now())


def lift_one(office: dict[str, User]) -> None:
    """Lift the oldest block of a violation for three weeks."""
    block = Block.objects.filter(ground=GROUND, lifted_at__isnull=True, source__startswith="violation:").order_by("pk").first()
    row = Violation.objects.filter(public_id=block.source.partition(":")[2]).first() if block is not None else None
    if row is None:
        return
    until = clock.today() + dt.timedelta(days=21)
    proposal = block_lifts.ask(violation=row, code="public_need", note_ar="", until=until, asked_by=office["violation_clerk"])
    block_lifts.allow(lift=proposal, allowed_by=office["elsewhere"])
