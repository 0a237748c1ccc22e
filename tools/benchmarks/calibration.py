"""The calibration page: the home page as it was when the bounds of `script/bench pages` were set.

Processor time is counted in multiples of it. It is a view and a template of its own, so that a later home page does not change the unit.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from municipality.accounts.access import public
from municipality.cases.catalogue import ServiceEntry, services, terms
from municipality.cases.models import Figure
from municipality.kernel import clock

SERVICES = 6


def _card(entry: ServiceEntry, figures: dict[str, Figure]) -> dict[str, Any]:
    found = terms(entry, clock.today())
    figure = figures.get(entry.workflow)
    return {
        "entry": entry,
        "url": reverse(entry.start) if entry.is_open and found.are_known else "",
        "shown": (entry.code, tuple(found.fees), found.promise_days, found.are_known, figure and (figure.half, figure.ninety, figure.late)),
    }


@public
@require_safe
def calibration(request: HttpRequest) -> HttpResponse:
    """Six services with promise and reality, in two statements."""
    figures = {figure.service: figure for figure in Figure.objects.all()}
    return render(request, "calibration.html", {"cards": [_card(entry, figures) for entry in services()[:SERVICES]]})
