"""On how many plots a draft of the rules on land use says something else than the edition before it."""

from __future__ import annotations

from itertools import islice

import numpy as np
import shapely
from django.utils.translation import gettext_lazy as _

from municipality.kernel import clock
from municipality.rulebook import differences, land
from municipality.rulebook.land import LandRules
from municipality.rulebook.models import RuleSet
from municipality.rulebook.registry import DraftEffect
from zoning.answer.rules import NOT_PERMITTED
from zoning.layers.queries import in_force
from zoning.models import Layer, LayerFeature, LayerVersion, PlotShape
from zoning.plots.queries import period

BATCH = 5000  # plots looked at at once


def of_draft(draft: RuleSet) -> list[DraftEffect]:
    """The present plots whose middle lies on land that the draft has other rules for; nothing for other subjects."""
    if draft.subject != land.SUBJECT:
        return []
    before = differences.previous(draft)
    classes = changed_classes(land.read(before) if before is not None else LandRules({}, {}, (), ()), land.read(draft))
    return [DraftEffect(_("Plots on land whose rules it changes"), _plots_on(classes))]


def changed_classes(before: LandRules, after: LandRules) -> set[str]:
    """The classes of land use with other limits or uses, and those that may have a group whose activities or distances differ."""
    found = {code for code in {**before.classes, **after.classes} if before.classes.get(code) != after.classes.get(code)}
    found |= {rule.land_class for rule in {*before.uses} ^ {*after.uses}}
    moved = {*before.groups.items()} ^ {*after.groups.items()}
    groups = {group for _activity, group in moved} | {rule.group for rule in {*before.spacings} ^ {*after.spacings}}
    return found | {rule.land_class for rule in (*before.uses, *after.uses) if rule.group in groups and rule.outcome != NOT_PERMITTED}


def _plots_on(classes: set[str]) -> int:
    today = clock.today()
    versions = LayerVersion.objects.filter(in_force(today), layer__kind=Layer.Kind.LAND_USE)
    surfaces = LayerFeature.objects.filter(version__in=versions, code__in=classes, is_coverage=False).values_list("geometry", flat=True)
    outlines = shapely.from_wkb([bytes(geometry) for geometry in surfaces])
    shapely.prepare(outlines)  # each is asked about many points
    tree = shapely.STRtree(outlines)
    present = PlotShape.objects.filter(period(today), plot__valid_to__isnull=True).values_list("geometry", flat=True)
    plots, count = map(bytes, present.iterator(BATCH) if len(tree) else ()), 0
    while batch := list(islice(plots, BATCH)):
        points = shapely.point_on_surface(shapely.from_wkb(batch))
        point, outline = tree.query(points)
        count += len(np.unique(point[shapely.intersects(outlines[outline], points[point])]))
    return count
