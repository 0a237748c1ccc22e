"""Questions about the commercial register: how fresh the facts of a shop are, what waits for a person, what went wrong."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from municipality.kernel import clock
from municipality.kernel.transitions import misfits
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
)


def as_of(shop: Shop) -> dt.datetime:
    """Until when the commercial register is known to say what the facts of a shop say.

    A delta that ended well confirms every licence it did not name. Where something differs and waits for a person, or was
    dismissed, or where the register never showed the licence, the shop keeps the instant at which its facts were taken.
    """
    kept: dt.datetime = shop.facts_at
    known = CommercialLicence.objects.filter(feed=OuterRef("pk"), licence_no=shop.commercial_license_no)
    feeds = CommercialFeed.objects.filter(Exists(known), ~Exists(_differing(shop)), code=CODE, as_of__gt=kept)
    return feeds.values_list("as_of", flat=True).first() or kept


def differs(shop: Shop) -> bool:
    """Whether the registers are known to differ."""
    return _differing(shop).exists()


def _differing(shop: Shop) -> QuerySet[CommercialDifference]:
    """What the registers are known to differ in: it waits for a person, or was dismissed and they have not agreed since."""
    rows = CommercialDifference.objects.filter(licence_no=shop.commercial_license_no)
    dismissed = Q(state=DifferenceState.DISMISSED, stated_at__gt=shop.facts_at)
    return rows.filter(dismissed | Q(state=DifferenceState.OPEN))


@dataclass(frozen=True)
class Freshness:
    """How the portal stands with the commercial register."""

    is_connected: bool
    as_of: dt.datetime | None  # of the last delta that ended well
    under_way: CommercialRun | None
    outage: CommercialOutage | None
    last: CommercialRun | None


def freshness() -> Freshness:
    """See `Freshness`."""
    runs = CommercialRun.objects.filter(feed__code=CODE).select_related("asked_by")
    return Freshness(
        is_connected(),
        CommercialFeed.objects.filter(code=CODE).values_list("as_of", flat=True).first(),
        runs.filter(ended_at__isnull=True).first(),
        CommercialOutage.objects.filter(feed__code=CODE, ended_at__isnull=True).first(),
        runs.filter(ended_at__isnull=False).order_by("-pk").first(),
    )


def differences() -> QuerySet[CommercialDifference]:
    """All differences with what a list shows of them, newest first."""
    return CommercialDifference.objects.select_related("shop__area", "shop__activity", "notice", "decided_by").order_by("-pk")


LOST_AFTER = dt.timedelta(days=1)


def findings() -> Iterator[str]:
    """What must hold: states follow their events, a delta that is under way moves, and what is known is the newest that was delivered."""
    yield from misfits(CommercialDifference)
    for run in CommercialRun.objects.filter(ended_at__isnull=True, moved_at__lt=clock.now() - LOST_AFTER):
        yield f"the delta {run.public_id} of the commercial register has not moved for a day"
    newer = CommercialNotice.objects.filter(feed=OuterRef("feed"), licence_no=OuterRef("licence_no"), version__gt=OuterRef("version"))
    for number in CommercialLicence.objects.filter(Exists(newer)).values_list("licence_no", flat=True)[:50]:
        yield f"licence {number} stands at an older version than the commercial register delivered"
    for number in CommercialLicence.objects.exclude(notice__version=F("version")).values_list("licence_no", flat=True)[:50]:
        yield f"licence {number} points to another version than it stands at"
