"""Parsing the entries of the register: one licence, its validated facts, and what is saved of it."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any

from municipality.accounts import civil_ids
from municipality.kernel import civil_id, clock, digits
from shops.models.commercial_register import LicenceStatus

ADDRESS = ("block", "street", "building", "plot", "floor", "unit", "paci_number")
# The maximal lengths of texts, as the columns of the Municipality's register.
LENGTHS = {
    "name_ar": 160,
    "name_en": 160,
    "activity": 20,
    "registration_no": 20,
    "governorate": 2,
    "area_ar": 80,
    "block": 10,
    "street": 60,
    "building": 20,
    "plot": 20,
    "floor": 20,
    "unit": 20,
    "paci_number": 8,
}
_PACI = re.compile(r"[0-9]{8}")
MAX_VERSION = 2**62


class NoLicence(Exception):
    """An entry without a number or version."""


class Unreadable(Exception):
    """An entry with invalid facts; `code` is the invalid field."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Owner:
    """The owner of a licence: a person by the keyed hash of the civil number, or an organisation by its number."""

    digest: str = ""
    organisation_no: str = ""


@dataclass(frozen=True)
class LicenceFacts:
    """The facts of one version of a licence. Facts that the register did not give are empty."""

    licence_no: str
    version: int
    status: str
    name_ar: str
    name_en: str
    activity: str
    valid_until: dt.date | None
    cancelled_on: dt.date | None
    registration_no: str
    governorate: str
    area_ar: str
    address: dict[str, str]
    owner: Owner | None = None


@dataclass(frozen=True)
class LicenceEntry:
    """One entry: its licence and version, what is saved of it, and its facts or the invalid field."""

    licence_no: str
    version: int
    body: dict[str, Any] = field(repr=False)
    facts: LicenceFacts | None = None
    problem: str = ""


def number_of(text: Any) -> str:
    """The normalised licence number; empty if invalid."""
    cleaned = "".join(digits.clean(text).split()).upper() if isinstance(text, str) else ""
    return cleaned if len(cleaned) <= 20 and cleaned.isascii() and cleaned.isprintable() else ""


def read(data: dict[str, Any]) -> LicenceEntry:
    """Parse one entry as delivered. Raises NoLicence."""
    number, version = number_of(data.get("licence")), data.get("version")
    if not number or type(version) is not int or not 0 <= version <= MAX_VERSION:
        raise NoLicence
    owner, problem = None, ""
    try:
        owner = _owner(data)
    except Unreadable as error:
        problem = error.code
    body = _saved_body(data, owner)
    try:
        if problem:
            raise Unreadable(problem)
        return LicenceEntry(number, version, body, _facts(number, version, data, owner))
    except Unreadable as error:
        return LicenceEntry(number, version, body, None, error.code)


def _facts(number: str, version: int, data: dict[str, Any], owner: Owner | None) -> LicenceFacts:
    status = data.get("status")
    if status not in LicenceStatus.values:
        raise Unreadable("status")
    location = data.get("address") or {}
    if not isinstance(location, dict):
        raise Unreadable("address")
    valid_until, cancelled_on = _day(data, "valid_until"), _day(data, "cancelled_on")
    if status != LicenceStatus.CANCELLED and valid_until is None:
        raise Unreadable("valid_until")
    if status == LicenceStatus.CANCELLED and cancelled_on is None:
        raise Unreadable("cancelled_on")
    if status == LicenceStatus.EXPIRED and valid_until is not None and valid_until >= clock.today():
        raise Unreadable("status")
    name_ar = _text(data, "name_ar")
    if status != LicenceStatus.CANCELLED and not name_ar:
        raise Unreadable("name_ar")
    address = {name: _text(location, name) for name in ADDRESS}
    for name in ("block", "building", "plot", "floor", "unit", "paci_number"):
        address[name] = digits.clean(address[name])
    if address["paci_number"] and not _PACI.fullmatch(address["paci_number"]):
        raise Unreadable("paci_number")
    return LicenceFacts(
        *(number, version, status, name_ar, _text(data, "name_en"), _text(data, "activity"), valid_until, cancelled_on),
        *(digits.clean(_text(data, "registration_no")), _text(location, "governorate"), _text(location, "area_ar"), address, owner),
    )


def _owner(data: dict[str, Any]) -> Owner | None:
    owner = data.get("owner")
    if not owner:
        return None
    if not isinstance(owner, dict):
        raise Unreadable("owner")
    person, organisation = owner.get("civil_id"), owner.get("registration_no")
    if person and organisation:
        raise Unreadable("owner")
    if organisation:
        number = number_of(organisation)
        if not number:
            raise Unreadable("owner")
        return Owner(organisation_no=number)
    try:
        return Owner(digest=civil_ids.digest(civil_id.parse(person if isinstance(person, str) else "")))
    except civil_id.InvalidCivilId:
        raise Unreadable("owner") from None


def _saved_body(data: dict[str, Any], owner: Owner | None) -> dict[str, Any]:
    """The known fields as delivered, texts cut at 300 characters; the owner as a keyed hash or number; only the names of other fields."""
    known = ("licence", "version", "changed_at", "status", "name_ar", "name_en", "activity", "valid_until", "cancelled_on")
    body = {name: _plain(data[name]) for name in (*known, "issued_on", "registration_no") if name in data}
    location = data.get("address")
    if isinstance(location, dict):
        body["address"] = {name: _plain(location[name]) for name in (*ADDRESS, "governorate", "area_ar") if name in location}
    if owner is not None:
        body["owner"] = {"digest": owner.digest} if owner.digest else {"registration_no": owner.organisation_no}
    others = sorted(
        str(name).replace("\x00", "")[:40] for name in data if name not in (*known, "issued_on", "registration_no", "address", "owner")
    )
    return body | ({"left_out": others[:20]} if others else {})


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "")[:300]
    return value if isinstance(value, int | bool) and abs(value) <= MAX_VERSION else None


def _text(data: dict[str, Any], name: str) -> str:
    """A text with its spaces folded and invisible characters removed; empty if missing."""
    value = data.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Unreadable(name)
    text = unicodedata.normalize("NFC", value)
    text = " ".join("".join(c for c in text if c.isspace() or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn")).split())
    if len(text) > LENGTHS[name]:
        raise Unreadable(name)
    return text


def _day(data: dict[str, Any], name: str) -> dt.date | None:
    value = data.get(name)
    if value in (None, ""):
        return None
    try:
        day = dt.date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        day = None
    if day is None or not 1950 <= day.year <= 2200:
        raise Unreadable(name)
    return day
