"""The screen of one case, and what its officer does with it. Nothing goes out that was not shown word for word before."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import admin, messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.kernel import request_cache
from municipality.kernel.errors import Refused
from municipality.review import queries, texts
from municipality.review.admin import answers
from municipality.review.admin.access import in_hands, note_look, opened
from municipality.review.admin.page import screen
from municipality.review.models import Assignment
from municipality.review.registry import reviewable
from municipality.review.services import desk, queue, staff
from municipality.review.texts import Preview
from municipality.ui.templatetags.portal import ref


@require_safe
def page(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """One case on one screen: for its officer with what can be done, for a supervisor and the auditor to read."""
    found = opened(request, public_id)
    return TemplateResponse(request, "admin/review/case.html", screen(request, found.case, found.place, found.holds, {}))


@require_http_methods(["GET", "HEAD", "POST"])
def act(request: AuthenticatedHttpRequest, public_id: str, verb: str) -> HttpResponse:
    """One act at the desk. A refusal comes back on the page of the case, with everything that was typed."""
    if verb not in ACTS:
        raise Http404
    assignment = in_hands(request, public_id)
    if request.method != "POST":  # come back after signing in again
        return redirect("admin:desk_case", public_id)
    try:
        if request.POST.get("step") == "edit":
            return _again(request, assignment, verb)
        return ACTS[verb](request, assignment)
    except Refused as refusal:
        return _again(request, assignment, verb, refusal)


def _again(request: AuthenticatedHttpRequest, assignment: Assignment, verb: str, refusal: Refused | None = None) -> HttpResponse:
    place = assignment.place
    request_cache.clear()  # the case may have moved on meanwhile
    note_look(request, place.case, "officer")
    sentence = ""
    if refusal is not None:
        sentence = str(refusal.sentence) or _("This is not possible now. The case may have moved on meanwhile.")
    context = screen(request, place.case, place, True, request.POST, panel=verb, error=sentence)
    return TemplateResponse(request, "admin/review/case.html", context, status=refusal.status if refusal else 200)


def _shown(request: AuthenticatedHttpRequest, assignment: Assignment, verb: str, preview: Preview, title: str) -> HttpResponse | None:
    """The preview, unless exactly these words were seen and are now sent."""
    seal = answers.seal(preview)
    seen = request.POST.get("seen", "")
    if request.POST.get("step") == "send" and seen == seal:
        return None
    case = assignment.place.case
    note_look(request, case, "officer")
    context = {
        **admin.site.page_context(request),
        "title": title,
        "case": case,
        "preview": preview,
        "seal": seal,
        "moved_on": bool(seen),
        "kept": answers.kept(request.POST),
        "address": reverse("admin:desk_act", args=[case.public_id, verb]),
        "needs_signature": verb == "refuse" or bool(request.POST.get("second_code")),
    }
    return TemplateResponse(request, "admin/review/preview.html", context)


def _done(request: HttpRequest, sentence: str) -> HttpResponse:
    messages.success(request, sentence)
    return redirect("admin:index")


def _note(request: HttpRequest) -> dict[str, str]:
    return {"note_ar": request.POST.get("note_ar", ""), "note_en": request.POST.get("note_en", "")}


# --- Acts ------------------------------------------------------------------------------------------------------------------


def _checks(request: HttpRequest, assignment: Assignment) -> HttpResponse:
    with transaction.atomic():
        for code, answer in answers.answers(queries.checklist(assignment.place.case), request.POST):
            desk.check(assignment=assignment, code=code, answer=answer)
    messages.success(request, _("The checklist is saved."))
    return redirect(reverse("admin:desk_case", args=[assignment.place.case.public_id]) + "#desk-checks")


def _approve(request: AuthenticatedHttpRequest, assignment: Assignment) -> HttpResponse:
    case = assignment.place.case
    lines = queries.checklist(case)
    if any(not line.answer for line in lines):  # said before the preview, not after it
        raise Refused("checks_open", _("Answer every question of the checklist first."))
    if any(line.answer == "no" for line in lines):
        raise Refused("check_says_no", _("A question of the checklist is answered with no: the case cannot be approved."))
    preview = texts.preview_acceptance(case=case, **_note(request))
    shown = _shown(request, assignment, "approve", preview, _("Approval: what the applicant receives"))
    if shown is not None:
        return shown
    desk.accept(assignment=assignment, **_note(request))
    return _done(request, format_html(_("Request {reference} is approved and its applicant is told."), reference=ref(case.reference)))


def _corrections(request: AuthenticatedHttpRequest, assignment: Assignment) -> HttpResponse:
    case = assignment.place.case
    asked, second = answers.asked(request.POST), request.POST.get("second_code", "")
    items = reviewable(case).items(case)
    words = texts.worded(case, asked, items)
    old = desk.raised_before(case, words, items)
    if old and not second:
        raise Refused("second_round", _("This could have been asked for in the round before. Give a reason; a supervisor signs it."))
    title = _("Corrections: what the applicant receives")
    shown = _shown(request, assignment, "corrections", texts.preview_corrections(case=case, asked=asked), title)
    if shown is not None:
        return shown
    desk.ask_corrections(assignment=assignment, items=asked, second_code=second if old else "")
    if old:
        return _done(
            request, format_html(_("The second round of request {reference} waits for a supervisor."), reference=ref(case.reference))
        )
    return _done(request, format_html(_("Corrections are asked for in request {reference}."), reference=ref(case.reference)))


def _refuse(request: AuthenticatedHttpRequest, assignment: Assignment) -> HttpResponse:
    case, code = assignment.place.case, request.POST.get("code", "")
    preview = texts.preview_refusal(case=case, code=code, **_note(request))
    shown = _shown(request, assignment, "refuse", preview, _("Refusal: what the applicant receives"))
    if shown is not None:
        return shown
    desk.propose_refusal(assignment=assignment, code=code, **_note(request))
    return _done(request, format_html(_("The refusal of request {reference} waits for a supervisor."), reference=ref(case.reference)))


def _give_back(request: HttpRequest, assignment: Assignment) -> HttpResponse:
    queue.give_back(assignment=assignment, code=request.POST.get("code", ""))
    return _done(
        request, format_html(_("Request {reference} is back at its number in the queue."), reference=ref(assignment.place.case.reference))
    )


def _take_back(request: HttpRequest, assignment: Assignment) -> HttpResponse:
    desk.take_back(assignment=assignment)
    messages.success(request, _("The proposal is taken back; the request lies on the desk again."))
    return redirect("admin:desk_case", assignment.place.case.public_id)


def _tie(request: HttpRequest, assignment: Assignment) -> HttpResponse:
    """A tie to a party of this very case: it leaves these hands and is never handed to them again."""
    case, role = assignment.place.case, request.POST.get("party", "")
    keys = list(case.parties.filter(role=role).exclude(role="case").order_by("pk").values_list("key", flat=True))
    if role == "applicant" and not keys:  # who is the licensee too stands there as that
        keys = [case.applicant.key]
    if not keys:
        raise Refused("unknown_party", _("This request has no such party."))
    with transaction.atomic():
        for key in keys:
            staff.declare_tie(officer=assignment.officer, party_key=key, kind=request.POST.get("kind", ""), declared_by=assignment.officer)
    return _done(request, format_html(_("The tie is declared; request {reference} goes to a colleague."), reference=ref(case.reference)))


ACTS: dict[str, Callable[[AuthenticatedHttpRequest, Assignment], HttpResponse]] = {
    "checks": _checks,
    "approve": _approve,
    "corrections": _corrections,
    "refuse": _refuse,
    "give-back": _give_back,
    "take-back": _take_back,
    "tie": _tie,
}
