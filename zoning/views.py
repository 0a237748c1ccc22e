"""Find a plot, its page with what applies there, and the instant answer."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any
from urllib.parse import urlencode

from django.forms import Form, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from municipality.accounts.access import public
from municipality.accounts.limits import allow_read
from municipality.cases import panels
from municipality.drafts.unsent import unsent
from municipality.kernel import clock
from municipality.ui.errors import too_many_requests
from municipality.ui.forms import DayField
from municipality.ui.templatetags.portal import bilingual, ltr
from zoning.answer import survey
from zoning.answer.drawing import distances
from zoning.answer.forms import QuestionForm, WhereForm, floor_name
from zoning.answer.labels import TONES, AnswerText, state_of, text_of
from zoning.answer.queries import ActivityQuestion
from zoning.answer.rules import CONDITIONAL, PERMITTED
from zoning.catalogue import opinion_fees
from zoning.contests import queries as contests
from zoning.geometry import measures
from zoning.layers import queries as layers
from zoning.layers.cuts import on_map
from zoning.layers.labels import topics
from zoning.maps.levels import level_of, link
from zoning.models import Layer, Plot
from zoning.opinion.states import OPINION
from zoning.plots import queries
from zoning.plots.drawing import cut_square, draw
from zoning.plots.forms import PlotAddressForm, PlotPlaceForm, PlotTextForm
from zoning.plots.search import TextSearch, find_by_text
from zoning.plots.summary import PlotSummary, summary

READS, SURVEYS, SECONDS = 120, 30, 60  # of one visitor
MOST_LISTED = 200
ANY = "any"  # code of a layer, in the address that all map cuts of a plot have in common
APART_M2 = 1.0  # by which the outline and the official area of a plot may differ without a word


@public
@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """The forms, the plots that fit, and the map with its three levels; one plot alone is opened."""
    if not allow_read(request, "plots", limit=READS, seconds=SECONDS):
        return too_many_requests(request, SECONDS)
    ways: dict[str, Form] = {"text": PlotTextForm(example=queries.example()), "address": PlotAddressForm(), "place": PlotPlaceForm()}
    typed = request.GET.get("q", request.GET.get("paci_number"))  # the second in older links
    way = "text" if typed is not None else "place" if "near" in request.GET else "address"
    is_bound = way == "place" or not request.GET.keys().isdisjoint(PlotAddressForm.base_fields)
    if typed is not None:
        ways["text"] = PlotTextForm({"q": typed}, example=queries.example())
    elif is_bound:
        ways[way] = type(ways[way])(request.GET)
    form = ways[way]
    plots: list[Plot] = []
    found = TextSearch()
    is_asked = form.is_bound and form.is_valid()
    if is_asked and way == "text":
        found = find_by_text(form.cleaned_data["q"])
        plots = found.plots
        if found.is_sure and len(plots) == 1:
            return redirect("zoning:plot", plots[0].public_id)
        if found.level is not None and not found.notes:
            return redirect(link(area=found.level[0].pk, **({"block": found.level[1]} if found.level[1] else {})))
    elif is_asked:
        plots = queries.find(**form.cleaned_data, day=clock.today(), most=MOST_LISTED + 1)
        is_present = form.cleaned_data.get("number") and plots and plots[0].valid_to is None  # others of the number were before it
        if len(plots) == 1 or is_present:
            return redirect("zoning:plot", plots[0].public_id)
    area, block = (form.cleaned_data["area"], form.cleaned_data["block"]) if is_asked and way == "address" else (None, "")
    is_level = area is not None and not form.cleaned_data["number"]
    level = level_of(area, block, plots[:MOST_LISTED]) if is_level and (plots or not block) else level_of(None, "", [])
    context = {
        "form": form,
        **ways,
        "is_asked": is_asked,
        "plots": plots[:MOST_LISTED],
        "found": found,
        "is_more": found.is_more or len(plots) > MOST_LISTED,
        "level": level,
        "is_block": is_level,
        "near": found.near if way == "text" else queries.known_block(area, block) if area is not None and not plots else None,
        "is_first": level is not None and level.name != "areas",
        "unsent": unsent(request.user, [OPINION]),
    }
    return render(request, "zoning/find.html", context, status=400 if form.is_bound and not is_asked else 200)


@public
@require_safe
def where(request: HttpRequest) -> HttpResponse:
    """Where an activity may open in an area: the blocks with their plots by outcome, or the plots of one block."""
    if not allow_read(request, "where", limit=SURVEYS, seconds=SECONDS):
        return too_many_requests(request, SECONDS)
    is_asked = "activity" in request.GET
    form = WhereForm(request.GET if is_asked else None)
    context: dict[str, Any] = {"form": form, "crumbs": [(_("Find a plot"), reverse("zoning:find")), (_("Where may I open?"), "")]}
    if not is_asked or not form.is_valid():
        return render(request, "zoning/where.html", context, status=400 if is_asked else 200)
    question = ActivityQuestion(form.cleaned_data["activity"], form.cleaned_data["floor"])
    area, block = form.cleaned_data["area"], form.cleaned_data["block"]
    plots = survey.of_area(area, question, clock.today(), block)
    counts = Counter(plot.outcome for plot in plots)
    context |= {
        "is_asked": True,
        "area": area,
        "block_number": block,
        "question": question,
        "activity": form.names[question.activity],
        "floor": floor_name(question.floor),
        "plots": [(plot, TONES[plot.outcome], state_of(plot.outcome)) for plot in plots] if block else [],
        "blocks": [] if block else survey.by_block(plots),
        "totals": [(outcome, state_of(outcome), counts[outcome]) for outcome in TONES],
        "may_open": counts[PERMITTED] or counts[CONDITIONAL],
        "query": urlencode({"activity": question.activity, "floor": question.floor}),
    }
    return render(request, "zoning/where.html", context)


@public
@require_safe
def plot(request: HttpRequest, public_id: str) -> HttpResponse:
    """One plot in any state, what applies on it on a day, and the answer to a question about an activity."""
    if not allow_read(request, "plots", limit=READS, seconds=SECONDS):
        return too_many_requests(request, SECONDS)
    read = queries.on_its_page(public_id)
    if read is None:
        raise Http404
    row = read.plot
    is_asked = "activity" in request.GET
    form = QuestionForm(request.GET if is_asked else None)
    is_answered = is_asked and form.is_valid()
    today = clock.today()
    title, heading = _title(row)
    day, question = form.asked() if is_answered else (None, None)
    has_contests = read.has_contests or read.has_successions
    found = summary(row, day or today, question, has_contests=has_contests, shapes=read.shapes, is_shown=True)
    answer, lists = None, topics(found.findings, found.rules)
    if question is not None and found.answer is not None:
        answer = text_of(found.answer, found.catalogue, form.names[question.activity], floor_name(question.floor))
    context: dict[str, Any] = {
        "plot": row,
        "title": title,
        "heading": heading,
        "day": found.day,
        "is_past": found.day != today,
        "may_contest": found.day == today and row.valid_to is None,
        "has_contested": has_contests
        and request.user.is_authenticated
        and contests.visible_to(request.user).filter(contests.of_plot(row)).exists(),
        "cuts_under": reverse("zoning:cut", args=[row.public_id, ANY]).removesuffix(f"{ANY}.svg"),
        "cuts_on": f"?on={found.day.isoformat()}" if found.day != today else "",
        "contests_under": "contest/",  # from the address of the page, so that cached parts are the same for all plots
        "is_before": found.day < row.valid_from,
        "form": form,
        "successions": queries.successions([row]) if read.has_successions else [],
        "present": queries.present(row) if row.valid_to is not None else [],
        "addresses": row.addresses.all(),
        "blocks": _blocks(request, row),
        "topics": lists,
        "absences_key": [topic.absence_key for topic in lists["does_not_apply"]],
        "uses": [part for topic in lists["applies"] if topic.finding.layer.kind == Layer.Kind.LAND_USE for part in topic.parts],
        "answer": answer,
        "now": _state_on(row, today, question) if question is not None and found.day != today else "",
        "steps": _steps(row, question) if question is not None and found.day == today and _may_open(answer) else [],
        "distances": list(distances(found.shape.shape, found.answer)) if found.shape is not None and found.answer is not None else [],
        "limits": found.limits,
        "opinion_fees": opinion_fees(clock.today()) if answer is not None else [],
        **_measures(found),
        "crumbs": [(_("Find a plot"), reverse("zoning:find")), (heading, "")],
    }
    return render(request, "zoning/plot.html", context, status=400 if is_asked and not is_answered else 200)


@public
@require_safe
def cut(request: HttpRequest, public_id: str, layer: str) -> HttpResponse:
    """The map cut of a layer that applies on a plot on a day, as SVG. The page of the plot shows it once it is opened."""
    if not allow_read(request, "plots", limit=READS, seconds=SECONDS):
        return too_many_requests(request, SECONDS)
    try:
        day = DayField(required=False).clean(request.GET.get("on", "")) or clock.today()
    except ValidationError as error:
        raise Http404 from error
    row = queries.by_public_id(public_id)
    shape = queries.shape_on(row, day) if row is not None and day <= clock.today() else None
    if shape is None:
        raise Http404
    square = cut_square(shape.shape)
    found = on_map(layers.findings(shape.shape, day, layers.catalogue(Layer.objects.filter(pk=layer))), square)
    if not found:
        raise Http404
    drawn = draw(shape.shape, queries.neighbours(shape, day, square.bounds), square=square, surfaces=found[layer])
    said = _("Map of the layer on and around the plot, north is up")
    content = render_to_string("zoning/_cut.html", {"cut": drawn, "said": said, "size": 280, "unit": _("m")})
    return HttpResponse(content, content_type="image/svg+xml", headers={"Content-Security-Policy": "sandbox; default-src 'none'"})


def _state_on(row: Plot, day: dt.date, question: ActivityQuestion) -> str:
    """The answer of another day in words; empty without an outline."""
    answer = summary(row, day, question, has_contests=False, is_shown=True).answer
    return state_of(answer.answer.outcome) if answer is not None else ""


def _may_open(answer: AnswerText | None) -> bool:
    return answer is not None and answer.outcome in (PERMITTED, CONDITIONAL)


def _steps(row: Plot, question: ActivityQuestion) -> list[panels.NextStep]:
    """What services above zoning offer to who wants to open there; nothing on a plot of the past."""
    if row.valid_to is not None:
        return []
    return [step for offer in panels.OPENING.values() for step in offer(question.activity, question.floor, row)]


def _blocks(request: HttpRequest, row: Plot) -> list[panels.PageBlock]:
    """The blocks of services above zoning, such as the shops on the plot."""
    collected = panels.collect(panels.PLOT_PAGE, request.user, [row])
    return sorted((block for by_key in collected.values() for block in by_key.get(row.public_id, [])), key=lambda one: one.order)


def _title(row: Plot) -> tuple[str, str]:
    """What the page is called: as plain text for the window, and for the page with the direction of the numbers marked."""
    text, area = _("Plot {number}, block {block}, {area}"), bilingual(row.area, "name")
    plain = text.format(number=row.number, block=row.block, area=area)
    return plain, format_html(text, number=ltr(row.number), block=ltr(row.block), area=area)


def _measures(found: PlotSummary) -> dict[str, Any]:
    """The drawing, and the measured area beside the official one (square metres)."""
    if found.shape is None:
        return {"drawing": None, "measured": None, "official": None, "differs": False, "place": None}
    shape, area = found.shape.shape, found.plot.official_area
    return {
        "drawing": draw(shape, found.around, found.inner),
        "measured": (measured := measures.area_m2(shape)),
        "official": area / 100 if area is not None else None,
        "differs": area is not None and abs(measured - area / 100) > APART_M2,
        "place": shape.representative_point(),
    }
