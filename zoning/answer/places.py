"""The answer for a place that another service names: by PACI number or address, an activity, and the floor as it is written."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from municipality.kernel.digits import clean
from municipality.ui.code_labels import label_of
from municipality.ui.texts import Text
from zoning.answer import queries as answers
from zoning.answer import rules
from zoning.answer.forms import MOST_FLOORS, floor_name
from zoning.answer.labels import TONES, AnswerText, state_of, text_of
from zoning.answer.queries import ActivityQuestion, PlotAnswer
from zoning.layers import queries as layers
from zoning.models import Layer, Plot, PlotSuccession
from zoning.plots import queries as plots
from zoning.plots.numbers import normal_number

_FLOOR = re.compile(r"-?[0-9]{1,3}")


@dataclass(frozen=True)
class PlaceAnswer:
    """`plot` is None where the place is on no known plot; then the outcome is `no_data`.

    `is_contradiction`: the PACI number is that of `plot`, which is not at the address; the outcome is `no_data` too. `is_floor_assumed`:
    the address has no floor that is a number, and the question is about the ground floor.
    """

    question: ActivityQuestion
    is_floor_assumed: bool
    plot: Plot | None = None
    is_contradiction: bool = False
    place: tuple[int, str] = (0, "")  # key of the area and block of the address
    found: PlotAnswer = field(default_factory=lambda: PlotAnswer(rules.Answer(rules.NO_DATA)))
    layers: Mapping[str, Layer] = field(default_factory=dict)

    @property
    def outcome(self) -> str:
        return self.found.answer.outcome

    @property
    def tone(self) -> str:
        """The kind of its tag."""
        return TONES[self.outcome]

    @property
    def url(self) -> str:
        """The page of the plot with the question filled in; without a plot, the page that finds one, with area and block filled in."""
        if self.plot is None:
            area, block = self.place
            return f"{reverse('zoning:find')}?{urlencode({'area': area, 'block': block})}"
        address = reverse("zoning:plot", args=[self.plot.public_id])
        return f"{address}?{self._query()}#answer" if -1 <= self.question.floor <= MOST_FLOORS else address

    @property
    def where_url(self) -> str:
        """Where in the area of the plot the activity may open."""
        area = f"&area={self.plot.area_id}" if self.plot is not None else ""
        return f"{reverse('zoning:where')}?{self._query()}{area}"

    def _query(self) -> str:
        return urlencode({"activity": self.question.activity, "floor": self.question.floor})

    def point(self, day: dt.date) -> tuple[float | None, float | None]:
        """Latitude and longitude (WGS 84) inside the plot on a day; None for both where the place is on no known plot."""
        row = plots.shape_on(self.plot, day) if self.plot is not None and not self.is_contradiction else None
        if row is None:
            return None, None
        inside = row.shape.representative_point()
        return inside.y, inside.x

    def text(self, activity: str) -> AnswerText:
        """The answer in the active language; `activity` is the name of the activity."""
        return text_of(self.found, self.layers, activity, floor_name(self.question.floor))

    def facts(self) -> dict[str, Any]:
        """The answer as codes, for a service to keep with its case: equal facts are the same answer."""
        return {
            "plot": self.plot.public_id if self.plot is not None else "",
            "activity": self.question.activity,
            "floor": self.question.floor,
            "outcome": self.outcome,
            "edition": self.found.edition.stamp if self.found.edition is not None else "",
            "grounds": [_code(ground) for ground in self.found.answer.grounds],
        }


@dataclass(frozen=True)
class KeptAnswer:
    """What `PlaceAnswer.facts` kept, in words."""

    state: str
    tone: str
    floor: str
    edition: Text  # the rules by name and number, or empty


def kept(facts: Mapping[str, Any]) -> KeptAnswer:
    """The words of kept facts in the active language."""
    edition = label_of(*facts["edition"].rsplit(" ", 1)) if facts["edition"] else ""
    return KeptAnswer(state_of(facts["outcome"]), TONES[facts["outcome"]], floor_name(facts["floor"]), edition)


def answer_at(*, paci_number: str, area: int, block: str, plot_number: str, activity: str, floor: str, day: dt.date) -> PlaceAnswer:
    """Whether an activity may open at a place on a day. `area` is the key of the area, `floor` the text of the address.

    The plot is that of the PACI number, else that of area, block and number. A PACI number of another area, block or number than
    the address gives no answer, because one of the two is wrong.
    """
    text = clean(floor)
    is_number = _FLOOR.fullmatch(text) is not None
    question = ActivityQuestion(activity, int(text) if is_number else 0)
    plot, is_contradiction = _plot_at(paci_number, (area, normal_number(block), normal_number(plot_number)), day)
    shape = plots.shape_on(plot, day) if plot is not None and not is_contradiction else None
    if plot is None or shape is None:
        return PlaceAnswer(question, not is_number, plot, is_contradiction, (area, normal_number(block)))
    catalogue, edition = layers.catalogue(), answers.rules_on(day)
    land = {code: layer for code, layer in catalogue.items() if layer.kind == Layer.Kind.LAND_USE}
    known = layers.around(shape.shape, day, land, answers.distances_of(edition, question))
    findings = layers.findings(shape.shape, day, land, known)
    found = answers.ask(shape.shape, findings, edition, question, day, known)
    return PlaceAnswer(question, not is_number, plot, found=found, layers=catalogue)


@dataclass(frozen=True)
class PlaceLand:
    """The land use of a place. `plot` is None where it is on no known plot, or where its PACI number is that of another place.

    `codes` are the classes of land use on the plot, the largest part first; `is_whole`: all of the plot has one. `names` has the Arabic
    and English names of the classes of the rules of the day by code.
    """

    plot: Plot | None = None
    codes: tuple[str, ...] = ()
    is_whole: bool = False
    names: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def land_at(*, paci_number: str, area: int, block: str, plot_number: str, day: dt.date) -> PlaceLand:
    """The land use of a place on a day, for a service whose rules name classes of it. The plot is found as `answer_at` does."""
    edition = answers.rules_on(day)
    classes = edition.land.classes if edition is not None and edition.land is not None else {}
    names = {code: (one.name_ar, one.name_en) for code, one in classes.items()}
    plot, is_contradiction = _plot_at(paci_number, (area, normal_number(block), normal_number(plot_number)), day)
    shape = plots.shape_on(plot, day) if plot is not None and not is_contradiction else None
    if shape is None:
        return PlaceLand(names=names)
    catalogue = layers.catalogue(Layer.objects.filter(kind=Layer.Kind.LAND_USE))
    parts = answers.land_parts(layers.findings(shape.shape, day, catalogue))
    codes = [part.land_class for part in sorted(parts, key=lambda part: -part.share)]
    return PlaceLand(plot, tuple(filter(None, codes)), bool(codes) and all(codes), names)


def point_at(*, paci_number: str, area: int, block: str, plot_number: str, day: dt.date) -> tuple[float | None, float | None]:
    """Latitude and longitude (WGS 84) inside the plot of an address on a day; None for both on no known plot. Found as `answer_at` does."""
    plot, is_contradiction = _plot_at(paci_number, (area, normal_number(block), normal_number(plot_number)), day)
    return PlaceAnswer(ActivityQuestion("", 0), False, plot, is_contradiction).point(day)


def _plot_at(paci_number: str, stated: tuple[int, str, str], day: dt.date) -> tuple[Plot | None, bool]:
    """The plot of a PACI number, else of area, block and number, and whether the PACI number is that of another place."""
    row = plots.by_paci(paci_number) if paci_number else None
    candidates = [row] if row is not None else []
    if row is not None and row.valid_to is not None:  # the number may have stayed on a plot that was split
        candidates += plots.present(row)
    fitting = [one for one in candidates if (one.area_id, one.block, one.number if stated[2] else "") == stated]
    if row is not None and not fitting:
        # The PACI number may have gone on to what the plot of the address became, or to a part of it.
        if row not in _became(plots.by_number(*stated) if stated[2] else []):
            return row, True
        fitting = [row]
    if row is not None and not stated[2]:
        fitting = [row]
    return _standing(fitting if row is not None else plots.by_number(*stated) if stated[2] else [], day), False


def _became(before: list[Plot]) -> list[Plot]:
    """What the plots that ever had a number became; of one that still has it the parts that were split off, and nothing of the others."""
    if before and before[0].valid_to is None:
        parts = PlotSuccession.objects.filter(predecessor=before[0]).select_related("successor__area")
        return plots.present(*(one.successor for one in parts))
    return plots.present(*before)


def _standing(found: list[Plot], day: dt.date) -> Plot | None:
    """The plot that exists on a day; of an ended one its successor, if that is a single plot."""
    for plot in found:
        if plot.valid_from <= day and (plot.valid_to is None or plot.valid_to > day):
            return plot
    after = plots.present(found[0]) if found else []
    return after[0] if len(after) == 1 and after[0].valid_from <= day else None


def _code(ground: rules.Ground) -> str:
    about = ground.spacing.layer if ground.spacing is not None else ground.part.land_class if ground.part is not None else ""
    return f"{about}:{ground.outcome}"
