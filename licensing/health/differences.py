"""What the register says differently since the last licence, for the applicant to confirm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from licensing.health.changes import FACTS
from licensing.health.condition_messages import ADDRESS, FIELDS
from licensing.health.queries import Offer, facts_of
from licensing.health.rules import changed_fields
from licensing.models import Renewal
from municipality.places.models import Area
from municipality.rulebook.models import Activity
from municipality.ui.templatetags.portal import bilingual


@dataclass(frozen=True)
class FactDifference:
    """One registered fact: as the last licence has it, and as the register has it now."""

    label: str
    before: str
    after: str
    is_place: bool = False


def differences(offer: Offer, *, is_self: bool) -> list[FactDifference]:
    """The registered facts that differ from the last licence, as its condition names them; the manager's only for the holder."""
    fields = _fields(offer, is_self=is_self)
    return _listed(fields, facts_of(offer.licence), offer.shop.registered_facts()) if fields and offer.licence is not None else []


def differences_of(renewal: Renewal, *, is_self: bool) -> list[FactDifference]:
    """The same of a renewal that was sent, as the register was then."""
    if "unchanged" not in renewal.flags:
        return []
    before = facts_of(renewal.licence, before=renewal)
    return _listed(_readable(changed_fields(before, renewal.registered_facts), is_self=is_self), before, renewal.registered_facts)


def _listed(names: Sequence[str], before: Mapping[str, str], now: Mapping[str, str]) -> list[FactDifference]:
    hidden = "name_en" if get_language() == "ar" else "name_ar"  # a trade name in both languages is one change
    shown = [name for name in names if (name != hidden or len(names) == 1) and name not in ADDRESS]
    found = [FactDifference(FIELDS[name](), _text(name, before.get(name, "")), _text(name, now[name])) for name in shown]
    parts = [str(FIELDS[name]()) for name in names if name in ADDRESS]
    if parts:
        label = _("address of the shop: %(parts)s") % {"parts": _(", ").join(parts)}
        found.insert(0, FactDifference(label, _address(before), _address(now), is_place=True))
    return found


def _address(facts: Mapping[str, str]) -> str:
    """The whole registered address; it has no floor."""
    if not facts.get("area", "").isdigit():
        return _("not on record")
    return FACTS["address"].display({name: facts.get(name, "") for name in (*ADDRESS, "floor")} | {"area": int(facts["area"])})


def known_facts(offer: Offer, *, is_self: bool) -> list[str]:
    """The facts of a renewal, by name, that one of `differences` is about: the applicant is not asked about them again."""
    fields = set(_fields(offer, is_self=is_self))
    if not fields:
        return []
    return [name for name, fact in FACTS.items() if fields & set(fact.registered(fact.read(offer.shop)))]


def _fields(offer: Offer, *, is_self: bool) -> list[str]:
    """The registered facts that differ, by their keys; the manager's only for the holder."""
    condition = next((c for c in offer.unmet if c.code == "unchanged"), None)
    return _readable(condition.facts["fields"] if condition is not None else [], is_self=is_self)


def _readable(names: Sequence[str], *, is_self: bool) -> list[str]:
    return [name for name in names if is_self or not name.startswith("manager_")]


def _text(name: str, value: str) -> str:
    """A registered value as text in the active language."""
    row: Activity | Area | None = None
    if name == "activity":
        row = Activity.objects.filter(pk=value).first()
    elif name == "area" and value.isdigit():
        row = Area.objects.filter(pk=int(value)).first()
    return (bilingual(row, "name") if row is not None else value) or _("not on record")
