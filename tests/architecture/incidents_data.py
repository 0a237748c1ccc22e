"""Incidents: rows of the sample, and attacks on their guards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from municipality.incidents.models import Incident, MovedDeadline, PartCheck, PortalPart
from municipality.kernel import clock
from shops.models import Claim
from tests.factories.incidents import IncidentFactory
from violations.models import Violation

REASON = "The line was cut for a test, announced before"


@dataclass
class IncidentRows:
    """One because of which a deadline moved, one that staff found to be none, and one of text messages that moves nothing."""

    relieved: Incident
    withheld: Incident
    of_texts: Incident


def fill(sample: Any) -> IncidentRows:
    """Nothing is out now, and no deadline is still to be moved."""
    now = clock.now()
    PartCheck.objects.bulk_create([PartCheck(part=part, checked_at=now) for part in PortalPart])
    relieved = IncidentFactory(ended_at=now - dt.timedelta(days=2))
    case, day = sample.owner.waiting, clock.today()
    MovedDeadline.objects.create(
        incident=relieved,
        kind="licensing.payment",
        thing=1,
        subject=case.key,
        reference=case.reference,
        before=day,
        after=day + dt.timedelta(days=1),
        at=now,
    )
    Incident.objects.filter(pk=relieved.pk).update(relieved_at=now)
    relieved.refresh_from_db()
    none = {"withheld_at": now, "withheld_by": sample.operator, "withheld_reason": REASON}
    withheld = IncidentFactory(part=PortalPart.SIGN_IN, ended_at=now - dt.timedelta(days=3), **none)
    return IncidentRows(relieved, withheld, IncidentFactory(part=PortalPart.TEXTS))


def ends_later(sample: Any) -> None:
    Incident.objects.filter(pk=sample.incidents.relieved.pk).update(ended_at=clock.now())


def moved_by_an_open_one(sample: Any) -> None:
    incident = IncidentFactory(part=PortalPart.PAYMENT, ended_at=None, started_at=clock.now())
    day = clock.today()
    values = {"subject": "shop:x", "reference": "x", "before": day, "after": day + dt.timedelta(days=1), "at": clock.now()}
    MovedDeadline.objects.create(incident=incident, kind="licensing.health", thing=1, **values)


def objects_later(sample: Any) -> None:
    row = Violation.objects.filter(object_until__isnull=False).order_by("pk")[0]
    assert row.object_until is not None
    Violation.objects.filter(pk=row.pk).update(object_until=row.object_until + dt.timedelta(days=1))


def corrects_later(sample: Any) -> None:
    row = Violation.objects.filter(correct_until__isnull=False).order_by("pk")[0]
    assert row.correct_until is not None
    Violation.objects.filter(pk=row.pk).update(correct_until=row.correct_until + dt.timedelta(days=1))


def answers_later(sample: Any) -> None:
    row = Claim.objects.filter(dispute_until__isnull=False).order_by("pk")[0]
    assert row.dispute_until is not None
    Claim.objects.filter(pk=row.pk).update(dispute_until=row.dispute_until + dt.timedelta(days=1))


BY_HAND: dict[str, Callable[[Any], None]] = {
    "incidents_incident_ended_once": ends_later,
    "incidents_moveddeadline_of_ended": moved_by_an_open_one,
    "shops_claim_dispute_until_moves": answers_later,
    "violations_violation_correct_until_once": corrects_later,
    "violations_violation_object_until_once": objects_later,
}
