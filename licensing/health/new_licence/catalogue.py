"""The new health licence on the home page and its service card."""

from __future__ import annotations

import datetime as dt
from functools import partial

from django.utils.translation import gettext_lazy as _

from licensing.health.catalogue import health_promise
from licensing.health.new_licence.states import NEW_LICENCE
from municipality.cases.catalogue import FeeLine, ServiceEntry
from municipality.review.study_times import times_of
from municipality.rulebook import queries as rulebook


def fees(today: dt.date) -> list[FeeLine]:
    """The fee of a year, from the edition in force."""
    fee = rulebook.edition("fees.health", today).fees["new"]
    return [FeeLine(fee.label_ar, fee.label_en, fee.fils, fee.article_ar, fee.article_en)]


NEW_HEALTH = ServiceEntry(
    code="new_health",
    icon="health",
    name=_("New health licence"),
    summary=_(
        "For a new shop that sells no food: see at once whether it may open there, have the location approved, then the inspection and "
        "the licence. Food shops go to the Public Authority for Food and Nutrition."
    ),
    needs=_("The lease or title deed, a stamped drawing, and a photo of the place"),
    order=1,
    start="licensing:new_start",
    workflow=NEW_LICENCE,
    fees=fees,
    promise=health_promise,
    times=partial(times_of, NEW_LICENCE),
)
