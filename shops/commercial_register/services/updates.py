"""Applying what the register delivered: kept once, newest wins, taken over or set before a person; in the caller's transaction."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from municipality.kernel.transitions import transition
from municipality.rulebook import queries as rulebook
from shops.commercial_register import differences
from shops.commercial_register.licences import LicenceEntry, LicenceFacts
from shops.commercial_register.port import CODE
from shops.models import RegisteredOwner, Shop
from shops.models.commercial_register import (
    CommercialDifference,
    CommercialFeed,
    CommercialLicence,
    CommercialNotice,
    CommercialRun,
    DifferenceKind,
    DifferenceState,
    LicenceStatus,
    NoticeStatus,
)
from shops.register.services import FactChange, take_over

log = logging.getLogger(__name__)

ME = system("commercial_register")
LIMITS = "limits.commercial"
K = DifferenceKind
# The fact of the Municipality's register that a kind of difference is about.
FACTS = {
    K.NAME: "trade_name",
    K.ACTIVITY: "activity",
    K.ADDRESS: "address",
    K.VALIDITY: "commercial_licence",
    K.REGISTRATION: "commercial_registration",
}


@dataclass
class Tally:
    """What became of some entries."""

    fresh: int = 0
    known: int = 0
    late: int = 0
    applied: int = 0
    raised: int = 0
    settled: int = 0


@dataclass
class _Desk:
    """What is needed to judge the entries of one page, read at once."""

    feed: CommercialFeed
    taken: frozenset[str]
    now: dt.datetime
    licences: dict[str, CommercialLicence]
    shops: dict[str, Shop]
    open: dict[tuple[str, str], CommercialDifference]
    dismissed: dict[tuple[str, str], CommercialDifference]
    tally: Tally = field(default_factory=Tally)
    agreed: list[int] = field(default_factory=list)


def taken_by_itself(on: dt.date | None = None) -> frozenset[str]:
    """What the Municipality takes over without a person, by the rulebook; nothing where no edition is published."""
    try:
        limits = rulebook.edition(LIMITS, on or clock.today()).limits
    except Refused:
        return frozenset()
    return frozenset(code.removeprefix("takes_") for code, limit in limits.items() if limit.value)


def apply(*, feed: CommercialFeed, entries: Sequence[LicenceEntry], run: CommercialRun | None) -> Tally:
    """Keep each version once, and act on the newest of each licence. The caller holds the feed locked."""
    desk = _desk(feed, {entry.licence_no for entry in entries})
    newest: dict[str, tuple[LicenceEntry, CommercialNotice]] = {}
    for entry, notice in _kept(desk, entries, run):
        if notice.standing != NoticeStatus.LATE:
            newest[entry.licence_no] = entry, notice
    before = {number: row.status for number, row in desk.licences.items()}
    _remember(desk, newest, {entry.licence_no for entry in entries}, run)
    for entry in entries:
        _settle(desk, entry.licence_no, {K.UNKNOWN}, "known_again")
    for number, (entry, notice) in newest.items():
        if entry.facts is None:
            theirs = {"problem": entry.problem}
            _raise(desk, number, K.UNREADABLE, desk.shops.get(number), theirs, notice)
        else:
            _judge(desk, entry.facts, before.get(number, ""), notice)
    Shop.objects.filter(pk__in=desk.agreed).update(facts_source=CODE, facts_at=desk.now)
    return desk.tally


def _desk(feed: CommercialFeed, numbers: set[str]) -> _Desk:
    rows = CommercialDifference.objects.filter(feed=feed, licence_no__in=numbers).order_by("pk")
    standing: dict[str, dict[tuple[str, str], CommercialDifference]] = {DifferenceState.OPEN: {}, DifferenceState.DISMISSED: {}}
    for row in rows.filter(state__in=standing):
        standing[row.state][row.licence_no, row.kind] = row
    shops = Shop.objects.filter(commercial_license_no__in=numbers).select_related("area")
    return _Desk(
        feed,
        taken_by_itself(),
        clock.now(),
        {row.licence_no: row for row in CommercialLicence.objects.select_for_update().filter(feed=feed, licence_no__in=numbers)},
        {shop.commercial_license_no: shop for shop in shops},
        standing[DifferenceState.OPEN],
        standing[DifferenceState.DISMISSED],
    )


def _kept(desk: _Desk, entries: Sequence[LicenceEntry], run: CommercialRun | None) -> list[tuple[LicenceEntry, CommercialNotice]]:
    """Write a notice of each version that was not delivered before, with what it is beside what is known. Twice the same is nothing."""
    numbers = {entry.licence_no for entry in entries}
    held = set(CommercialNotice.objects.filter(feed=desk.feed, licence_no__in=numbers).values_list("licence_no", "version"))
    versions = {number: row.version for number, row in desk.licences.items()}
    made: list[tuple[LicenceEntry, CommercialNotice]] = []
    for entry in entries:
        if (entry.licence_no, entry.version) in held:
            desk.tally.known += 1
            continue
        held.add((entry.licence_no, entry.version))
        is_late = entry.version < versions.get(entry.licence_no, -1)
        standing = NoticeStatus.LATE if is_late else NoticeStatus.FRESH if entry.facts else NoticeStatus.UNREADABLE
        if is_late:
            desk.tally.late += 1
            log.warning("commercial register: an older version of a licence came after a newer one; kept and not applied")
        else:
            desk.tally.fresh += 1
            versions[entry.licence_no] = entry.version
        notice = CommercialNotice(
            feed=desk.feed,
            licence_no=entry.licence_no,
            version=entry.version,
            body=entry.body,
            standing=standing,
            run=run,
            received_at=desk.now,
        )
        made.append((entry, notice))
    CommercialNotice.objects.bulk_create([notice for _entry, notice in made])
    return made


def _remember(desk: _Desk, newest: Mapping[str, tuple[LicenceEntry, CommercialNotice]], shown: set[str], run: CommercialRun | None) -> None:
    """What is known of each licence from now on, and which of them a whole listing showed."""
    listing = run if run is not None and run.is_full else None
    fresh, moved = [], []
    for number in shown:
        row = desk.licences.get(number)
        if row is None:
            row = CommercialLicence(feed=desk.feed, licence_no=number)
            fresh.append(row)
        else:
            moved.append(row)
        if listing is not None:
            row.seen_in = listing
        if number in newest:
            entry, notice = newest[number]
            row.version, row.notice = entry.version, notice
            if entry.facts is not None:
                row.status = entry.facts.status
    CommercialLicence.objects.bulk_create(fresh)
    CommercialLicence.objects.bulk_update(moved, ["version", "notice", "status", "seen_in"])


def _judge(desk: _Desk, facts: LicenceFacts, before: str, notice: CommercialNotice) -> None:
    """One licence beside its shop: take over what may be, raise what a person must see, settle what agrees now."""
    number = facts.licence_no
    shop = desk.shops.get(number)
    if facts.owner is not None and "owner" in desk.taken:
        _note_owner(number, facts, desk.now)
    if shop is not None and shop.merged_into_id is not None:  # a second licence of a shop that stands under another entry
        _settle(desk, number, set(DifferenceKind.values), "shop_merged", notice)
        return
    if (number, K.RESTORED) in desk.open:
        before = LicenceStatus.CANCELLED  # that it came back still waits for a person
    found = differences.differences(shop, facts, before)
    if shop is not None:
        found = _take_over(desk, shop, found, notice)
    for kind, theirs in found.items():
        _raise(desk, number, kind, shop, theirs, notice)
    reason = "shop_closed" if shop is not None and shop.closed_on else "agrees"
    _settle(desk, number, set(DifferenceKind.values) - found.keys(), reason, notice)
    if shop is not None and not found:
        desk.agreed.append(shop.pk)


def _settle(desk: _Desk, number: str, kinds: set[str], reason: str, notice: CommercialNotice | None = None) -> None:
    for kind in sorted(kinds):
        row = desk.open.pop((number, kind), None)
        if row is not None:
            settle(row, reason, notice)
            desk.tally.settled += 1


def _take_over(desk: _Desk, shop: Shop, found: Mapping[str, differences.Values], notice: CommercialNotice) -> dict[str, differences.Values]:
    """Write what the rulebook lets in by itself; what is left."""
    left, changes = dict(found), []
    for kind, theirs in found.items():
        written = differences.columns(kind, theirs, shop) if kind in FACTS and kind in desk.taken else None
        if written is not None:
            changes.append(FactChange(FACTS[DifferenceKind(kind)], written, differences.ours(kind, shop), theirs))
            del left[kind]
    if changes:
        # While anything still differs, the facts as a whole keep the source and instant that they have.
        register, as_of = (shop.facts_source, shop.facts_at) if left else (CODE, notice.received_at)
        source = f"{CODE}:{notice.pk}"
        desk.shops[notice.licence_no] = take_over(shop=shop, changes=changes, register=register, as_of=as_of, source=source, actor=ME)
        desk.tally.applied += 1
    return left


def _note_owner(number: str, facts: LicenceFacts, now: dt.datetime) -> None:
    """Who owns the licence, for claims; the shop stays with its holder."""
    assert facts.owner is not None  # noqa: S101 - asked by the caller
    named = {"owner_digest": facts.owner.digest, "organisation_no": facts.owner.organisation_no}
    RegisteredOwner.objects.update_or_create(commercial_license_no=number, defaults={**named, "source": CODE, "as_of": now})


def _raise(desk: _Desk, number: str, kind: str, shop: Shop | None, theirs: differences.Values, notice: CommercialNotice | None) -> None:
    """One row for a licence and a kind: made, or told anew where it stands already. What was dismissed stays dismissed while both
    sides say the same."""
    mine = differences.ours(kind, shop)
    row = desk.open.get((number, kind))
    if row is not None:
        if row.theirs != theirs:
            transition(
                row,
                "restate",
                actor=ME,
                data={"before": row.theirs, **({"notice": notice.pk} if notice else {})},
                theirs=theirs,
                ours=mine,
                shop=shop,
                notice=notice,
                stated_at=desk.now,
            )
        return
    old = desk.dismissed.get((number, kind))
    if old is not None and (old.theirs, old.ours) == (theirs, mine):
        return
    desk.open[number, kind] = CommercialDifference.objects.create(
        feed=desk.feed,
        licence_no=number,
        kind=kind,
        shop=shop,
        ours=mine,
        theirs=theirs,
        notice=notice,
        found_at=desk.now,
        stated_at=desk.now,
    )
    desk.tally.raised += 1


def settle(row: CommercialDifference, reason: str, notice: CommercialNotice | None = None) -> None:
    """Close an open difference because nothing differs any more: `agrees`, `shop_closed`, `shop_found` or `known_again`."""
    data = {"notice": notice.pk} if notice else {}
    transition(row, "settle", actor=ME, reason=reason, data=data, decided_at=clock.now())


def raise_missing(feed: CommercialFeed, shops: Iterable[Shop]) -> int:
    """A difference for each shop whose licence the register does not know. Returns how many are new."""
    rows = list(shops)
    desk = _desk(feed, {shop.commercial_license_no for shop in rows})
    for shop in rows:
        _raise(desk, shop.commercial_license_no, K.UNKNOWN, shop, {"standing": "unknown"}, None)
    return desk.tally.raised
