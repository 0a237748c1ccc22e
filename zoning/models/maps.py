"""Outlines of areas and blocks, from which maps are drawn."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from municipality.kernel import clock
from municipality.places.models import Area
from zoning.models.shapes import SavedShape


class MapOutline(SavedShape):
    """The outline of an area, or of a block of it, with the number of its present plots; `block` is empty for an area.

    Outlines are computed from the plots by `zoning.maps.services.refresh_outlines`. An area's outline from a file is kept: `is_given`.
    """

    area = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name=pgettext_lazy("model", "area"))
    block = models.CharField(pgettext_lazy("field", "block"), max_length=10, blank=True)
    plots = models.PositiveIntegerField(_("present plots"), default=0)
    is_given = models.BooleanField(_("outline from a file"), default=False)
    refreshed_at = models.DateTimeField(_("refreshed"), default=clock.now)

    class Meta(SavedShape.Meta):
        verbose_name = _("outline on the map")
        verbose_name_plural = _("outlines on the map")
        constraints: ClassVar[list[Any]] = [
            *SavedShape.Meta.constraints,
            models.UniqueConstraint(fields=["area", "block"], name="zoning_outline_once"),
        ]
        indexes = [models.Index(fields=["refreshed_at"], name="zoning_outline_edition")]

    def __str__(self) -> str:
        return f"{self.area_id}-{self.block}"
