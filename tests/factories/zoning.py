"""Plots and layers."""

from __future__ import annotations

import datetime as dt
from typing import Any

import factory
from factory.django import DjangoModelFactory
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from municipality.places.models import Area
from zoning.geometry import shapes
from zoning.models import Plot, PlotShape

SQUARE = box(47.97, 29.37, 47.9702, 29.3702)


class PlotFactory(DjangoModelFactory[Plot]):
    """A plot of the first area, with a shape; `shape` gives another one than the square. Places have to be loaded."""

    class Meta:
        model = Plot

    area = factory.LazyFunction(lambda: Area.objects.order_by("pk")[0])
    block, number = "3", factory.Sequence(lambda n: str(n + 1))
    official_area, valid_from = 40_000, dt.date(2010, 1, 1)

    @classmethod
    def _create(cls, model_class: type[Plot], *args: Any, shape: BaseGeometry = SQUARE, **fields: Any) -> Plot:
        plot = Plot.objects.create(**fields)
        row = PlotShape(plot=plot, valid_from=plot.valid_from)
        row.put(shapes.take(shape, "wgs84"), "wgs84")
        row.save()
        return plot
