"""The area and block of a position (WGS 84)."""

from __future__ import annotations

from django.conf import settings

from municipality.kernel import clock
from municipality.kernel.ttl_cache import ttl_cache
from municipality.places.models import Area
from reports.places import metres_between
from zoning.plots import queries as plots

NEAR_CENTRE = 3_000  # metres from the centre of an area within which its border may be
SOUTH, NORTH, WEST, EAST = 28.53, 30.1, 46.54, 48.99  # of Kuwait with its islands


def is_in_kuwait(latitude: float, longitude: float) -> bool:
    return SOUTH <= latitude <= NORTH and WEST <= longitude <= EAST


def may_be_in(area: Area, latitude: float, longitude: float) -> bool:
    """Whether a position may be in an area: no plot there says otherwise, and it is the nearest area or its centre is near."""
    plot = plots.at_point(longitude, latitude, clock.today())
    if plot is not None:
        return bool(plot.area_id == area.pk)
    if area.latitude is None or area.longitude is None or locate(latitude, longitude)[0] == area:
        return True
    return metres_between((latitude, longitude), (area.latitude, area.longitude)) <= NEAR_CENTRE


def locate(latitude: float, longitude: float) -> tuple[Area | None, str]:
    """The area and block of the plot at a position, or of the nearest plot; else the nearest area, with an empty block."""
    today = clock.today()
    found = plots.block_at(longitude, latitude, today)
    if found is None and (near := plots.near_point(longitude, latitude, today)):
        found = near[0].area_id, near[0].block
    areas = _areas()
    if found is not None:
        return areas.get(found[0]) or Area.objects.get(pk=found[0]), found[1]
    here = (latitude, longitude)
    known = [area for area in areas.values() if area.latitude is not None and area.longitude is not None]
    return min(known, key=lambda area: metres_between(here, (area.latitude or 0, area.longitude or 0)), default=None), ""


@ttl_cache(lambda: settings.NAMED_LISTS_SECONDS)
def _areas() -> dict[int, Area]:
    """All areas by primary key, with their governorates and branches; only an upgrade changes them."""
    return {area.pk: area for area in Area.objects.select_related("governorate__branch").order_by("pk")}
