"""Asking for a new licence: the request, its files and sending, corrections, the commercial licence, withdrawal."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from licensing.health import changes
from licensing.health.new_licence import queries
from licensing.health.new_licence.files import remember
from licensing.health.new_licence.forms import COMMERCIAL, CommercialForm, RequestForm, SendForm
from licensing.health.new_licence.places import place_of_answers
from licensing.health.new_licence.services import approval, requests
from licensing.health.new_licence.states import NEW_LICENCE, NewLicenceState
from municipality.accounts.access import access
from municipality.accounts.queries import organisations_signed_by
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.cases.opening import case_or_404
from municipality.drafts import queries as drafts
from municipality.drafts.models import Draft
from municipality.drafts.services import EditConflict
from municipality.drafts.unsaved import keeps_typed
from municipality.drafts.unsent import unsent
from municipality.kernel.errors import Refused
from municipality.review.shared_pages import corrections_page, withdrawal_page
from municipality.rulebook.models import Activity
from municipality.ui.language import read_form
from municipality.ui.plurals import counted
from municipality.ui.templatetags.portal import bilingual, ref
from municipality.uploads.fields import fields_of

MOST_ORGANISATIONS = 20


def _crumbs(last: str) -> list[tuple[str, str]]:
    return [(_("New health licence"), reverse("licensing:new_start")), (last, "")]


def _draft_or_404(request: AuthenticatedHttpRequest, public_id: str) -> Draft:
    rows = drafts.visible_to(request.user).filter(public_id=public_id, service=NEW_LICENCE, person=request.user)
    draft = rows.select_related("person").first()
    if draft is None:
        raise Http404
    remember(request.user, draft)
    return draft


@access("person")
@keeps_typed
@require_http_methods(["GET", "HEAD", "POST"])
def fill_in(request: AuthenticatedHttpRequest, public_id: str = "") -> HttpResponse:
    """The facts of a request, on one page; a POST keeps them in a draft and leads to the files."""
    draft = _draft_or_404(request, public_id) if public_id else None
    saved = requests.answers_of(draft) if draft is not None else {}
    editions = queries.editions()
    years = queries.usual_years(editions["limits.health"])
    given: dict[str, Any] = {
        "organisations": list(organisations_signed_by(request.user).order_by("pk")[:MOST_ORGANISATIONS]),
        "years": counted(years, "year"),
        "saved": saved,
    }
    known = {name: request.GET[name] for name in ("activity", "area", "block", "plot", "paci_number", "floor") if name in request.GET}
    form, submitted = read_form(request, RequestForm, **given, initial={"version": draft.version if draft else 0, **known})
    refusal: Refused | None = None
    if submitted and form.is_valid():
        version = form.cleaned_data["version"] or 0
        try:
            draft = requests.keep(person=request.user, answers=form.answers(), draft=draft, version=version)
        except EditConflict as conflict:
            refusal = conflict
            form.data = {**form.data.dict(), "version": str(conflict.facts["version"])}  # type: ignore[attr-defined]
        except Refused as refused:
            refusal = refused
        else:
            return redirect("licensing:new_send", public_id=draft.public_id)
    context = {
        "form": form,
        "draft": draft,
        "unsent": unsent(request.user, [NEW_LICENCE]) if draft is None else [],
        "refusal": refusal,
        "crumbs": _crumbs(_("The shop and its place")),
    }
    return render(request, "licensing/new/request.html", context, status=refusal.status if refusal else 400 if submitted else 200)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def send(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Files, the facts once more with zoning's answer and the fee, and sending."""
    draft = _draft_or_404(request, public_id)
    answers, editions = requests.answers_of(draft), queries.editions()
    if not answers:
        raise Http404
    place, lines = place_of_answers(answers), requests.least_lines(answers, editions)
    total = sum(line.fils for line in lines)
    shown = {"version": draft.version, "total": total, "zoning": place.mark}
    form, submitted = read_form(request, SendForm, initial=shown)
    refusal: Refused | None = None
    if submitted and form.is_valid():
        sent = form.cleaned_data
        try:
            case = requests.submit(
                draft=draft,
                person=request.user,
                version=sent["version"],
                expected_fils=sent["total"],
                expected_zoning=sent["zoning"],
            )
        except Refused as refused:
            refusal = refused
            form = SendForm({**request.POST.dict(), **{name: str(value) for name, value in shown.items()}})
        else:
            messages.info(request, format_html("{} {}", _("The request is with the Municipality. Its reference:"), ref(case.reference)))
            return redirect("cases:case", public_id=case.public_id)
    language = 0 if get_language() == "ar" else 1
    context = {
        "form": form,
        "draft": draft,
        "answers": answers,
        "activity": Activity.objects.get(pk=answers["activity"]),
        "holder": next((bilingual(one, "name") for one in organisations_signed_by(request.user) if one.public_id == answers["holder"]), ""),
        "address": changes.FACTS["address"].text(answers)[language],
        "ends_with_commercial": answers["term"] == COMMERCIAL,
        "years": queries.usual_years(editions["limits.health"]),
        "place": place,
        "fields": fields_of(request, requests.files_key(draft), queries.slots(editions[queries.FILES]), next_path=request.path),
        "lines": lines,
        "total": total,
        "promise_days": editions[queries.STUDY].limits["promise_working_days"].value,
        "refusal": refusal,
        "crumbs": _crumbs(_("Files and sending")),
    }
    return render(request, "licensing/new/send.html", context, status=refusal.status if refusal else 400 if submitted else 200)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def discard(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Confirm, then delete the draft with its files."""
    draft = _draft_or_404(request, public_id)
    if request.method == "POST":
        requests.discard(draft=draft, person=request.user)
        messages.info(request, _("The saved request is deleted. Nothing was sent."))
        return redirect("licensing:new_start")
    return render(request, "licensing/new/discard.html", {"draft": draft, "crumbs": _crumbs(_("Remove the request"))})


@access("person")
@keeps_typed
@require_http_methods(["GET", "HEAD", "POST"])
def commercial(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """The commercial licence of a shop whose location is approved; a POST begins the inspection."""
    case, _allowed = case_or_404(request.user, public_id, service=NEW_LICENCE)
    if case.state != NewLicenceState.LOCATION_APPROVED:
        return redirect("cases:case", public_id=case.public_id)
    form, submitted = read_form(request, CommercialForm)
    refusal: Refused | None = None
    if submitted and form.is_valid():
        try:
            approval.ask_inspection(case=case, person=request.user, **form.cleaned_data)
        except Refused as refused:
            refusal = refused
        else:
            messages.info(request, _("The inspection is asked for. We send you a message with its day."))
            return redirect("cases:case", public_id=case.public_id)
    context = {
        "case": case,
        "form": form,
        "until": queries.statable_until(case),
        "fields": fields_of(request, queries.key_of(case), [queries.COPY], next_path=request.path),
        "refusal": refusal,
        "crumbs": [
            (_("My requests"), reverse("cases:mine")),
            (ref(case.reference), reverse("cases:case", args=[case.public_id])),
            (_("The commercial licence"), ""),
        ],
    }
    return render(request, "licensing/new/commercial.html", context, status=refusal.status if refusal else 400 if submitted else 200)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def corrections(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """The files that are asked for; a POST sends them."""
    case, _allowed = case_or_404(request.user, public_id, service=NEW_LICENCE)
    slots = queries.requested_slots(case)
    return corrections_page(request, case, key=queries.key_of(case), slots=slots, answer=requests.answer_corrections)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Confirm, then withdraw an unpaid request."""
    case, _allowed = case_or_404(request.user, public_id, service=NEW_LICENCE)
    return withdrawal_page(request, case, withdraw=requests.withdraw)
