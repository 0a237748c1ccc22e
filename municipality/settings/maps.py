"""The ground of maps: the portal's own base layer, or tiles of a server that the operator runs."""

from __future__ import annotations

from urllib.parse import urlsplit

import environ

_env = environ.Env()

# Nothing, or an address with {z}, {x} and {y}, below the portal's own host or with its own: https://tiles.example/{z}/{x}/{y}.png
MAP_TILES = _env.str("MAP_TILES", "")
MAP_CREDIT = _env.str("MAP_CREDIT", "") or "Natural Earth, GeoNames"


def origin_of(tiles: str) -> str:
    """What the browser must be allowed to load pictures from; empty for the portal's own host."""
    found = urlsplit(tiles)
    return f"{found.scheme}://{found.netloc}" if found.netloc else ""
