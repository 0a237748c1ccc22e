"""Order an extract, and show it as it was issued."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from municipality.accounts.access import public
from municipality.accounts.limits import allow_read, take_attempt
from municipality.documents import store
from municipality.documents.models import Document
from municipality.kernel import clock
from municipality.ui.errors import too_many_requests
from zoning.extract import queries, services
from zoning.extract.facts import ExtractFacts
from zoning.extract.formats import as_json, as_xml
from zoning.extract.forms import ExtractForm
from zoning.plots import queries as plots

MADE, MADE_SECONDS = 20, 3600  # by one visitor: each is sealed
READS, SECONDS = 120, 60


@public
@require_POST
def make(request: HttpRequest, public_id: str) -> HttpResponse:
    """Make the extract of a plot, with the answer to the question of the plot's page if there is one."""
    if not allow_read(request, "plots", limit=READS, seconds=SECONDS):
        return too_many_requests(request, SECONDS)
    plot = plots.by_public_id(public_id)
    if plot is None:
        raise Http404
    form = ExtractForm(request.POST)
    if not form.is_valid():
        return render(request, "zoning/extract_form.html", {"plot": plot, "form": form}, status=400)
    if not take_attempt(request, "extracts", limit=MADE, seconds=MADE_SECONDS):
        return too_many_requests(request, MADE_SECONDS)
    day, question = form.asked()
    row = services.make(plot, day or clock.today(), question)
    if row is None:
        return render(request, "zoning/extract_form.html", {"plot": plot, "form": form, "has_no_shape": True}, status=409)
    return redirect("zoning:extract", row.uuid)


@public
@require_safe
def extract(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """An extract as it was issued, with its files."""
    if not allow_read(request, "plots", limit=READS, seconds=SECONDS):
        return too_many_requests(request, SECONDS)
    row = queries.by_uuid(uuid)
    if row is None:
        raise Http404
    facts = ExtractFacts.load(row.document.facts)
    context: dict[str, Any] = {
        "extract": row,
        "facts": facts,
        "changes": queries.changes(facts),
        "plot_changes": queries.plot_changes(row.plot, facts),
        "lists": [(code, facts.standing(code)) for code in ("applies", "no_data", "does_not_apply")],
        "crumbs": [(_("Find a plot"), reverse("zoning:find")), (row.document.number, "")],
    }
    return render(request, "zoning/extract.html", context)


def _file(request: HttpRequest, uuid: UUID, media_type: str, ending: str, content: Callable[[Document], bytes | None]) -> HttpResponse:
    if not allow_read(request, "plots", limit=READS, seconds=SECONDS):
        return too_many_requests(request, SECONDS)
    row = queries.by_uuid(uuid)
    found = content(row.document) if row is not None else None
    if row is None or found is None:
        raise Http404
    response = HttpResponse(found, content_type=media_type)
    response["Content-Disposition"] = f'attachment; filename="{row.document.number}.{ending}"'
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@public
@require_safe
def pdf(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The sealed PDF. Raises Http404 while it is not written yet."""
    return _file(request, uuid, "application/pdf", "pdf", lambda document: store.read(document.file) if document.file else None)


@public
@require_safe
def json(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The facts as JSON."""
    return _file(request, uuid, "application/json", "json", as_json)


@public
@require_safe
def xml(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The facts as XML."""
    return _file(request, uuid, "application/xml", "xml", as_xml)
