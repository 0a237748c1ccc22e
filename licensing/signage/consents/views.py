"""Asking for a signature under boards, and the page behind its link."""

from __future__ import annotations

import base64
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from licensing.models import BoardConsent, ConsentAnswer, ConsentRole
from licensing.signage.cards import Cards
from licensing.signage.consents import queries, services
from licensing.signage.consents.forms import ConsentForm
from licensing.signage.drawing.pictures import cut
from licensing.signage.labels import kind_of, size_of
from licensing.signage.services.requests import rows_of
from licensing.signage.states import BOARDS
from municipality.accounts.access import access
from municipality.accounts.limits import AttemptLimit
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.documents import store
from municipality.drafts import queries as drafts
from municipality.kernel.errors import Refused
from municipality.ui.errors import too_many_requests
from municipality.ui.language import is_switch, read_form
from shops.models import Shop
from shops.register.addresses import address_texts
from shops.register.opening import shop_or_404

# Who opens a link is signed in, so that a network which many share is no limit for them.
LINKS = AttemptLimit("board_consents", 60, 600)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """A POST asks for a signature and shows its link, once; or it withdraws one. All else leads to the page where boards are sent."""
    shop, allowed = shop_or_404(request.user, public_id, BOARDS)
    draft = drafts.open_for(request.user, BOARDS, shop.key, person=allowed.person)
    back = redirect("licensing:send_boards", public_id=shop.public_id)
    if draft is None or request.method != "POST":
        return back
    if is_switch(request):  # the page with the link, in the other language
        consent = queries.by_token(token := request.POST.get("token", ""))
        return _link(request, shop, consent, token) if consent is not None and consent.draft_id == draft.pk else back
    try:
        if (role := request.POST.get("withdraw", "")) in ConsentRole.values:
            services.withdraw(draft=draft, role=ConsentRole(role), actor=allowed.actor)
            messages.info(request, _("The signature is withdrawn. Its link opens nothing any more."))
        elif (role := request.POST.get("ask", "")) in ConsentRole.values:
            return _link(request, shop, *services.ask(draft=draft, role=ConsentRole(role), actor=allowed.actor))
    except Refused as refused:
        messages.error(request, str(refused.sentence))
    return back


def _link(request: AuthenticatedHttpRequest, shop: Shop, consent: BoardConsent, token: str) -> HttpResponse:
    back = reverse("licensing:send_boards", args=[shop.public_id])
    context = {
        "shop": shop,
        "consent": consent,
        "token": token,
        "link": f"{settings.PORTAL_URL}/boards/consents/{token}/",  # without a language: that of who opens it
        "back": back,
        "crumbs": [(_("My shops"), reverse("shops:mine")), (_("Files and sending"), back), (_("Link for a signature"), "")],
    }
    return render(request, "licensing/boards/consent_link.html", context)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def sign(request: AuthenticatedHttpRequest, token: str) -> HttpResponse:
    """The boards that somebody is asked to sign; a POST answers. Raises Http404 for an unknown link."""
    if not LINKS.take(request.user.key):
        return too_many_requests(request, LINKS.seconds)
    consent = queries.by_token(token)
    if consent is None:
        raise Http404
    cards = services.cards_of(consent.draft)
    form, submitted = read_form(request, ConsentForm)
    try:
        services.refuse_signing(consent, request.user, cards)
        if submitted and form.is_valid():
            return _answered(request, consent, form)
    except Refused as refused:
        return render(request, "licensing/boards/consent.html", {"refusal": refused}, status=refused.status)
    shop = services.shop_of(consent.draft)
    context = {
        "consent": consent,
        "shop": shop,
        "address": address_texts(shop)[0 if get_language() == "ar" else 1],
        "asker": consent.draft.person,
        "is_landlord": consent.role == ConsentRole.LANDLORD,
        "boards": _boards(cards),
        "form": form,
    }
    return render(request, "licensing/boards/consent.html", context, status=400 if submitted else 200)


def _answered(request: AuthenticatedHttpRequest, consent: BoardConsent, form: ConsentForm) -> HttpResponse:
    """The answer, kept. Raises what `services.refuse_signing` does."""
    agrees = form.cleaned_data["answer"] == ConsentAnswer.AGREED
    if agrees:
        services.agree(consent=consent, user=request.user)
    else:
        services.refuse(consent=consent, user=request.user, reason=form.cleaned_data["reason"])
    return render(request, "licensing/boards/consent_done.html", {"agrees": agrees})


def _boards(cards: Cards) -> list[dict[str, Any]]:
    """Kind, size and place of each board, with the cut of its drawing: the photo around it is not for the signer."""
    rows = []
    for board, form in zip(rows_of(cards), cards.forms, strict=True):
        drawing, picture = getattr(form, "drawn", None), ""
        if drawing is not None and drawing.drawn is not None and drawing.upload.file is not None:
            content = cut(store.read(drawing.upload.file), drawing.drawn.size, drawing.drawn.outline)
            picture = f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"
        rows.append({"board": board, "kind": kind_of(board), "size": size_of(board), "picture": picture})
    return rows
