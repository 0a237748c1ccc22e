"""The facts of a shop that may be corrected: reading, displaying and writing them by the services of the register."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from municipality.kernel.actors import Actor
from municipality.places import queries as places
from municipality.places.models import Area
from municipality.rulebook.models import Activity
from municipality.ui.templatetags.portal import bilingual, day, ltr, term
from shops.models import PageFact, Shop
from shops.register import events
from shops.register.services import FactChange, change_register

ADDRESS = {
    "block": _("Block"),
    "street": _("Street"),
    "building": _("Building"),
    "plot": _("Plot"),
    "floor": _("Floor"),
    "unit": _("Unit"),
    "paci_number": _("PACI number"),
}
Values = dict[str, Any]


def offered(shop: Shop) -> list[PageFact]:
    """The facts of a shop that may be corrected now; closing is not offered for a closed shop."""
    return [fact for fact in PageFact if fact != PageFact.CLOSED or shop.closed_on is None]


def read(shop: Shop, fact: str) -> Values:
    """The current values in the register."""
    if fact == PageFact.TRADE_NAME:
        return {"name_ar": shop.name_ar, "name_en": shop.name_en}
    if fact == PageFact.ACTIVITY:
        return {"activity": shop.activity_id}
    if fact == PageFact.CLOSED:
        return {"on": shop.closed_on.isoformat() if shop.closed_on else ""}
    return {"area": shop.area_id, **{name: getattr(shop, name) for name in ADDRESS}}


def display(fact: str, values: Mapping[str, Any]) -> Any:
    """The values of a fact in the active language."""
    if fact == PageFact.TRADE_NAME:
        return format_html_join(" · ", "{}", [(term(values[name]),) for name in ("name_ar", "name_en") if values[name]])
    if fact == PageFact.ACTIVITY:
        return bilingual(Activity.objects.get(pk=values["activity"]), "name")
    if fact == PageFact.CLOSED:
        return day(dt.date.fromisoformat(values["on"])) if values["on"] else _("still open")
    area = bilingual(Area.objects.get(pk=values["area"]), "name")
    parts = [(label, ltr(values[name])) for name, label in ADDRESS.items() if values[name]]
    return format_html_join(" · ", "{} {}", [("", area), *parts])


def write(*, shop: Shop, fact: str, proposed: Mapping[str, Any], source: str, actor: Actor) -> None:
    """Write an accepted correction to the register; does nothing for a shop that is closed."""
    row = Shop.objects.select_for_update().get(pk=shop.pk)
    if fact == PageFact.CLOSED:
        if row.closed_on is None:
            events.close(shop=row, source=source, actor=actor, on=dt.date.fromisoformat(proposed["on"]))
        return
    change = FactChange(fact, _columns(fact, proposed), before=read(row, fact), after=dict(proposed))
    change_register(shop=row, changes=[change], source=source, actor=actor)


def _columns(fact: str, proposed: Mapping[str, Any]) -> Values:
    if fact == PageFact.TRADE_NAME:
        return {name: proposed[name] for name in ("name_ar", "name_en")}
    if fact == PageFact.ACTIVITY:
        return {"activity_id": proposed["activity"]}
    area = Area.objects.get(pk=proposed["area"])
    return {"area_id": area.pk, "branch_id": places.branch_of(area).pk, **{name: proposed[name] for name in ADDRESS}}
