"""Acts on a health licence whose refusal was set aside after an appeal."""

from __future__ import annotations

from dataclasses import replace

from licensing.health.appeals.registry import Appealable
from licensing.health.queries import get_renewal, open_act
from licensing.health.services.lost import lost_condition
from licensing.health.transfers import queries as transfers_of
from licensing.health.transfers import services as transfers
from licensing.models import HealthLicence
from municipality.cases.models import Case
from municipality.documents.models import Document
from shops.models import Shop


def _shop(first: Case) -> Shop:
    """The shop, locked as by every service that opens an act."""
    return Shop.objects.select_for_update(of=("self",)).get(pk=get_renewal(first).licence.shop_id)


def _goes_on(first: Case) -> bool:
    """Whether the licence is still the current one, no other act on it is open, and nothing would refuse the request at once."""
    _shop(first)
    is_current = HealthLicence.objects.filter(pk=get_renewal(first).licence_id, is_current=True).exists()
    return is_current and open_act(first.subject) is None and not lost_condition(first)


def _transfer_goes_on(first: Case) -> bool:
    """Also whether the holder has not named another person meanwhile."""
    return _goes_on(first) and transfers_of.waiting_on(_shop(first)) is None


def _letter(first: Case) -> Document | None:
    return get_renewal(first).refusal


ACT = Appealable(goes_on=_goes_on, letter=_letter)
TRANSFERRED = replace(ACT, goes_on=_transfer_goes_on, went_on=transfers.go_on)
