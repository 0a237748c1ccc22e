"""Files of plots for tests, in the three formats."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import shapely
from shapely.affinity import translate
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from zoning.geometry.systems import SYSTEMS

WIDE = 0.0002  # degrees, about 20 metres
WEST, SOUTH = 47.97, 29.37
AREA = "ضاحية عبدالله السالم"  # the first of the list; its key differs from run to run


def square(step: int = 0) -> BaseGeometry:
    """The first plot of a row of squares, or one further east."""
    return translate(box(WEST, SOUTH, WEST + WIDE, SOUTH + WIDE), step * WIDE, 0)


@dataclass
class Drawn:
    """A plot of a file; shapes are WGS 84."""

    number: str
    shape: BaseGeometry | None = None
    area: Any = AREA
    block: str = "3"
    official: Any = 430.0
    paci: str = ""
    more: dict[str, Any] = field(default_factory=dict)


def moved(step: int, east: float) -> BaseGeometry:
    """The square of a step, moved by so many degrees to the east."""
    return translate(square(step), east, 0)


def row(number: int | str, **values: Any) -> Drawn:
    """Plot `number` of the row of squares."""
    step = int(number) if str(number).isdigit() else 0
    return Drawn(str(number), values.pop("shape", square(step)), **values)


def _columns(plots: Sequence[Drawn]) -> dict[str, np.ndarray]:
    return {
        "area": np.array([str(plot.area) for plot in plots], dtype=object),
        "block": np.array([plot.block for plot in plots], dtype=object),
        "plot_no": np.array([plot.number for plot in plots], dtype=object),
        "area_m2": np.array([plot.official if plot.official is not None else np.nan for plot in plots], dtype=float),
        "paci": np.array([plot.paci for plot in plots], dtype=object),
    }


def written(
    path: Path, plots: Sequence[Drawn], driver: str, *, system: str = "wgs84", crs: str = "", leave_out: str = "", **more: Any
) -> None:
    """Write a layer. `system` is that of the coordinates, `crs` what the file says (empty: the same)."""
    columns = {name: values for name, values in _columns(plots).items() if name != leave_out}
    moved = [SYSTEMS[system].from_wgs84(plot.shape) if plot.shape is not None else None for plot in plots]
    pyogrio.raw.write(
        path,
        shapely.to_wkb(np.array(moved, dtype=object)),
        list(columns.values()),
        list(columns),
        geometry_type=more.pop("geometry_type", "Unknown" if driver == "GPKG" else "Polygon"),
        crs=crs or SYSTEMS[system].crs,
        driver=driver,
        **more,
    )


def geopackage(*plots: Drawn, **more: Any) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plots.gpkg"
        written(path, plots, "GPKG", **more)
        return path.read_bytes()


def shapefile(*plots: Drawn, names: dict[str, bytes] | None = None, without: Sequence[str] = (), **more: Any) -> bytes:
    """A zipped shapefile; `names` are further entries of the archive."""
    made = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        written(Path(folder) / "قسائم.shp", plots, "ESRI Shapefile", **more)
        for part in sorted(Path(folder).iterdir()):
            if part.suffix not in without:
                archive.writestr(f"data/{part.name}", part.read_bytes())
        for name, content in (names or {}).items():
            archive.writestr(name, content)
    return made.getvalue()


def feature(plot: Drawn, geometry: Any = None) -> dict[str, Any]:
    properties = {"area": plot.area, "block": plot.block, "number": plot.number, "official_area": plot.official, "paci": plot.paci}
    drawn = geometry or (json.loads(shapely.to_geojson(plot.shape)) if plot.shape is not None else None)
    return {"type": "Feature", "properties": properties | plot.more, "geometry": drawn}


def geojson(*plots: Drawn, **more: Any) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": [feature(plot) for plot in plots], **more}).encode()
