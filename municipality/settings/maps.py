"""Settings of maps: the portal's own base layer, or tiles of the operator's server."""

from __future__ import annotations

from urllib.parse import urlsplit

import environ

_env = environ.Env()

# Empty; or a URL of pictures with {z}, {x} and {y}; or the URL of one PMTiles file of a Protomaps base map, which a server with range
# requests holds: https://tiles.example/kuwait.pmtiles. On the portal's host or another.
MAP_TILES = _env.str("MAP_TILES", "")
MAP_CREDIT = _env.str("MAP_CREDIT", "") or "© OpenStreetMap contributors, Natural Earth, GeoNames"


def origin_of(tiles: str) -> str:
    """The origin of the tiles for the content security policy; empty for the portal's own host."""
    parts = urlsplit(tiles)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def is_vector(tiles: str) -> bool:
    """Whether the tiles are one PMTiles file, which a script reads (CSP's connect-src), instead of pictures (img-src)."""
    return urlsplit(tiles).path.endswith(".pmtiles")
