"""The basket and the payment history of a person."""

from __future__ import annotations

import datetime as dt

from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from municipality.accounts.access import access
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.kernel.errors import Refused
from municipality.ui.plurals import counted
from municipality.ui.redirects import SeeOther
from municipality.ui.templatetags.portal import kwd_text
from payments import queries, services
from payments.services.basket import chosen_values
from payments.states import BillState

PAGE_SIZE = 25


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def basket(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Choose from everything that can be paid. POST redirects to the bank if the shown total is that of the chosen lines.

    A POST with another step, or that the module asks (`Accept: application/json`), only counts the chosen lines.
    """
    if request.method != "POST":
        # A link may name the bills to choose; an offer is never chosen by a link.
        asked = {code for code in request.GET.getlist("item") if code.startswith("bill:")} if "item" in request.GET else None
        return _page(request, chosen=asked)
    values = request.POST.getlist("item")
    try:
        amounts = chosen_values(values)
        total = sum(amounts.values())
        if request.POST.get("step") != "pay":
            if request.headers.get("Accept") == "application/json":
                return JsonResponse({"fils": total, "amount": kwd_text(total), "count": counted(len(amounts), "item")})
            return _page(request, chosen=set(amounts), is_counted=True)
        if values and request.POST.get("total") != str(total):
            raise Refused("total_changed", _("The selection changed, so the total changed. Please check the new total below, then pay."))
        if request.session.session_key is None:
            request.session.save()
        attempt = services.pay_basket(
            payer=request.user, chosen=values, language=get_language() or "ar", session_key=str(request.session.session_key)
        )
        return SeeOther(services.redirect_url(attempt))
    except Refused as refusal:
        return _page(request, chosen={value.rpartition(":")[0] for value in values}, refusal=refusal)


def _page(request: HttpRequest, *, chosen: set[str] | None, is_counted: bool = False, refusal: Refused | None = None) -> HttpResponse:
    """The basket. At first, and unless the address says otherwise, every bill is chosen; an offer is only ever chosen by the person."""
    items = sorted(queries.basket_of(request.user), key=lambda item: item.until or dt.date.max)
    prefetch_related_objects([item.bill for item in items if item.bill is not None], "lines")
    rows = [(item, not item.is_offer if chosen is None else item.code in chosen) for item in items if item.can_choose]
    context = {
        "bills": [(item, is_chosen) for item, is_chosen in rows if not item.is_offer],
        "offers": [(item, is_chosen) for item, is_chosen in rows if item.is_offer],
        "total": sum(item.fils for item, is_chosen in rows if is_chosen),
        "count": sum(is_chosen for _item, is_chosen in rows),
        "is_counted": is_counted,
        "is_first": chosen is None,
        "refusal": refusal,
        "waiting": [item for item in items if not item.can_choose],
        "crumbs": [(_("My payments"), reverse("payments:mine")), (_("What you can pay"), "")],
        "part_of": reverse("payments:mine"),
    }
    return render(request, "payments/basket.html", context, status=refusal.status if refusal else 200)


@access("person")
@require_safe
def mine(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Bills, receipts and refunds, what is due first, then the newest first, in keyset pages."""
    user = request.user
    before_text = request.GET.get("before", "")
    before = int(before_text[:18]) if before_text.isascii() and before_text.isdigit() else None
    rows = queries.payment_history(user, before=before, limit=PAGE_SIZE + 1)
    due = [bill for bill, *_rest in rows if bill.state == BillState.DUE]
    items = queries.basket_of(user) if before is None else queries.items_of(due)
    steps = {item.bill.pk: "offer" if item.is_offer and item.can_choose else item.step for item in items if item.bill is not None}
    context = {
        "rows": [(*row, steps.get(row[0].pk, "")) for row in rows[:PAGE_SIZE]],
        "next_before": rows[PAGE_SIZE - 1][0].pk if len(rows) > PAGE_SIZE else None,
        "later": before is not None,
        "owed": [] if before is not None else queries.whole_refunds(user),
        "open_count": 0 if before is not None else sum(item.can_choose for item in items),
    }
    return render(request, "payments/mine.html", context)
