"""A shape with its box, which the database has an index for."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from shapely.geometry import MultiPolygon

from zoning.geometry import shapes


class SavedShape(models.Model):
    """Polygons in WGS 84 as well-known binary, longitude before latitude, and the box round them in degrees.

    `original` holds the coordinates as they came, `system` their reference system and transformation (a code of `SYSTEMS`).
    """

    geometry = models.BinaryField(_("polygons"))
    west = models.FloatField()
    south = models.FloatField()
    east = models.FloatField()
    north = models.FloatField()
    system = models.CharField(_("reference system"), max_length=20)
    original = models.BinaryField(_("coordinates of the source"))

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    west__gte=shapes.KUWAIT[0], south__gte=shapes.KUWAIT[1], east__lte=shapes.KUWAIT[2], north__lte=shapes.KUWAIT[3]
                )
                & models.Q(west__lt=models.F("east"), south__lt=models.F("north")),
                name="%(app_label)s_%(class)s_inside",
            )
        ]

    @property
    def shape(self) -> MultiPolygon:
        """The polygons."""
        return shapes.read(bytes(self.geometry))

    def put(self, kept: shapes.Kept, system: str) -> None:
        """Set all columns from a shape that was taken from a source; saves nothing."""
        self.geometry, self.original, self.system = shapes.write(kept.shape), kept.original, system
        self.west, self.south, self.east, self.north = kept.shape.bounds
