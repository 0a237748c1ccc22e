"""The shop passes to its new holder with the issue of the licence."""

from __future__ import annotations

from licensing.health.transfers import queries
from licensing.health.transfers.notifications import LicenceTransferred
from licensing.models import LicenceTransfer, Renewal
from municipality.kernel.actors import Actor
from municipality.notifications.services import send
from shops.models import Shop
from shops.register import queries as shops
from shops.register import services as register


def agreement(renewal: Renewal) -> LicenceTransfer:
    """The agreement that began a transfer. Raises LookupError where there is none."""
    if (found := queries.of_case(renewal.case)) is None:
        raise LookupError(f"{renewal.case.reference} has no agreement")
    return found


def with_new_holder(shop: Shop, renewal: Renewal) -> Shop:
    """The shop as the new licence states it, before the register says so. Nothing is saved."""
    found = agreement(renewal)
    shop.owner, shop.organisation = (None, found.organisation) if found.organisation is not None else (found.signer, None)
    return shop


def hand_over(renewal: Renewal, actor: Actor) -> None:
    """Write the new holder to the register and tell all who held the shop; in the transaction of the issue."""
    found = agreement(renewal)
    former = {found.asked_by, *shops.owners(found.shop)}
    register.transfer(shop=found.shop, to=found.holder, source=renewal.case.key, actor=actor)
    context = {"shop": found.shop, "document": renewal.licence.document}
    for person in sorted(former, key=lambda one: one.pk):
        send(LicenceTransferred, person=person, key=found.public_id, subject_key=found.shop.key, context=context)
