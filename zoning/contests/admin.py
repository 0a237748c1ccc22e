"""The planners' list of contests with its pages, and the labels of their codes."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from municipality.accounts.proof import reauthentication_required
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.audit.services import log_access
from municipality.kernel import clock, request_cache
from municipality.kernel.actors import Actor
from municipality.kernel.errors import Refused
from municipality.ui import staff_menu
from municipality.ui.admin_base import in_group, staff_page
from municipality.ui.code_labels import label_codes, label_of_edition
from municipality.ui.staff_menu import StaffEntry
from municipality.uploads.fields import lines_of
from zoning.contests import queries, services
from zoning.contests.views import said
from zoning.imports.roles import PLANNER
from zoning.models.contests import ContestOutcome

MOST_SHOWN = 200


def _check_role(request: AuthenticatedHttpRequest) -> None:
    if not in_group(request, PLANNER):
        raise PermissionDenied


@require_safe
def contests(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The undecided contests by the day on which they are due, and then the decided ones."""
    _check_role(request)
    decided = queries.open_first().exclude(outcome=ContestOutcome.OPEN).order_by("-decided_at")
    rows = [*queries.undecided()[:MOST_SHOWN], *decided[:MOST_SHOWN]]
    lines = [(row, queries.TONES[ContestOutcome(row.outcome)]) for row in rows]
    return staff_page(request, "admin/zoning/contests.html", title=_("Contests of layers"), lines=lines, today=clock.today())


@require_http_methods(["GET", "HEAD", "POST"])
def contest(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """A contest with both values and its proof, and the decision."""
    _check_role(request)
    row, error = get_object_or_404(queries.open_first(), public_id=public_id), ""
    typed = {name: request.POST.get(name, "") for name in ("outcome", "answer", "article")}
    if request.method == "POST":
        try:
            services.decide(contest=row, decided_by=request.user, **typed)
            return redirect("admin:plot_contest", public_id)
        except Refused as refusal:
            error = str(refusal.sentence)
            row.refresh_from_db()
    log_access(viewer=Actor(PLANNER, request.user.key), person_key=row.person.key, subject=row.key, purpose="review")
    files = lines_of(request, row.key)
    tone, is_open = queries.TONES[ContestOutcome(row.outcome)], row.outcome == ContestOutcome.OPEN
    context = {"contest": row, "said": said(row), "tone": tone, "is_open": is_open, "typed": typed, "files": files, "error": error}
    context["rule"] = label_of_edition(row.rule)
    return staff_page(request, "admin/zoning/contest.html", 409 if error else 200, title=row.number, today=clock.today(), **context)


def _waiting(request: HttpRequest) -> int:
    return request_cache.get_or_set("open_contests", lambda: queries.undecided().count())


PAGES = [
    path("plots/contests/", contests, name="plot_contests"),
    path("plots/contests/<slug:public_id>/", reauthentication_required(contest), name="plot_contest"),
]
staff_menu.register(
    "zoning",
    StaffEntry(
        "plots", _("Contests of layers"), "admin:plot_contests", (PLANNER,), count=_waiting, tile=_("contests to decide"), tone="warn"
    ),
)
label_codes(
    {
        "contests.sent": _("Contest of a layer sent"),
        "zoning.contest_sent": _("Contest of a layer sent"),
        "zoning.contest_decided": _("Contest of a layer decided"),
        "contests.upheld": _("Contest of a layer upheld"),
        "contests.refused": _("Contest of a layer refused"),
    }
)
