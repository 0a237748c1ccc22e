"""The base data of maps for scripts: where it is and of which edition, and its tiles. Public; it names no person."""

from __future__ import annotations

import datetime as dt

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from municipality.accounts.access import public
from municipality.accounts.limits import allow_read
from municipality.kernel import clock
from municipality.ui.dates import day_text
from zoning.maps import queries
from zoning.maps.tiles import LEVELS, packed, tile_at

READS, SECONDS = 900, 60  # of one visitor; a screen needs up to thirty tiles
DAY = 86_400


@public
@require_safe
def outlines(request: HttpRequest) -> HttpResponse:
    """The levels, the addresses and the edition of the base data; without plots `edition` is null."""
    if not allow_read(request, "map_tiles", limit=READS, seconds=SECONDS):
        return _problem(429, _("Too many attempts"))
    last = queries.edition()
    words = {"areas": "", "blocks": _("Block"), "plots": _("Plot")}
    content = {
        "edition": last and last.isoformat(),
        "credit": last and _("Areas, blocks and plots: edition of {day}").format(day=day_text(last)),
        "levels": [{"name": level.name, "word": words[level.name], "since": level.since, "grid": level.grid} for level in LEVELS],
        "tiles": reverse("zoning_tile", args=[0, 0, 0]).replace("0/0/0", "{z}/{x}/{y}") + f"?v={_version(last)}",
        "areas": reverse("zoning:find") + "?area={id}#on-map",
        "blocks": reverse("zoning:find") + "?area={area}&block={name}#on-map",
        "plots": reverse("zoning:plot", args=["0"]).replace("/0/", "/{id}/"),
    }
    return JsonResponse(content, headers={"Cache-Control": "public, max-age=60"}, json_dumps_params={"ensure_ascii": False})


@public
@require_safe
def tile(request: HttpRequest, z: str, x: str, y: str) -> HttpResponse:
    """One tile: areas, blocks or plots, by its zoom. A new edition has a new address and another ETag."""
    if not allow_read(request, "map_tiles", limit=READS, seconds=SECONDS):
        return _problem(429, _("Too many attempts"))
    numbers = [int(one) if one.isascii() and one.isdecimal() and len(one) <= 8 else -1 for one in (z, x, y)]
    wanted = tile_at(*numbers)
    if wanted is None:
        grids = ", ".join(str(level.grid) for level in LEVELS)
        return _problem(400, _("There is no such tile. The zoom is one of {grids}; x and y are numbers of that grid.").format(grids=grids))
    etag = f'"{_version(queries.edition())}-{z}-{x}-{y}"'
    answer = get_conditional_response(request, etag=etag)
    if answer is None:
        content = packed(wanted, queries.rows_of(wanted, clock.today()))
        answer = JsonResponse(content, json_dumps_params={"ensure_ascii": False, "separators": (",", ":")})
    answer["ETag"] = etag
    answer["Cache-Control"] = f"public, max-age={DAY if 'v' in request.GET else SECONDS}"
    answer["Access-Control-Allow-Origin"] = "*"
    return answer


def _version(last: dt.datetime | None) -> str:
    """Of the content of all tiles: the last change of outlines, and the day, because a plot may end on a day that was known before."""
    return f"{last.timestamp() if last else 0:.6f}-{clock.today():%Y%m%d}"


def _problem(status: int, detail: str) -> JsonResponse:
    return JsonResponse(
        {"status": status, "detail": detail},
        status=status,
        content_type="application/problem+json",
        json_dumps_params={"ensure_ascii": False},
        headers={"Cache-Control": "no-store"},
    )
