"""The page of a licence with what can be done about it between two renewals, the duplicate, and the end of the licence."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from licensing.health import queries, renewability, services
from licensing.health.condition_messages import obstacles
from licensing.health.forms import CancelLicence, OrderDuplicate
from licensing.health.panels import LIVE_LABELS
from licensing.health.services.cancel import named_access
from licensing.health.states import ACTS, CANCEL, CHANGE, DUPLICATE, TRANSFER
from licensing.health.transfers import queries as transfers
from municipality.accounts.access import access
from municipality.accounts.models import User
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.cases import queries as cases
from municipality.cases.block_causes import Obstacle, Way
from municipality.delegation.authorization import NotYours, authorize
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.rulebook import queries as rulebook
from municipality.ui.language import read_form
from shops.models import Shop
from shops.register.opening import find_shop, shop_or_404

TITLES = {
    DUPLICATE: lambda: _("Duplicate of a lost or damaged licence"),
    CANCEL: lambda: _("Cancel the licence"),
}


def _crumbs(shop: Shop, last: str = "") -> list[tuple[Any, str]]:
    trail: list[tuple[Any, str]] = [(_("My shops"), reverse("shops:mine"))]
    here = _("Health licence")
    return [*trail, (here, reverse("licensing:licence", args=[shop.public_id])), (last, "")] if last else [*trail, (here, "")]


def _context(user: User, shop: Shop, offer: queries.Offer, **more: Any) -> dict[str, Any]:
    open_case = cases.visible_to(user).filter(pk=offer.open_case.pk).first() if offer.open_case else None
    found = obstacles(user, offer, open_case) if offer.unmet else []
    title = TITLES[offer.service]()
    return {"shop": shop, "offer": offer, "obstacles": found, "title": title, "crumbs": _crumbs(shop, title), **more}


@access("on_behalf")
@require_safe
def licence(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """The licence of a shop, and the acts on it that the reader may do. Raises NotYours where there is none."""
    user = request.user
    shop, allowed = find_shop(public_id), None
    may: list[str] = []
    for service in (*ACTS, CANCEL):
        try:
            found = named_access(user, shop, service) if service in (CANCEL, TRANSFER) else authorize(user, shop, service)
        except NotYours:
            continue
        allowed, may = allowed or found, [*may, service.partition(".")[2]]
    if not may:
        raise NotYours
    state, today = renewability.of_shops([shop])[shop.pk], clock.today()
    fees, study = rulebook.editions(["fees.health", "limits.review"], today)
    row = state.licence
    context = {
        "shop": shop,
        "access": allowed,
        "licence": row,
        "tag": LIVE_LABELS[row.document.live_state] if row is not None else None,
        "may": may,
        "can_renew": state.can_renew,
        "open_case": cases.visible_to(user).filter(pk=state.open_case.pk).first() if state.open_case else None,
        "change_fils": sum(line.fils for line in queries.fee_lines(fees, 1, service=CHANGE)),
        "duplicate_fils": sum(line.fils for line in queries.fee_lines(fees, 1, service=DUPLICATE)),
        "transfer_fils": sum(line.fils for line in queries.fee_lines(fees, 1, service=TRANSFER)),
        "transfer": transfers.open_of(shop) if "transfer" in may else None,
        "promise_days": study.limits["promise_working_days"].value,
        "crumbs": _crumbs(shop),
    }
    return render(request, "licensing/acts/licence.html", context)


@access("on_behalf")
@require_http_methods(["GET", "HEAD", "POST"])
def duplicate(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """What the duplicate says and costs; a POST submits it for payment."""
    user = request.user
    shop, allowed = shop_or_404(user, public_id, DUPLICATE)
    form, submitted = read_form(request, OrderDuplicate)
    refusal: Refused | None = None
    if submitted and form.is_valid():
        fils = form.cleaned_data["total"]
        try:
            case, bill = services.submit(shop=shop, applicant=allowed.person, expected_fils=fils, actor=allowed.actor, service=DUPLICATE)
            if user.is_staff:  # staff who assist do not pay
                return redirect("cases:case", public_id=case.public_id)
            return redirect("payments:pay", public_id=bill.public_id)
        except NotPermitted:  # the shop has passed to another holder: nothing of it is shown
            raise
        except Refused as refused:
            refusal = refused
    offer = queries.offer(shop, DUPLICATE)
    if refusal is not None:
        form = OrderDuplicate({**request.POST.dict(), "total": str(offer.total)})
    form.initial["total"] = offer.total
    context = _context(user, shop, offer, access=allowed, form=form, refusal=refusal)
    return render(request, "licensing/acts/duplicate.html", context, status=409 if refusal else 200)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """What follows from the end of the licence, and the day on which the shop closes; a POST ends it."""
    user = request.user
    shop, _access = shop_or_404(user, public_id, CANCEL)
    allowed = named_access(user, shop)
    form, submitted = read_form(request, CancelLicence, licence=queries.current(shop))
    refusal: Refused | None = None
    if submitted and form.is_valid():
        try:
            services.cancel_licence(shop=shop, person=user, closes_on=form.closes_on)
        except Refused as refused:
            refusal = refused
        else:
            messages.info(request, _("The licence is cancelled. It is no longer in force."))
            return redirect("licensing:licence", public_id=shop.public_id)
    offer = queries.offer(shop, CANCEL)
    context = _context(user, shop, offer, access=allowed, form=form, refusal=refusal)
    context["obstacles"] += _waiting_transfer(user, shop)
    return render(request, "licensing/acts/cancel.html", context, status=409 if refusal else 200)


def _waiting_transfer(user: User, shop: Shop) -> list[Obstacle]:
    """The transfer that waits for an answer, with the way to it for those who may take it back."""
    if transfers.waiting_on(shop) is None:
        return []
    title, text = _("A transfer of this licence is under way"), _("A transfer of this licence waits for an answer. Take it back first.")
    try:
        named_access(user, shop, TRANSFER)
    except NotYours:
        return [Obstacle(title, text)]
    return [Obstacle(title, text, ways=[Way(_("To the transfer"), reverse("licensing:transfer", args=[shop.public_id]))])]
