"""A person's own cases."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from municipality.accounts.access import access
from municipality.audit.queries import looks_at
from municipality.cases import panels, queries, timeline
from municipality.cases.views.public import case_or_404

PAGE = 25


@access("person")
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """My requests, newest first, by keyset pages of 25."""
    cases = queries.visible_to(request.user).order_by("-pk")
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit():
        cases = cases.filter(pk__lt=int(before[:18]))
    rows = list(cases[: PAGE + 1])
    return render(
        request,
        "cases/mine.html",
        {"cases": rows[:PAGE], "next_before": rows[PAGE - 1].pk if len(rows) > PAGE else None, "stories": timeline.STORIES, "later": bool(before)},
    )


@access("person")
@require_safe
def case(request: HttpRequest, public_id: str) -> HttpResponse:
    """One case: course, next action, documents, money, messages, and who looked."""
    user: Any = request.user
    found = case_or_404(queries.visible_to(user), public_id)
    events = list(found.events.order_by("pk"))
    lines = panels.collect("case", user, [found])
    return render(
        request,
        "cases/case.html",
        {
            "case": found,
            "steps": timeline.steps(found, events),
            "panels": {name: by_key.get(found.key, []) for name, by_key in lines.items()},
            "messages_sent": queries.messages_of(found),
            "looks": looks_at(user.key).filter(subject=found.key)[:20],
        },
    )


