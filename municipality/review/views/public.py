"""The public page of the queue."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from municipality.accounts.access import public
from municipality.review.public_queue import FIGURE_DAYS, ROUND_DAYS, published
from municipality.review.study_times import MIN_DECISIONS


@public
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """Waiting cases, pace, promised and real processing times of each branch, and the overrides."""
    return render(
        request, "review/queue.html", {"queue": published(), "days": FIGURE_DAYS, "round_days": ROUND_DAYS, "least": MIN_DECISIONS}
    )
