"""The box index: what it finds, that the database uses it, and that it follows every change of a row."""

from __future__ import annotations

import random

import pytest
from django.db import IntegrityError, connection, transaction
from shapely.affinity import translate
from shapely.geometry import box

from municipality.places.seeds import load_places
from tests.database_guards import without_guards
from tests.factories.zoning import SQUARE, PlotFactory
from zoning.geometry import boxes, shapes
from zoning.models import PlotShape

pytestmark = [pytest.mark.django_db, pytest.mark.guards]


@pytest.fixture(autouse=True)
def places() -> None:
    load_places()


def found(*edges: float) -> set[int]:
    return set(boxes.meeting(PlotShape.objects.all(), edges).values_list("pk", flat=True))  # type: ignore[arg-type]


def test_it_finds_what_a_look_at_every_row_finds() -> None:
    rng = random.Random(4)
    for _ in range(80):
        PlotFactory(shape=translate(SQUARE, rng.uniform(-0.01, 0.01), rng.uniform(-0.01, 0.01)))
    for _ in range(50):
        west, south = rng.uniform(47.955, 47.985), rng.uniform(29.355, 29.385)
        window = box(west, south, west + rng.uniform(0, 0.01), south + rng.uniform(0, 0.01))
        assert found(*window.bounds) == {row.pk for row in PlotShape.objects.all() if box(*row.shape.bounds).intersects(window)}


def test_the_index_follows_a_moved_row_and_a_deleted_one() -> None:
    row = PlotFactory().shapes.get()
    assert found(*SQUARE.bounds) == {row.pk}
    without_guards()  # no shape moves or goes while they stand
    row.put(shapes.take(translate(SQUARE, 0.1, 0), "wgs84"), "wgs84")
    row.save()
    assert not found(*SQUARE.bounds) and found(*translate(SQUARE, 0.1, 0).bounds) == {row.pk}
    row.delete()
    assert not found(*translate(SQUARE, 0.1, 0).bounds)


def test_the_database_uses_the_index() -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        plan = boxes.meeting(PlotShape.objects.all(), (47.9, 29.3, 47.91, 29.31)).explain()
    assert ("zoning_plotshape_box" in plan) or ("VIRTUAL TABLE" in plan and "zoning_plotshape_box" in plan)


def test_no_shape_outside_kuwait_can_be_kept() -> None:
    row = PlotFactory().shapes.get()
    for values in ({"west": 40.0}, {"north": 31.0}, {"east": row.west}):
        with pytest.raises(IntegrityError), transaction.atomic():
            PlotShape.objects.filter(pk=row.pk).update(**values)
