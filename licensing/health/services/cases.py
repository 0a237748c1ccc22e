"""The beginning of every renewal, whoever decides it: its case, and its facts as the offer and the register say them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from licensing.health.queries import Offer
from licensing.health.states import RENEWAL
from licensing.models import Renewal
from municipality.cases.services import open_case
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.rulebook.queries import Edition
from shops.models import Shop


def open_renewal(
    *, shop: Shop, applicant: Any, offer: Offer, editions: Sequence[Edition], due_on: dt.date | None, actor: Actor, **lane: Any
) -> Renewal:
    """Write case and facts; `lane` are the columns that only the officer's lane has. Raises what `open_case` does.

    Raises ValueError for an offer without a licence to renew, which the caller has refused in words before.
    """
    if offer.licence is None or offer.period is None:
        raise ValueError("nothing is there to renew")
    case = open_case(
        service=RENEWAL,
        subject=shop.key,
        title_ar=shop.name_ar,
        title_en=shop.name_en,
        applicant=applicant,
        branch=shop.branch,
        series="HL",
        editions=list(editions),
        actor=actor,
        due_on=due_on,
    )
    return Renewal.objects.create(
        case=case,
        licence=offer.licence,
        first_day=offer.period.first,
        last_day=offer.period.last,
        registered_facts=shop.registered_facts(),
        declared_at=clock.now(),
        years=offer.years,
        is_late=offer.is_late,
        **lane,
    )
