"""The public map of reports, its data as GeoJSON, and the figures."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from municipality.accounts.access import public
from municipality.accounts.limits import allow_read
from municipality.places.models import Area
from municipality.ui.errors import too_many_requests
from reports.models import MapCount, Report, Standing
from reports.places import METRES, blurred
from reports.public_page import figures as counting
from reports.public_page import maps, standings
from reports.public_page.forms import ReportMapForm
from reports.public_page.maps import HEAT, MapFilters, ReportCluster

READS, SECONDS = 300, 60  # of one visitor
PAGE = 50
TONES = {Standing.OPEN: "wait", Standing.OVERDUE: "late", Standing.CLOSED: "ok"}
DATA = ("category", "standing", "area", "box")


@public
@require_safe
def report_map(request: HttpRequest) -> HttpResponse:
    """Areas, then squares or reports of a part of the map, or the reports of an area; map and list hold the same."""
    if not allow_read(request, "report_map", limit=READS, seconds=SECONDS):
        return too_many_requests(request, SECONDS)
    form = ReportMapForm(request.GET)
    is_valid = form.is_valid()
    shown: dict[str, Any] = _content(form) if is_valid else {"clusters": [], "rows": []}
    given: dict[str, str] = {name: str(value) for name, value in request.GET.items() if value and name in DATA and is_valid}
    without_box = {name: value for name, value in given.items() if name != "box"}
    counted = MapCount.objects.order_by("pk").first()
    context = {
        "form": form,
        "is_filtered": "category" in given or "standing" in given,  # the area is the title of its list
        **shown,
        "links": [(one, _link_of(one, without_box)) for one in shown["clusters"]],
        "points": [(row, TONES[Standing(standings.standing_of(row))], _place_of(row)) for row in shown["rows"]],
        "is_heat": is_valid and form.cleaned_data["view"] == "heat",
        "heat_steps": range(1, HEAT + 1),
        "marks_url": f"?{urlencode(given)}",
        "heat_url": f"?{urlencode({**given, 'view': 'heat'})}",
        "whole_url": f"?{urlencode({name: value for name, value in without_box.items() if name != 'area'})}",
        "here_url": f"?{urlencode({**{k: v for k, v in without_box.items() if k != 'area'}, 'box': ''})}",
        "older_url": f"?{urlencode({**given, 'before': shown['rows'][-1].public_id})}" if shown.get("is_more") else "",
        "days": standings.DAYS,
        "metres": METRES,
        "counted_at": counted.counted_at if counted is not None else None,
    }
    return render(request, "reports/public/map.html", context, status=200 if is_valid else 400)


def _content(form: ReportMapForm) -> dict[str, Any]:
    area, box, filters = form.cleaned_data["area"], form.cleaned_data["box"], form.filters
    if area is not None:
        rows = _of_area(area, filters, form.cleaned_data["before"])
        return {"clusters": [], "rows": rows[:PAGE], "is_more": len(rows) > PAGE, "area": area}
    if box is None:
        return {"clusters": maps.areas(filters), "rows": [], "without_area": maps.without_area(filters)}
    found = maps.points(box, filters)
    return {"clusters": maps.squares(box, filters) if found is None else [], "rows": found or [], "box": box}


def _of_area(area: Area, filters: MapFilters, before: str) -> list[Report]:
    """The newest reports of an area, one more than a page, after the one with the id `before`."""
    rows = maps.narrowed(standings.recent(), filters).filter(area=area)
    last = Report.objects.filter(public_id=before, area=area).first() if before else None
    if last is not None:
        rows = rows.filter(received_at__lte=last.received_at).exclude(received_at=last.received_at, pk__gte=last.pk)
    return list(rows.order_by("-received_at", "-pk")[: PAGE + 1])


def _link_of(cluster: ReportCluster, query: dict[str, str]) -> str:
    given = {name: value for name, value in query.items() if name != "area"}
    return f"?{urlencode({**given, 'area': cluster.area.pk} if cluster.area else {**given, 'box': cluster.box})}"


def _place_of(report: Report) -> tuple[float, float] | None:
    return blurred(report.latitude, report.longitude) if report.latitude is not None and report.longitude is not None else None


@public
@require_safe
def map_data(request: HttpRequest) -> JsonResponse:
    """A part of the map (`box`) as GeoJSON: squares with counts, or single reports where it is small. MapFilters as those of the map."""
    if not allow_read(request, "report_map", limit=READS, seconds=SECONDS):
        return _problem(429, _("Too many attempts"))
    form = ReportMapForm(request.GET)
    if not form.is_valid() or form.cleaned_data["box"] is None:
        return _problem(400, _("Give the part of the map as box=south,west,north,east in degrees, and filters as on the map."))
    content = maps.geojson(form.cleaned_data["box"], form.filters, lambda public_id: reverse("reports:report", args=[public_id]))
    headers = {"Cache-Control": "public, max-age=60"}
    return JsonResponse(content, content_type="application/geo+json", headers=headers, json_dumps_params={"ensure_ascii": False})


def _problem(status: int, detail: str) -> JsonResponse:
    content = {"status": status, "detail": detail}
    return JsonResponse(content, status=status, content_type="application/problem+json", json_dumps_params={"ensure_ascii": False})


@public
@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """What was received, closed in time, overdue and opened again, by area, branch and category, with the method."""
    found = counting.figures()
    titles = {"category": _("By kind"), "branch": _("By branch"), "area": _("By area")}
    tables = [(split, title, found.lines[split]) for split, title in titles.items()]
    headings = [_("Received"), pgettext("report", "Closed"), _("Closed in time"), _("Overdue now"), pgettext("report", "Opened again")]
    context = {"found": found, "tables": tables, "headings": headings, "days": standings.DAYS}
    return render(request, "reports/public/figures.html", context)
