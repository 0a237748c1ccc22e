"""Other cases to read beside one: those of the shop, person and plot of a case on the desk, and similar cases of a refusal to sign."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.cases import queries as cases
from municipality.cases import timeline
from municipality.cases.models import Case
from municipality.review import linked, queries
from municipality.review.admin.access import linked_case, own_assignment, similar_case


@require_safe
def listing(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """All linked cases, by keyset pages. References and states only: no look at anybody's file."""
    case = own_assignment(request, public_id).place.case
    before = request.GET.get("before", "")
    after = int(before[:18]) if before.isascii() and before.isdigit() else None
    found = linked.lines_of(request.user, case, most=linked.PAGE, before=after)
    context = {
        **admin.site.page_context(request),  # type: ignore[attr-defined]
        "title": _("Cases of this shop, person and plot"),
        "case": case,
        "holds": True,
        "linked": found,
        "next_before": found.lines[-1].case.pk if found.has_more else None,
    }
    return TemplateResponse(request, "admin/review/linked_list.html", context)


@require_safe
def page(request: AuthenticatedHttpRequest, public_id: str, other: str) -> HttpResponse:
    """A linked case to read: its course and its decision."""
    opened = linked_case(request, public_id, other)
    if isinstance(opened, HttpResponse):
        return opened
    return _to_read(request, *opened, reverse("admin:desk_case", args=[public_id]))


@require_safe
def similar(request: AuthenticatedHttpRequest, public_id: str, other: str) -> HttpResponse:
    """A similar case of a refusal that waits for the user's signature, to read: its course and its decision."""
    opened = similar_case(request, public_id, other)
    if isinstance(opened, HttpResponse):
        return opened
    return _to_read(request, *opened, reverse("admin:desk_sign"))


def _to_read(request: AuthenticatedHttpRequest, held: Case, case: Case, back: str) -> HttpResponse:
    state, label = timeline.label(case)
    context = {
        **admin.site.page_context(request),  # type: ignore[attr-defined]
        "title": _("Request %(reference)s") % {"reference": case.reference},
        "held": held,
        "back": back,
        "case": case,
        "service": timeline.TIMELINES[case.service].name,
        "tag_state": state,
        "tag_label": label,
        "decision": queries.decision_of(case),
        "steps": timeline.steps(case, cases.events_of(case)),
    }
    return TemplateResponse(request, "admin/review/linked_case.html", context)
