"""The open data: the page that lists the files, the files, and their schemas."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import get_conditional_response
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from municipality.accounts.access import public
from municipality.accounts.limits import allow_read
from municipality.kernel.open_data import OPEN_SETS, OpenSet
from municipality.ui.errors import too_many_requests
from shops.models.open_data import Edition
from shops.open_data import dictionary
from shops.open_data.formats import MEDIA_TYPES, PACKED
from shops.open_data.writer import path_of

FILES, SECONDS = 60, 60  # of one client
FIELD_KINDS: dict[str, Any] = {
    "text": _("Text"),
    "integer": _("Whole number"),
    "number": _("Number"),
    "day": _("Day"),
    "choice": _("One of a list"),
}


# Datasets that are not published yet, and why there is no file.
LATER: tuple[tuple[Any, Any], ...] = (
    (_("Inspections"), _("The results of inspections stand on the pages of the shops. A set of them is not published yet.")),
    (_("Opinions"), _("It is not decided yet what is published of a zoning opinion.")),
)


def _dataset_context(dataset: OpenSet) -> dict[str, Any]:
    edition = dictionary.newest_edition(dataset.key)
    return {
        "set": dataset,
        "edition": edition,
        "is_stale": dictionary.is_stale(edition),
        "rows": f"{edition.rows:,}" if edition else "",
        "files": edition.files if edition else [],
        "schemas": [dictionary.schema_name(dataset.key, form) for form in dataset.formats],
        "fields": [(field, FIELD_KINDS[field.kind]) for field in dataset.columns],
    }


@public
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The files of each dataset with size, rows, hash, time and licence, and the meaning of each column."""
    sets = [_dataset_context(dataset) for dataset in OPEN_SETS.values()]
    context: dict[str, Any] = {
        "sets": sets,
        "has_files": any(shown["edition"] for shown in sets),
        "later": LATER,
        "licence_name": settings.OPEN_DATA_LICENCE_NAME_AR if get_language() == "ar" else settings.OPEN_DATA_LICENCE_NAME_EN,
    }
    return render(request, "shops/open_data.html", context)


@public
@require_safe
def newest(request: HttpRequest, name: str) -> HttpResponseBase:
    """A file of the newest edition of its dataset, or a schema."""
    if (schema := dictionary.schema(name)) is not None:
        answer = JsonResponse(schema, json_dumps_params={"ensure_ascii": False, "indent": 1})
        answer["Content-Type"] = "application/schema+json"
        answer["Access-Control-Allow-Origin"] = "*"
        return answer
    dataset = dictionary.dataset_of(name)
    edition = dictionary.newest_edition(dataset.key) if dataset is not None else None
    if edition is None:
        raise Http404
    return _file(request, edition, name)


@public
@require_safe
def of_edition(request: HttpRequest, folder: str, name: str) -> HttpResponseBase:
    """A file of one edition, while it is stored."""
    return _file(request, get_object_or_404(Edition, folder=folder), name)


def _file(request: HttpRequest, edition: Edition, name: str) -> HttpResponseBase:
    description = next((dataset for dataset in edition.files if dataset["name"] == name), None)
    if description is None:
        raise Http404
    if not allow_read(request, "open_data", limit=FILES, seconds=SECONDS):
        return too_many_requests(request, SECONDS)
    etag, changed = f'"{description["sha256"]}"', int(edition.made_at.timestamp())
    known = get_conditional_response(request, etag=etag, last_modified=changed)
    if known is not None:
        return known
    kind = PACKED if description["is_compressed"] else MEDIA_TYPES[description["format"]]
    answer: HttpResponseBase
    if request.method == "HEAD":
        answer = HttpResponse(content_type=kind, headers={"Content-Length": str(description["bytes"])})
    else:
        try:
            file = default_storage.open(path_of(edition, name))
        except FileNotFoundError:
            raise Http404 from None
        answer = FileResponse(file, as_attachment=True, filename=name, content_type=kind)
    answer["ETag"] = etag
    answer["Last-Modified"] = dt.datetime.fromtimestamp(changed, dt.UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    answer["Cache-Control"] = "public, max-age=300"
    answer["Access-Control-Allow-Origin"] = "*"
    return answer
