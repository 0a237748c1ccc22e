"""Claiming a shop, and disputing a claim."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from municipality.accounts.access import access
from municipality.accounts.models import User
from municipality.accounts.proof import reauthentication_required
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.cases.opening import case_or_404
from municipality.delegation.authorization import authorize
from municipality.drafts import queries as drafts
from municipality.drafts.models import Draft
from municipality.kernel.errors import Refused
from municipality.kernel.workflow import WORKFLOWS
from municipality.review import queries as review
from municipality.ui.language import is_switch, read_form
from municipality.ui.templatetags.portal import bilingual, ref
from municipality.uploads.fields import field_of
from shops.claims import matching, parties
from shops.claims import queries as claim_queries
from shops.claims import services as claims
from shops.claims.forms import ClaimSearchForm, DisputeForm, StatementForm
from shops.claims.states import CLAIM, ClaimState
from shops.models import Claim, Shop
from shops.register import queries

WITHDRAWABLE = WORKFLOWS[CLAIM].moves["withdraw"].sources


def _crumbs(last: Any) -> list[tuple[Any, str]]:
    return [(_("My shops"), reverse("shops:mine")), (last, "")]


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def find(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The form for the licence number; a match leads to a confirmation, other shops to the documents."""
    user = request.user
    choices = [(row.public_id, bilingual(row, "name")) for row in parties.organisations(user)]
    number = request.GET.get("number", "")[:20]  # from the page of a shop
    form, submitted = read_form(request, ClaimSearchForm, organisations=choices, initial={"number": number})
    status = 400 if submitted else 200
    context: dict[str, Any] = {"form": form, "crumbs": _crumbs(_("Claim a shop"))}
    if submitted and form.is_valid():
        try:
            organisation = parties.organisation_or_none(user, form.cleaned_data.get("organisation", ""))
            shop = claims.find_shop(person=user, number=form.cleaned_data["number"])
            if shop is None:
                raise Refused("no_such_shop", _("There is no shop with this number. Check it against the commercial licence."))
            if matching.matches(organisation or user, shop) and not matching.why_documents(organisation or user, shop):
                claimant = parties.claimant(user, organisation)
                match = {"shop": shop, "organisation": organisation, "access": claimant.access}
                return render(request, "shops/claims/match.html", context | match)
            draft = claims.begin(shop=shop, person=user, organisation=organisation)
            return redirect("shops:claim", public_id=draft.public_id)
        except Refused as refusal:
            form.add_error("number", refusal.sentence)
            status = refusal.status
    return render(request, "shops/claims/find.html", context, status=status)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required
def match(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Claim a shop whose registered owner is the user or the chosen organisation; a GET, as after a new proof, asks again.

    Where an officer decides although the register names the claimant, it leads to the documents. Raises Http404 for other shops.
    """
    user = request.user
    organisation = parties.organisation_or_none(user, request.POST.get("organisation", ""))
    shop = Shop.objects.filter(public_id=public_id).first()
    if shop is None or not matching.matches(organisation or user, shop):
        raise Http404
    is_sent = request.method == "POST" and not is_switch(request)
    if matching.why_documents(organisation or user, shop):
        if not is_sent:
            return redirect("shops:find")
        draft = claims.begin(shop=shop, person=user, organisation=organisation)
        return redirect("shops:claim", public_id=draft.public_id)
    if not is_sent:
        context = {"shop": shop, "organisation": organisation, "access": parties.claimant(user, organisation).access}
        return render(request, "shops/claims/match.html", context)
    case = claims.claim_by_register(shop=shop, person=user, organisation=organisation)
    messages.info(request, _("The shop is in your list. Its holder until now was told."))
    return redirect("cases:case", public_id=case.public_id)


def _draft_or_404(user: User, public_id: str) -> tuple[Draft, Shop]:
    draft = drafts.visible_to(user).filter(public_id=public_id, service=CLAIM).select_related("person").first()
    if draft is None:
        hidden = Draft.objects.filter(public_id=public_id, service=CLAIM, closed_at__isnull=True).first()
        if hidden is not None:
            authorize(user, hidden)
        raise Http404
    return draft, queries.with_names(Shop.objects.all()).get(public_id=draft.subject.partition(":")[2])


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def claim(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Documents and statement; a POST sends the claim."""
    user = request.user
    draft, shop = _draft_or_404(user, public_id)
    claimant = parties.of_draft(draft, user)
    form, submitted = read_form(request, StatementForm)
    status = 400 if submitted else 200
    refusal: Refused | None = None
    if submitted and form.is_valid():
        try:
            case = claims.send_claim(draft=draft, person=user, statement=form.cleaned_data["statement"])
        except Refused as refused:
            refusal, status = refused, refused.status
        else:
            messages.info(request, format_html("{} {}", _("The request is with the Municipality. Its reference:"), ref(case.reference)))
            return redirect("cases:case", public_id=case.public_id)
    key, path = claims.files_key(draft), request.path
    fields = [field_of(request, key, code, next_path=path) for code in claim_queries.SLOTS]
    context = {
        "form": form,
        "shop": shop,
        "organisation": claimant.organisation,
        "why": matching.why_documents(claimant.new_holder, shop) if matching.matches(claimant.new_holder, shop) else "",
        "access": claimant.access,
        "fields": fields,
        "refusal": refusal,
        "crumbs": _crumbs(_("Claim a shop")),
    }
    return render(request, "shops/claims/claim.html", context, status=status)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required
def dispute(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """The form to dispute a claim. Raises Http404 for users who may not; says so when it is too late."""
    user = request.user
    rows = Claim.objects.select_related("case", "shop", "holder", "holder_organisation")
    claim: Claim = get_object_or_404(rows, case__public_id=public_id)
    access = authorize(user, claim)
    form, submitted = read_form(request, DisputeForm)
    status = 400 if submitted else 200
    if submitted and form.is_valid():
        claims.dispute(claim=claim, person=user, text=form.cleaned_data["dispute"])
        messages.info(request, _("The claim is frozen. An officer decides, and both sides are told."))
        return redirect("shops:mine")
    may_dispute = claims.disputable(claim, user)
    context = {
        "form": form,
        "claim": claim,
        "access": access,
        "may": may_dispute,
        "matched": claim.case.state == ClaimState.MATCHED,
        "crumbs": _crumbs(_("Dispute a claim")),
    }
    return render(request, "shops/claims/dispute.html", context, status=status)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Confirm, then withdraw a claim."""
    user = request.user
    case, _access = case_or_404(user, public_id, service=CLAIM)
    if request.method != "POST" and case.state not in WITHDRAWABLE:
        return redirect("cases:case", public_id=case.public_id)
    if request.method == "POST":
        claims.withdraw(case=case, person=user)
        messages.info(request, _("The claim is withdrawn."))
        return redirect("cases:case", public_id=case.public_id)
    return render(request, "shops/claims/withdraw.html", {"case": case})


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def corrections(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """The requested documents; a POST sends them."""
    user = request.user
    case, _access = case_or_404(user, public_id, service=CLAIM)
    if case.state != ClaimState.CORRECTIONS:
        return redirect("cases:case", public_id=case.public_id)
    refusal: Refused | None = None
    if request.method == "POST":
        try:
            claims.answer(case=case, person=user)
        except Refused as refused:
            refusal = refused
        else:
            messages.info(request, _("The corrections are sent. The request kept its place."))
            return redirect("cases:case", public_id=case.public_id)
    correction_round = review.open_round(case)
    key = claim_queries.claim_of(case).files_key
    fields = [field_of(request, key, code, next_path=request.path) for code in claim_queries.requested_slots(case)]
    context = {"case": case, "round": correction_round, "fields": fields, "refusal": refusal, "crumbs": _crumbs(_("Corrections"))}
    return render(request, "review/corrections.html", context, status=409 if refusal else 200)
