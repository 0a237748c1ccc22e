"""The entry of this service on the home page."""

from __future__ import annotations

import datetime as dt
from functools import partial

from django.utils.translation import gettext_lazy as _

from municipality.cases.catalogue import FeeLine, ServiceEntry
from municipality.review.study_times import times_of
from municipality.rulebook import queries as rulebook
from zoning.opinion import queries as opinions
from zoning.opinion.states import OPINION


def opinion_fees(today: dt.date) -> list[FeeLine]:
    """The fee of a formal opinion, from the edition in force."""
    fees = rulebook.edition(opinions.FEES, today).fees.values()
    return [FeeLine(fee.label_ar, fee.label_en, fee.fils, fee.article_ar, fee.article_en) for fee in fees if fee.fils]


def opinion_promise(today: dt.date) -> int:
    """Promised working days of a formal opinion."""
    return rulebook.edition(opinions.LIMITS, today).limits["promise_working_days"].value


ZONING = ServiceEntry(
    code="zoning",
    icon="zoning",
    name=_("Zoning opinion"),
    summary=_("Is this activity allowed in this place? An instant answer, and a formal opinion where one is needed."),
    needs=_("The PACI number, the number of the plot, or a place on the map"),
    order=5,
    start="zoning:find",
    workflow=OPINION,
    fees=opinion_fees,
    promise=opinion_promise,
    times=partial(times_of, OPINION),
    cost=_("The instant answer and the extract are free."),
)
