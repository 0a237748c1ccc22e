"""What a member of staff chose to see of the minutes. A bad choice is told; nothing is guessed."""

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
from violations import figures, queries
from violations.models import Team, Violation
from violations.states import ViolationState

V = ViolationState
DAYS, MOST_DAYS = 90, 731
OPEN = (V.WARNED, V.ORDERED, V.UNSETTLEABLE, V.OBJECTED, V.INSTALMENTS, V.OVERDUE, V.REFERRED, V.JUDGED)
NAMES = ("state", "area", "offence", "team", "figure", "first", "last")


@dataclass
class Chosen:
    """What was chosen, as typed and as understood."""

    typed: dict[str, str]
    first: dt.date
    last: dt.date
    errors: list[str] = field(default_factory=list)
    state: str = ""
    area: int | None = None
    offence: str = ""
    team: str = ""
    figure: str = ""

    def of(self, rows: QuerySet[Violation]) -> QuerySet[Violation]:
        """The rows that fit; none while something that was chosen does not exist."""
        if self.errors:
            return rows.none()
        rows = figures.seen(rows, clock.start_of(self.first), clock.start_of(self.last + dt.timedelta(days=1)))
        if self.state:
            rows = rows.filter(state__in=OPEN) if self.state == "open" else rows.filter(state=self.state)
        if self.area is not None:
            rows = rows.filter(area=self.area)
        if self.offence:
            rows = rows.filter(offence=self.offence)
        if self.team:
            rows = rows.filter(inspector__team=self.team)
        return figures.with_figure(rows, self.figure) if self.figure else rows

    def query(self, **other: Any) -> str:
        """The same choice as a query, with some of it set otherwise."""
        return urlencode({name: value for name, value in (self.typed | other).items() if value not in ("", None)})


def chosen(data: QueryDict, areas: Mapping[int, str], offences: Mapping[str, str]) -> Chosen:
    """Read a choice. The period is the last 90 days unless said otherwise, and at most two years."""
    today = clock.today()
    typed = {name: data.get(name, "").strip()[:40] for name in NAMES}
    found = Chosen(typed, today - dt.timedelta(days=DAYS - 1), today)
    for name in ("first", "last"):
        if typed[name]:
            try:
                setattr(found, name, dt.date.fromisoformat(digits.clean(typed[name])))
            except ValueError:
                found.errors.append(_("Please write each day as year-month-day, for example 2026-03-31."))
        else:
            typed[name] = getattr(found, name).isoformat()
    if not found.errors and found.first > found.last:
        found.errors.append(_("The first day lies after the last. Please exchange them."))
    elif not found.errors and ((found.last - found.first).days >= MOST_DAYS or not 2000 <= found.first.year <= found.last.year <= 2200):
        found.errors.append(_("Please choose a period of at most two years."))
    area = digits.clean(typed["area"])
    known = {
        "state": not typed["state"] or typed["state"] == "open" or typed["state"] in V.values,
        "area": not area or (area.isascii() and area.isdigit() and int(area[:9]) in areas),
        "offence": not typed["offence"] or typed["offence"] in offences,
        "team": not typed["team"] or Team.objects.filter(pk=typed["team"]).exists(),
        "figure": not typed["figure"] or typed["figure"] in figures.FIGURES,
    }
    if not all(known.values()):
        found.errors.append(_("Please choose from the lists: one of the choices does not exist."))
        return found
    found.state, found.offence, found.team, found.figure = (typed[name] for name in ("state", "offence", "team", "figure"))
    found.area = int(area) if area else None
    return found


def areas(branch: str | None) -> dict[int, str]:
    """Number → name of the areas of a branch, of all areas without one."""
    rows = Area.objects.order_by("governorate_id", "folded", "pk")
    return dict((rows.filter(governorate=branch) if branch else rows).values_list("pk", "name_ar"))


def offences() -> dict[str, str]:
    """Code → name of the offences of the catalogue in force today."""
    return {code: one.name_ar for code, one in rulebook.edition(queries.OFFENCES, clock.today()).offences.items()}


def states() -> list[tuple[str, str]]:
    """What may be chosen as a state."""
    return [("open", _("All that is open")), *((value, str(label)) for value, label in V.choices)]
