"""The service card of the health licence."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from licensing.health.fronts import fronts_of
from licensing.health.states import CHANGE, RENEWAL
from municipality.accounts.access import public
from municipality.cases.views.public import service_card
from municipality.kernel import clock
from municipality.rulebook import queries as rulebook
from municipality.uploads.pictures import preview_response
from shops.register.queries import public_shop


@public
@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """The service card: requirements, fees, promised and actual time, and the link to start."""
    limits, fees = rulebook.editions(("limits.health", "fees.health"), clock.today())
    return service_card(request, "health", "licensing/start.html", drafts=(RENEWAL, CHANGE), limits=limits, fees_edition=fees)


@public
@require_safe
def front(request: HttpRequest, public_id: str) -> HttpResponse:
    """The public photo of the front of a shop. Raises Http404 without one."""
    shop = public_shop(public_id)
    photo = fronts_of([shop]).get(shop.key) if shop is not None else None
    if photo is None:
        raise Http404
    return preview_response(photo)
