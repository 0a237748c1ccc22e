"""Opening the case of a renewal, or of another act on a licence, in both lanes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from licensing.health.queries import Offer
from licensing.models import Renewal
from municipality.accounts.models import Organisation, User
from municipality.cases.services import open_case
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.rulebook.queries import RulebookEdition
from shops.models import Shop


def open_renewal(
    *,
    shop: Shop,
    applicant: User,
    organisation: Organisation | None,
    offer: Offer,
    editions: Sequence[RulebookEdition],
    due_on: dt.date | None,
    actor: Actor,
    **lane: Any,
) -> Renewal:
    """Create the case and the renewal; `lane` are the fields that only a renewal for an officer has. Raises what `open_case` does.

    Raises ValueError for an offer without a licence, which the caller has refused before.
    """
    if offer.licence is None or offer.period is None:
        raise ValueError("there is no licence")
    case = open_case(
        service=offer.service,
        subject=shop.key,
        title_ar=shop.name_ar,
        title_en=shop.name_en,
        applicant=applicant,
        branch=shop.branch,
        series="HL",
        editions=list(editions),
        actor=actor,
        due_on=due_on,
        organisation=organisation,
    )
    return Renewal.objects.create(
        case=case,
        act=offer.service.partition(".")[2],
        licence=offer.licence,
        first_day=offer.period.first,
        last_day=offer.period.last,
        registered_facts=shop.registered_facts(),
        declared_at=clock.now(),
        years=offer.years,
        is_late=offer.is_late,
        **lane,
    )
