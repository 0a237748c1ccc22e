"""Pages of a visitor who found a violation by its number and four digits: pay for its party, and the receipt."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from municipality.accounts.access import public
from municipality.accounts.limits import take_attempt
from municipality.documents import store
from municipality.documents.states import DocumentState
from municipality.kernel.errors import NotPermitted, Refused
from municipality.ui.errors import too_many_requests
from municipality.ui.templatetags.portal import ref
from violations import queries
from violations.services import settlements, visitors
from violations.views.bank import to_bank
from violations.views.public import violation_or_404

MAX_PAYMENTS, SECONDS = 20, 600  # of a client


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def pay(request: HttpRequest, public_id: str) -> HttpResponse:
    """What is payable now, with its effect on the right to object; POST redirects to the bank. A party pays on their own page."""
    row, access = violation_or_404(request, public_id)
    if access is not None:
        return redirect("violations:pay", public_id=row.public_id)
    if request.user.is_staff:
        raise PermissionDenied
    refusal: Refused | None = None
    if request.method == "POST":
        if not take_attempt(request, "visitor_payment", limit=MAX_PAYMENTS, seconds=SECONDS):
            return too_many_requests(request, SECONDS)
        try:
            return to_bank(request, visitors.start_payment, violation=row)
        except Refused as refused:
            refusal = refused
            row.refresh_from_db()
    option = visitors.payment_option(row)
    if not option.is_open and refusal is None:
        return redirect("violations:page", public_id=row.public_id)
    payable = settlements.payable(row) if option.is_open else None
    context = {
        "row": row,
        "rule": row.rule,
        "payable": payable,
        "has_objection_left": queries.has_objection_left(row),
        "may_pay": option.is_open and not option.needs_sign_in and (refusal is None or refusal.code == "amount_changed"),
        "needs_sign_in": option.needs_sign_in or isinstance(refusal, NotPermitted),
        "refusal": refusal,
        "crumbs": [
            (_("Violations"), reverse("violations:start")),
            (ref(row.reference), reverse("violations:page", args=[row.public_id])),
            (_("Payment"), ""),
        ],
    }
    return render(request, "violations/pay_visitor.html", context, status=refusal.status if refusal else 200)


@public
@never_cache
@require_safe
def receipt(request: HttpRequest, public_id: str, number: str) -> HttpResponse:
    """The PDF of a receipt for what a visitor paid. Raises Http404 for any other, and before it is sealed."""
    row, _access = violation_or_404(request, public_id)
    receipt = queries.visitor_receipts(row).filter(number=number).first()
    document = receipt.document if receipt is not None else None
    if document is None or document.file is None or document.state != DocumentState.ACTIVE:
        raise Http404
    response = HttpResponse(store.read(document.file), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{document.number}.pdf"'
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
