"""Asking for a transfer, taking it back, and the page on which the named person answers."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from licensing.health import queries as licences
from licensing.health.condition_messages import obstacles
from licensing.health.services.cancel import named_access
from licensing.health.states import TRANSFER, TRANSFER_WORKFLOW
from licensing.health.transfers import queries, services
from licensing.health.transfers.forms import INCOMPLETE, NameHolder, TakeOver
from licensing.health.transfers.models import TransferOutcome
from municipality.accounts.access import access
from municipality.accounts.proof import reauthentication_required
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.rulebook import queries as rulebook
from municipality.ui.language import read_form
from shops.register.addresses import address_texts
from shops.register.opening import find_shop


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required
def transfer(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Whom the holder names, or how the transfer stands. A POST shows the number whole, then asks; or it takes a transfer back."""
    user, shop = request.user, find_shop(public_id)
    allowed = named_access(user, shop, TRANSFER)
    if shop.owner_id == allowed.person.pk:
        shop.owner = allowed.person  # saves a query
    row = queries.open_of(shop)
    refusal: Refused | None = None
    number = ""  # to be looked at before it is asked
    here = redirect("licensing:transfer", public_id=shop.public_id)
    form, submitted = read_form(request, NameHolder)
    try:
        if request.method == "POST" and "take_back" in request.POST:
            if row is not None:
                services.take_back(transfer=row, person=user)
                messages.info(request, _("The transfer is taken back. The licence stays with its present holder."))
            return here
        if row is None and submitted and form.is_valid():
            if "checked" in request.POST:
                services.ask(shop=shop, person=user, number=form.cleaned_data["civil_id"])
                messages.info(request, _("The transfer is asked for. If the number is right, its owner now sees it in the portal."))
                return here
            number = form.cleaned_data["civil_id"] if "change" not in request.POST else ""
    except Refused as refused:
        refusal = refused
    offer = licences.offer(shop, TRANSFER) if row is None else None
    title = _("Transfer the licence to another person or company")
    context = {
        "shop": shop,
        "access": allowed,
        "transfer": row,
        "last": queries.last_of(shop, allowed.person) if row is None else None,
        "may_call_off": row is not None and (row.case is None or row.case.state in TRANSFER_WORKFLOW.moves["call_off"].sources),
        "offer": offer,
        "licence": offer.licence if offer is not None else licences.current(shop),
        "obstacles": obstacles(user, offer, None, without=offer.flags) if offer is not None else [],
        "days": offer.limits.limits["transfer_answer_days"].value if offer is not None else 0,
        "ends_soon": offer is not None and offer.licence is not None and queries.renewed_before(offer.licence, offer.limits),
        "form": form,
        "number": number,
        "refusal": refusal,
        "title": title,
        "crumbs": [
            (_("My shops"), reverse("shops:mine")),
            (_("Health licence"), reverse("licensing:licence", args=[shop.public_id])),
            (title, ""),
        ],
    }
    status = refusal.status if refusal is not None else 400 if submitted and row is None and not form.is_valid() else 200
    return render(request, "licensing/acts/transfer.html", context, status=status)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required
def answer(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """What the named person is offered; a POST answers. Raises Http404 for everybody else."""
    user = request.user
    row = queries.named(user).filter(public_id=public_id).first()
    if row is None:
        raise Http404
    if row.case is not None and row.signer_id == user.pk:
        return redirect("cases:case", public_id=row.case.public_id)
    form, submitted = read_form(request, TakeOver, organisations=queries.choices(row, user))
    refusal: Refused | None = None
    try:
        services.refuse_answering(row, user)
        if submitted and form.is_valid():
            if form.cleaned_data["answer"] == TransferOutcome.AGREED:
                sent = {"organisation": form.organisation, "expected_fils": form.cleaned_data["total"]}
                case = services.agree(transfer=row, user=user, **sent)
                messages.info(request, _("The request is with the Municipality. You pay once it is approved."))
                return redirect("cases:case", public_id=case.public_id)
            services.decline(transfer=row, user=user)
            messages.info(request, _("You declined. The present holder is told, and nothing else happens."))
            return redirect("shops:mine")
    except services.TransferOver as over:
        return render(request, "licensing/acts/transfer_answer.html", {"refusal": over, "is_over": True}, status=over.status)
    except Refused as refused:
        refusal = refused
    shop = find_shop(row.shop.public_id)
    fees, study, limits = rulebook.editions(["fees.health", "limits.review", "limits.health"], clock.today())
    licence = licences.current(shop)
    fils = sum(line.fils for line in licences.fee_lines(fees, 1, service=TRANSFER))
    is_incomplete = submitted and form.has_error("total")
    if refusal is not None or is_incomplete:
        form = TakeOver({**request.POST.dict(), "total": str(fils)}, organisations=queries.choices(row, user))
        if is_incomplete:
            form.add_error("total", INCOMPLETE)
    form.initial["total"] = fils
    context = {
        "transfer": row,
        "shop": shop,
        "address": address_texts(shop)[0 if get_language() == "ar" else 1],
        "shop_page": reverse("shops:shop", args=[shop.public_id]),
        "licence": licence,
        "ends_soon": licence is not None and queries.renewed_before(licence, limits),
        "fils": fils,
        "promise_days": study.limits["promise_working_days"].value,
        "form": form,
        "refusal": refusal,
    }
    status = refusal.status if refusal is not None else 400 if submitted else 200
    return render(request, "licensing/acts/transfer_answer.html", context, status=status)
