"""The supervisor's board of a branch, with overrides."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from municipality.accounts.models import User
from municipality.accounts.proof import reauthentication_required, steps
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.cases.models import Case
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.places.models import Branch
from municipality.review import queries
from municipality.review.admin import late
from municipality.review.boards import MOST, PACE_DAYS, SOON_DAYS, is_next, other_supervisors, overrides_for, waiting_places
from municipality.review.models import QueueEntry
from municipality.review.registry import REVIEWABLES
from municipality.review.services import queue, reminders
from municipality.review.states import QueueEntryState
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import Reason
from municipality.ui.admin_base import require_role
from municipality.ui.templatetags.portal import bilingual, term

LISTS = ("late", "soon", "escalated")  # of the board, from whose lines an officer is reminded
# State of a place → with whom its request is; together they are all open requests.
WHERE_OPEN = {
    QueueEntryState.WAITING: gettext_lazy("in the queue, with nobody"),
    QueueEntryState.HELD: gettext_lazy("open with officers"),
    QueueEntryState.ANSWERED: gettext_lazy("answered or returned, with officers"),
    QueueEntryState.AWAY: gettext_lazy("with applicants"),
    QueueEntryState.COUNTERSIGN: gettext_lazy("to be signed"),
}
# State of a place → where the page lists its requests.
WHERE_LISTED = {QueueEntryState.WAITING: "ahead", QueueEntryState.HELD: "officers", QueueEntryState.ANSWERED: "officers"}
# What is counted of an officer → its column.
COUNTED = {
    "held": gettext_lazy("in hand, in whatever state"),
    "decided": gettext_lazy("decided"),
    "given_back": gettext_lazy("returned to the queue by the officer"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required(when=steps("allow"))
def board(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The state of the supervisor's branch (GET); remind an officer, request or allow an override (POST)."""
    require_role(request, "supervisor")
    error, status = "", 200
    if request.method == "POST":
        try:
            return _remind(request) if request.POST.get("step") == "remind" else _change_override(request)
        except Refused as refusal:
            error, status = str(refusal.sentence), refusal.status
    user = request.user
    context: dict[str, Any] = {
        **admin.site.page_context(request),
        "title": _("Board of the branch"),
        "error": error,
        "board": None,
        "branch": user.branch,
        # A link to the form names the reference.
        "typed": {name: (request.POST if request.method == "POST" else request.GET).get(name, "") for name in ("reference", "code")},
    }
    if user.branch is not None:
        context |= _board_context(request, user.branch)
    return TemplateResponse(request, "admin/review/board.html", context, status=status)


def _board_context(request: AuthenticatedHttpRequest, branch: Branch) -> dict[str, Any]:
    user, days = request.user, _days(request)
    state = queries.board(branch, days)
    late_page = _page(request, "late", queries.late_clocks(branch), state.promises.late)
    listed = [list(late_page), state.soon, state.escalated]
    lines = iter(late.lines([row for rows in listed for row in rows], user))
    late_rows, soon_rows, escalated = ([next(lines) for _row in rows] for rows in listed)
    overrides = list(overrides_for(user))
    own = sum(override.place.branch_id == branch.pk for override in overrides)  # they stand in a list of their own
    reasons = _override_reasons()
    labels = {reason.code: bilingual(reason, "label") for reason in reasons}
    return {
        "board": state,
        "stuck": [row for row in state.stuck if row.state == QueueEntryState.WAITING],
        "unsigned": [row for row in state.stuck if row.state == QueueEntryState.COUNTERSIGN],
        "nobody_signs": late.NOBODY_SIGNS,
        "figures": [(label, state.counts.get(place, 0), WHERE_LISTED.get(place, "")) for place, label in WHERE_OPEN.items()],
        "waiting": _page(request, "queue", waiting_places(branch), state.counts.get(QueueEntryState.WAITING, 0) - own),
        "late_page": late_page,
        "rest": {key: _without(request, key) for key in ("late", "queue")},
        "late_rows": late_rows,
        "soon_rows": soon_rows,
        "days": days,
        "day_choices": sorted(SOON_DAYS),
        "escalated": escalated,
        "totals": [(label, sum(getattr(line, name) for line in state.officers)) for name, label in COUNTED.items()],
        "pace_days": PACE_DAYS,
        "reasons": reasons,
        "signers": other_supervisors(user),
        "overrides": [(o, labels.get(o.code, o.code), o.asked_by_id == user.pk) for o in overrides],
    }


def _page(request: AuthenticatedHttpRequest, key: str, rows: QuerySet[Any], count: int) -> Page[Any]:
    """The page of a list that the query names under `key`; `count`, how many rows there are, is known from the board."""
    pages = Paginator(rows, MOST)
    pages.count = count
    return pages.get_page(request.GET.get(key))


def _without(request: AuthenticatedHttpRequest, key: str) -> str:
    """The query without one name, ready for another value of it; empty where there is no other."""
    query = request.GET.copy()
    query.pop(key, None)
    return f"{query.urlencode()}&" if query else ""


def _days(request: AuthenticatedHttpRequest) -> int:
    """For how many working days ahead the page lists promises."""
    typed = request.GET.get("days", "")
    return next((days for days in SOON_DAYS if str(days) == typed), SOON_DAYS[0])


def _override_reasons() -> list[Reason]:
    """The coded reasons for an override, of all reviewable services."""
    subjects = sorted({entry.replies for entry in REVIEWABLES.values()})
    reasons = {r.code: r for subject in subjects for r in rulebook.edition(subject, clock.today()).reasons_of("override")}
    return list(reasons.values())


def _remind(request: AuthenticatedHttpRequest) -> HttpResponse:
    number = request.POST.get("officer", "")
    people = User.objects.filter(branch=request.user.branch_id, is_staff=True, is_active=True)
    officer = people.filter(pk=number).first() if number.isascii() and number.isdigit() and len(number) < 16 else None
    if officer is None:
        raise Refused("unknown_officer", _("There is no such officer in the branch."))
    reminders.remind(officer=officer, by=request.user)
    messages.success(request, format_html(_("{officer} is reminded by a message."), officer=term(bilingual(officer, "name"))))
    back, row = request.POST.get("back", ""), request.POST.get("row", "")
    known = Case.objects.filter(public_id__in=(back, row)).values_list("public_id", flat=True).first()
    if back in LISTS:
        return redirect(f"{reverse('admin:desk_board')}#{f'row-{known}' if known else back}")
    return redirect("admin:desk_case", known) if known else redirect(f"{reverse('admin:desk_board')}#officer-{officer.public_id}")


def _change_override(request: AuthenticatedHttpRequest) -> HttpResponse:
    user = request.user
    if request.POST.get("step") == "allow":
        number = request.POST.get("override", "")
        rows = overrides_for(user)
        override = rows.filter(pk=number).first() if number.isascii() and number.isdigit() and len(number) < 16 else None
        if override is None:
            raise Refused("unknown_override", _("There is no such request any more."))
        queue.allow_override(override=override, allowed_by=user)
        public_id = override.place.case.public_id
        messages.success(request, _("Allowed: the request is handed out next, and the reason is published."))
    else:
        reference = request.POST.get("reference", "").strip().upper()
        if not other_supervisors(user):
            raise Refused("nobody_allows", _("Nobody can allow this now: no branch has another supervisor."))
        entry = (
            QueueEntry.objects.filter(case__reference=reference, branch=user.branch_id, state=QueueEntryState.WAITING)
            .select_related("case")
            .first()
        )
        if entry is None:
            raise Refused("not_waiting", _("No request with this reference waits in the queue of the branch."))
        if is_next(entry):
            raise Refused("next_already", late.NEXT_ALREADY)
        queue.ask_override(place=entry, code=request.POST.get("code", ""), asked_by=user)
        public_id = entry.case.public_id
        messages.success(request, _("Asked for: another supervisor allows it."))
    return redirect(f"{reverse('admin:desk_board')}#ahead-{public_id}")
