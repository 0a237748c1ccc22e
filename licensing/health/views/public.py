"""The service card of the health licence."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from municipality.accounts.access import public
from municipality.cases.views.public import service_card
from municipality.kernel import clock
from municipality.rulebook import queries as rulebook


@public
@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """The service card: requirements, fees, promised and actual time, and the link to start."""
    today = clock.today()
    return service_card(
        request,
        "health",
        "licensing/start.html",
        limits=rulebook.edition("limits.health", today),
        fees_edition=rulebook.edition("fees.health", today),
        study=rulebook.edition("limits.review", today),
    )
