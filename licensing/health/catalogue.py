"""The health licence on the home page and its service card."""

from __future__ import annotations

import datetime as dt
from functools import partial

from django.utils.translation import gettext_lazy as _

from licensing.health.states import RENEWAL
from municipality.cases.catalogue import FeeLine, ServiceEntry
from municipality.review.study_times import times_of
from municipality.rulebook import queries as rulebook


def health_fees(today: dt.date) -> list[FeeLine]:
    """The fee lines of the service card, from the edition in force."""
    fees = rulebook.edition("fees.health", today).fees
    charged = [fees[code] for code in ("renewal", "late_surcharge", "amendment", "replacement", "transfer") if code in fees]
    return [FeeLine(fee.label_ar, fee.label_en, fee.fils, fee.article_ar, fee.article_en) for fee in charged if fee.fils]


def health_promise(today: dt.date) -> int:
    """Promised working days of a renewal that an officer studies."""
    return rulebook.edition("limits.review", today).limits["promise_working_days"].value


HEALTH = ServiceEntry(
    code="health",
    icon="health",
    name=_("Health licence"),
    summary=_("Renewal for non-food shops without a visit. Food shops go to the Public Authority for Food and Nutrition."),
    needs=_("A valid commercial licence; no files if nothing changed"),
    order=1,
    start="licensing:start",
    workflow=RENEWAL,
    fees=health_fees,
    promise=health_promise,
    times=partial(times_of, RENEWAL),
    at_once=_("usually within a minute of paying"),
)
