"""Boards for everybody: the service card, what boards cost, and the page of a licensed board."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from licensing.models import Board
from licensing.signage import labels, plates, queries
from licensing.signage.cards import Cards
from licensing.signage.forms import BoardForm
from licensing.signage.labels import kind_of, size_of
from licensing.signage.life.queries import end_of
from licensing.signage.life.views import holder_part
from licensing.signage.renewals import offers
from licensing.signage.renewals.obligations import renewal_address
from licensing.signage.states import BOARDS
from municipality.accounts.access import public
from municipality.cases.views.public import service_card
from municipality.kernel import clock
from municipality.rulebook import queries as rulebook
from shops.register.queries import visible_to


@public
@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """The service card: what is needed, steps, fees by class and medium, promised and real time."""
    fees, limits, files = rulebook.editions((queries.FEES, queries.LIMITS, queries.FILES), clock.today())
    least = queries.slots(files)
    return service_card(
        request,
        "signage",
        "licensing/boards/start.html",
        drafts=[BOARDS],
        more=(_("Renew boards that end soon"), reverse("licensing:renew_boards")),
        window_days=offers.window().limits["window_days"].value,
        fees_edition=fees,
        rate_groups=labels.rate_groups(fees.boards),
        longest=limits.limits["longest_months"].value,
        consent_days=limits.limits["consent_days"].value,
        drawn_needs_less=least != queries.slots(files, are_drawn=True),
        needed=[queries.SLOTS[code] for code, count in least.items() if count],
        optional=[queries.SLOTS[code] for code, count in least.items() if not count],
    )


@public
@require_safe
def costs(request: HttpRequest) -> HttpResponse:
    """The fee and deposit of each board of the query, and their sum; a button of the form adds or removes a board."""
    edition, limits = rulebook.editions((queries.FEES, queries.LIMITS), clock.today())
    cards = Cards(request.GET, BoardForm, edition, limits)
    crumbs = [(_("Services"), reverse("home") + "#services"), (_("What a board costs"), "")]
    return render(request, "licensing/boards/costs.html", cards.context() | {"crumbs": crumbs}, status=400 if cards.errors else 200)


@public
@require_safe
def board(request: HttpRequest, public_id: str) -> HttpResponse:
    """One licensed board: its number, days and state, kind, size and place. Names nobody."""
    rows = Board.objects.filter(public_id=public_id, first_day__isnull=False)
    rows = rows.select_related("end__stands_as__request__document", "request__case", "request__document__last_event")
    rows = rows.select_related("request__shop__area__governorate", "drawing")
    found = rows.first()
    if found is None or found.request.document is None:
        raise Http404
    shop, user = found.request.shop, request.user
    renewal = queries.renewal_of(found)
    of_holder = holder_part(user, found, renewal)
    state, label = labels.STANDING[queries.standing(found)]
    may_renew = renewal is None and visible_to(user, BOARDS).filter(pk=shop.pk).exists()
    standing = queries.standing(found)
    is_over = end_of(found) is not None or standing in ("expired", "revoked", "superseded")
    heading = _("Board whose licence has ended") if is_over else _("Licensed board")
    context = of_holder | {
        "heading": _("Replaced board") if standing == "changed" else heading,
        "board": found,
        "end": end_of(found),
        "shop": shop,
        "kind": kind_of(found),
        "size": size_of(found),
        "state": state,
        "label": label,
        "renewal": renewal,
        "renew_url": renewal_address(shop) if may_renew and offers.ending([shop]).filter(pk=found.pk).exists() else "",
        "may_change": bool(of_holder) and may_renew and standing == "valid",
        "document": found.request.document,
        "has_drawing": getattr(found, "drawing", None) is not None,
        "has_plate": bool(of_holder) and plates.has_plate(found),
        "sees_photo": bool(of_holder) or (user.is_authenticated and user.is_staff),
        "crumbs": [(_("The page of the shop"), reverse("shops:shop", args=[shop.public_id])), (_("Board"), "")],
    }
    return render(request, "licensing/boards/board.html", context)
