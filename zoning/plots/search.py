"""Plots by the text of an address, and which part of it is not known where none is found."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db.models import Q, prefetch_related_objects
from django.db.models.functions import Length
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from municipality.places.models import Area
from municipality.places.names import are_alike
from municipality.ui.templatetags.portal import bilingual, ltr, term
from municipality.ui.texts import Text
from zoning.models import Plot, PlotAddress
from zoning.plots import queries
from zoning.plots.addresses import AddressText, read_address, street_key
from zoning.plots.numbers import normal_number

MOST_FOUND = 20
MOST_AREAS = 8  # that a text may mean
MOST_STREETS = 3000  # of the area, compared with what was typed

_AREA = gettext_lazy("Begin with the area, then its block and its plot, or choose it from the list.")


@dataclass(frozen=True)
class Note:
    """A sentence with the parts of an address in it, which are set apart from the direction of the sentence on a page."""

    text: Text
    parts: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return str(self.text).format(**self.parts)

    @property
    def html(self) -> str:
        """The sentence for a page."""
        set_apart = {
            name: ltr(value) if value.isascii() and any(map(str.isdigit, value)) else term(value) for name, value in self.parts.items()
        }
        return format_html(str(self.text), **set_apart) if set_apart else str(self.text)


@dataclass(frozen=True)
class TextSearch:
    """The plots of a text with their addresses, and what is to be said. `is_sure`: one of them alone may be opened.

    `areas` are those that were understood; `level` is the area and block ("" for all) where no plot was asked for, `near` those in
    which the plot that was asked for is not.
    """

    plots: list[Plot] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    areas: tuple[Area, ...] = ()
    level: tuple[Area, str] | None = None
    near: tuple[Area, str] | None = None
    is_sure: bool = True
    is_more: bool = False


def find_by_text(text: str) -> TextSearch:
    """Find plots by an address, by a PACI number, or by a former number, which leads to what the plot has become."""
    asked = read_address(text)
    if asked.paci_number:
        plot = queries.by_paci(asked.paci_number)
        if plot is None:
            return TextSearch(notes=[Note(_("No plot has the PACI number {number}."), {"number": asked.paci_number})])
        return TextSearch(queries.present(plot) or [plot])
    return _AddressSearch(asked).run() if asked.areas else TextSearch(notes=_without_area(asked))


def _without_area(asked: AddressText) -> list[Note]:
    if asked.unread:
        return [Note(_("“{words}” is not an area in the list."), {"words": " ".join(asked.unread)}), Note(_AREA)]
    if len(asked.block) > 4 and not asked.number:
        return [Note(_("A PACI number has 8 digits. Check it against the blue plate.")), Note(_AREA)]
    return [Note(_("The area is missing.")), Note(_AREA)]


class _AddressSearch:
    """The search for one address whose area is known."""

    def __init__(self, asked: AddressText) -> None:
        self.asked, self.areas = asked, asked.areas[:MOST_AREAS]
        self.area = " / ".join(str(bilingual(area, "name")) for area in self.areas)
        self.understood = [self.area]
        self.notes = [Note(_("Not understood: {words}"), {"words": " ".join(asked.unread)})] if asked.unread else []
        self.rows = Plot.objects.select_related("area").filter(queries.not_undone(), area__in=self.areas)

    def run(self) -> TextSearch:
        asked = self.asked
        if asked.block:
            self.rows = self.rows.filter(block=asked.block)
            if not self.rows.exists():
                return self.nothing(Note(_("Block {block} is not in {area}."), {"block": asked.block, "area": self.area}))
            self.understood.append(f"{_('Block')} {asked.block}")
        if not (asked.street or asked.number or asked.building):
            return TextSearch(notes=self.notes, areas=self.areas, level=(self.areas[0], asked.block) if len(self.areas) == 1 else None)
        if asked.number and (found := self.by_number()):
            return self.found(self.on_street(found))
        if asked.number and not asked.is_bare:
            return self.nothing(self.no_plot())
        return self.by_street()

    def by_number(self) -> list[Plot]:
        """The present plots of a number; without one, what the former ones have become."""
        rows = self.rows.filter(number=self.asked.number).order_by("block", "-valid_from", "pk")
        return list(rows.filter(valid_to__isnull=True)[: MOST_FOUND + 1]) or self.now(list(rows[: MOST_FOUND + 1]))

    def now(self, found: list[Plot]) -> list[Plot]:
        """What plots have become, or themselves where nothing followed."""
        return queries.present(*found) or found

    def on_street(self, found: list[Plot]) -> list[Plot]:
        """Plots of a number: the street chooses among them, and is doubted where their addresses name only other streets."""
        if not self.asked.street:
            return found
        prefetch_related_objects(found, "addresses")
        typed = street_key(self.asked.street)
        streets = {plot.pk: [street_key(one.street) for one in plot.addresses.all() if one.street] for plot in found}
        there = [plot for plot in found if any(are_alike(typed, known) is not None for known in streets[plot.pk])]
        if not there and any(streets.values()):
            self.notes.append(Note(_("Street {street} is not known for it."), {"street": self.asked.street}))
        return there or found

    def by_street(self) -> TextSearch:
        """Plots by street and building, as their addresses have them; a bare number is that of a building here."""
        asked, building = self.asked, self.asked.building or self.asked.number
        addresses = PlotAddress.objects.filter(plot__in=self.rows.values("pk"))
        if asked.street:
            typed = street_key(asked.street)
            known = addresses.exclude(street="").values_list("street", flat=True).distinct()[:MOST_STREETS]
            streets = [street for street in known if are_alike(typed, street_key(street)) is not None]
            if not streets:
                return self.nothing(Note(_("Street {street} is not known there."), {"street": asked.street}))
            addresses = addresses.filter(street__in=streets)
            self.understood.append(f"{_('Street')} {asked.street}")
        if building:
            addresses = addresses.filter(Q(building__iexact=building) | Q(building__iexact=normal_number(building)))
        rows = self.rows.filter(pk__in=addresses.values("plot")).order_by("block", Length("number"), "number", "pk")
        found = list(rows[: MOST_FOUND + 1])
        if found:
            return self.found(found if all(plot.valid_to is None for plot in found) else self.now(found))
        if asked.number:
            return self.nothing(self.no_plot())
        return self.nothing(Note(_("Building {building} is not known there. Use the number of the plot or PACI."), {"building": building}))

    def no_plot(self) -> Note:
        """The sentence for a number that no plot has."""
        parts = {"number": self.asked.number, "block": self.asked.block, "area": self.area}
        return Note(
            _("Plot {number} is not in block {block} of {area}.") if parts["block"] else _("Plot {number} is not in {area}."), parts
        )

    def found(self, plots: list[Plot]) -> TextSearch:
        prefetch_related_objects(plots[:MOST_FOUND], "addresses")
        return TextSearch(plots[:MOST_FOUND], self.notes, self.areas, is_sure=not self.notes, is_more=len(plots) > MOST_FOUND)

    def nothing(self, why: Note) -> TextSearch:
        understood = Note(_("Understood: {parts}"), {"parts": " · ".join(self.understood)})
        known = len(self.understood) > 1 and self.asked.block and len(self.areas) == 1
        near = (self.areas[0], self.asked.block) if known else None
        return TextSearch(notes=[why, understood, *self.notes], areas=self.areas, near=near)
