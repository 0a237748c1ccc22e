"""Reports that an employee looks at before everybody sees them. Their promise, severity and draw are those of any report."""

from __future__ import annotations

from collections.abc import Mapping

from municipality.audit.services import record
from municipality.kernel import clock
from municipality.kernel.actors import system
from reports.models import FIRST_LOOK, ModeratedPart, Moderation, Report
from reports.reporters.trust import TrustLevel
from reports.states import ReportState

SYSTEM = system("reports")


def hold(report: Report, level: TrustLevel, limits: Mapping[str, int], sent_today: int) -> None:
    """Hide a report that was just received until it is looked at, in the caller's transaction: of a doubtful sender, or one of many.

    `sent_today`: the reports of this sender within a day, with this one, as the limits counted them under their lock.
    Nothing that is stored says which of the two it was, so that nobody learns a level from it.
    """
    is_burst = bool(limits.get("first_look_burst")) and _is_one_of_many(report, level, limits, sent_today)
    if level != TrustLevel.DOUBTFUL and not is_burst:
        return
    Moderation.objects.create(report=report, part=ModeratedPart.REPORT, code=FIRST_LOOK, at=report.received_at)
    report.hidden_at = report.received_at
    report.save(update_fields=["hidden_at"])
    record("report.hidden", subject=report.subject_key, actor=SYSTEM, data={"part": ModeratedPart.REPORT, "code": FIRST_LOOK, "photo": ""})


def _is_one_of_many(report: Report, level: TrustLevel, limits: Mapping[str, int], sent_today: int) -> bool:
    """Whether so many reports of its sender, who is not proven, or about its shop arrived today, with this one."""
    if level != TrustLevel.PROVEN and sent_today >= limits["burst_sender"]:
        return True
    if report.shop_id is None:
        return False
    rows = Report.objects.filter(shop=report.shop_id, parent__isnull=True, received_at__gte=clock.start_of(clock.today()))
    return rows.exclude(state=ReportState.MERGED).count() >= limits["burst_shop"]
