"""The supervisor's board of a branch, with overrides."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from municipality.accounts.proof import reauthentication_required, steps
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.review import queries
from municipality.review.admin import late
from municipality.review.boards import is_next, other_supervisors
from municipality.review.models import Override, QueueEntry
from municipality.review.registry import REVIEWABLES
from municipality.review.services import queue
from municipality.review.states import QueueEntryState
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import Reason
from municipality.ui.admin_base import require_role
from municipality.ui.templatetags.portal import bilingual

MOST = 100  # late requests of a list


@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required(when=steps("allow"))
def board(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The state of the supervisor's branch (GET); request or allow an override (POST)."""
    require_role(request, "supervisor")
    error, status = "", 200
    if request.method == "POST":
        try:
            return _change_override(request)
        except Refused as refusal:
            error, status = str(refusal.sentence), refusal.status
    user = request.user
    context: dict[str, Any] = {
        **admin.site.page_context(request),
        "title": _("Board of the branch"),
        "error": error,
        "board": None,
        # A link to the form names the reference.
        "typed": {name: (request.POST if request.method == "POST" else request.GET).get(name, "") for name in ("reference", "code")},
    }
    if user.branch is not None:
        state = queries.board(user.branch)
        late_clocks = list(queries.late_clocks(user.branch)[: MOST + 1])
        known = {row.pk for row in late_clocks}
        escalated = [row for row in state.escalated if row.pk not in known]
        lines = late.lines([*late_clocks[:MOST], *escalated])
        late_lines = len(late_clocks[:MOST])
        context |= {
            "board": state,
            "figures": [
                (_("waiting"), state.counts.get(QueueEntryState.WAITING, 0)),
                (_("with officers"), state.counts.get(QueueEntryState.HELD, 0)),
                (_("with an answer"), state.counts.get(QueueEntryState.ANSWERED, 0)),
                (_("with applicants"), state.counts.get(QueueEntryState.AWAY, 0)),
                (_("to sign"), state.counts.get(QueueEntryState.COUNTERSIGN, 0)),
            ],
            "late": queries.late_clocks(user.branch).count() if len(late_clocks) > MOST else len(late_clocks),
            "late_rows": lines[:late_lines],
            "escalated": lines[late_lines:],
            "reasons": _override_reasons(),
            "signers": list(other_supervisors(user)),
        }
        labels = {reason.code: bilingual(reason, "label") for reason in context["reasons"]}
        context["overrides"] = [(o, labels.get(o.code, o.code), o.asked_by_id == user.pk) for o in state.overrides]
    return TemplateResponse(request, "admin/review/board.html", context, status=status)


def _override_reasons() -> list[Reason]:
    """The coded reasons for an override, of all reviewable services."""
    subjects = sorted({entry.replies for entry in REVIEWABLES.values()})
    reasons = {r.code: r for subject in subjects for r in rulebook.edition(subject, clock.today()).reasons_of("override")}
    return list(reasons.values())


def _change_override(request: AuthenticatedHttpRequest) -> HttpResponse:
    user = request.user
    if request.POST.get("step") == "allow":
        number = request.POST.get("override", "")
        rows = Override.objects.filter(place__branch=user.branch_id).select_related("place__case")
        override = rows.filter(pk=number).first() if number.isascii() and number.isdigit() and len(number) < 16 else None
        if override is None:
            raise Refused("unknown_override", _("There is no such request any more."))
        queue.allow_override(override=override, allowed_by=user)
        messages.success(request, _("Allowed: the request is handed out next, and the reason is published."))
    else:
        reference = request.POST.get("reference", "").strip().upper()
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
        messages.success(request, _("Asked for: another supervisor allows it."))
    return redirect("admin:desk_board")
