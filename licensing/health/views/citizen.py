"""Renewing a health licence: one page, then payment."""

from __future__ import annotations

import datetime as dt

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from licensing.health import new_places, queries, services
from licensing.health.condition_messages import met, obstacles
from licensing.health.differences import differences
from licensing.health.forms import SubmitRenewal
from licensing.health.rules import OFFICER_CONDITIONS
from licensing.health.states import ACTS, RENEWAL
from licensing.workers import queries as workers
from municipality.accounts.access import access
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.cases import queries as cases
from municipality.cases.catalogue import CATALOGUE
from municipality.cases.opening import case_or_404
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.review.shared_pages import withdrawal_page
from municipality.rulebook import queries as rulebook
from municipality.ui.language import read_form
from shops.commercial_register import queries as commercial_queries
from shops.register.addresses import address_texts
from shops.register.opening import shop_or_404


@access("on_behalf")
@require_http_methods(["GET", "HEAD", "POST"])
def renew(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """What prevents the renewal, then facts and fees; if nothing does, the declaration and the button to submit and pay."""
    user = request.user
    shop, allowed = shop_or_404(user, public_id, RENEWAL)
    ends_on = _end_asked_for(request)
    certificates = workers.lights([shop]).get(shop.pk)
    has_ended = certificates is not None and certificates.ended > 0
    form, submitted = read_form(request, SubmitRenewal, has_ended_certificates=has_ended)
    answers = form.cleaned_data if submitted and form.is_valid() else {}
    refusal: Refused | None = None
    if answers:  # `submit` checks every condition itself
        try:
            sent = {"applicant": allowed.person, "expected_fils": answers["total"], "actor": allowed.actor}
            case, bill = services.submit(shop=shop, ends_on=ends_on, **sent)
            if user.is_staff:  # staff who assist do not pay
                return redirect("cases:case", public_id=case.public_id)
            return redirect("payments:pay", public_id=bill.public_id)
        except NotPermitted:  # the shop has passed to another holder: nothing of it is shown
            raise
        except Refused as refused:
            refusal = refused
    usual = queries.offer(shop)
    aligned = queries.until_commercial(usual)
    offer = usual
    if aligned is not None and aligned.period is not None and aligned.period.last == ends_on:
        offer, aligned = aligned, usual
    if refusal is not None:
        form = SubmitRenewal({**request.POST.dict(), "total": str(offer.total)}, has_ended_certificates=has_ended)
        refusal = refusal if offer.may_renew else None  # an unmet condition has its own message
    form.initial["total"] = offer.total
    open_case = cases.visible_to(user).filter(pk=offer.open_case.pk).first() if offer.open_case else None
    as_of = clock.day_of(commercial_queries.as_of(shop))
    decided_there = OFFICER_CONDITIONS if offer.open_case else ()  # an officer decides about them in the request that is under way
    found = obstacles(user, offer, open_case, without=decided_there, as_of=as_of)
    context = {
        "shop": shop,
        "register_as_of": as_of,
        "surcharge": queries.late_surcharge(offer.licence.last_day) if offer.licence and offer.may_become_late else None,
        "surcharge_after": offer.in_time_until,
        "access": allowed,
        "offer": offer,
        "other": aligned,  # the other choice of a last day
        "is_with_commercial": offer is not usual,
        "form": form,
        "refusal": refusal,
        "days_left": (offer.licence.last_day - clock.today()).days if offer.licence else 0,
        "obstacles": found,
        "stops": [one for one in found if not one.is_waiting],
        "is_blocked_only": all(condition.code in ("no_block", "in_window") for condition in offer.unmet),
        "differences": [] if offer.open_case else differences(offer, is_self=allowed.is_self),
        "place": new_places.place_of_offer(offer, {}) if offer.may_be_studied else None,
        "ended_certificates": certificates.ended if certificates is not None else 0,
        "may_enter_workers": has_ended and bool(workers.may_enter(user, [shop])),
        "conditions": rulebook.edition("conditions.health", clock.today()).conditions if offer.may_renew else [],
        "met": [met(condition) for condition in offer.conditions if condition.is_met],
        "promise_days": offer.promise_days,
        "figure": cases.figures().get(RENEWAL),
        "at_once": CATALOGUE["health"].at_once,
        "crumbs": [(_("My shops"), reverse("shops:mine")), (_("Renew a health licence"), "")],
        "address": address_texts(shop)[0 if get_language() == "ar" else 1],
    }
    return render(request, "licensing/renew.html", context, status=409 if refusal else 200)


def _end_asked_for(request: HttpRequest) -> dt.date | None:
    """The last day of the licence that is asked for in the query, `until`; None for the usual period, and for what is no day."""
    try:
        return dt.date.fromisoformat(request.GET.get("until", ""))
    except ValueError:
        return None


@access("on_behalf")
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Confirm, then withdraw an unpaid request."""
    case, _allowed = case_or_404(request.user, public_id, service=ACTS)
    return withdrawal_page(request, case, withdraw=services.withdraw_renewal, template="licensing/withdraw.html")
