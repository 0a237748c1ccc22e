"""The public status page. It reads the database only."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from municipality.accounts.access import public
from municipality.incidents import queries
from municipality.incidents.models import RELIEVING, Incident
from municipality.kernel import clock
from municipality.ui.dates import moment_html
from municipality.ui.plurals import span

STATES: dict[str, tuple[str, Promise]] = {
    "works": ("ok", _("Works")),
    "fails": ("bad", _("Does not work")),
    "unknown": ("wait", _("Not known yet")),
}


@public
@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """Each part now, what is out, and the incidents of the last 90 days."""
    limits = queries.known_limits()
    parts, incidents = queries.status(limits)
    failing = [part for part in parts if part.state == "fails"]
    context = {
        "parts": [(part, *STATES[part.state]) for part in parts],
        "failing": failing,
        "moves_deadlines": any(part.part in RELIEVING for part in failing),
        "rows": [_row(incident) for incident in incidents if incident.ended_at is not None],
        "headings": [_("What did not work"), _("From"), _("To"), _("Length"), _("Deadlines")],
        "limits": limits,
        "now": clock.now(),
    }
    return render(request, "incidents/status.html", context)


def _row(incident: Incident) -> dict[str, Any]:
    ends = [moment_html(at) for at in (incident.started_at, incident.ended_at) if at is not None]
    moved = _("Moved to a later day") if getattr(incident, "has_moved", False) else "—"
    return {"head": incident.get_part_display(), "cells": [*ends, span(incident.minutes), moved]}
