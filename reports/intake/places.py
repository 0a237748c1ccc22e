"""The area and block of a position (WGS 84)."""

from __future__ import annotations

from municipality.kernel import clock
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
    plot = plots.at_point(longitude, latitude, today)
    found = [plot] if plot is not None else plots.near_point(longitude, latitude, today)
    if found:
        return found[0].area, found[0].block
    known = Area.objects.filter(latitude__isnull=False, longitude__isnull=False).select_related("governorate")
    here = (latitude, longitude)
    return min(known, key=lambda area: metres_between(here, (area.latitude or 0, area.longitude or 0)), default=None), ""
