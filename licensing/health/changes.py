"""The facts of a shop that may change at a renewal: how each is read from the register, displayed, and written back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from municipality.places import queries as places
from municipality.places.models import Area
from municipality.rulebook.models import Activity
from municipality.rulebook.queries import RulebookEdition
from municipality.uploads.registry import Slot
from shops.models import Sensitivity, Shop
from shops.register import queries as register
from shops.register.addresses import address_texts
from shops.register.services import FactChange

Values = dict[str, Any]
NONE = ("غير مسجل", "not on record")
SECRET = ("civil_id_digest", "civil_id_cipher")


@dataclass(frozen=True)
class RegisterFact:
    """One fact. `read` takes its values from the register, `text` displays them in Arabic and English, `columns` are those of Shop."""

    name: str
    label: Any
    question: Any  # heading of its page
    read: Callable[[Shop], Values]
    text: Callable[[Mapping[str, Any]], tuple[str, str]]
    columns: Callable[[Mapping[str, Any], Mapping[str, Any]], Values]  # values, secret
    registered: Callable[[Mapping[str, Any]], dict[str, str]]  # as `Shop.registered_facts` names them
    sensitivity: str = Sensitivity.OPEN

    @property
    def is_personal(self) -> bool:
        return self.sensitivity == Sensitivity.PERSONAL

    def display(self, values: Mapping[str, Any]) -> str:
        """The values in the active language."""
        return self.text(values)[0 if get_language() == "ar" else 1]


ROW = "_row"  # key beside the values: the Activity or Area that they name, if it is read already


def _activity_text(values: Mapping[str, Any]) -> tuple[str, str]:
    row = values[ROW] if ROW in values else Activity.objects.filter(pk=values.get("activity", "")).first()
    return (row.name_ar, row.name_en) if row else NONE


def _area_text(values: Mapping[str, Any]) -> tuple[str, str]:
    size = values.get("area_m2")
    return (f"{size} م²", f"{size} m²") if size else NONE


def _manager_text(values: Mapping[str, Any]) -> tuple[str, str]:
    if not values.get("name_ar"):
        return NONE
    masked = values.get("civil_id_masked", "")
    return f"{values['name_ar']} ({masked})", f"{values.get('name_en') or values['name_ar']} ({masked})"


_ADDRESS = ("block", "street", "building", "plot", "floor", "unit", "paci_number")


def _address_text(values: Mapping[str, Any]) -> tuple[str, str]:
    area = values.get(ROW) or register.cached_names()[0].get(values["area"]) or Area.objects.get(pk=values["area"])
    ar, en = address_texts(Shop(area=area, **{name: values[name] for name in _ADDRESS}))
    paci = values["paci_number"]
    return f"{ar}، الرقم الآلي {paci}", f"{en}, PACI number {paci}"


def _address_columns(values: Mapping[str, Any], _secret: Mapping[str, Any]) -> Values:
    area = Area.objects.get(pk=values["area"])
    return {"area_id": area.pk, "branch_id": places.branch_of(area).pk, **{name: values[name] for name in _ADDRESS}}


FACTS: dict[str, RegisterFact] = {
    fact.name: fact
    for fact in (
        RegisterFact(
            "trade_name",
            _("Trade name"),
            _("What is the new trade name?"),
            lambda shop: {"name_ar": shop.name_ar, "name_en": shop.name_en},
            lambda v: (v["name_ar"], v["name_en"] or v["name_ar"]),
            lambda v, _secret: {"name_ar": v["name_ar"], "name_en": v["name_en"]},
            lambda v: {"name_ar": v["name_ar"], "name_en": v["name_en"]},
        ),
        RegisterFact(
            "activity",
            _("Activity"),
            _("What is the new activity?"),
            lambda shop: {"activity": shop.activity_id},
            _activity_text,
            lambda v, _secret: {"activity_id": v["activity"]},
            lambda v: {"activity": v["activity"]},
        ),
        RegisterFact(
            "area_m2",
            _("Size in square metres"),
            _("What is the area of the shop now?"),
            lambda shop: {"area_m2": shop.area_m2},
            _area_text,
            lambda v, _secret: {"area_m2": v["area_m2"]},
            lambda v: {"area_m2": str(v["area_m2"] or "")},
        ),
        RegisterFact(
            "manager",
            _("Manager in charge"),
            _("Who is the new manager in charge?"),
            lambda shop: {
                "name_ar": shop.manager_name_ar,
                "name_en": shop.manager_name_en,
                "civil_id_masked": shop.manager_civil_id_masked,
            },
            _manager_text,
            lambda v, secret: {
                "manager_name_ar": v["name_ar"],
                "manager_name_en": v["name_en"],
                "manager_civil_id_masked": v["civil_id_masked"],
                **{f"manager_{name}": secret[name] for name in SECRET},
            },
            lambda v: {"manager_name_ar": v["name_ar"], "manager_name_en": v["name_en"]},
            Sensitivity.PERSONAL,
        ),
        RegisterFact(
            "address",
            _("Address"),
            _("What is the new address?"),
            lambda shop: {"area": shop.area_id, **{name: getattr(shop, name) for name in _ADDRESS}},
            _address_text,
            _address_columns,
            lambda v: {"area": str(v["area"]), **{name: v[name] for name in _ADDRESS if name != "floor"}},
        ),
    )
}

DRAWING = "drawing"  # shows the area
LICENSE_COPY = "license_copy"  # proves a trade name that the register does not hold

SLOTS: dict[str, Slot] = {
    slot.code: slot
    for slot in (
        Slot("lease", _("Lease or title of use"), _("All pages, with the signatures of both sides."), most=6),
        Slot(DRAWING, _("Drawing of the shop"), _("Stamped by an engineering office, with the area in square metres."), most=4),
        Slot("manager_letter", _("Letter that appoints the manager"), _("Signed by the owner or an authorised signatory."), most=2),
        Slot("photo_front", _("Photo of the front"), _("The whole front with the sign, by daylight."), most=3, photo=True),
        Slot(LICENSE_COPY, _("Copy of the commercial licence"), _("The page that carries the new trade name."), most=2),
    )
}


def split(name: str, answers: Mapping[str, Any]) -> tuple[Values, Values]:
    """The answers of a page that may be displayed, and those that are encrypted or hashed."""
    public = {key: value for key, value in answers.items() if key not in SECRET}
    return public, {key: answers[key] for key in SECRET if key in answers}


def required_slots(files: RulebookEdition, names: Sequence[str]) -> dict[str, int]:
    """Slot → least number of files for these changes, by the rulebook's limits `<change>.<slot>`; 0 for files that may be left out."""
    needed: dict[str, int] = {}
    for code, limit in files.limits.items():
        change, _dot, slot = code.partition(".")
        if change in names and slot in SLOTS:
            needed[slot] = max(needed.get(slot, 0), limit.value)
    return {slot: needed[slot] for slot in SLOTS if slot in needed}


def article_of(files: RulebookEdition, names: Sequence[str], slot: str) -> tuple[str, str]:
    """The article, in Arabic and English, that requires the files of a slot."""
    for code, limit in files.limits.items():
        change, _dot, of_slot = code.partition(".")
        if change in names and of_slot == slot:
            return limit.article_ar, limit.article_en
    return "", ""


def mark(values: Any) -> str:
    """A hash of the values, to tell whether they changed."""
    return hashlib.sha256(json.dumps(values, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]


def register_change(name: str, before: Mapping[str, Any], after: Mapping[str, Any], secret: Mapping[str, Any]) -> FactChange:
    """The FactChange that writes an accepted change to the register."""
    fact = FACTS[name]
    return FactChange(name=name, columns=fact.columns(after, secret), before=before, after=after, sensitivity=fact.sensitivity)
