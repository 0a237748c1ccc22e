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
from municipality.review.admin.access import log_case_access
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
    context: dict[str, Any] = {
        **admin.site.page_context(request),
        "title": _("Next decision to sign"),
        "error": error,
        "typed": request.POST,
    }
    user = request.user
    waiting = queries.decisions_to_sign(user).select_related("case__applicant", "case__clock", "made_by")
    decision = waiting.first() if user.branch_id else None
    if decision is not None:
        context |= _decision_context(request, decision)
    return TemplateResponse(request, "admin/review/sign.html", context, status=status)


def _decision_context(request: AuthenticatedHttpRequest, decision: Decision) -> dict[str, Any]:
    case = decision.case
    log_case_access(request, case, "supervisor")
    replies = queries.replies(case)
    items = reviewable(case).items(case)
    return {
        "decision": decision,
        "case": case,
        "reason": replies.reasons.get(decision.code),
        "preview": texts.preview_decision(decision),
        "facts": [item for item in items if not item.is_file],
        "corrected": set(),
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
