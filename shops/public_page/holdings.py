"""The list of My shops: its rows with their next actions, the filter of a long list, and the workbook to download."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from municipality.accounts.models import User
from municipality.cases import panels
from municipality.cases.panels import PanelLine
from municipality.delegation import queries as delegation
from municipality.delegation.queries import Grant
from municipality.kernel import arabic
from municipality.ui.tables import as_xlsx
from municipality.ui.templatetags.portal import bilingual
from shops.hours.services import HOURS
from shops.models import Shop
from shops.register import queries

MAX_LISTED = queries.MAX_LISTED
FILTER_FROM = 6  # shops; shorter lists are read whole


@dataclass(frozen=True)
class Holding:
    """A shop of the list. `order`: those with something to do, by its nearest day; then by the nearest deadline of all."""

    shop: Shop
    grant: Grant | None
    lines: Sequence[PanelLine]
    may_state_hours: bool

    @property
    def due_lines(self) -> list[PanelLine]:
        return [line for line in self.lines if line.is_due]

    @property
    def order(self) -> tuple[bool, dt.date, dt.date]:
        return not self.due_lines, _nearest(self.due_lines), _nearest(self.lines)


def _nearest(lines: Sequence[PanelLine]) -> dt.date:
    """The nearest deadline, or the last possible day."""
    return min((line.deadline for line in lines if line.deadline), default=dt.date.max)


def holdings_of(user: User, panel: str = "") -> tuple[list[Holding], bool]:
    """The first MAX_LISTED shops of a user, what has to be done first, and whether there are more; with the lines of one panel alone."""
    shops = queries.listed_shops(user)
    listed = shops[:MAX_LISTED]
    collected = panels.collect(panels.MY_SHOPS, user, listed, only=panel)
    grants = delegation.grants(user)
    own: set[int] = set()  # queried only if the list may have shops of others
    if grants and not user.is_staff:
        own = set(queries.held_by(user).filter(pk__in=[shop.pk for shop in listed]).values_list("pk", flat=True))
    rows = []
    for shop in listed:
        lines = [line for by_key in collected.values() for line in by_key.get(shop.key, [])]
        lines.sort(key=lambda line: (not line.is_due, line.deadline or dt.date.max))
        grant = None if not grants or shop.pk in own else next((g for g in grants if g.covers(shop.key)), None)
        may_state = grant is None or any(g.covers(shop.key) and g.serves(HOURS) for g in grants)
        if lines:  # nothing for shops that are granted for another service only
            rows.append(Holding(shop, grant, lines, may_state and shop.closed_on is None and not user.is_staff))
    rows.sort(key=lambda row: (row.order, row.shop.pk))
    return rows, len(shops) > MAX_LISTED


class HoldingsFilter(forms.Form):
    """Narrows the list down by name or number, by area, and to shops with something to do; and sorts it."""

    ORDERS: ClassVar[dict[str, Callable[[Holding], tuple[Any, ...]]]] = {
        "day": lambda row: (row.order, row.shop.pk),
        "name": lambda row: (arabic.fold(str(bilingual(row.shop, "name"))), row.shop.pk),
        "area": lambda row: (arabic.fold(str(bilingual(row.shop.area, "name"))), arabic.fold(str(bilingual(row.shop, "name")))),
    }

    q = forms.CharField(label=gettext_lazy("Shop name or licence number"), required=False, max_length=80)
    area = forms.ChoiceField(label=gettext_lazy("Area"), required=False)
    sort = forms.ChoiceField(
        label=gettext_lazy("Sort by"),
        required=False,
        choices=[("", gettext_lazy("Nearest last day")), ("name", gettext_lazy("Name")), ("area", gettext_lazy("Area"))],
    )
    due = forms.BooleanField(label=gettext_lazy("Only shops with something to do"), required=False)

    def __init__(self, data: Any, rows: Sequence[Holding]) -> None:
        super().__init__(data, auto_id="filter_%s")
        areas = {str(row.shop.area_id): str(bilingual(row.shop.area, "name")) for row in rows}
        choices = sorted(areas.items(), key=lambda pair: pair[1])
        self.fields["area"].choices = [("", _("All areas")), *choices]  # type: ignore[attr-defined]

    def apply(self, rows: Sequence[Holding]) -> list[Holding]:
        """The rows that match, sorted; all of them where a value of the filter is none of the choices."""
        if not self.is_valid():
            return list(rows)
        wanted = arabic.words(self.cleaned_data["q"])
        area, only_due = self.cleaned_data["area"], self.cleaned_data["due"]
        found = [
            row for row in rows if (not area or str(row.shop.area_id) == area) and (not only_due or row.due_lines) and _matches(row, wanted)
        ]
        return sorted(found, key=self.ORDERS[self.cleaned_data["sort"] or "day"])


def _matches(row: Holding, wanted: Sequence[str]) -> bool:
    shop = row.shop
    text = [shop.name_ar, shop.name_en, shop.commercial_license_no, *(line.reference for line in row.lines)]
    words = " ".join(arabic.words(" ".join(text)))
    return all(word in words for word in wanted)


def workbook(rows: Sequence[Holding]) -> bytes:
    """The list as a workbook: one line for each line of a shop."""
    header = [_("Shop"), _("Area"), _("Commercial licence"), _("What"), _("State"), _("Number"), _("Ends"), _("Next step")]
    cells = [
        (
            str(bilingual(row.shop, "name")),
            str(bilingual(row.shop.area, "name")),
            row.shop.commercial_license_no,
            str(line.title),
            str(line.label),
            line.reference,
            line.deadline.isoformat() if line.deadline else "",
            str(line.action),
        )
        for row in rows
        for line in row.lines
    ]
    return as_xlsx([(_("My shops"), header, cells)])
