"""Sheets of the register, merges and events by hand for the sample, and the attacks on what the database refuses of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from municipality.accounts.models import User
from municipality.imports import services as imports
from municipality.imports.models import ImportFile
from municipality.kernel import clock, ids
from shops.models import EventProposal, RegisterChange, RegisterRow, Shop, ShopEvent, ShopMerge, StatedHours
from shops.office.services import changes as by_hand
from shops.office.services import merges
from tests.architecture import violation_data
from tests.factories.accounts import OrganisationFactory
from tests.shops.imports.sheets import sheet

if TYPE_CHECKING:
    from tests.architecture.sample_data import Sample

WHY = "رقم الترخيص نفسه والعنوان واحد بعد المعاينة"


@dataclass
class Sheets:
    registrar: User
    keeper: User
    taken: ImportFile  # with a line that had errors
    waiting: ImportFile  # read, for a second person
    running: ImportFile  # released, its first batch taken
    merged: ShopMerge
    asked: ShopMerge
    proposal: EventProposal


def _loaded(clerk: User, *lines: dict[str, Any]) -> ImportFile:
    file = imports.load("register", content=sheet(*lines), name="سجل.csv", loaded_by=clerk)
    imports.check(file_id=file.pk)
    return ImportFile.objects.get(pk=file.pk)


def line(number: int, **more: Any) -> dict[str, Any]:
    return {
        "commercial_license_no": f"77{number:04d}/2021",
        "paci_number": f"1077{number:04d}",
        "commercial_registration_no": "78009",
        **more,
    }


def fill() -> Sheets:
    """What the sample has of the register's office, written by its own services."""
    from tests.architecture.sample_data import shop_of

    clerk, keeper = violation_data.staff("register_clerk"), violation_data.staff("register_keeper")
    taken = _loaded(clerk, line(1), line(2, paci_number="1"))
    imports.release(file=taken, released_by=keeper)
    imports.apply_released(file_id=taken.pk)
    waiting = _loaded(clerk, line(3), line(4, activity="?"))
    running = _loaded(clerk, line(5), line(6))
    imports.release(file=running, released_by=keeper)
    imports.apply_released(file_id=running.pk, size=1, seconds=0)
    aside = _loaded(clerk, line(7))
    imports.refuse(file=aside, refused_by=keeper)
    holder = OrganisationFactory(name_ar="شركة القيود", name_en="Entries Company", commercial_register_no="78008")
    shops = [
        shop_of(None, 960 + n, organisation=holder, name_ar=f"مكتبة القلم {n}", name_en=f"Al-Qalam {n}", ends_in=None) for n in range(5)
    ]
    merged = merges.propose(shop=shops[1], into=shops[0], note_ar=WHY, asked_by=clerk)
    merges.allow(merge=merged, allowed_by=keeper)
    dropped = merges.propose(shop=shops[2], into=shops[0], note_ar=WHY, asked_by=clerk)
    merges.refuse(merge=dropped, refused_by=keeper)
    asked = merges.propose(shop=shops[2], into=shops[3], note_ar=WHY, asked_by=clerk)
    said: dict[str, Any] = {"on": clock.today(), "note_ar": WHY, "reference": "12/2026", "asked_by": clerk}
    closed = by_hand.propose(shop=shops[4], kind="suspended", **said)
    by_hand.allow(proposal=closed, allowed_by=keeper)
    by_hand.refuse(proposal=by_hand.propose(shop=shops[3], kind="closed", **said), refused_by=keeper)
    proposal = by_hand.propose(shop=shops[3], kind="renamed", after={"name_ar": "مكتبة الدواة", "name_en": ""}, **said)
    fresh = {name: ImportFile.objects.get(pk=file.pk) for name, file in (("taken", taken), ("waiting", waiting), ("running", running))}
    return Sheets(clerk, keeper, merged=ShopMerge.objects.get(pk=merged.pk), asked=asked, proposal=proposal, **fresh)


def _again(row: Any, **more: Any) -> None:
    """The same row once more with another key and other values, written by hand."""
    like = type(row)._base_manager.get(pk=row.pk)
    like.pk, like.public_id = None, ids.public_id()
    for name, value in more.items():
        setattr(like, name, value)
    like._state.adding = True
    like.save()


def _event(shop: Shop, source: str, kind: str = "closed") -> None:
    ShopEvent.objects.create(shop=shop, kind=kind, on=dt.date(2020, 1, 1), source=source, actor_key="x", at=clock.now())


def _change(sample: Sample) -> None:
    RegisterChange.objects.create(
        shop=sample.register.with_events, name="area_m2", source=sample.sheets.waiting.key, actor_key="x", at=clock.now()
    )


def _row(file: ImportFile) -> None:
    RegisterRow.objects.create(file=file, line=99, outcome="wrong")


def _chain(sample: Sample) -> None:
    """A shop into one that stands for another already, by an act that two people signed."""
    sheets = sample.sheets
    goes = sheets.asked.shop
    ShopMerge.objects.filter(pk=sheets.asked.pk).update(refused_by=sheets.keeper, refused_at=clock.now())
    act = ShopMerge.objects.create(
        kind="merge", shop=goes, into=sheets.merged.shop, note_ar=WHY, asked_by=sheets.registrar, asked_at=clock.now()
    )
    ShopMerge.objects.filter(pk=act.pk).update(allowed_by=sheets.keeper, allowed_at=clock.now())
    Shop.objects.filter(pk=goes.pk).update(merged_into=sheets.merged.shop)


def _born_merged(sample: Sample) -> None:
    numbered = {"commercial_license_no": "770099/2021", "merged_into": sample.sheets.merged.into}
    _again(sample.register.closed, **numbered)


def _hours_of_a_closed_shop(sample: Sample, *, had_some: bool) -> None:
    stated = StatedHours.objects.get(shop=sample.page.shop)
    if had_some:
        Shop.objects.filter(pk=stated.shop_id).update(closed_on=clock.today())
        StatedHours.objects.filter(pk=stated.pk).update(ramadan=None)
    else:
        StatedHours.objects.create(shop=sample.register.closed, week_id=stated.week_id, stated_at=clock.now())


BY_HAND = {
    "shops_statedhours_insert_open": lambda sample: _hours_of_a_closed_shop(sample, had_some=False),
    "shops_statedhours_update_open": lambda sample: _hours_of_a_closed_shop(sample, had_some=True),
    "imports_importfile_loaded_first": lambda sample: _again(sample.sheets.waiting, sha256="0" * 64),
    "shops_registerrow_in_dry_run": lambda sample: _row(sample.sheets.waiting),
    "shops_registerrow_stays": lambda sample: RegisterRow.objects.filter(file=sample.sheets.taken)._raw_delete("default") and None,
    "shops_registerrow_left_only": lambda sample: RegisterRow.objects.filter(file=sample.sheets.waiting).update(outcome="same") and None,
    "shops_shopevent_by_released_file": lambda sample: _event(sample.register.with_events, sample.sheets.waiting.key),
    "shops_registerchange_by_released_file": _change,
    "shops_shopmerge_asked_first": lambda sample: _again(sample.sheets.merged),
    "shops_eventproposal_asked_first": lambda sample: _again(EventProposal.objects.filter(allowed_at__isnull=False)[0]),
    "shops_shopevent_by_two": lambda sample: _event(sample.sheets.proposal.shop, sample.sheets.proposal.key, "renamed"),
    "shops_shop_merged_by_two": lambda sample: (
        Shop.objects.filter(pk=sample.sheets.asked.shop_id).update(merged_into=sample.sheets.asked.into) and None
    ),
    "shops_shop_merged_once": _chain,
    "shops_shop_born_alone": _born_merged,
}
