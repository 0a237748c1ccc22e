"""Filters of the lists of violation reports. Invalid input is an error; nothing is guessed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from municipality.kernel import clock, digits
from municipality.places.models import Area
from municipality.rulebook import queries as rulebook
from municipality.ui.names import name_field
from municipality.ui.templatetags.portal import bilingual
from violations import figures, queries
from violations.models import Team, Violation
from violations.states import OPEN, ViolationState

V = ViolationState
DEFAULT_DAYS, MAX_DAYS = 90, 731
NAMES = ("state", "area", "offence", "team", "figure", "first", "last")


@dataclass
class FilterChoice:
    """A choice of filters, as typed and parsed."""

    typed: dict[str, str]
    first: dt.date
    last: dt.date
    errors: list[str] = field(default_factory=list)
    state: str = ""
    area: int | None = None
    offence: str = ""
    team: str = ""
    figure: str = ""

    def apply(self, rows: QuerySet[Violation]) -> QuerySet[Violation]:
        """Filter the rows; none if the choice has errors."""
        if self.errors:
            return rows.none()
        rows = figures.in_period(rows, clock.start_of(self.first), clock.start_of(self.last + dt.timedelta(days=1)))
        if self.state:
            rows = rows.filter(state__in=OPEN) if self.state == "open" else rows.filter(state=self.state)
        if self.area is not None:
            rows = rows.filter(area=self.area)
        if self.offence:
            rows = rows.filter(offence=self.offence)
        if self.team:
            rows = rows.filter(inspector__team=self.team)
        return figures.with_figure(rows, self.figure) if self.figure else rows

    def query(self, **changes: Any) -> str:
        """The choice as a query string, with changes."""
        return urlencode({name: value for name, value in (self.typed | changes).items() if value not in ("", None)})


def parse(data: QueryDict, areas: Mapping[int, str], offences: Mapping[str, str]) -> FilterChoice:
    """Parse a choice. The period is the last 90 days by default, and at most two years."""
    today = clock.today()
    typed = {name: data.get(name, "").strip()[:40] for name in NAMES}
    choice = FilterChoice(typed, today - dt.timedelta(days=DEFAULT_DAYS - 1), today)
    for name in ("first", "last"):
        if typed[name]:
            try:
                setattr(choice, name, dt.date.fromisoformat(digits.clean(typed[name])))
            except ValueError:
                choice.errors.append(_("Please write each day as year-month-day, for example 2026-03-31."))
        else:
            typed[name] = getattr(choice, name).isoformat()
    if not choice.errors and choice.first > choice.last:
        choice.errors.append(_("The first day lies after the last. Please exchange them."))
    elif not choice.errors and ((choice.last - choice.first).days >= MAX_DAYS or not 2000 <= choice.first.year <= choice.last.year <= 2200):
        choice.errors.append(_("Please choose a period of at most two years."))
    area = digits.clean(typed["area"])
    is_known = {
        "state": not typed["state"] or typed["state"] == "open" or typed["state"] in V.values,
        "area": not area or (area.isascii() and area.isdigit() and int(area[:9]) in areas),
        "offence": not typed["offence"] or typed["offence"] in offences,
        "team": not typed["team"] or Team.objects.filter(pk=typed["team"]).exists(),
        "figure": not typed["figure"] or typed["figure"] in figures.FIGURES,
    }
    if not all(is_known.values()):
        choice.errors.append(_("Please choose from the lists: one of the choices does not exist."))
        return choice
    choice.state, choice.offence, choice.team, choice.figure = (typed[name] for name in ("state", "offence", "team", "figure"))
    choice.area = int(area) if area else None
    return choice


def areas(branch: str | None) -> dict[int, str]:
    """Number → name of the areas of a branch, or of all areas."""
    rows = Area.objects.order_by("governorate_id", "folded", "pk")
    return dict((rows.filter(governorate=branch) if branch else rows).values_list("pk", name_field()))


def offences() -> dict[str, str]:
    """Code → name of the offences of the catalogue in force today."""
    return {code: str(bilingual(offence, "name")) for code, offence in rulebook.edition(queries.OFFENCES, clock.today()).offences.items()}


def states() -> list[tuple[str, str]]:
    """Choices of the state."""
    return [("open", _("All that is open")), *((value, str(label)) for value, label in V.choices)]
