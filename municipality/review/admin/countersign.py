"""The page where a supervisor signs the oldest proposal, sends it back, or leaves it to another signer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.db.models import Q, When
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from municipality.accounts.proof import reauthentication_required
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.cases.models import Case
from municipality.kernel.errors import Refused
from municipality.review import queries, signature, similar, texts
from municipality.review.admin import answers, clocks
from municipality.review.admin.access import log_case_access, log_names_seen
from municipality.review.admin.page import DECLARED, PARTIES, facts_context, files_of
from municipality.review.blind import RevealReason, hides_names, without_names
from municipality.review.models import CorrectionRound, Decision
from municipality.review.queries import CheckLine
from municipality.review.registry import Item, reviewable
from municipality.review.services import desk, staff
from municipality.ui.admin_base import require_role
from municipality.ui.templatetags.portal import ref
from municipality.ui.texts import Text


@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required
def sign(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Show the next proposal (GET); sign it, send it back for a coded reason, or leave it for a conflict of interest (POST)."""
    require_role(request, "supervisor")
    if request.method == "POST":
        return _act(request)
    return _render_next(request)


def _render_next(request: AuthenticatedHttpRequest, *, error: str = "", status: int = 200) -> HttpResponse:
    """The proposal of the case that a link names, or that a refused form was about; else the oldest."""
    user = request.user
    waiting = queries.decisions_to_sign(user).select_related("case__applicant", "case__clock", "case__place", "made_by")
    named = Q(case__public_id=request.GET.get("case", ""))
    if number := _number(request.POST.get("decision", "")):
        named |= Q(pk=number)
    named_first = models.Case(When(named, then=0), default=1)
    decision = waiting.order_by(named_first, "pk").first() if user.branch_id else None
    return _render(request, decision, error=error, status=status)


def _number(typed: str) -> int:
    """A row number from a form; 0 for anything else."""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 16 else 0


def _render(
    request: AuthenticatedHttpRequest, decision: Decision | None, *, shows_names: bool = False, error: str = "", status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {
        **admin.site.page_context(request),
        "title": _("Next decision to sign"),
        "error": error,
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
    lines = queries.checklist(case, items)
    typed = request.POST if request.POST.get("decision") == str(decision.pk) else {}
    return {
        "decision": decision,
        "case": case,
        "reason": replies.reasons.get(decision.code),
        "preview": texts.preview_decision(decision),
        **facts_context(items, compares=service.compares),
        "corrected": set(),
        "passed": [],
        "files": files_of(request, items),
        "is_blind": is_blind,
        "shows_names": shows_names,
        "reveal_reasons": RevealReason.choices if is_blind and not service.is_blind else [],
        "checks": [(line, line.answer, answers.evidence(line, items, service.evidence)) for line in lines],
        "accept_label": service.accept_label,
        "send_backs": replies.reasons_of("send_back"),
        "parties": _parties(case),
        "tie_kinds": DECLARED,
        "clock": clocks.line(getattr(case, "clock", None)),
        "move": typed.get("step", ""),
        "typed": {name: typed.get(name, "") for name in ("code", "party", "kind", "words")},
        **(_refusal_context(request, decision, lines, items, typed) if decision.outcome == "refuse" else {}),
    }


def _refusal_context(
    request: AuthenticatedHttpRequest, decision: Decision, lines: list[CheckLine], items: list[Item], typed: Mapping[str, str]
) -> dict[str, Any]:
    """What only a refusal has: requirement against finding, similar cases and the four questions."""
    nearest = similar.nearest(request.user, decision)
    return {
        "findings": signature.findings(lines, items),
        "has_no": any(line.answer == "no" for line in lines),
        "open": sum(not line.answer for line in lines),
        "rounds": CorrectionRound.objects.filter(case=decision.case).order_by("number"),
        "similar": nearest,
        "similar_refused": sum(line.is_refused for line in nearest),
        "similar_set_aside": sum(line.is_set_aside for line in nearest),
        "questions": signature.questions(_answers(typed)),
    }


def _parties(case: Case) -> list[tuple[str, Text]]:
    """The roles of the parties of a case, with which the signer may have a conflict of interest."""
    roles = {"applicant", *case.parties.values_list("role", flat=True)}
    return [(role, name) for role, name in PARTIES.items() if role in roles]


def _answers(typed: Mapping[str, str]) -> dict[str, bool]:
    """The answers of a form; a question without one is left out."""
    given = {code: typed.get(f"answer.{code}") for code in signature.QUESTIONS}
    return {code: answer == "yes" for code, answer in given.items() if answer in ("yes", "no")}


def _act(request: AuthenticatedHttpRequest) -> HttpResponse:
    user = request.user
    decision = queries.decisions_to_sign(user).filter(pk=_number(request.POST.get("decision", ""))).first()
    if decision is None:
        return _render_next(request, error=_("This proposal does not wait for your signature any more."), status=409)
    step = request.POST.get("step", "")
    if step == "reveal":
        return _reveal(request, decision)
    # The digest of what was shown: a changed proposal is not signed.
    decision.digest = request.POST.get("digest", "")
    try:
        sentence = MOVES.get(step, _send_back)(request, decision)
    except Refused as refusal:
        return _render_next(request, error=str(refusal.sentence), status=refusal.status)
    messages.success(request, format_html(sentence, reference=ref(decision.case.reference)))
    return redirect("admin:desk_sign")


def _sign(request: AuthenticatedHttpRequest, decision: Decision) -> str:
    desk.sign(decision=decision, supervisor=request.user, answers=_answers(request.POST))
    return _("The decision on request {reference} is signed and its applicant is told.")


def _send_back(request: AuthenticatedHttpRequest, decision: Decision) -> str:
    typed = request.POST
    words = typed.get("words", "")[:500]
    desk.send_back(decision=decision, supervisor=request.user, code=typed.get("code", ""), answers=_answers(typed), words=words)
    return _("The proposal on request {reference} is back with its officer.")


def _recuse(request: AuthenticatedHttpRequest, decision: Decision) -> str:
    role, kind = request.POST.get("party", ""), request.POST.get("kind", "")
    staff.recuse(decision=decision, supervisor=request.user, role=role, kind=kind)
    return _("The conflict of interest is declared; request {reference} goes to another signer at its place.")


# By the move that was pressed; anything else is sent back, which needs a reason.
MOVES: dict[str, Callable[[AuthenticatedHttpRequest, Decision], str]] = {"sign": _sign, "recuse": _recuse}


def _reveal(request: AuthenticatedHttpRequest, decision: Decision) -> HttpResponse:
    """Show the names of one proposal on this one page, for a coded reason; the applicant reads that they were seen."""
    try:
        log_names_seen(request, decision.case, "supervisor", request.POST.get("code", ""))
    except Refused as refusal:
        return _render(request, decision, error=str(refusal.sentence), status=refusal.status)
    return _render(request, decision, shows_names=not reviewable(decision.case).is_blind)
