"""Contests of a plot, of a person and of the planners' list."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL

from municipality.accounts.models import User
from municipality.kernel import clock
from zoning.layers import queries as layers
from zoning.layers.queries import LayerFinding, in_force
from zoning.models import Layer, LayerContest, LayerVersion, Plot
from zoning.models.contests import ContestOutcome

LIMITS = "limits.contest"
TONES = {ContestOutcome.OPEN: "warn", ContestOutcome.UPHELD: "ok", ContestOutcome.REFUSED: "bad"}  # of their tags

# A plot and those that it came from; UNION leaves out what was found already, so that a circle ends.
_WITH_ORIGINS = """WITH RECURSIVE found(id) AS (
    SELECT CAST(%s AS bigint) UNION SELECT s.predecessor_id FROM zoning_plotsuccession s JOIN found ON s.successor_id = found.id
) SELECT id FROM found"""


def catalogue(plot: Plot, day: dt.date) -> dict[str, Layer]:
    """All layers by code, with the first contest of the plot that is not refused and is about the version that applies on a day.

    A contest of a plot that this one came from stays: a new number corrects no layer.
    """
    rows = LayerContest.objects.filter(_applies(day) | Q(version__isnull=True), of_plot(plot)).exclude(outcome=ContestOutcome.REFUSED)
    found = layers.catalogue()
    # The last one stands: the first contest, of a version before those that name none.
    rows = rows.order_by(F("version").asc(nulls_first=True), "-sent_at", "-pk")
    for layer, at, version in rows.values_list("layer", "sent_at", "version"):
        if layer in found:
            found[layer].contested_at, found[layer].contested = at, version  # type: ignore[attr-defined]
    return found


def standing(plot: Plot, day: dt.date) -> QuerySet[LayerContest]:
    """The contests of a plot that are undecided, or upheld about a version that still applies on a day; the oldest first."""
    applying = LayerVersion.objects.filter(in_force(day), layer=OuterRef("layer"))
    stands = _applies(day) | Q(version__isnull=True) & ~Exists(applying)
    rows = LayerContest.objects.filter(Q(outcome=ContestOutcome.OPEN) | Q(stands, outcome=ContestOutcome.UPHELD), of_plot(plot))
    return rows.select_related("layer").order_by("sent_at", "pk")


def of_plot(plot: Plot) -> Q:
    """The contests of a plot, and of those that it came from over several successions."""
    return Q(plot__in=RawSQL(_WITH_ORIGINS, [plot.pk]))  # noqa: S611 - the plot is a parameter


def _applies(day: dt.date) -> Q:
    return Q(version__valid_from__lte=day) & (Q(version__valid_to__isnull=True) | Q(version__valid_to__gt=day))


def marked(findings: Sequence[LayerFinding]) -> list[LayerFinding]:
    """Findings on layers of `catalogue`, with the day since which what applies is contested: undecided, or upheld and not corrected."""
    return [replace(one, contested_since=_since(one)) for one in findings]


def _since(one: LayerFinding) -> dt.date | None:
    at, version = getattr(one.layer, "contested_at", None), one.version.pk if one.version is not None else None
    return clock.day_of(at) if at is not None and getattr(one.layer, "contested", None) == version else None


def objects_contested_since(layer: Layer | None) -> dt.date | None:
    """The day since which the version in force of a layer of objects of `catalogue` is contested for the plot."""
    at = getattr(layer, "contested_at", None)
    return clock.day_of(at) if at is not None and getattr(layer, "contested", None) is not None else None


def visible_to(user: User) -> QuerySet[LayerContest]:
    """The contests that a person sent."""
    return _rows().filter(person=user.pk)


def open_first() -> QuerySet[LayerContest]:
    """All contests, the undecided ones first, by the day on which they are due."""
    return _rows().order_by("decided_at", "due_on", "pk")


def _rows() -> QuerySet[LayerContest]:
    return LayerContest.objects.select_related("plot__area", "layer", "version__load", "decided_by", "person")


def undecided() -> QuerySet[LayerContest]:
    """The contests that wait for a planner, by the day on which they are due."""
    return _rows().filter(outcome=ContestOutcome.OPEN).order_by("due_on", "pk")
