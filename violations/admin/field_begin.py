"""What the form of a violation report begins with: the shop that was confirmed, the place before it, or the facts of an annulled one."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.kernel import clock
from municipality.ui.texts import Text
from shops.models import Shop
from shops.register import queries as shops
from violations import origins
from violations.models import JudicialWarrant, Violation
from violations.states import ViolationState

WRONG_SHOP, WRONG_OFFENCE = "writer_wrong_shop", "writer_wrong_offence"  # the reasons for which the shop or the offence is asked for anew
WRITTEN_TWICE = "writer_written_twice"  # the reason for which nothing is written in its place


def taken_over(code: str) -> Text:
    """What a new report takes over from one that is annulled for a reason, and what is given anew; `_facts_of` does it."""
    if code == WRITTEN_TWICE:
        return _("No new report is begun.")
    if code == WRONG_SHOP:
        return _("Taken over: the time, the offence and what was seen. Given anew: the shop and the photos.")
    if code == WRONG_OFFENCE:
        return _("Taken over: the shop or place, the time and the photos. Given anew: the offence and what was seen.")
    return _("Taken over: the shop or place, the time, the offence, what was seen and the photos.")


def initial(request: AuthenticatedHttpRequest, warrant: JudicialWarrant) -> dict[str, Any]:
    """The initial values for the address of the form; what it names and cannot be found is left out."""
    begin: dict[str, Any] = {"client_key": str(uuid.uuid4()), "seen_at": clock.now().isoformat(timespec="seconds")}
    asked = request.GET
    if asked.get("again"):
        return begin | _facts_of(asked["again"], warrant)
    origin = origins.of_key(asked.get("origin", ""))
    if origin is not None:
        return begin | {"origin": asked["origin"]} | origin.initial(asked["origin"], warrant)
    shop = shops.public_shop(asked["shop"]) if asked.get("shop") else None
    if shop is not None:
        return begin | {"shop": shop, "shop_no": shop.commercial_license_no}
    street = shops.public_shop(asked["street"]) if asked.get("street") else None
    return begin | (_before(street) if street is not None else {})


def _before(shop: Shop) -> dict[str, Any]:
    """The pavement before a shop that the inspector may not enter: the place alone, which names nobody."""
    where = _("On the pavement before: %(name)s") % {"name": shop.name_ar}
    return {"area": shop.area_id, "block": shop.block, "street": shop.street, "place_note": where[:160]}


def _facts_of(public_id: str, warrant: JudicialWarrant) -> dict[str, Any]:
    """The facts of a report that its inspector annulled, with the time at which they saw it.

    A civil number, the shop that was wrong, and the offence that was wrong with what was seen of it, are given anew; the signature and the
    measured place always are. Photos are taken over where the shop or the place stays (`evidence.kept`).
    """
    rows = Violation.objects.select_related("writer_annulment", "shop__activity", "shop__area__governorate")
    row = rows.filter(
        public_id=public_id, state=ViolationState.ANNULLED, writer_annulment__by=warrant.user, branch=warrant.team.branch_id
    ).first()
    if row is None:
        return {}
    shop = row.shop if row.writer_annulment.code != WRONG_SHOP else None
    where = {"area": row.area_id, "block": row.block, "street": row.street} if shop is not None or row.shop is None else {}
    offence: dict[str, Any] = {}
    if row.writer_annulment.code != WRONG_OFFENCE:
        offence = {"offence": row.offence, "quantity": Decimal(row.quantity_hundredths) / 100, "months": row.months or None}
        offence["note_ar"] = row.note_ar
    return {
        "origin": origins.key_of(row),
        "in_place_of": row.reference,
        "photos_of": row.public_id if row.writer_annulment.code != WRONG_SHOP else "",
        "seen_at": row.seen_at.isoformat(timespec="microseconds"),
        "shop": shop,
        "shop_no": shop.commercial_license_no if shop is not None else "",
        **offence,
        "party_name_ar": row.party_name_ar,
        **where,
        "place_note": row.place_note,
    }
