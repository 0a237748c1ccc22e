"""Pages of the payer: pay a bill, and download the receipt."""

from __future__ import annotations

from contextlib import suppress

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from municipality.accounts.access import access
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.delegation.authorization import Access, authorize
from municipality.documents import store
from municipality.documents.states import DocumentState
from municipality.kernel.errors import TransitionRefused
from municipality.ui.redirects import SeeOther
from payments import links, queries, rights, services
from payments.models import Bill
from payments.queries import BasketItem


def _bill_or_404(request: HttpRequest, public_id: str) -> tuple[Bill, Access]:
    bill = get_object_or_404(Bill.objects.select_related("payer"), public_id=public_id)
    return bill, authorize(request.user, bill)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def pay(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """The bill with its lines; POST redirects to the bank. Raises Http404 for another's bill."""
    bill, access = _bill_or_404(request, public_id)
    if request.method == "POST":
        if request.session.session_key is None:
            request.session.save()
        attempt = services.start_attempt(
            bills=[bill], payer=request.user, language=get_language() or "ar", session_key=str(request.session.session_key)
        )
        return SeeOther(services.redirect_url(attempt))
    status = queries.status_of(bill)
    lines = list(bill.lines.all())
    items = queries.basket_of(request.user) if status.can_pay else []
    item = next((item for item in items if item.bill == bill), None)
    context = {
        "bill": bill,
        "status": status,
        "due": item,
        "can_pay": status.can_pay and (item is None or item.can_choose),
        "may_leave": status.step == "at_bank" and status.attempt is not None and queries.may_leave(request.user, status.attempt),
        "lines": lines,
        "until": item.until if item is not None else None,
        "deposits": queries.returned_parts(bill),
        "for_whom": None if access.is_self else rights.holder_of(bill),
        "receipt_page": links.receipt_path(status.attempt.token) if status.attempt else "",
        "case_id": bill.subject.partition(":")[2] if bill.subject.startswith("case:") else "",
        "is_violation": bool(_violation_id(bill)),
        "has_others": sum(item.can_choose for item in items) > 1,
        "crumbs": _crumbs(bill, item),
        "part_of": reverse("payments:mine"),
    }
    return render(request, "payments/pay.html", context)


def _violation_id(bill: Bill) -> str:
    """The public id of the violation that a bill is for; empty for other bills."""
    kind, _colon, public_id = bill.subject.partition(":")
    return public_id if kind == "violation" else ""


def _crumbs(bill: Bill, item: BasketItem | None) -> list[tuple[str, str]]:
    """The way back, without the page of a violation that does not concern the payer any more."""
    try:
        if _violation_id(bill):
            due = item or queries.described([bill]).get(bill.pk)
            page = [(_("Violation"), due.url)] if due is not None and due.url else []
            return [(_("Violations"), reverse("violations:mine")), *page, (_("Payment"), "")]
        return [(_("My requests"), reverse("cases:mine")), (_("Payment"), "")]
    except NoReverseMatch:
        return []


@access("person")
@require_POST
def left(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """The person left the bank's page without paying: inquire now. Raises Http404 for another's bill."""
    bill, _access = _bill_or_404(request, public_id)
    attempt = queries.status_of(bill).attempt
    if attempt is None:
        return SeeOther("../")
    with suppress(TransitionRefused):  # already known: the receipt page shows it
        services.give_up(attempt=attempt, payer=request.user)
    return SeeOther(links.receipt_path(attempt.token))


@access("person")
@require_safe
def receipt_file(request: AuthenticatedHttpRequest, number: str) -> HttpResponse:
    """The PDF of a receipt. Raises Http404 for another's and before it is sealed."""
    receipt = queries.receipts_visible_to(request.user).filter(number=number).first()
    document = receipt.document if receipt else None
    if document is None or document.file is None or document.state != DocumentState.ACTIVE:
        raise Http404
    response = HttpResponse(store.read(document.file), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{document.number}.pdf"'
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
