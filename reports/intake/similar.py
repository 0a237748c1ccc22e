"""Reports of the same nearby, and whoever saw the same."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from municipality.audit.services import record
from municipality.kernel import clock
from municipality.kernel.actors import VISITOR
from municipality.kernel.errors import Refused
from reports import queries
from reports.intake.limits import refuse
from reports.models import MeToo, Report, ReportPhoto
from reports.photos.queries import shown
from reports.places import METRES, blurred, box_around, metres_between
from reports.reporters import services as reporters
from reports.reporters import trust
from reports.reporters.services import Sender
from reports.states import OPEN

MOST = 3
STEP = 5  # metres


@dataclass(frozen=True)
class Similar:
    """An open report of the same category, the metres to its blurred place, and a photo that everybody sees, if there is one."""

    report: Report
    metres: int
    photo: ReportPhoto | None

    @property
    def days(self) -> int:
        return (clock.today() - self.report.received_at.astimezone(clock.KUWAIT).date()).days


def similar(category: str, latitude: float, longitude: float) -> list[Similar]:
    """The nearest open reports of a category around a position, of those within the metres and days of `limits.reports`."""
    amounts = queries.limits()
    up, across = box_around(latitude, longitude, amounts["similar_metres"] + METRES)
    since = clock.now() - dt.timedelta(days=amounts["similar_days"])
    rows = queries.public_reports().filter(latitude__range=up, longitude__range=across, category=category, received_at__gte=since)
    here = (latitude, longitude)
    near = [(metres_between(here, blurred(row.latitude or 0, row.longitude or 0)), row) for row in rows.filter(state__in=OPEN)]
    found = sorted((one for one in near if one[0] <= amounts["similar_metres"]), key=lambda one: (one[0], one[1].pk))[:MOST]
    return [Similar(row, round(metres / STEP) * STEP, shown(row).first()) for metres, row in found]


def me_too(report: Report, sender: Sender) -> bool:
    """Count a sender who saw the same, once. Returns whether they were counted now; who reported it, alone or in a report that was joined
    with it, and who was counted are not.

    A doubtful sender confirms nothing. Raises NotPermitted("banned"), Refused("not_counted").
    """
    trusted = trust.of_sender(sender, queries.limits())
    refuse(trusted.ban)
    if trusted.level == trust.TrustLevel.DOUBTFUL:
        raise Refused(
            "not_counted",
            _(
                "Nobody is counted from here for a time, because earlier reports were not right or reporting was stopped."
                " Your own report is received."
            ),
        )
    digests = sender.digests
    if not digests or MeToo.objects.filter(Q(who__in=digests) | Q(device__in=digests), report=report).exists():
        return False
    if reporters.sent_one_of([report, *queries.joined(report)], sender):
        return False
    try:
        with transaction.atomic():
            device = reporters.device_of(sender) if len(digests) > 1 else ""
            MeToo.objects.create(report=report, who=digests[0], device=device, at=clock.now())
            Report.objects.filter(pk=report.pk).update(me_too_count=F("me_too_count") + 1)
            record("report.me_too", subject=report.subject_key, actor=VISITOR)
    except IntegrityError:  # pressed twice at the same time
        return False
    return True
