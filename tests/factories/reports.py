"""Reports as people send them, with an inspector where asked for."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch
from uuid import uuid4

from municipality.kernel import clock
from municipality.places.models import Area
from reports.intake import services
from reports.intake.services import ReportPlace, SentReport
from reports.models import Report
from reports.reporters.services import Sender
from reports.triage import services as triage


def sent(**facts: Any) -> SentReport:
    """A report of waste in Hawalli, seen now; the rulebook and the places have to be loaded."""
    place = facts.pop("place", None) or ReportPlace(
        latitude=29.3328, longitude=48.0283, accuracy_m=12, area=Area.objects.get(name_en="Hawalli")
    )
    given: dict[str, Any] = {"key": str(uuid4()), "category": "waste", "place": place, "captured_at": clock.now(), "words": "أنقاض"}
    return SentReport(**(given | facts))


def received(sender: Sender | None = None, **facts: Any) -> Report:
    """A report that was received; it has no inspector yet. The limits of senders are not counted."""
    with patch.object(services.sender_limits, "check", return_value=1):
        return services.receive(sent(**facts), sender or Sender(device=str(uuid4()))).report


def assigned(sender: Sender | None = None, **facts: Any) -> Report:
    """A report with a drawn inspector; there has to be one (`tests.factories.inspections.inspector`)."""
    report = received(sender, **facts)
    triage.assign(report)
    report.refresh_from_db()
    return report
