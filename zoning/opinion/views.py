"""Ordering an opinion: the question, documents with fee, corrections, withdrawal; and which bodies stayed silent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from municipality.accounts.access import access, public
from municipality.accounts.limits import allow_read
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.cases import queries as cases
from municipality.cases.opening import case_or_404
from municipality.drafts import queries as drafts
from municipality.drafts.models import Draft
from municipality.drafts.unsent import unsent
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.review.shared_pages import corrections_page, withdrawal_page
from municipality.rulebook import queries as rulebook
from municipality.rulebook.models import Activity
from municipality.rulebook.queries import RulebookEdition
from municipality.ui.errors import too_many_requests
from municipality.ui.language import read_form
from municipality.ui.texts import Text
from municipality.uploads import queries as upload_queries
from municipality.uploads.fields import fields_of
from zoning.models import Asker, OpinionOutcome, Plot
from zoning.opinion import queries
from zoning.opinion.files import remember
from zoning.opinion.forms import OpinionOrderForm, OpinionQuestionForm
from zoning.opinion.labels import ground, plot_name, question
from zoning.opinion.services import requests
from zoning.opinion.states import OPINION
from zoning.plots import queries as plots

READS, SECONDS = 60, 60  # of one visitor
MOST_LINES = 120


def _crumbs(plot: Plot) -> list[tuple[str, str]]:
    return [(_("The plot"), reverse("zoning:plot", args=[plot.public_id])), (_("Zoning opinion"), "")]


def _terms(fees: RulebookEdition, limits: RulebookEdition) -> dict[str, Any]:
    """The fee and the promised time."""
    return {"fee": fees.fees["opinion"], "promise_days": limits.limits["promise_working_days"].value}


def _named(slot: str, least: int) -> Text:
    """The name of a document, with a word if it may be left out."""
    label = queries.SLOTS[slot].label
    return label if least else format_lazy("{} {}", label, _("(optional)"))


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Who asks, and what; a POST leads to the documents."""
    plot = plots.by_public_id(public_id)
    if plot is None:
        raise Http404
    form, submitted = read_form(request, OpinionQuestionForm)
    refusal: Refused | None = None
    if submitted and form.is_valid():
        try:
            draft = requests.begin(plot=plot, person=request.user, answers=form.answers())
        except Refused as refused:
            refusal = refused
        else:
            return redirect("zoning:opinion", draft.public_id)
    if not submitted and "activity" in request.GET:  # from the instant answer
        form.initial = {"activity": request.GET["activity"], "floor": request.GET.get("floor", "")}
    elif not submitted and (begun := requests.draft_about(plot, request.user)) is not None:  # the question is changed
        form.initial = begun.answers.get(requests.PAGE, {})
    status = refusal.status if refusal else 400 if submitted else 200
    fees, limits, files = rulebook.editions((queries.FEES, queries.LIMITS, queries.FILES), clock.today())
    context = {
        "form": form,
        "plot": plot,
        "place": plot_name(plot),
        "needed": [(one.label, [_named(*slot) for slot in queries.slots(files, one).items()]) for one in Asker],
        **_terms(fees, limits),
        "figure": cases.figures().get(OPINION),
        "unsent": unsent(request.user, [OPINION]),
        "refusal": refusal,
        "crumbs": _crumbs(plot),
    }
    return render(request, "zoning/opinion/begin.html", context, status=status)


def _draft_or_404(request: AuthenticatedHttpRequest, public_id: str) -> Draft:
    draft = drafts.visible_to(request.user).filter(public_id=public_id, service=OPINION).select_related("person").first()
    if draft is None or requests.PAGE not in draft.answers:
        raise Http404
    remember(request.user, draft)
    return draft


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def order(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """What is asked, the instant answer, documents and the fee; a POST submits and leads to the payment."""
    draft = _draft_or_404(request, public_id)
    plot, given = requests.plot_of(draft), draft.answers[requests.PAGE]
    form, submitted = read_form(request, OpinionOrderForm)
    refusal: Refused | None = None
    if submitted and form.is_valid():
        try:
            sent = form.cleaned_data
            _case, bill = requests.submit(draft=draft, person=request.user, version=sent["version"], expected_fils=sent["total"])
        except Refused as refused:
            refusal = refused
        else:
            return redirect("payments:pay", public_id=bill.public_id)
    fees, limits, files = rulebook.editions((queries.FEES, queries.LIMITS, queries.FILES), clock.today())
    key, slots = requests.files_key(draft), queries.slots(files, given["asker"])
    instant = None
    try:
        instant = queries.instant(plot, given["activity"], given["floor"])
    except Refused as refused:
        refusal = refusal or refused
    shown = {"version": draft.version, "total": fees.fees["opinion"].fils}
    context = {
        "form": OpinionOrderForm(initial=shown) if not submitted or refusal else form,
        "plot": plot,
        "place": plot_name(plot),
        "asker": Asker(given["asker"]).label,
        "question": question(Activity.objects.filter(pk=given["activity"]).first(), given["floor"]),
        "outcome": OpinionOutcome(instant.instant_outcome) if instant else None,
        "grounds": [ground(row) for row in instant.instant_grounds] if instant else [],
        "fields": [
            replace(field, slot=replace(field.slot, label=_named(field.slot.code, slots[field.slot.code])))
            for field in fields_of(request, key, slots, next_path=request.path)
        ],
        **_terms(fees, limits),
        "missing": upload_queries.missing(key, slots) if refusal and refusal.code == "no_documents" else [],
        "refusal": refusal,
        "crumbs": _crumbs(plot),
    }
    status = refusal.status if refusal and submitted else 400 if submitted else 200
    return render(request, "zoning/opinion/order.html", context, status=status)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def corrections(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """The documents that are asked for; a POST sends them."""
    case, _access = case_or_404(request.user, public_id, service=OPINION)
    slots = queries.requested_slots(case)
    return corrections_page(request, case, key=queries.key_of(case), slots=slots, answer=requests.answer_corrections)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Confirm, then withdraw an unpaid request."""
    case, _access = case_or_404(request.user, public_id, service=OPINION)
    return withdrawal_page(request, case, withdraw=requests.withdraw)


@public
@require_safe
def silence(request: HttpRequest) -> HttpResponse:
    """Which consulted bodies did not answer in time, month by month."""
    if not allow_read(request, "silence", limit=READS, seconds=SECONDS):
        return too_many_requests(request, SECONDS)
    context = {
        "rows": queries.silence_by_month(MOST_LINES),
        "crumbs": [(_("Find a plot"), reverse("zoning:find")), (_("Silent bodies"), "")],
    }
    return render(request, "zoning/opinion/silence.html", context)
