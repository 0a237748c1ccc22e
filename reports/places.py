"""Metres between places (WGS 84), and the place of a report as everybody sees it: at most METRES from the real one."""

from __future__ import annotations

import math

from django.db.models import F
from django.db.models.functions import Floor

Place = tuple[float, float]  # latitude, longitude
DEGREE = 111_195  # metres of one degree of latitude
METRES = 15
# Sides in degrees of squares of about 21 m, at the latitude of Kuwait: no point is farther from the middle of its square than 15 m.
NORTH, EAST = 0.00019, 0.00021
# The same place in a query. What narrows down by the real one tells it to whoever asks often.
SHOWN_LATITUDE = (Floor(F("latitude") / NORTH) + 0.5) * NORTH
SHOWN_LONGITUDE = (Floor(F("longitude") / EAST) + 0.5) * EAST


def blurred(latitude: float, longitude: float) -> tuple[float, float]:
    """The middle of the square around a point, in degrees, WGS 84. The same for every point of the square, so that a mean tells no more."""
    return round((math.floor(latitude / NORTH) + 0.5) * NORTH, 6), round((math.floor(longitude / EAST) + 0.5) * EAST, 6)


def metres_between(one: Place, other: Place) -> float:
    """Metres between two places in Kuwait."""
    return DEGREE * math.hypot(one[0] - other[0], (one[1] - other[1]) * math.cos(math.radians(one[0])))


def box_around(latitude: float, longitude: float, metres: float) -> tuple[Place, Place]:
    """Ranges of latitude and of longitude that hold everything within some metres."""
    up, across = metres / DEGREE, metres / DEGREE / math.cos(math.radians(latitude))
    return (latitude - up, latitude + up), (longitude - across, longitude + across)
