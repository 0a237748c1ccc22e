"""The floor of a page: the same SQL through a bare cursor and a template of the same size, behind the same middleware.

Rule for the template: the page's own text, with one `{{ variable }}` of eight characters for each that the page's templates put
in, spread evenly. Where the page holds a form, the floor asks the middleware for its token as well.
"""

from __future__ import annotations

import os
import tempfile
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.template import engines
from django.views.decorators.csrf import csrf_exempt
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from municipality.accounts.access import public
from shops.models import Shop
from shops.search import results
from shops.search.queries import Hit, SearchResult
from shops.search.views.api import ShopSerializer, shops_as_data
from tools.benchmarks.recording import RECORDINGS, Recording, replay

WIDTH = 8


def values(recording: Recording) -> dict[str, str]:
    """The template's variables: as many as the page's, as far as the answer has room for them."""
    count = min(recording.values, len(recording.body) // (2 * WIDTH))
    return {f"v{number}": f"r{number:0{WIDTH - 1}d}" for number in range(count)}


def source(recording: Recording) -> str:
    """A template that renders to as many bytes as the page. Raises ValueError if the page's text looks like template code."""
    names = list(values(recording))
    room = len(recording.body) - WIDTH * len(names)
    text = recording.body[:room].decode("utf8", "ignore")
    text += " " * (room - len(text.encode()))
    if any(mark in text for mark in ("{{", "{%", "{#")):
        raise ValueError("the page's text would be read as template code")
    step = max(len(text) // (len(names) + 1), 1)
    parts = [text[n * step : (n + 1) * step] for n in range(len(names))]
    return "".join(f"{part}{{{{ {name} }}}}" for part, name in zip(parts, names, strict=True)) + text[len(names) * step :]


@lru_cache(maxsize=32)
def _template(name: str, _recorded: int) -> tuple[Any, dict[str, str]]:
    recording = RECORDINGS[name]
    return engines["django"].from_string(source(recording)), values(recording)


@public
def floor(request: HttpRequest, name: str) -> HttpResponse:
    """As any Django view: query, render with the context processors, answer. Raises Http404 for what was not recorded."""
    recording = RECORDINGS.get(name)
    if recording is None:
        raise Http404
    replay(recording)
    if recording.has_token:
        get_token(request)
    template, context = _template(name, id(recording))
    response = HttpResponse(template.render(dict(context), request), content_type=recording.content_type, status=recording.status)
    if recording.location:
        response["Location"] = recording.location
    return response


@api_view(["GET"])
@authentication_classes([])
@permission_classes([AllowAny])
def shops_by_key(request: Request) -> Response:
    """The floor of the search: the shops of `keys`, by primary key, through the search's own serializer.

    As any view of Django REST framework lists them: one statement with its joins, a serializer made for the answer. With `way=own` by the
    search's own short ways (names kept by the process, one serializer for all answers).
    """
    keys = [int(key) for key in request.query_params["keys"].split(",")]
    if request.query_params.get("way") == "own":
        return Response({"results": shops_as_data(results.rows(SearchResult([Hit(key, 0.0, None) for key in keys])))})
    shops = Shop.objects.select_related("activity", "area__governorate", "hours").in_bulk(keys)
    lines = [results.line(shops[key], "", None) for key in keys]
    return Response({"results": ShopSerializer(lines, many=True).data})


@public
@csrf_exempt
def store(request: HttpRequest) -> HttpResponse:
    """The floor of a report that is sent: its form and files are received, and written to one file that reaches the disk."""
    files: Any = request.FILES
    with tempfile.NamedTemporaryFile() as kept:
        kept.write(urlencode(request.POST, doseq=True).encode())
        for file in files.values():
            for chunk in file.chunks():
                kept.write(chunk)
        kept.flush()
        os.fsync(kept.fileno())
        return HttpResponse(str(kept.tell()))
