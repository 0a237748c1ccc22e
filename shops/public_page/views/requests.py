"""Requests on a shop's page: correct a fact, reply to a finding, and withdraw either."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from municipality.accounts.access import access
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.cases.opening import case_or_404
from municipality.kernel.errors import Refused
from municipality.review.services import queue
from municipality.review.shared_pages import withdrawal_page
from municipality.ui.language import read_form
from municipality.ui.templatetags.portal import bilingual, ref
from shops.models import PageFact, Shop
from shops.public_page import facts, services
from shops.public_page.forms import FORMS, ReplyForm
from shops.public_page.states import CORRECTION, REPLY
from shops.register import queries
from shops.register.addresses import address_of

SERVICES = (CORRECTION, REPLY)


def _shop_or_404(public_id: str) -> Shop:
    shop = queries.public_shop(public_id)
    if shop is None:
        raise Http404
    return shop


def _crumbs(shop: Shop, last: Any) -> list[tuple[Any, str]]:
    return [(bilingual(shop, "name"), address_of(shop)), (last, "")]


@access("person")
@require_safe
def correct(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """The facts of the page with their current values, each with a link to correct it."""
    shop = _shop_or_404(public_id)
    rows = [(fact, facts.display(fact, facts.read(shop, fact))) for fact in facts.offered(shop)]
    context = {"shop": shop, "rows": rows, "due_on": services.promised(CORRECTION), "crumbs": _crumbs(shop, _("Correct this page"))}
    return render(request, "shops/page/correct.html", context)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def correct_fact(request: AuthenticatedHttpRequest, public_id: str, fact: str) -> HttpResponse:
    """The form for the right value and why."""
    user = request.user
    shop = _shop_or_404(public_id)
    if fact not in facts.offered(shop):
        raise Http404
    form, submitted = read_form(request, FORMS[fact], shop=shop)
    status = 400 if submitted else 200
    if submitted and form.is_valid():
        try:
            case = services.ask_correction(shop=shop, person=user, fact=fact, proposed=form.proposed(), why=form.cleaned_data["why"])
        except Refused as refusal:
            form.add_error(None, refusal.sentence)
            status = refusal.status
        else:
            messages.info(request, format_html("{} {}", _("The correction is with the Municipality. Its reference:"), ref(case.reference)))
            return redirect("cases:case", public_id=case.public_id)
    context = {
        "form": form,
        "shop": shop,
        "fact": PageFact(fact).label,
        "due_on": services.promised(CORRECTION),
        "crumbs": _crumbs(shop, _("Correct this page")),
    }
    return render(request, "shops/page/correct_fact.html", context, status=status)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def reply(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """The holder's reply to a published finding. Raises Http404 for other users; says so where a grant has ended."""
    user = request.user
    replyable = services.replyable(f"violation:{public_id}", user)
    if replyable is None:
        raise Http404
    finding, shop, access = replyable
    form, submitted = read_form(request, ReplyForm)
    status = 400 if submitted else 200
    if submitted and form.is_valid():
        try:
            case = services.reply(finding=finding, person=user, text=form.cleaned_data["text"])
        except Refused as refusal:
            form.add_error(None, refusal.sentence)
            status = refusal.status
        else:
            messages.info(request, format_html("{} {}", _("The reply is with the Municipality. Its reference:"), ref(case.reference)))
            return redirect("cases:case", public_id=case.public_id)
    context = {
        "form": form,
        "shop": shop,
        "finding": finding,
        "access": access,
        "due_on": services.promised(REPLY),
        "crumbs": _crumbs(shop, _("Reply to a finding")),
    }
    return render(request, "shops/page/reply.html", context, status=status)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Confirm, then withdraw a correction or a reply."""
    case, _access = case_or_404(request.user, public_id, service=SERVICES)
    said = _("The request is withdrawn.")
    return withdrawal_page(request, case, withdraw=queue.withdraw, said=said, template="shops/page/withdraw.html")
