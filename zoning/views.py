"""Find a plot, its page with what applies there, and the instant answer."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from municipality.accounts.access import public
from municipality.accounts.limits import allow_read
from municipality.kernel import clock
from municipality.ui.errors import too_many_requests
from municipality.ui.templatetags.portal import bilingual, ltr
from zoning.answer import queries as answers
from zoning.answer.forms import QuestionForm, floor_name
from zoning.answer.labels import text_of
from zoning.geometry import measures
from zoning.layers import queries as layers
from zoning.layers.labels import topics
from zoning.maps.levels import level_of
from zoning.models import Plot, PlotShape
from zoning.plots import queries
from zoning.plots.drawing import draw
from zoning.plots.forms import PlotAddressForm, PlotPaciForm, PlotPlaceForm

READS, SECONDS = 120, 60  # of one visitor
MOST_LISTED = 200


@public
@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """The forms, the plots that fit, and the map with its three levels; one plot alone is opened."""
    if not allow_read(request, "plots", limit=READS, seconds=SECONDS):
        return too_many_requests(request, SECONDS)
    ways: dict[str, Form] = {"address": PlotAddressForm(), "paci": PlotPaciForm(), "place": PlotPlaceForm()}
    way = "paci" if "paci_number" in request.GET else "place" if "near" in request.GET else "address"
    form = ways[way] = type(ways[way])(request.GET or None)
    plots: list[Plot] = []
    is_asked = form.is_bound and form.is_valid()
    if is_asked:
        plots = queries.find(**form.cleaned_data, day=clock.today(), most=MOST_LISTED + 1)
        if len(plots) == 1:
            return redirect("zoning:plot", plots[0].public_id)
    area, block = (form.cleaned_data["area"], form.cleaned_data["block"]) if is_asked and way == "address" else (None, "")
    is_level = area is not None and not form.cleaned_data["number"]
    level = level_of(area, block, plots[:MOST_LISTED]) if is_level and (plots or not block) else level_of(None, "", [])
    context = {
        "form": form,
        **ways,
        "is_asked": is_asked,
        "plots": plots[:MOST_LISTED],
        "is_more": len(plots) > MOST_LISTED,
        "level": level,
        "is_block": is_level,
        "is_first": level is not None and level.name != "areas",
    }
    return render(request, "zoning/find.html", context, status=400 if form.is_bound and not is_asked else 200)


@public
@require_safe
def plot(request: HttpRequest, public_id: str) -> HttpResponse:
    """One plot in any state, what applies on it on a day, and the answer to a question about an activity."""
    if not allow_read(request, "plots", limit=READS, seconds=SECONDS):
        return too_many_requests(request, SECONDS)
    row = queries.by_public_id(public_id)
    if row is None:
        raise Http404
    is_asked = "activity" in request.GET
    form = QuestionForm(request.GET if is_asked else None)
    is_answered = is_asked and form.is_valid()
    today = clock.today()
    title, heading = _title(row)
    day = (form.cleaned_data["on"] if is_answered else None) or today
    shape = queries.shape_on(row, day)
    catalogue, edition = layers.catalogue(), answers.rules_on(day)
    findings = layers.findings(shape.shape, day, catalogue) if shape is not None else []
    answer = None
    if is_answered and shape is not None:
        activity, floor = form.cleaned_data["activity"], form.cleaned_data["floor"]
        found = answers.ask(shape.shape, findings, edition, activity, floor, day)
        answer = text_of(found, catalogue, form.names[activity], floor_name(floor))
    context: dict[str, Any] = {
        "plot": row,
        "title": title,
        "heading": heading,
        "day": day,
        "is_past": day != today,
        "is_before": day < row.valid_from,
        "form": form,
        "successions": queries.successions([row]),
        "present": queries.present(row) if row.valid_to is not None else [],
        "addresses": list(row.addresses.order_by("paci_number")),
        "topics": topics(findings, edition.land if edition is not None else None),
        "answer": answer,
        **_measures(row, shape, day),
        "crumbs": [(_("Find a plot"), reverse("zoning:find")), (heading, "")],
    }
    return render(request, "zoning/plot.html", context, status=400 if is_asked and not is_answered else 200)


def _title(row: Plot) -> tuple[str, str]:
    """What the page is called: as plain text for the window, and for the page with the direction of the numbers marked."""
    text, area = _("Plot {number}, block {block}, {area}"), bilingual(row.area, "name")
    plain = text.format(number=row.number, block=row.block, area=area)
    return plain, format_html(text, number=ltr(row.number), block=ltr(row.block), area=area)


def _measures(row: Plot, shape: PlotShape | None, day: dt.date) -> dict[str, Any]:
    """The drawing, and the measured area beside the official one (square metres)."""
    if shape is None:
        return {"drawing": None, "measured": None, "official": None, "place": None}
    around = [one.shape for one in queries.neighbours(shape, day)]
    official = row.official_area / 100 if row.official_area is not None else None
    place = shape.shape.representative_point()
    return {"drawing": draw(shape.shape, around), "measured": measures.area_m2(shape.shape), "official": official, "place": place}
