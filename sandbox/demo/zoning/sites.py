"""The plots of the invented city on which the demo's shops stand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

import shapely

from municipality.places.models import Area
from sandbox.demo.loading import Loading
from sandbox.demo.zoning import city
from sandbox.demo.zoning.plots import centres, most_blocks
from shops.models import Shop
from zoning.models import Plot, PlotAddress

TRADE = {"COMMERCIAL", "INVESTMENT", "CRAFT", "SERVICE", "INDUSTRIAL"}  # classes of land use on which shops stand


@dataclass(frozen=True)
class Site:
    """A plot: key, block and number, and its middle (WGS 84)."""

    plot: int
    block: str
    number: str
    latitude: float
    longitude: float

    def near(self, rng: Random) -> tuple[float, float]:
        """Latitude and longitude of a point at most some metres from the middle."""
        return self.latitude + rng.uniform(-5e-5, 5e-5), self.longitude + rng.uniform(-5e-5, 5e-5)


def sites_of_areas(loading: Loading) -> dict[int, list[Site]]:
    """The sites of each area of the city, by the key of the area."""
    areas = {f"{area.governorate_id} {area.name_ar}": area for area in Area.objects.exclude(latitude=None)}
    keys = {tuple(row[1:]): row[0] for row in Plot.objects.filter(valid_to=None).values_list("pk", "area", "block", "number")}
    found: dict[int, list[Site]] = defaultdict(list)
    for block in city.blocks(centres(areas.values()), most_blocks(loading)):
        if block.use not in TRADE:
            continue
        area = areas[block.area].pk
        for number, (longitude, latitude) in enumerate(shapely.get_coordinates(shapely.centroid(block.plots)), 1):
            key = keys.get((area, block.number, str(number)))
            if key is not None and number != 44:  # those were split, and their middle is an edge
                found[area].append(Site(key, block.number, str(number), latitude, longitude))
    return found


def addresses(shops: Iterable[tuple[Shop, Site]]) -> list[PlotAddress]:
    """The unsaved PACI addresses of shops on their plots."""
    return [
        PlotAddress(plot_id=site.plot, paci_number=shop.paci_number, street=shop.street, building=shop.building) for shop, site in shops
    ]
