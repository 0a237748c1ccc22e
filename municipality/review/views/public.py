"""The queue as everybody may see it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from municipality.accounts.access import public
from municipality.review.public_queue import LEAST, REALITY_DAYS, published


@public
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """How many wait in each branch, since when, at what pace, promise and reality, and what was taken before its turn and why."""
    return render(request, "review/queue.html", {"queue": published(), "days": REALITY_DAYS, "least": LEAST})
