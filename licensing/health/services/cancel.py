"""The end of a licence by its holder."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from licensing.health import queries
from licensing.health.notifications import LicenceCancelled
from licensing.health.states import CANCEL, CANCELLED
from licensing.health.transfers import queries as transfers
from licensing.models import HealthLicence
from municipality.accounts.models import User
from municipality.audit.services import record
from municipality.delegation.authorization import Access, NotYours, authorize
from municipality.documents import services as documents
from municipality.documents.models import Document
from municipality.documents.states import LIVE
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.notifications.services import send
from shops.models import Shop
from shops.register import events
from shops.register import queries as shops
from shops.register import services as register


def named_access(person: User, shop: Shop, service: str = CANCEL) -> Access:
    """The right to end or transfer the licence of a shop: its holder's, or that of a delegate whose delegation names this service.

    Raises NotYours for all others, those with a delegation for every service among them.
    """
    access = authorize(person, shop, service)
    if access.grant is not None and access.grant.service != service:
        raise NotYours
    return access


@transaction.atomic
def cancel_licence(*, shop: Shop, person: User, closes_on: dt.date | None = None) -> HealthLicence:
    """End the valid licence of a shop for good, and close the shop from the day `closes_on`, if there is one.

    What is owed stays owed; nothing is refunded. The boards of the shop end with its licence. Raises NotYours, Refused with the code of
    the first unmet condition, "transfer_waits" while a named new holder may still answer, "not_later" for a day that is past or after the
    last day of the licence.
    """
    row = Shop.objects.select_for_update(of=("self",)).select_related("owner", "organisation", "branch").get(pk=shop.pk)
    shops.refuse_merged(row)
    actor = named_access(person, row).actor
    offer = queries.offer(row, CANCEL)
    licence = offer.licence
    if offer.unmet or licence is None:
        raise Refused(offer.unmet[0].code, _("A condition is no longer met. The page shows which one and what to do."))
    if transfers.waiting_on(row) is not None:
        raise Refused("transfer_waits", _("A transfer of this licence waits for an answer. Take it back first."))
    if closes_on is not None and not clock.today() <= closes_on <= licence.last_day:
        raise Refused("not_later", _("Choose today or a later day, up to the last day of the licence."))
    for document in _in_force(licence):
        documents.revoke(document, reason=CANCELLED, actor=actor)
    data = {"licence": licence.document.number, "closes_on": closes_on.isoformat() if closes_on else ""}
    record("licence.cancelled", subject=row.key, actor=actor, data=data)
    if closes_on is not None:
        events.close(shop=row, source=licence.document.number, actor=actor, on=closes_on)
    register.refresh_search([row.pk])  # the boards follow
    context = {"shop": row, "document": licence.document, "closes_on": closes_on, "today": clock.today()}
    for owner in shops.owners(row):
        send(LicenceCancelled, person=owner, key=f"licence:{licence.pk}", subject_key=row.key, context=context)
    return licence


def _in_force(licence: HealthLicence) -> list[Document]:
    """The document of a licence; with the one before it, while a renewed licence has not begun."""
    before = HealthLicence.objects.filter(next=licence, document__state__in=LIVE).select_related("document").first()
    return [licence.document, *([before.document] if before is not None else [])]
