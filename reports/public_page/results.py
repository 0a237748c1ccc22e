"""The results of a report as everybody reads them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from municipality.ui.texts import both
from reports.models import Closure, Report
from violations import publication
from violations.models import Violation

MEASURES = ("warned", "violation")  # results that tell a measure
NOT_YET = _("An inspector visited the place and acted. What was done is told here once it is final.")
RELATED = ("violation__objection__case", "violation__judgment", "violation__last_event")  # of a consequence


class ToldResult(NamedTuple):
    """Texts of a result, and when it was written."""

    text_ar: str
    text_en: str
    closed_at: dt.datetime


def told(report: Report, closures: Sequence[Closure], violations: Sequence[Violation]) -> list[ToldResult]:
    """The results in their order. A measure at a shop is told once all violations of the report are public (`violations.publication`)."""
    found = []
    for closure in closures:
        texts = (closure.text_ar, closure.text_en)
        if report.shop_id is not None and closure.code in MEASURES:
            statuses = publication.statuses(violations)
            texts = texts if statuses and all(statuses.values()) else both(NOT_YET)
        found.append(ToldResult(*texts, closure.closed_at))
    return found
