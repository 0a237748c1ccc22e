"""The service card of a new licence: whether an activity may open at a place, who licenses it, what is needed, and the way to begin."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from licensing.health.new_licence import queries
from licensing.health.new_licence.catalogue import NEW_HEALTH
from licensing.health.new_licence.forms import PlaceQuestionForm
from licensing.health.new_licence.panels import ELSEWHERE, PAFN
from licensing.health.new_licence.places import place_of_answers
from licensing.health.new_licence.states import NEW_LICENCE
from municipality.accounts.access import public
from municipality.accounts.limits import allow_read
from municipality.cases import queries as cases
from municipality.cases.views.public import card_of
from municipality.drafts.unsent import unsent
from municipality.kernel import clock
from municipality.rulebook import queries as rulebook
from municipality.rulebook.models import Authority
from municipality.ui.errors import too_many_requests

READS, SECONDS = 60, 60  # of one visitor


@public
@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """The card; with an activity and a place also the answer of zoning and the competent authority."""
    asked = {"activity", "area"} & request.GET.keys()
    form = PlaceQuestionForm(request.GET if asked else None)
    context: dict[str, Any] = {}
    if asked and not allow_read(request, "new_licence", limit=READS, seconds=SECONDS):
        return too_many_requests(request, SECONDS)
    if asked and form.is_valid():
        given = form.cleaned_data
        authority = rulebook.competent_authority(given["activity"], clock.today())
        context = {
            "elsewhere": "" if authority == Authority.MUNICIPALITY else PAFN if authority == Authority.PAFN else ELSEWHERE,
            "pafn_url": settings.PAFN_URL if authority == Authority.PAFN else "",
            "place": place_of_answers(given),
            "begin_url": f"{reverse('licensing:new_request')}?{urlencode(given)}",
        }
    editions = queries.editions()
    limits = editions[queries.LIMITS].limits
    page = {
        "form": form,
        "card": card_of(NEW_HEALTH, cases.figures()),
        "fees_edition": editions[queries.FEES],
        "needed": [queries.SLOTS[code] for code, least in queries.slots(editions[queries.FILES]).items() if least],
        "years": queries.usual_years(editions["limits.health"]),
        "location_days": limits["location_days"].value,
        "inspection_days": limits["inspection_days"].value,
        "preview_title": NEW_HEALTH.name,
        "description": NEW_HEALTH.summary,
        "unsent": unsent(request.user, [NEW_LICENCE]),
        "crumbs": [(_("Health licence"), reverse("licensing:start")), (_("New health licence"), "")],
    }
    return render(request, "licensing/new/start.html", page | context, status=400 if asked and not form.is_valid() else 200)
