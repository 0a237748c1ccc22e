"""Queries of the commercial register: freshness, differences, invariants."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from municipality.accounts.models import Organisation, User
from municipality.kernel import clock, digits
from municipality.kernel.transitions import state_findings
from shops.commercial_register.licences import number_of as number_of
from shops.commercial_register.port import CODE, is_connected
from shops.models import Shop
from shops.models.commercial_register import (
    CommercialDifference,
    CommercialFeed,
    CommercialLicence,
    CommercialNotice,
    CommercialOutage,
    CommercialRun,
    DifferenceState,
    LicenceStatus,
    RegisteredOwner,
)


def as_of(shop: Shop) -> dt.datetime:
    """Until when the facts of a shop are known to agree with the commercial register.

    A complete delta confirms every licence that it did not name. With an open or dismissed difference, or for a licence that was
    never delivered, the shop keeps its `facts_at`.
    """
    facts_at: dt.datetime = shop.facts_at
    confirmed = newest_licences(shop.commercial_license_no).filter(~Exists(_known_differences(shop)), feed__as_of__gt=facts_at)
    return confirmed.values_list("feed__as_of", flat=True).first() or facts_at


def newest_licences(licence_no: Any) -> QuerySet[CommercialLicence]:
    """The newest version of a licence that the commercial register delivered, with its notice; none where it delivered none.

    `licence_no` is a number or an OuterRef.
    """
    return CommercialLicence.objects.filter(feed__code=CODE, licence_no=licence_no)


@dataclass(frozen=True)
class StatedLicence:
    """A licence as the commercial register stated it last; `owner_digest` and `organisation_no` are empty where it names no owner."""

    is_active: bool
    valid_until: dt.date | None
    paci_number: str
    owner_digest: str
    organisation_no: str
    name_ar: str
    name_en: str

    def is_of(self, holder: User | Organisation) -> bool:
        """Whether a person or organisation owns it; True where the register names no owner."""
        if isinstance(holder, User):
            return not self.organisation_no and self.owner_digest in ("", holder.civil_id_digest)
        return not self.owner_digest and self.organisation_no in ("", holder.commercial_register_no)


def stated(licence_no: str) -> StatedLicence | None:
    """The newest version of a licence that the commercial register delivered; None where it delivered none that could be read."""
    row = newest_licences(licence_no).exclude(status="").select_related("notice").first()
    if row is None:
        return None
    body = row.notice.body
    address, until = body.get("address") or {}, body.get("valid_until") or ""
    owner = RegisteredOwner.objects.filter(commercial_license_no=licence_no).first()
    return StatedLicence(
        row.status == LicenceStatus.ACTIVE,
        dt.date.fromisoformat(until) if until else None,
        digits.clean(address.get("paci_number") or ""),
        owner.owner_digest if owner is not None else "",
        owner.organisation_no if owner is not None else "",
        body.get("name_ar") or "",
        body.get("name_en") or "",
    )


def differs(shop: Shop) -> bool:
    """Whether the registers are known to differ about a shop."""
    return _known_differences(shop).exists()


def _known_differences(shop: Shop) -> QuerySet[CommercialDifference]:
    """Differences of shops that are open, or dismissed and not settled since."""
    rows = CommercialDifference.objects.filter(licence_no=shop.commercial_license_no)
    dismissed = Q(state=DifferenceState.DISMISSED, stated_at__gt=shop.facts_at)
    return rows.filter(dismissed | Q(state=DifferenceState.OPEN))


@dataclass(frozen=True)
class ConnectionState:
    """The state of the connection to the commercial register."""

    is_connected: bool
    as_of: dt.datetime | None  # of the last complete delta
    under_way: CommercialRun | None
    outage: CommercialOutage | None
    last: CommercialRun | None


def outage() -> CommercialOutage | None:
    """The outage that lasts, or None."""
    return CommercialOutage.objects.filter(feed__code=CODE, ended_at__isnull=True).first()


def freshness() -> ConnectionState:
    """The current freshness."""
    runs = CommercialRun.objects.filter(feed__code=CODE).select_related("asked_by")
    return ConnectionState(
        is_connected(),
        CommercialFeed.objects.filter(code=CODE).values_list("as_of", flat=True).first(),
        runs.filter(ended_at__isnull=True).first(),
        outage(),
        runs.filter(ended_at__isnull=False).order_by("-pk").first(),
    )


def differences() -> QuerySet[CommercialDifference]:
    """All differences with the rows that a list displays, newest first."""
    return CommercialDifference.objects.select_related("shop__area", "shop__activity", "notice", "decided_by").order_by("-pk")


LOST_AFTER = dt.timedelta(days=1)


def findings() -> Iterator[str]:
    """Invariants: states follow their events, a running delta moves, and licences have the newest delivered version."""
    yield from state_findings(CommercialDifference)
    for run in CommercialRun.objects.filter(ended_at__isnull=True, moved_at__lt=clock.now() - LOST_AFTER):
        yield f"the delta {run.public_id} of the commercial register has not moved for a day"
    newer = CommercialNotice.objects.filter(feed=OuterRef("feed"), licence_no=OuterRef("licence_no"), version__gt=OuterRef("version"))
    for number in CommercialLicence.objects.filter(Exists(newer)).values_list("licence_no", flat=True)[:50]:
        yield f"licence {number} stands at an older version than the commercial register delivered"
    for number in CommercialLicence.objects.exclude(notice__version=F("version")).values_list("licence_no", flat=True)[:50]:
        yield f"licence {number} points to another version than it stands at"
