"""Reading what the register delivers: one licence, its facts checked, and the text that is kept of it."""

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
# How long each text may be, as the columns of the Municipality's register.
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
MOST_VERSION = 2**62


class NoLicence(Exception):
    """An entry without a number or version: nobody can say what it is about."""


class Unreadable(Exception):
    """An entry whose facts cannot be believed; `code` is the field that is wrong."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Owner:
    """Who owns a licence: a person by the keyed hash of the civil number, or an organisation by its number."""

    digest: str = ""
    organisation_no: str = ""


@dataclass(frozen=True)
class LicenceFacts:
    """What one version of a licence says. Empty texts are facts that the register did not give."""

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
    """One entry: whose it is, what is kept of it, and its facts or the field that is wrong."""

    licence_no: str
    version: int
    body: dict[str, Any] = field(repr=False)
    facts: LicenceFacts | None = None
    problem: str = ""


def number_of(text: Any) -> str:
    """A licence number as the Municipality's register writes it; empty where there is none."""
    cleaned = "".join(digits.clean(text).split()).upper() if isinstance(text, str) else ""
    return cleaned if len(cleaned) <= 20 and cleaned.isascii() and cleaned.isprintable() else ""


def read(told: dict[str, Any]) -> LicenceEntry:
    """One entry as delivered. Raises NoLicence."""
    number, version = number_of(told.get("licence")), told.get("version")
    if not number or type(version) is not int or not 0 <= version <= MOST_VERSION:
        raise NoLicence
    owner, problem = None, ""
    try:
        owner = _owner(told)
    except Unreadable as wrong:
        problem = wrong.code
    body = _kept(told, owner)
    try:
        if problem:
            raise Unreadable(problem)
        return LicenceEntry(number, version, body, _facts(number, version, told, owner))
    except Unreadable as wrong:
        return LicenceEntry(number, version, body, None, wrong.code)


def _facts(number: str, version: int, told: dict[str, Any], owner: Owner | None) -> LicenceFacts:
    status = told.get("status")
    if status not in LicenceStatus.values:
        raise Unreadable("status")
    place = told.get("address") or {}
    if not isinstance(place, dict):
        raise Unreadable("address")
    valid_until, cancelled_on = _day(told, "valid_until"), _day(told, "cancelled_on")
    if status != LicenceStatus.CANCELLED and valid_until is None:
        raise Unreadable("valid_until")
    if status == LicenceStatus.CANCELLED and cancelled_on is None:
        raise Unreadable("cancelled_on")
    if status == LicenceStatus.EXPIRED and valid_until is not None and valid_until >= clock.today():
        raise Unreadable("status")
    name_ar = _text(told, "name_ar")
    if status != LicenceStatus.CANCELLED and not name_ar:
        raise Unreadable("name_ar")
    address = {name: _text(place, name) for name in ADDRESS}
    for name in ("block", "building", "plot", "floor", "unit", "paci_number"):
        address[name] = digits.clean(address[name])
    if address["paci_number"] and not _PACI.fullmatch(address["paci_number"]):
        raise Unreadable("paci_number")
    return LicenceFacts(
        *(number, version, status, name_ar, _text(told, "name_en"), _text(told, "activity"), valid_until, cancelled_on),
        *(digits.clean(_text(told, "registration_no")), _text(place, "governorate"), _text(place, "area_ar"), address, owner),
    )


def _owner(told: dict[str, Any]) -> Owner | None:
    given = told.get("owner")
    if not given:
        return None
    if not isinstance(given, dict):
        raise Unreadable("owner")
    person, organisation = given.get("civil_id"), given.get("registration_no")
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


def _kept(told: dict[str, Any], owner: Owner | None) -> dict[str, Any]:
    """The known fields as they came, texts cut at 300 characters; of the owner only a keyed hash or a number, of the rest the names."""
    known = ("licence", "version", "changed_at", "status", "name_ar", "name_en", "activity", "valid_until", "cancelled_on")
    kept = {name: _plain(told[name]) for name in (*known, "issued_on", "registration_no") if name in told}
    place = told.get("address")
    if isinstance(place, dict):
        kept["address"] = {name: _plain(place[name]) for name in (*ADDRESS, "governorate", "area_ar") if name in place}
    if owner is not None:
        kept["owner"] = {"digest": owner.digest} if owner.digest else {"registration_no": owner.organisation_no}
    others = sorted(
        str(name).replace("\x00", "")[:40] for name in told if name not in (*known, "issued_on", "registration_no", "address", "owner")
    )
    return kept | ({"left_out": others[:20]} if others else {})


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "")[:300]
    return value if isinstance(value, int | bool) and abs(value) <= MOST_VERSION else None


def _text(told: dict[str, Any], name: str) -> str:
    """One text, its spaces folded and without invisible marks; empty where it is not given."""
    given = told.get(name)
    if given is None:
        return ""
    if not isinstance(given, str):
        raise Unreadable(name)
    text = unicodedata.normalize("NFC", given)
    text = " ".join("".join(c for c in text if c.isspace() or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn")).split())
    if len(text) > LENGTHS[name]:
        raise Unreadable(name)
    return text


def _day(told: dict[str, Any], name: str) -> dt.date | None:
    given = told.get(name)
    if given in (None, ""):
        return None
    try:
        day = dt.date.fromisoformat(given) if isinstance(given, str) else None
    except ValueError:
        day = None
    if day is None or not 1950 <= day.year <= 2200:
        raise Unreadable(name)
    return day
