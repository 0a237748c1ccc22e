"""The page where a supervisor signs the oldest proposal or sends it back."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from municipality.accounts.proof import reauthentication_required
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.kernel.errors import Refused
from municipality.review import queries, texts
from municipality.review.admin import clocks
from municipality.review.admin.access import log_case_access, log_names_seen
from municipality.review.admin.page import facts_context
from municipality.review.blind import RevealReason, hides_names, without_names
from municipality.review.models import Decision
from municipality.review.registry import reviewable
from municipality.review.services import desk
from municipality.ui.admin_base import require_role
from municipality.ui.templatetags.portal import ref


@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required
def sign(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Show the next proposal (GET); sign it, or send it back for a coded reason (POST)."""
    require_role(request, "supervisor")
    if request.method == "POST":
        return _sign_or_send_back(request)
    return _render_next(request)


def _render_next(request: AuthenticatedHttpRequest, *, error: str = "", status: int = 200) -> HttpResponse:
    user = request.user
    waiting = queries.decisions_to_sign(user).select_related("case__applicant", "case__clock", "case__place", "made_by")
    return _render(request, waiting.first() if user.branch_id else None, error=error, status=status)


def _render(
    request: AuthenticatedHttpRequest, decision: Decision | None, *, shows_names: bool = False, error: str = "", status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {
        **admin.site.page_context(request),
        "title": _("Next decision to sign"),
        "error": error,
        "move": request.POST.get("step", "") if error else "",
        "chosen": request.POST.get("code", ""),
    }
    if decision is not None:
        context |= _decision_context(request, decision, shows_names=shows_names)
    return TemplateResponse(request, "admin/review/sign.html", context, status=status)


def _decision_context(request: AuthenticatedHttpRequest, decision: Decision, *, shows_names: bool = False) -> dict[str, Any]:
    case, service = decision.case, reviewable(decision.case)
    if not shows_names:
        log_case_access(request, case, "supervisor")
    is_blind = hides_names(service, case.place, "supervisor") and not shows_names
    replies = queries.replies(case)
    items = without_names(service.items(case)) if is_blind else service.items(case)
    return {
        "decision": decision,
        "case": case,
        "reason": replies.reasons.get(decision.code),
        "preview": texts.preview_decision(decision),
        **facts_context(items),
        "corrected": set(),
        "passed": [],
        "is_blind": is_blind,
        "shows_names": shows_names,
        "reveal_reasons": RevealReason.choices if is_blind and not service.is_blind else [],
        "checks": [(line, line.answer) for line in queries.checklist(case, items)],
        "send_backs": replies.reasons_of("send_back"),
        "clock": clocks.line(getattr(case, "clock", None)),
    }


def _sign_or_send_back(request: AuthenticatedHttpRequest) -> HttpResponse:
    user = request.user
    number = request.POST.get("decision", "")
    waiting = (
        queries.decisions_to_sign(user).filter(pk=number)
        if number.isascii() and number.isdigit() and len(number) < 16
        else Decision.objects.none()
    )
    decision = waiting.first()
    if decision is None:
        return _render_next(request, error=_("This proposal does not wait for your signature any more."), status=409)
    if request.POST.get("step") == "reveal":
        return _reveal(request, decision)
    reference = decision.case.reference
    # The digest of what was shown: a changed proposal is not signed.
    decision.digest = request.POST.get("digest", "")
    try:
        if request.POST.get("step") == "sign":
            desk.sign(decision=decision, supervisor=user)
            messages.success(
                request,
                format_html(_("The decision on request {reference} is signed and its applicant is told."), reference=ref(reference)),
            )
        else:
            desk.send_back(decision=decision, supervisor=user, code=request.POST.get("code", ""))
            messages.success(
                request, format_html(_("The proposal on request {reference} is back with its officer."), reference=ref(reference))
            )
    except Refused as refusal:
        return _render_next(request, error=str(refusal.sentence), status=refusal.status)
    return redirect("admin:desk_sign")


def _reveal(request: AuthenticatedHttpRequest, decision: Decision) -> HttpResponse:
    """Show the names of one proposal on this one page, for a coded reason; the applicant reads that they were seen."""
    try:
        log_names_seen(request, decision.case, "supervisor", request.POST.get("code", ""))
    except Refused as refusal:
        return _render(request, decision, error=str(refusal.sentence), status=refusal.status)
    return _render(request, decision, shows_names=not reviewable(decision.case).is_blind)
