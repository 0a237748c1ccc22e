"""Applying delivered entries: saved once, the newest wins, accepted automatically or raised as differences."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction

from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from municipality.kernel.transitions import transition
from municipality.rulebook import queries as rulebook
from shops.commercial_register import differences, licences
from shops.commercial_register.differences import Values
from shops.commercial_register.licences import LicenceEntry, LicenceFacts
from shops.commercial_register.port import CODE
from shops.models import RegisteredOwner, Shop
from shops.models.commercial_register import (
    CommercialDifference,
    CommercialFeed,
    CommercialLicence,
    CommercialNotice,
    CommercialRun,
    DifferenceState,
    LicenceStatus,
    NoticeStatus,
    RegisterDifferenceKind,
)
from shops.register.services import FactChange, take_over

log = logging.getLogger(__name__)

SYSTEM = system("commercial_register")
LIMITS = "limits.commercial"
K = RegisterDifferenceKind
# The fact of our register for each kind of difference.
FACTS = {
    K.NAME: "trade_name",
    K.ACTIVITY: "activity",
    K.ADDRESS: "address",
    K.VALIDITY: "commercial_licence",
    K.REGISTRATION: "commercial_registration",
}


@dataclass
class UpdateTally:
    """Counts of what became of entries."""

    fresh: int = 0
    known: int = 0
    late: int = 0
    applied: int = 0
    raised: int = 0
    settled: int = 0


@dataclass
class _Page:
    """What is needed to apply the entries of one page, read at once."""

    feed: CommercialFeed
    automatic: frozenset[str]
    now: dt.datetime
    licences: dict[str, CommercialLicence]
    shops: dict[str, Shop]
    open: dict[tuple[str, str], CommercialDifference]
    dismissed: dict[tuple[str, str], CommercialDifference]
    tally: UpdateTally = field(default_factory=UpdateTally)
    agreed: list[int] = field(default_factory=list)


def accepted_automatically() -> frozenset[str]:
    """The kinds that are accepted automatically today, by the rulebook; none without an edition."""
    try:
        limits = rulebook.edition(LIMITS, clock.today()).limits
    except Refused:
        return frozenset()
    return frozenset(code.removeprefix("takes_") for code, limit in limits.items() if limit.value)


def apply(*, feed: CommercialFeed, entries: Sequence[LicenceEntry], run: CommercialRun | None) -> UpdateTally:
    """Save each version once, and apply the newest one of each licence. The caller holds the lock of the feed."""
    page = _load(feed, {entry.licence_no for entry in entries})
    newest: dict[str, tuple[LicenceEntry, CommercialNotice]] = {}
    for entry, notice in _save_notices(page, entries, run):
        if notice.standing != NoticeStatus.LATE:
            newest[entry.licence_no] = entry, notice
    before = {number: row.status for number, row in page.licences.items()}
    _update_licences(page, newest, {entry.licence_no for entry in entries}, run)
    for entry in entries:
        _settle(page, entry.licence_no, {K.UNKNOWN}, "known_again")
    for number, (entry, notice) in newest.items():
        if entry.facts is None:
            theirs = {"problem": entry.problem}
            _raise(page, number, K.UNREADABLE, page.shops.get(number), theirs, notice)
        else:
            _apply_facts(page, entry.facts, before.get(number, ""), notice)
    Shop.objects.filter(pk__in=page.agreed).update(facts_source=CODE, facts_at=page.now)
    return page.tally


@transaction.atomic
def compare_again(*, number: str) -> None:
    """Compare a shop with the newest delivered version of its licence, which nobody did while it was merged or not entered yet.

    Does nothing where the register has delivered none, none that can be read, or does not know the licence any more.
    """
    feed = CommercialFeed.objects.select_for_update().filter(code=CODE).first()
    if feed is None:
        return
    page = _load(feed, {number})
    row = page.licences.get(number)
    if row is None or (number, K.UNKNOWN) in page.open:
        return
    # The owner was saved when the version was delivered; its saved form is not that of a delivered one.
    facts = licences.read({name: value for name, value in row.notice.body.items() if name != "owner"}).facts
    if facts is not None:
        shop = page.shops.get(number)
        if shop is not None and shop.facts_at > row.notice.received_at:
            page.automatic = frozenset()  # what we know came later, so a person decides
        closed_on = shop.closed_on if shop is not None else None
        before = LicenceStatus.CANCELLED if closed_on is not None and _was_cancelled(row, closed_on) else row.status
        _apply_facts(page, facts, before, row.notice)


def _was_cancelled(row: CommercialLicence, closed_on: dt.date) -> bool:
    """Whether a licence was cancelled when its shop was closed, or later, before its newest version; one query."""
    versions = CommercialNotice.objects.filter(feed=row.feed_id, licence_no=row.licence_no, version__lt=row.version)
    told = versions.filter(standing=NoticeStatus.FRESH).order_by("version").values_list("received_at", "body__status")
    states = list(told)
    earlier = [status for received_at, status in states if received_at < clock.start_of(closed_on)]
    since = [status for _received_at, status in states[len(earlier) :]]
    return LicenceStatus.CANCELLED in [*earlier[-1:], *since]


def _load(feed: CommercialFeed, numbers: set[str]) -> _Page:
    rows = CommercialDifference.objects.filter(feed=feed, licence_no__in=numbers).order_by("pk")
    by_state: dict[str, dict[tuple[str, str], CommercialDifference]] = {DifferenceState.OPEN: {}, DifferenceState.DISMISSED: {}}
    for row in rows.filter(state__in=by_state):
        by_state[row.state][row.licence_no, row.kind] = row
    shops = Shop.objects.filter(commercial_license_no__in=numbers).select_related("area")
    return _Page(
        feed,
        accepted_automatically(),
        clock.now(),
        {row.licence_no: row for row in CommercialLicence.objects.select_for_update().filter(feed=feed, licence_no__in=numbers)},
        {shop.commercial_license_no: shop for shop in shops},
        by_state[DifferenceState.OPEN],
        by_state[DifferenceState.DISMISSED],
    )


def _save_notices(page: _Page, entries: Sequence[LicenceEntry], run: CommercialRun | None) -> list[tuple[LicenceEntry, CommercialNotice]]:
    """Create a notice for each new version, with its status compared to the known version; ignore known ones."""
    numbers = {entry.licence_no for entry in entries}
    known = set(CommercialNotice.objects.filter(feed=page.feed, licence_no__in=numbers).values_list("licence_no", "version"))
    versions = {number: row.version for number, row in page.licences.items()}
    new: list[tuple[LicenceEntry, CommercialNotice]] = []
    for entry in entries:
        if (entry.licence_no, entry.version) in known:
            page.tally.known += 1
            continue
        known.add((entry.licence_no, entry.version))
        is_late = entry.version < versions.get(entry.licence_no, -1)
        status = NoticeStatus.LATE if is_late else NoticeStatus.FRESH if entry.facts else NoticeStatus.UNREADABLE
        if is_late:
            page.tally.late += 1
            log.warning("commercial register: an older version of a licence came after a newer one; kept and not applied")
        else:
            page.tally.fresh += 1
            versions[entry.licence_no] = entry.version
        notice = CommercialNotice(
            feed=page.feed,
            licence_no=entry.licence_no,
            version=entry.version,
            body=entry.body,
            standing=status,
            run=run,
            received_at=page.now,
        )
        new.append((entry, notice))
    CommercialNotice.objects.bulk_create([notice for _entry, notice in new])
    return new


def _update_licences(
    page: _Page, newest: Mapping[str, tuple[LicenceEntry, CommercialNotice]], listed: set[str], run: CommercialRun | None
) -> None:
    """Update the known version of each licence, and which of them a full listing lists."""
    listing = run if run is not None and run.is_full else None
    created, updated = [], []
    for number in listed:
        row = page.licences.get(number)
        if row is None:
            row = CommercialLicence(feed=page.feed, licence_no=number)
            created.append(row)
        else:
            updated.append(row)
        if listing is not None:
            row.seen_in = listing
        if number in newest:
            entry, notice = newest[number]
            row.version, row.notice = entry.version, notice
            if entry.facts is not None:
                row.status = entry.facts.status
    CommercialLicence.objects.bulk_create(created)
    CommercialLicence.objects.bulk_update(updated, ["version", "notice", "status", "seen_in"])


def _apply_facts(page: _Page, facts: LicenceFacts, before: str, notice: CommercialNotice) -> None:
    """Compare a licence with its shop: accept automatically, raise differences, settle those that agree now."""
    number = facts.licence_no
    shop = page.shops.get(number)
    if facts.owner is not None and "owner" in page.automatic:
        _save_owner(number, facts, page.now)
    if shop is not None and shop.merged_into_id is not None:  # a second licence of a shop that was merged
        _settle(page, number, set(RegisterDifferenceKind.values), "shop_merged", notice)
        return
    if (number, K.RESTORED) in page.open:
        before = LicenceStatus.CANCELLED  # the difference about its return is still open
    differing = differences.differences(shop, facts, before)
    if shop is not None:
        differing = _accept_automatically(page, shop, differing, notice)
    for kind, theirs in differing.items():
        _raise(page, number, kind, shop, theirs, notice)
    reason = "shop_closed" if shop is not None and shop.closed_on else "agrees"
    _settle(page, number, set(RegisterDifferenceKind.values) - differing.keys(), reason, notice)
    if shop is not None and not differing:
        page.agreed.append(shop.pk)


def _settle(page: _Page, number: str, kinds: set[str], reason: str, notice: CommercialNotice | None = None) -> None:
    for kind in sorted(kinds):
        row = page.open.pop((number, kind), None)
        if row is not None:
            settle(row, reason, notice)
            page.tally.settled += 1


def _accept_automatically(page: _Page, shop: Shop, differing: Mapping[str, Values], notice: CommercialNotice) -> dict[str, Values]:
    """Write the differences that are accepted automatically; returns the others."""
    remaining, changes = dict(differing), []
    for kind, theirs in differing.items():
        columns = differences.columns(kind, theirs, shop) if kind in FACTS and kind in page.automatic else None
        if columns is not None:
            changes.append(FactChange(FACTS[RegisterDifferenceKind(kind)], columns, differences.ours(kind, shop), theirs))
            del remaining[kind]
    if changes:
        # While other facts differ, all facts keep their source and time.
        register, as_of = (shop.facts_source, shop.facts_at) if remaining else (CODE, notice.received_at)
        source = f"{CODE}:{notice.pk}"
        page.shops[notice.licence_no] = take_over(shop=shop, changes=changes, register=register, as_of=as_of, source=source, actor=SYSTEM)
        page.tally.applied += 1
    return remaining


def _save_owner(number: str, facts: LicenceFacts, now: dt.datetime) -> None:
    """Save the owner of the licence, for claims; the holder of the shop does not change."""
    assert facts.owner is not None  # noqa: S101 - asked by the caller
    owner = {"owner_digest": facts.owner.digest, "organisation_no": facts.owner.organisation_no}
    RegisteredOwner.objects.update_or_create(commercial_license_no=number, defaults={**owner, "source": CODE, "as_of": now})


def _raise(page: _Page, number: str, kind: str, shop: Shop | None, theirs: Values, notice: CommercialNotice | None) -> None:
    """Create the difference of a licence and kind, or restate the open one. A dismissed one stays dismissed while both values are
    the same.
    """
    ours = differences.ours(kind, shop)
    row = page.open.get((number, kind))
    if row is not None:
        if row.theirs != theirs:
            transition(
                row,
                "restate",
                actor=SYSTEM,
                data={"before": row.theirs, **({"notice": notice.pk} if notice else {})},
                theirs=theirs,
                ours=ours,
                shop=shop,
                notice=notice,
                stated_at=page.now,
            )
        return
    dismissed = page.dismissed.get((number, kind))
    if dismissed is not None and (dismissed.theirs, dismissed.ours) == (theirs, ours):
        return
    page.open[number, kind] = CommercialDifference.objects.create(
        feed=page.feed,
        licence_no=number,
        kind=kind,
        shop=shop,
        ours=ours,
        theirs=theirs,
        notice=notice,
        found_at=page.now,
        stated_at=page.now,
    )
    page.tally.raised += 1


def settle(row: CommercialDifference, reason: str, notice: CommercialNotice | None = None) -> None:
    """Close an open difference: `agrees`, `shop_closed`, `shop_found`, `shop_merged` or `known_again`."""
    data = {"notice": notice.pk} if notice else {}
    transition(row, "settle", actor=SYSTEM, reason=reason, data=data, decided_at=clock.now())


def raise_missing(feed: CommercialFeed, shops: Iterable[Shop]) -> int:
    """Raise a difference for each shop whose licence the register does not know. Returns how many are new."""
    rows = list(shops)
    page = _load(feed, {shop.commercial_license_no for shop in rows})
    for shop in rows:
        _raise(page, shop.commercial_license_no, K.UNKNOWN, shop, {"standing": "unknown"}, None)
    return page.tally.raised
