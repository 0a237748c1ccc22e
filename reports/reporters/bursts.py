"""Many reports within a day of one sender, or about one shop: what intake is to look at."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncDate

from municipality.kernel import clock
from reports import queries
from reports.models import Report
from reports.models.reporter import Reporter
from reports.states import ReportState

LOOK_BACK = dt.timedelta(days=7)
MAX_LISTED = 20  # bursts, and reports of one
SENDERS = ("person", "phone_digest", "device_digest")


@dataclass(frozen=True)
class Burst:
    """Reports of one day. `is_of_shop`: about one shop; otherwise of one sender, who is not named."""

    day: dt.date
    is_of_shop: bool
    reports: list[Report]


def bursts() -> list[Burst]:
    """The bursts of the last days, the newest first. Reports that were joined with another, and parts, do not count.

    Four statements, and one for each burst.
    """
    limits, since = queries.limits(), clock.now() - LOOK_BACK
    counted = Report.objects.filter(received_at__gte=since, parent__isnull=True).exclude(state=ReportState.MERGED)
    found = _of_senders(counted, limits["burst_sender"])
    by_shop = _many(counted.filter(shop__isnull=False), "received_at", "shop", limits["burst_shop"])
    for row in by_shop:
        found.append(Burst(row["day"], True, _on(counted, row["day"], shop=row["shop"])))
    return sorted(found, key=lambda burst: burst.day, reverse=True)


def _of_senders(counted: QuerySet[Report], least: int) -> list[Burst]:
    found: dict[tuple[int, ...], Burst] = {}  # one sender may be known in several ways
    for column in SENDERS:
        rows = Reporter.objects.filter(report__in=counted).exclude(**{column: None if column == "person" else ""})
        for row in _many(rows, "report__received_at", column, least):
            same = Reporter.objects.filter(**{column: row[column]}).values("report")
            reports = _on(counted, row["day"], pk__in=same)
            found.setdefault(tuple(report.pk for report in reports), Burst(row["day"], False, reports))
    return list(found.values())


def _many(rows: QuerySet[Any], at: str, column: str, least: int) -> list[dict[str, Any]]:
    """Days and values of a column that at least so many rows share."""
    days = rows.annotate(day=TruncDate(at, tzinfo=clock.KUWAIT)).values("day", column).annotate(number=Count("pk"))
    return list(days.filter(number__gte=least).order_by("-day", column)[:MAX_LISTED])


def _on(counted: QuerySet[Report], day: dt.date, **conditions: Any) -> list[Report]:
    span = {"received_at__gte": clock.start_of(day), "received_at__lt": clock.start_of(day + dt.timedelta(days=1))}
    return list(counted.filter(**conditions, **span).order_by("pk")[:MAX_LISTED])
