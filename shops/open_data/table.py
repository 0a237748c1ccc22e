"""The published table of shops: names, types and labels of its fields, from which files, schemas, dictionary and catalogue are made."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from municipality.kernel import clock
from municipality.kernel.open_data import DatasetField, OpenSet
from shops.models import LicenceState, SearchEntry

SHOP_STATES = ["open", "suspended", "closed"]
Row = tuple[Any, ...]  # of one shop, in the order of FIELDS; days as ISO 8601


_SAME = _("The code stands in the list of codes of the public interface.")
_EMPTY = _("Empty where the register has none.")
FIELDS: tuple[DatasetField, ...] = (
    DatasetField(
        "id", "text", _("Identifier of the shop"), _("Stays the same when the shop is renamed, moved or closed."), "shop__public_id"
    ),
    DatasetField("name_ar", "text", _("Trade name in Arabic"), _("As the commercial register writes it."), "shop__name_ar"),
    DatasetField("name_en", "text", _("Trade name in Latin letters"), _EMPTY, "shop__name_en"),
    DatasetField("activity", "text", _("Code of the activity"), _SAME, "shop__activity_id"),
    DatasetField("activity_ar", "text", _("Activity in Arabic"), _("Name of the code."), "shop__activity__name_ar"),
    DatasetField("activity_en", "text", _("Activity in English"), _("Name of the code."), "shop__activity__name_en"),
    DatasetField("governorate", "text", _("Code of the governorate"), _SAME, "shop__area__governorate_id"),
    DatasetField("governorate_ar", "text", _("Governorate in Arabic"), _("Name of the code."), "shop__area__governorate__name_ar"),
    DatasetField("governorate_en", "text", _("Governorate in English"), _("Name of the code."), "shop__area__governorate__name_en"),
    DatasetField("area", "integer", _("Code of the area"), _SAME, "shop__area_id"),
    DatasetField("area_ar", "text", _("Area in Arabic"), _("Name of the code."), "shop__area__name_ar"),
    DatasetField("area_en", "text", _("Area in English"), _("Name of the code."), "shop__area__name_en"),
    DatasetField("block", "text", _("Block"), _("Number of the block in its area."), "shop__block"),
    DatasetField("street", "text", _("Street"), _("Number or name of the street."), "shop__street"),
    DatasetField("building", "text", _("Building"), _EMPTY, "shop__building"),
    DatasetField("plot", "text", _("Plot"), _EMPTY, "shop__plot"),
    DatasetField("floor", "text", _("Floor"), _EMPTY, "shop__floor"),
    DatasetField("unit", "text", _("Unit"), _EMPTY, "shop__unit"),
    DatasetField("paci_number", "text", _("PACI number"), _("Number of the address, eight digits."), "shop__paci_number"),
    DatasetField(
        "commercial_license_no", "text", _("Commercial licence"), _("Number of the commercial licence."), "shop__commercial_license_no"
    ),
    DatasetField("commercial_registration_no", "text", _("Commercial registration"), _EMPTY, "shop__commercial_registration_no"),
    DatasetField("latitude", "number", _("Latitude"), _("Degrees, WGS 84; null where the place is not known."), "shop__latitude", True),
    DatasetField("longitude", "number", _("Longitude"), _("Degrees, WGS 84; null where the place is not known."), "shop__longitude", True),
    DatasetField("opened_on", "day", _("Opened on"), _("Null where it is not known."), "shop__opened_on", True),
    DatasetField("suspended_on", "day", _("Suspended on"), _("Null while the shop is not suspended."), "shop__suspended_on", True),
    DatasetField("closed_on", "day", _("Closed on"), _("Null while the shop is not closed for good."), "shop__closed_on", True),
    DatasetField("state", "choice", _("State"), _("On the day of the file: open, suspended or closed."), choices=tuple(SHOP_STATES)),
    DatasetField(
        "health_licence",
        "choice",
        _("Health licence"),
        _("On the day of the file: none, active, ended, suspended or revoked."),
        choices=tuple(LicenceState.values),
    ),
    DatasetField("health_licence_end", "day", _("Health licence until"), _("Last day of the licence; null without one."), may_be_null=True),
    DatasetField(
        "opening_hours",
        "text",
        _("Opening hours"),
        _("As the shop states them, unchecked, in the opening_hours syntax of OpenStreetMap; Kuwait time. Empty where it states none."),
        "shop__hours__week",
    ),
    DatasetField(
        "opening_hours_ramadan",
        "text",
        _("Opening hours in Ramadan"),
        _("The same for Ramadan; empty where the shop states none of its own for it."),
        "shop__hours__ramadan",
    ),
    DatasetField("hours_stated_on", "day", _("Hours stated on"), _("Null where no hours are stated."), "shop__hours__stated_at", True),
)
NAMES = tuple(field.name for field in FIELDS)
_COLUMNS = (*(field.source for field in FIELDS if field.source), "licence", "licence_end")
_AREA, _BLOCK = NAMES.index("area"), NAMES.index("block")
LICENCE = NAMES.index("health_licence")  # the health licence and the opening hours follow from here on
HOURS = LICENCE + 2


def _published(read: Sequence[Any], today: dt.date) -> Row:
    *plain, opened, suspended, closed, week, ramadan, stated, licence, end = read
    if licence == LicenceState.ACTIVE and end is not None and end < today:  # the index has it within the hour
        licence = LicenceState.ENDED.value
    state = "closed" if closed and closed <= today else "suspended" if suspended and suspended <= today else "open"
    days = [day and day.isoformat() for day in (opened, suspended, closed)]
    hours = (week or "", ramadan or "", stated and clock.day_of(stated).isoformat())
    return (*plain, *days, state, licence, end and end.isoformat(), *hours)


def rows(
    today: dt.date, shops: Sequence[int] | None = None, chunk: int = 2000, keys: dict[str, int] | None = None
) -> Iterator[tuple[int, Row]]:
    """Primary key and row of some shops, or of all in the order of their keys, a chunk in memory at a time.

    `keys` filters all of them (`pk__gt`, `pk__lte`).
    """
    entries = SearchEntry.objects.filter(**keys or {}).order_by("pk") if shops is None else SearchEntry.objects.filter(pk__in=shops)
    for key, *read in entries.values_list("pk", *_COLUMNS).iterator(chunk_size=chunk):
        yield key, _published(read, today)


def fingerprint(row: Row) -> tuple[str, str]:
    """A hash of the fields of a row from the register, and its health licence in clear."""
    # A row without hours has the hash from before there were hours, so that an upgrade changes no shop.
    values = row[:LICENCE] + (row[HOURS:] if row[HOURS] else ())
    digest = hashlib.blake2b(repr(values).encode(), digest_size=16).hexdigest()
    return digest, f"{row[LICENCE]} {row[LICENCE + 1] or ''}".strip()


def area_and_block(row: Row) -> tuple[int, str]:
    return row[_AREA], row[_BLOCK]


def _all(today: dt.date) -> Iterator[Row]:
    return (row for _key, row in rows(today))


SHOPS = OpenSet(
    "shops",
    title=_("Register of shops"),
    about=_("Every shop of Kuwait with its activity, address, place and health licence, open or closed; without its holder."),
    counted=_("Shops"),
    keywords=(_("shops"), _("trade licences"), _("health licences")),
    theme="ECON",
    columns=FIELDS,
    rows=_all,
    has_changes=True,
)
