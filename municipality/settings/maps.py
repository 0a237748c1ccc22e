"""Settings of maps: the portal's own base layer, or tiles of the operator's server."""

from __future__ import annotations

from urllib.parse import urlsplit

import environ

_env = environ.Env()

# Empty, or a URL with {z}, {x} and {y}, on the portal's host or another: https://tiles.example/{z}/{x}/{y}.png
MAP_TILES = _env.str("MAP_TILES", "")
MAP_CREDIT = _env.str("MAP_CREDIT", "") or "© OpenStreetMap contributors, Natural Earth, GeoNames"


def origin_of(tiles: str) -> str:
    """The origin of the tiles for CSP's img-src; empty for the portal's own host."""
    parts = urlsplit(tiles)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
