"""Synthetic photos of a wall: where a pinhole camera sees points whose place in metres is known."""

from __future__ import annotations

import math
from dataclasses import dataclass

from licensing.signage.drawing.perspective import Point

SIZE = (4000, 3000)


@dataclass(frozen=True)
class Camera:
    """A camera before a wall: place in metres (to the right, upwards, away), turn and tilt in degrees, focal length of 4000."""

    x: float
    y: float
    away: float
    turn: float
    tilt: float
    focal: float

    def sees(self, x: float, y: float) -> Point:
        """The pixel of a point of the wall, in metres to the right and upwards."""
        dx, dy, dz = x - self.x, y - self.y, self.away
        a, b = math.radians(self.turn), math.radians(self.tilt)
        dx, dz = dx * math.cos(a) - dz * math.sin(a), dx * math.sin(a) + dz * math.cos(a)
        dy, dz = dy * math.cos(b) - dz * math.sin(b), dy * math.sin(b) + dz * math.cos(b)
        focal = self.focal * SIZE[0]
        return round(SIZE[0] / 2 + focal * dx / dz), round(SIZE[1] / 2 - focal * dy / dz)

    def rectangle(self, left: float, bottom: float, width: float, height: float) -> list[Point]:
        """The corners of a rectangle of the wall, clockwise from its top left."""
        corners = [(left, bottom + height), (left + width, bottom + height), (left + width, bottom), (left, bottom)]
        return [self.sees(*corner) for corner in corners]
