"""How the facts of an extract are made from what is known about a plot."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.utils import translation
from shapely.geometry.base import BaseGeometry

from municipality.documents.facts import BilingualText, EditionLabel, LetterRow
from municipality.kernel import clock
from municipality.rulebook.models import Activity
from zoning.answer.forms import floor_name
from zoning.answer.labels import text_of
from zoning.answer.queries import ActivityQuestion
from zoning.answer.rules import Ground
from zoning.extract.facts import (
    ExtractAnswer,
    ExtractFacts,
    ExtractGround,
    ExtractLayer,
    ExtractLimit,
    ExtractMap,
    ExtractPart,
    Ring,
    rings,
)
from zoning.geometry import measures
from zoning.geometry.systems import SYSTEMS
from zoning.layers.cuts import on_map
from zoning.layers.labels import class_name
from zoning.layers.queries import LayerFinding
from zoning.models import Layer, Plot
from zoning.plots import queries
from zoning.plots.drawing import cut_square
from zoning.plots.limits import BuildingLimits
from zoning.plots.summary import PlotSummary

SUBJECTS = {"zoning.uses": ("استعمالات الأراضي", "Land use")}


def facts_of(found: PlotSummary, question: ActivityQuestion | None) -> ExtractFacts:
    """The facts of a plot with a shape, now, under a new identity."""
    plot = found.plot
    if found.shape is None:
        raise ValueError(f"plot {plot.public_id} has no shape")
    system = _both(lambda: SYSTEMS[found.shape.system].name)
    square = cut_square(found.shape.shape)
    around = queries.neighbours(found.shape, found.day, square.bounds)
    cut = ExtractMap(rings(found.shape.shape), tuple(rings(one) for one in around), rings(found.inner))
    surfaces = on_map(found.findings, square)
    return ExtractFacts(
        uuid=str(uuid.uuid4()),
        plot=plot.public_id,
        governorate_ar=plot.area.governorate.name_ar,
        governorate_en=plot.area.governorate.name_en,
        area_ar=plot.area.name_ar,
        area_en=plot.area.name_en,
        block=plot.block,
        plot_number=plot.number,
        paci_numbers=tuple(address.paci_number for address in plot.addresses.all()),
        official_square_metres=plot.official_area / 100 if plot.official_area is not None else None,
        measured_square_metres=round(measures.area_m2(found.shape.shape), 1),
        origins=_origins(plot),
        day=found.day,
        system=found.shape.system,
        system_ar=system.ar,
        system_en=system.en,
        map=cut,
        layers=tuple(_layer(one, found, surfaces.get(one.layer.pk, ())) for one in found.findings),
        limits=tuple(_limit(one) for one in found.limits),
        answers=(_answer(found, question),) if question is not None and found.answer is not None else (),
        editions=(EditionLabel.of(f"zoning.uses v{found.edition.version}", SUBJECTS),) if found.edition is not None else (),
        issued_at=clock.now().replace(microsecond=0),
        exists_from=plot.valid_from.isoformat(),
        ended=plot.valid_to.isoformat() if plot.valid_to is not None else "",
    )


def _both(text: Any) -> BilingualText:
    """What a function without arguments returns in each language."""
    words = []
    for language in ("ar", "en"):
        with translation.override(language):
            words.append(str(text()))
    return BilingualText(*words)


def _origins(plot: Plot) -> tuple[LetterRow, ...]:
    """The plots that this one came from, each with its decision."""
    rows = [row for row in queries.successions([plot]) if row.successor_id == plot.pk]
    kinds = {row.pk: _both(row.change.get_kind_display) for row in rows}
    return tuple(
        LetterRow(
            "الأصل",
            "Origin",
            f"{kinds[row.pk].ar}: {row.predecessor.number}، {row.change.instrument_ar}، {row.change.day.isoformat()}",
            f"{kinds[row.pk].en}: {row.predecessor.number}, {row.change.instrument_en}, {row.change.day.isoformat()}",
        )
        for row in rows
    )


def _layer(one: LayerFinding, found: PlotSummary, outlines: Sequence[BaseGeometry]) -> ExtractLayer:
    """What a layer says, with its surfaces on the map cut, in the order of the finding."""
    version, layer = one.version, one.layer
    parts = []
    for surface, drawn in zip(one.surfaces, outlines, strict=True):
        name = BilingualText(surface.label_ar, surface.label_en)
        if layer.kind == Layer.Kind.LAND_USE:
            name = _both(lambda code=surface.code: class_name(code, found.rules))
        parts.append(
            ExtractPart(surface.code, name.ar, name.en, round(surface.square_metres, 1), round(100 * surface.share, 1), rings(drawn))
        )
    return ExtractLayer(
        code=layer.code,
        name_ar=layer.name_ar,
        name_en=layer.name_en,
        office_ar=layer.office_ar,
        office_en=layer.office_en,
        standing=one.standing,
        version=version.number if version is not None else 0,
        since=version.valid_from.isoformat() if version is not None else "",
        instrument_ar=version.instrument_ar if version is not None else "",
        instrument_en=version.instrument_en if version is not None else "",
        article_ar=version.article_ar if version is not None else "",
        article_en=version.article_en if version is not None else "",
        parts=tuple(parts),
        no_data_percent=round(100 * one.unknown_share, 1),
        coming=one.pending.valid_from.isoformat() if one.pending is not None else "",
        contested_since=one.contested_since.isoformat() if one.contested_since is not None else "",
        ends_on=one.ends_on.isoformat() if one.ends_on is not None else "",
    )


def _limit(one: BuildingLimits) -> ExtractLimit:
    rule = one.land_class
    return ExtractLimit(
        code=rule.code,
        name_ar=rule.name_ar,
        name_en=rule.name_en,
        square_metres=round(one.part_m2, 1),
        ratio_percent=rule.ratio_percent,
        floors_square_metres=round(one.floors_m2, 1) if one.floors_m2 is not None else None,
        floors=rule.floors,
        height_metres=one.height,
        front_metres=one.front,
        side_metres=one.side,
        footprint_square_metres=round(one.footprint_m2, 1) if one.footprint_m2 is not None else None,
        article_ar=rule.article_ar,
        article_en=rule.article_en,
    )


def _answer(found: PlotSummary, question: ActivityQuestion) -> ExtractAnswer:
    answer = found.answer
    if answer is None:
        raise ValueError("no answer")
    activity = Activity.objects.get(pk=question.activity)
    texts = {}
    for language in ("ar", "en"):
        with translation.override(language):
            texts[language] = text_of(answer, found.catalogue, getattr(activity, f"name_{language}"), floor_name(question.floor))
    ar, en = texts["ar"], texts["en"]
    grounds = zip(answer.answer.grounds, ar.grounds, en.grounds, strict=True)
    return ExtractAnswer(
        activity=activity.pk,
        activity_ar=ar.activity,
        activity_en=en.activity,
        floor=question.floor,
        floor_ar=ar.floor,
        floor_en=en.floor,
        outcome=ar.outcome,
        outcome_ar=ar.state,
        outcome_en=en.state,
        grounds=tuple(
            ExtractGround(
                outcome=ground.outcome,
                sentence_ar=in_ar.sentence,
                sentence_en=in_en.sentence,
                article_ar=in_ar.article,
                article_en=in_en.article,
                metres=measures.round_down(ground.nearest.metres) if ground.nearest is not None else None,
                limit_metres=ground.spacing.metres if ground.spacing is not None else None,
                line=_line(ground, found),
                contested_since=in_ar.contested.isoformat() if in_ar.contested is not None else "",
            )
            for ground, in_ar, in_en in grounds
        ),
    )


def _line(ground: Ground, found: PlotSummary) -> Ring:
    """The two ends of the measured way of a ground."""
    if ground.spacing is None or ground.nearest is None or found.answer is None:
        return ()
    near = found.answer.surroundings[ground.spacing.layer].nearest
    return tuple((round(end.x, 7), round(end.y, 7)) for end in (near.distance.start, near.distance.end)) if near is not None else ()
