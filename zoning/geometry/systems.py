"""Reference systems of cadastral data, each with the transformation that leads from it to WGS 84.

Coordinates are kept in WGS 84 (EPSG:4326, longitude before latitude) and, beside it, as they came with the system and the transformation
named: for the Municipality's grid the choice of the transformation moves a point by 5.5 m, and leaving it out by 24 m.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TypeVar

import numpy as np
import shapely
from django.utils.translation import gettext_lazy as _
from pyproj import Transformer
from pyproj.enums import TransformDirection
from shapely.geometry.base import BaseGeometry

from municipality.kernel.registry import Registry
from municipality.ui.texts import Text

G = TypeVar("G", bound=BaseGeometry)
WGS84 = "EPSG:4326"
_KUDAMS = "EPSG:4319"  # the geodetic system under the Municipality's grid


@dataclass(frozen=True)
class System:
    """A reference system with its transformation. Codes are those of the EPSG and ESRI registries, as pyproj carries them.

    `geodetic` is the system that `transformation` leads from; `is_inverse` says that the registry defines it from WGS 84.
    """

    code: str
    name: Text
    crs: str
    geodetic: str = WGS84
    transformation: str = ""  # empty: the system is based on WGS 84
    is_inverse: bool = False

    def to_wgs84(self, geometry: G) -> G:
        """The geometry in WGS 84, longitude before latitude; a third coordinate is dropped."""
        return self._moved(geometry, to_wgs84=True)

    def from_wgs84(self, geometry: G) -> G:
        """A geometry in WGS 84 (longitude before latitude) in this system; metres where it is projected."""
        return self._moved(geometry, to_wgs84=False)

    def _moved(self, geometry: G, *, to_wgs84: bool) -> G:
        def move(coordinates: np.ndarray) -> np.ndarray:
            x, y = coordinates[:, 0], coordinates[:, 1]
            if to_wgs84:
                x, y = _projection(self.geodetic, self.crs).transform(x, y, direction=TransformDirection.INVERSE)
                return np.column_stack(self._datum(x, y, to_wgs84=True))
            return np.column_stack(_projection(self.geodetic, self.crs).transform(*self._datum(x, y, to_wgs84=False)))

        return shapely.transform(geometry, move)

    def _datum(self, x: np.ndarray, y: np.ndarray, *, to_wgs84: bool) -> tuple[np.ndarray, np.ndarray]:
        """Longitudes and latitudes of the one geodetic system as those of the other."""
        if not self.transformation:
            return x, y
        forward = to_wgs84 != self.is_inverse
        # Operations of the registries take the latitude first.
        lat, lon = _operation(self.transformation).transform(
            y, x, direction=TransformDirection.FORWARD if forward else TransformDirection.INVERSE
        )
        return lon, lat


@cache
def _projection(geodetic: str, crs: str) -> Transformer:
    return Transformer.from_crs(geodetic, crs, always_xy=True)


@cache
def _operation(code: str) -> Transformer:
    return Transformer.from_pipeline(code)


def _grid(code: str, name: Text, transformation: str, *, is_inverse: bool = False) -> System:
    return System(code, name, "EPSG:31901", _KUDAMS, transformation, is_inverse)


SYSTEMS: Registry[System] = Registry()
for _system in (
    System("wgs84", _("WGS 84, degrees (EPSG:4326)"), WGS84),
    _grid("kudams-2019", _("KUDAMS / KTM (EPSG:31901), transformation ESRI:108451 of 2019"), "ESRI:108451", is_inverse=True),
    _grid("kudams-1061", _("KUDAMS / KTM (EPSG:31901), transformation EPSG:1061"), "EPSG:1061"),
    _grid("kudams-1062", _("KUDAMS / KTM (EPSG:31901), transformation EPSG:1062"), "EPSG:1062"),
    System("utm38", _("WGS 84 / UTM zone 38N (EPSG:32638)"), "EPSG:32638"),
    System("utm39", _("WGS 84 / UTM zone 39N (EPSG:32639)"), "EPSG:32639"),
):
    SYSTEMS.register(_system.code, _system)
