"""The page of a case and the actions of its officer. Messages are previewed before they are sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.cases.models import Case
from municipality.kernel import request_cache
from municipality.kernel.errors import Refused
from municipality.review import queries, texts
from municipality.review.admin import answers
from municipality.review.admin.access import log_case_access, log_names_seen, open_case, own_assignment
from municipality.review.admin.page import case_context
from municipality.review.blind import hides_names, without_names
from municipality.review.models import Assignment
from municipality.review.registry import reviewable
from municipality.review.services import checklist, desk, queue, staff
from municipality.review.texts import Preview
from municipality.ui.templatetags.portal import ref


@require_safe
def page(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """The page of a case, with actions for its officer."""
    opened = open_case(request, public_id)
    if isinstance(opened, HttpResponse):
        return opened
    context = case_context(request, opened.case, opened.place, opened.holds, {}, role=opened.role)
    return TemplateResponse(request, "admin/review/case.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def act(request: AuthenticatedHttpRequest, public_id: str, verb: str) -> HttpResponse:
    """One action on a case. A refusal is shown on the page of the case, with the form data."""
    if verb not in ACTS:
        raise Http404
    assignment = own_assignment(request, public_id)
    if request.method != "POST":  # come back after signing in again
        return redirect("admin:desk_case", public_id)
    try:
        if request.POST.get("step") == "edit":
            return _render_case(request, assignment, verb)
        return ACTS[verb](request, assignment)
    except Refused as refusal:
        if request.POST.get("step") == "words":
            lacks = answers.lacking_notes(request.POST) if refusal.code == "note_both_languages" else []
            return _words(request, {"problem": _sentence(refusal), "lacks": lacks}, refusal.status)
        return _render_case(request, assignment, verb, refusal)


def _render_case(request: AuthenticatedHttpRequest, assignment: Assignment, verb: str, refusal: Refused | None = None) -> HttpResponse:
    entry = assignment.place
    request_cache.clear()  # the case may have changed meanwhile
    log_case_access(request, entry.case, "officer")
    sentence = _sentence(refusal) if refusal is not None else ""
    context = case_context(request, entry.case, entry, True, request.POST, panel=verb, error=sentence)
    return TemplateResponse(request, "admin/review/case.html", context, status=refusal.status if refusal else 200)


def _sentence(refusal: Refused) -> str:
    return str(refusal.sentence) or _("This is not possible now. The case may have moved on meanwhile.")


def _words(request: AuthenticatedHttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """The text alone, which the script puts beside the decision. It shows nothing of the case but the message, so it is no access."""
    return TemplateResponse(request, "admin/review/sheet.html", {"preview": None, "seal": "", "problem": "", **context}, status=status)


def _preview(
    request: AuthenticatedHttpRequest,
    assignment: Assignment,
    verb: str,
    preview: Preview,
    title: str,
    approved: Callable[[], dict[str, Any]] = dict,
) -> HttpResponse | None:
    """The preview; None where the user has seen exactly this one and sends it. `approved`: what an approval approves (`_approved`)."""
    case, digest = assignment.place.case, answers.preview_digest(preview)
    seen = request.POST.get("seen", "")
    if request.POST.get("step") == "send" and seen == digest:
        return None
    if request.POST.get("step") == "words":
        return _words(request, {"preview": preview, "seal": digest, "needs_signature": _is_signed_twice(case, verb), **approved()})
    log_case_access(request, case, "officer")
    context = {
        **admin.site.page_context(request),
        "title": title,
        "case": case,
        "preview": preview,
        "seal": digest,
        "moved_on": bool(seen),
        "kept": answers.hidden_fields(request.POST),
        "address": reverse("admin:desk_act", args=[case.public_id, verb]),
        "needs_signature": verb == "refuse" or bool(request.POST.get("second_code")) or _is_signed_twice(case, verb),
        **approved(),
    }
    return TemplateResponse(request, "admin/review/preview.html", context)


def _done(request: HttpRequest, sentence: str) -> HttpResponse:
    messages.success(request, sentence)
    return redirect("admin:index")


def _sent(request: HttpRequest, assignment: Assignment, sentence: str) -> HttpResponse:
    """Say what was sent, and open the officer's next case, unless they stop; the first page, which says so, where there is none.

    A proposal opens none (`_done`): it can be taken back only while no other case is open.
    """
    messages.success(request, sentence)
    if request.POST.get("stop"):
        messages.info(request, _("No further request was handed out to you."))
        return redirect("admin:index")
    try:
        following = queue.next_case(officer=assignment.officer)
    except Refused as refusal:  # absent from today on
        messages.info(request, _sentence(refusal))
        return redirect("admin:index")
    if following is None:
        messages.info(request, _("No request is waiting for you."))
        return redirect("admin:index")
    return redirect("admin:desk_case", following.place.case.public_id)


def _note(request: HttpRequest) -> dict[str, str]:
    return {"note_ar": request.POST.get("note_ar", ""), "note_en": request.POST.get("note_en", "")}


# --- Acts ------------------------------------------------------------------------------------------------------------------


def _save_checks(request: HttpRequest, assignment: Assignment) -> None:
    if changed := answers.changed_answers(queries.checklist(assignment.place.case), request.POST):
        desk.check_all(assignment=assignment, answers=dict(changed))


def _checks(request: HttpRequest, assignment: Assignment) -> HttpResponse:
    _save_checks(request, assignment)
    if request.POST.get("step") == "keep":  # the script saves each answer as it is given
        return HttpResponse(status=204)
    messages.success(request, _("The checklist is saved."))
    return redirect(reverse("admin:desk_case", args=[assignment.place.case.public_id]) + "#desk-checks")


def _approve(request: AuthenticatedHttpRequest, assignment: Assignment) -> HttpResponse:
    case = assignment.place.case
    _save_checks(request, assignment)
    without = bool(request.POST.get("without"))
    checklist.check_approvable(queries.checklist(case), without=without)  # before the preview, not after it
    _is_signed_twice(case, "approve")  # refuses what cannot be approved as it stands
    preview = texts.preview_acceptance(case=case, **_note(request))
    response = _preview(request, assignment, "approve", preview, _("Approval: what the applicant receives"), lambda: _approved(assignment))
    if response is not None:
        return response
    if desk.accept(assignment=assignment, without=without, **_note(request)).code:
        sentence = _("The approval of request {reference} waits for a supervisor.")
        if reviewable(case).accept_label:
            sentence = _("The decision on request {reference} waits for a supervisor.")
        return _done(request, format_html(sentence, reference=ref(case.reference)))
    sentence = _("Request {reference} is approved and its applicant is told.")
    if reviewable(case).accept_label:
        sentence = _("Request {reference} is decided and its applicant is told.")
    return _sent(request, assignment, format_html(sentence, reference=ref(case.reference)))


def _is_signed_twice(case: Case, verb: str) -> bool:
    return verb == "approve" and reviewable(case).second_signature(case) is not None


def _approved(assignment: Assignment) -> dict[str, Any]:
    """What an approval approves: each change, and the amount of the bill that follows; names as hidden as on the page of the case."""
    case = assignment.place.case
    service = reviewable(case)
    items = service.items(case)
    if hides_names(service, assignment.place, "officer"):
        items = without_names(items)
    return {
        "is_approval": True,
        "changed": [item for item in items if item.before and not item.is_file],
        "approved": [item for item in items if any(item.name == name or item.name.startswith(f"{name}_") for name in service.approved)],
        "bill_fils": service.bill_fils(case) if service.bill_fils is not None else None,
    }


def _corrections(request: AuthenticatedHttpRequest, assignment: Assignment) -> HttpResponse:
    case = assignment.place.case
    requests, second = answers.correction_requests(request.POST), request.POST.get("second_code", "")
    items = reviewable(case).items(case)
    corrections = texts.correction_texts(case, requests, items)
    checklist.check_answered_about(case, corrections, items)
    old = desk.belated_corrections(case, corrections, items)
    if old and not second:
        raise Refused("second_round", _("This could have been asked for in the round before. Give a reason; a supervisor signs it."))
    title = _("Corrections: what the applicant receives")
    response = _preview(request, assignment, "corrections", texts.preview_corrections(case=case, asked=requests), title)
    if response is not None:
        return response
    desk.ask_corrections(assignment=assignment, items=requests, second_code=second if old else "")
    if old:
        return _done(
            request, format_html(_("The second round of request {reference} waits for a supervisor."), reference=ref(case.reference))
        )
    sentence = _("Corrections are asked for in request {reference}.")
    return _sent(request, assignment, format_html(sentence, reference=ref(case.reference)))


def _refuse(request: AuthenticatedHttpRequest, assignment: Assignment) -> HttpResponse:
    case, code = assignment.place.case, request.POST.get("code", "")
    preview = texts.preview_refusal(case=case, code=code, **_note(request))
    checklist.check_answered(queries.checklist(case))  # before the preview, not after it
    response = _preview(request, assignment, "refuse", preview, _("Refusal: what the applicant receives"))
    if response is not None:
        return response
    desk.propose_refusal(assignment=assignment, code=code, **_note(request))
    return _done(request, format_html(_("The refusal of request {reference} waits for a supervisor."), reference=ref(case.reference)))


def _give_back(request: HttpRequest, assignment: Assignment) -> HttpResponse:
    queue.give_back(assignment=assignment, code=request.POST.get("code", ""))
    return _done(
        request, format_html(_("Request {reference} is back at its number in the queue."), reference=ref(assignment.place.case.reference))
    )


def _take_back(request: HttpRequest, assignment: Assignment) -> HttpResponse:
    desk.take_back(assignment=assignment)
    messages.success(request, _("The proposal is withdrawn; the request is back on the desk."))
    return redirect("admin:desk_case", assignment.place.case.public_id)


def _declare_conflict(request: HttpRequest, assignment: Assignment) -> HttpResponse:
    """Declare a conflict of interest with a party of the case, which releases it."""
    case, role, kind = assignment.place.case, request.POST.get("party", ""), request.POST.get("kind", "")
    staff.declare_conflict_with_party(officer=assignment.officer, case=case, role=role, kind=kind)
    return _done(
        request,
        format_html(_("The conflict of interest is declared; request {reference} goes to a colleague."), reference=ref(case.reference)),
    )


def _reveal(request: AuthenticatedHttpRequest, assignment: Assignment) -> HttpResponse:
    """Show the names on this one page, for a coded reason; the applicant reads that they were seen."""
    entry = assignment.place
    log_names_seen(request, entry.case, "officer", request.POST.get("code", ""))
    return TemplateResponse(
        request,
        "admin/review/case.html",
        case_context(request, entry.case, entry, True, {}, shows_names=not reviewable(entry.case).is_blind),
    )


ACTS: dict[str, Callable[[AuthenticatedHttpRequest, Assignment], HttpResponse]] = {
    "checks": _checks,
    "approve": _approve,
    "corrections": _corrections,
    "refuse": _refuse,
    "give-back": _give_back,
    "take-back": _take_back,
    "conflict": _declare_conflict,
    "reveal": _reveal,
}
