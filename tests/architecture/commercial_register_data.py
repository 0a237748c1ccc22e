"""The commercial register in the sample: one delta that ended, an outage, differences in each state, and attacks on its guards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.test import override_settings

from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.kernel.transitions import transition
from shops.commercial_register import licences
from shops.commercial_register.services import decisions, delta, updates
from shops.models import Shop
from shops.models.commercial_register import (
    CommercialDifference,
    CommercialFeed,
    CommercialLicence,
    CommercialOutage,
    CommercialRun,
    LicenceStatus,
)

if TYPE_CHECKING:
    from tests.architecture.sample_data import Sample
from tests.factories.accounts import OrganisationFactory


@dataclass
class Commercial:
    """A shop whose name differs, and whoever decides it."""

    keeper: User
    shop: Shop
    waiting: CommercialDifference
    cancelled: CommercialDifference  # stands open too, of another shop
    unreadable: CommercialDifference
    dismissed: CommercialDifference
    settled: CommercialDifference

    @property
    def seen(self) -> str:
        """What the page of the waiting difference sends back with a decision."""
        return decisions.fingerprint(self.waiting)


@contextmanager
def connected(how: str) -> Iterator[None]:
    """The register has an address: `yes`, `away` without a good answer, or `doubted` after a listing that lacked too much."""
    with override_settings(MOCI_URL="http://127.0.0.1:1/api/v1"):
        if how == "away":
            with transaction.atomic():
                delta.note_outage(delta.feed(), "away")
        if how == "doubted":
            CommercialRun.objects.update(is_doubted=True, missing=4019)
        yield


def told(licence_no: str, version: int = 2, **facts: Any) -> licences.LicenceEntry:
    """An entry as the register delivers it, of a licence that it holds otherwise than we do."""
    return licences.read(
        {
            "licence": licence_no,
            "version": version,
            "status": LicenceStatus.ACTIVE,
            "name_ar": "صالون الدانة",
            "name_en": "Al-Dana",
            "activity": "WSAL",
            "valid_until": (clock.today() + dt.timedelta(days=300)).isoformat(),
        }
        | facts
    )


def fill(keeper: User) -> Commercial:
    """Two shops of an organisation, one renamed and one cancelled there; three licences without a shop, one not to be read."""
    from tests.architecture.sample_data import shop_of

    holder = OrganisationFactory(name_ar="شركة السجلين", name_en="Two Registers Company", commercial_register_no="78019")
    shop = shop_of(None, 954, organisation=holder, name_ar="صالون السجلين", name_en="Two Registers Salon", activity_id="WSAL", ends_in=None)
    gone = shop_of(None, 955, organisation=holder, name_ar="صالون السجل الآخر", name_en="Other Register Salon", ends_in=None)
    now = clock.now()
    feed = CommercialFeed.objects.create(code="moci", cursor="1-9", as_of=now)
    run = CommercialRun.objects.create(feed=feed, why="night", began_at=now, moved_at=now, ended_at=now, pages=1, is_full=True)
    CommercialOutage.objects.create(feed=feed, code="away", began_at=now, last_at=now, next_at=now, ended_at=now)
    entries = [
        told(shop.commercial_license_no),
        told(gone.commercial_license_no, status=LicenceStatus.CANCELLED, cancelled_on=clock.today().isoformat()),
        told("3020/000001", valid_until="never"),
        told("3020/000002"),
        told("3020/000003"),
    ]
    with transaction.atomic():
        updates.apply(feed=feed, entries=entries, run=run)
        rows = {row.licence_no: row for row in CommercialDifference.objects.all()}
        dismissed = rows["3020/000002"]
        decisions.dismiss(difference=dismissed, as_seen=decisions.fingerprint(dismissed), code="no_public_shop", by=keeper)
        updates.settle(rows["3020/000003"], "agrees")
    fresh = {row.licence_no: row for row in CommercialDifference.objects.all()}
    ordered = (shop.commercial_license_no, gone.commercial_license_no, "3020/000001", "3020/000002", "3020/000003")
    return Commercial(keeper, shop, *(fresh[number] for number in ordered))


def fresh(sample: Sample) -> CommercialDifference:
    """A difference that nobody looked at."""
    number = f"3021/{CommercialDifference.objects.count():06d}"
    now, theirs = clock.now(), {"name_ar": "صالون الدانة"}
    return CommercialDifference.objects.create(
        feed=delta.feed(), licence_no=number, kind="new_shop", theirs=theirs, found_at=now, stated_at=now
    )


def grounds(target: str, sample: Sample) -> dict[str, Any]:
    """Whoever decides, and when."""
    if target == "open":
        return {}
    by = {} if target == "settled" else {"decided_by": sample.commercial.keeper}
    return {"decided_at": clock.now(), **by}


def _older(sample: Sample) -> None:
    CommercialLicence.objects.filter(licence_no=sample.commercial.shop.commercial_license_no).update(version=1)


def _decided_by_nobody(sample: Sample) -> None:
    from municipality.kernel.actors import system

    row = CommercialDifference.objects.get(pk=sample.commercial.waiting.pk)
    transition(row, "accept", actor=system("tests"), decided_at=clock.now())


BY_HAND = {
    "shops_commerciallicence_newer": _older,
    "shops_commercialdifference_by_a_person": _decided_by_nobody,
}
