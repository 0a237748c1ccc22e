"""A grid of plots for the benchmark of zoning: plots of 20 × 22 m in blocks of 100, land use by block, 22 restrictions and objects.

Loaded by COPY. The grid is a square at every size, and a larger one holds a smaller one; the density of the layers is the same.
"""

from __future__ import annotations

import datetime as dt
import io
import math
from collections.abc import Sequence
from random import Random
from typing import Any

import numpy as np
import shapely

WEST, SOUTH = 47.30, 28.75  # of the grid, degrees
WIDE, HIGH = 0.00021, 0.0002  # of a plot, degrees
BLOCK = 10  # plots along a side of a block
BEGUN = dt.date(2006, 7, 1)
CLASSES = ("PRIVATE", "PRIVATE", "INVESTMENT", "COMMERCIAL", "CRAFT")
RESTRICTIONS = 22
AREAS = 26


def cell(number: int) -> tuple[int, int]:
    """Row and column of a plot: each further plot lies along two sides of the square of those before it."""
    side = math.isqrt(number)
    rest = number - side * side
    return (rest, side) if rest <= side else (side, 2 * side - rest)


def corner(number: int) -> tuple[float, float]:
    """The south-western corner of a plot."""
    row, column = cell(number)
    return WEST + column * WIDE, SOUTH + row * HIGH


def middle(number: int) -> tuple[float, float]:
    """Longitude and latitude inside a plot."""
    west, south = corner(number)
    return west + WIDE / 2, south + HIGH / 2


def public_id(number: int) -> str:
    return f"grid{number:022d}"


def load_plots(first: int, last: int) -> None:
    """Load the plots from `first` to before `last`, in one transaction."""
    from django.db import connection, transaction

    from municipality.places.models import Area

    areas = list(Area.objects.order_by("pk").values_list("pk", flat=True)[:AREAS])
    numbers = range(first, last)
    west, south = np.array([corner(number) for number in numbers]).T
    boxes = shapely.box(west, south, west + WIDE, south + HIGH)
    forms = shapely.to_wkb(shapely.multipolygons(boxes, indices=np.arange(len(numbers))), hex=True)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM zoning_plot")
        (base,) = cursor.fetchone()
        plots, shapes = io.StringIO(), io.StringIO()
        for place, number in enumerate(numbers):
            row, column = cell(number)
            key, block = base + place + 1, f"{row // BLOCK}-{column // BLOCK}"
            area = areas[row // BLOCK % AREAS]
            plots.write(f"{key}\t{public_id(number)}\t{area}\t{block}\t{row % BLOCK * BLOCK + column % BLOCK + 1}\t43000\t{BEGUN}\n")
            edges = f"{west[place]}\t{south[place]}\t{west[place] + WIDE}\t{south[place] + HIGH}"
            shapes.write(f"{key}\t\\\\x{forms[place]}\t\\\\x{forms[place]}\t{edges}\twgs84\t{BEGUN}\n")
        raw: Any = cursor.cursor
        for table, columns_of, content in (
            ("zoning_plot", "id, public_id, area_id, block, number, official_area, valid_from", plots),
            ("zoning_plotshape", "plot_id, geometry, original, west, south, east, north, system, valid_from", shapes),
        ):
            content.seek(0)
            raw.copy_expert(f"COPY {table} ({columns_of}) FROM STDIN", content)
        cursor.execute("SELECT setval(pg_get_serial_sequence('zoning_plot', 'id'), (SELECT max(id) FROM zoning_plot))")


def analyze() -> None:
    """Let the planner know the new sizes."""
    from django.db import connection

    with connection.cursor() as cursor:
        for table in ("zoning_plot", "zoning_plotshape", "zoning_layerfeature"):
            cursor.execute(f"VACUUM ANALYZE {table}")


def load_layers(side: int) -> int:
    """Land use by block over a square of so many plots a side, restrictions, and objects anew. Returns the number of layers."""
    from django.db import connection

    from municipality.kernel import guards
    from zoning.models import Layer

    guards.remove(connection)  # versions end here without the two people whom the database asks for
    rng = Random("grid")  # noqa: S311 - the same grid each time
    whole = shapely.box(WEST - 0.02, SOUTH - 0.02, WEST + side * WIDE + 0.02, SOUTH + side * HIGH + 0.02)
    corners = [(WEST + x * WIDE, SOUTH + y * HIGH) for y in range(0, side, BLOCK) for x in range(0, side, BLOCK)]
    blocks = [(rng.choice(CLASSES), shapely.box(x, y, x + BLOCK * WIDE, y + BLOCK * HIGH)) for x, y in corners]
    _version(Layer.objects.get(pk="land_use"), [*blocks, ("", whole)])
    for code in ("schools", "mosques", "hospitals", "fuel_stations"):
        _version(Layer.objects.get(pk=code), [*((code, _somewhere(rng, side, 0.0005)) for _ in range(side * side // 2000)), ("", whole)])
    for number in range(RESTRICTIONS):
        layer = Layer.objects.create(
            code=f"restriction_{number}", kind="restriction", name_ar=f"قيد {number}", name_en=f"Restriction {number}", order=20 + number
        )
        _version(layer, [*(("restricted", _somewhere(rng, side, 0.004)) for _ in range(side * side // 3000)), ("", whole)])
    return Layer.objects.count()


def _somewhere(rng: Random, side: int, most: float) -> Any:
    x, y = WEST + rng.random() * side * WIDE, SOUTH + rng.random() * side * HIGH
    return shapely.box(x, y, x + most * rng.uniform(0.3, 1), y + most * rng.uniform(0.3, 1))


def _version(layer: Any, surfaces: Sequence[tuple[str, Any]]) -> None:
    """A version of a layer in force from today on; the one before ends."""
    from municipality.kernel import clock
    from zoning.geometry import shapes
    from zoning.models import LayerFeature, LayerStatus, LayerVersion

    today = clock.today()
    texts = {f"{name}_{language}": "x" for name in ("instrument", "article") for language in ("ar", "en")}
    version = LayerVersion.objects.create(layer=layer, number=layer.versions.count() + 1, valid_from=today, **texts)
    made = []
    for code, form in surfaces:
        row = LayerFeature(version=version, code=code, is_coverage=not code, label_ar=code and "اسم", label_en=code)
        row.put(shapes.take(form, "wgs84"), "wgs84")
        made.append(row)
    LayerFeature.objects.bulk_create(made, batch_size=2000)
    layer.versions.filter(status=LayerStatus.IN_FORCE, valid_to=None).update(status=LayerStatus.REPEALED, valid_to=today)
    LayerVersion.objects.filter(pk=version.pk).update(status=LayerStatus.IN_FORCE)
