"""Renewing a health licence: one page, then payment."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from licensing import kept, queries, services
from licensing.documents import address
from licensing.forms import SubmitRenewal
from licensing.sentences import sentence
from licensing.states import RENEWAL
from municipality.accounts.access import access
from municipality.cases import queries as cases
from municipality.drafts import services as drafts
from municipality.kernel.errors import Refused
from municipality.kernel.workflow import WORKFLOWS
from municipality.ui.language import read_form
from payments import queries as payments
from shops import queries as shops
from shops.models import Shop

WITHDRAWABLE = WORKFLOWS[RENEWAL].moves["withdraw"].sources


def shop_or_404(user: Any, public_id: str) -> Shop:
    """A shop of the person. Raises Http404 for any other."""
    shop: Shop | None = shops.with_names(shops.visible_to(user)).filter(public_id=public_id).first()
    if shop is None:
        raise Http404
    return shop


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def renew(request: HttpRequest, public_id: str) -> HttpResponse:
    """All conditions at once; if they are met, facts, fees, declaration and payment on one page."""
    user: Any = request.user
    shop = shop_or_404(user, public_id)
    offer = queries.offer(shop)
    form, submitted = read_form(request, SubmitRenewal, initial={"total": offer.total})
    refusal: Refused | None = None
    if submitted and offer.may_renew and form.is_valid():
        if form.cleaned_data["changed"] == "yes":
            draft = drafts.begin(person=user, service=RENEWAL, subject=shop.key)
            return redirect("licensing:change_page", public_id=shop.public_id, page=kept.next_page(draft))
        try:
            case = services.submit_renewal(shop=shop, applicant=user, expected_fils=form.cleaned_data["total"])
        except Refused as refused:
            refusal = refused
            offer = queries.offer(shop)
            form = SubmitRenewal({**request.POST.dict(), "total": str(offer.total)})  # what the page shows now
        else:
            bill = payments.bill_of(case.key)
            if bill is not None:
                return redirect("payments:pay", public_id=bill.public_id)
            return redirect("cases:case", public_id=case.public_id)
    open_case = cases.visible_to(user).filter(service=RENEWAL, subject=shop.key, is_open=True).first()
    context = {
        "shop": shop,
        "offer": offer,
        "form": form,
        "refusal": refusal,
        "conditions": [sentence(c, shop=shop, open_case=open_case) for c in offer.conditions],
        "obstacles": len(offer.unmet),
        "crumbs": [(_("My shops"), reverse("shops:mine")), (_("Renew a health licence"), "")],
        "open_case": open_case,
        "address": address(shop)[0 if get_language() == "ar" else 1],
    }
    return render(request, "licensing/renew.html", context, status=409 if refusal else 200)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask once more, then take a request back that is not paid."""
    user: Any = request.user
    case = cases.visible_to(user).filter(public_id=public_id, service=RENEWAL).select_related("applicant", "branch").first()
    if case is None:
        raise Http404
    if request.method != "POST" and case.state not in WITHDRAWABLE:
        return redirect(reverse("cases:case", args=[case.public_id]))
    if request.method == "POST":
        services.withdraw_renewal(case=case, applicant=user)
        messages.info(request, _("The request is withdrawn. No fee is due."))
        return redirect(reverse("cases:case", args=[case.public_id]))
    return render(request, "licensing/withdraw.html", {"case": case})
