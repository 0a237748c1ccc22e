"""Plots and layers."""

from __future__ import annotations

import datetime as dt
from typing import Any

import factory
from django.db import transaction
from factory.django import DjangoModelFactory
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from municipality.audit.services import record
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.places.models import Area
from tests.factories.accounts import StaffFactory
from zoning.geometry import shapes
from zoning.models import Layer, LayerFeature, LayerRepeal, LayerVersion, Plot, PlotShape

SQUARE = box(47.97, 29.37, 47.9702, 29.3702)


class PlotFactory(DjangoModelFactory[Plot]):
    """A plot of the first area, with a shape; `shape` gives another one than the square, or none. Places have to be loaded."""

    class Meta:
        model = Plot

    area = factory.LazyFunction(lambda: Area.objects.order_by("pk")[0])
    block, number = "3", factory.Sequence(lambda n: str(n + 1))
    official_area, valid_from = 40_000, dt.date(2010, 1, 1)

    @classmethod
    def _create(cls, model_class: type[Plot], *args: Any, shape: BaseGeometry | None = SQUARE, **fields: Any) -> Plot:
        plot = Plot.objects.create(**fields)
        if shape is not None:
            row = PlotShape(plot=plot, valid_from=plot.valid_from)
            row.put(shapes.take(shape, "wgs84"), "wgs84")
            row.save()
        return plot


def make_layer(
    code: str, *surfaces: tuple[str, BaseGeometry], kind: str = "restriction", covers: BaseGeometry | None = None, **fields: Any
) -> LayerVersion:
    """The next version of a layer with surfaces by code; `covers` is where it has data. `fields` are those of the version."""
    layer, _ = Layer.objects.get_or_create(
        code=code, defaults={"kind": kind, "name_ar": "طبقة", "name_en": code.title(), "office_ar": "جهة", "office_en": "Office"}
    )
    texts = {
        f"{name}_{language}": "مادة" if language == "ar" else "Article" for name in ("instrument", "article") for language in ("ar", "en")
    }
    given = {"valid_from": dt.date(2010, 1, 1), **texts, **fields}
    status = given.pop("status", "in_force")
    version = LayerVersion.objects.create(layer=layer, number=layer.versions.count() + 1, **given)
    for name, shape in [*surfaces, *([("", covers)] if covers is not None else [])]:
        row = LayerFeature(version=version, code=name, is_coverage=not name, label_ar=name and "اسم", label_en=name.title())
        row.put(shapes.take(shape, "wgs84"), "wgs84")
        row.save()
    if status != "pending":
        LayerVersion.objects.filter(pk=version.pk).update(status="in_force")
    if status == "repealed":
        repeal_layer(version, version.valid_to)
    version.refresh_from_db()
    return version


def repeal_layer(version: LayerVersion | str, day: dt.date) -> None:
    """Repeal a version, or the one in force of a layer, by two people."""
    if isinstance(version, str):
        version = LayerVersion.objects.get(layer=version, status="in_force")
    texts = {"instrument_ar": "قرار إلغاء", "instrument_en": "Decision on the repeal"}
    repeal = LayerRepeal.objects.create(
        version=version, ends_on=day, asked_by=StaffFactory(login=f"repeal-{version.pk}-a"), asked_at=clock.now(), **texts
    )
    with transaction.atomic():
        event = record("layers.repealed", subject=f"layer:{version}", actor=system("zoning"))
    LayerRepeal.objects.filter(pk=repeal.pk).update(allowed_by=StaffFactory(login=f"repeal-{version.pk}-b"), event=event)
    LayerVersion.objects.filter(pk=version.pk).update(status="repealed", valid_to=day)
