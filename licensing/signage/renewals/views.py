"""The page on which boards of all shops are renewed together."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from licensing.models import BoardRequest, Lane
from licensing.signage.labels import formula, kind_of, size_of
from licensing.signage.renewals import offers, services, stops
from licensing.signage.renewals.offers import Renewable, ShopBoards
from licensing.signage.validity import days_of
from municipality.accounts.access import access
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.ui.plurals import counted
from municipality.ui.templatetags.portal import kwd_text, ref
from payments import queries as payments


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def renew(request: AuthenticatedHttpRequest) -> HttpResponse:
    """All boards that end soon, by shop. POST renews what is ticked and leads to the payment of all bills together.

    A POST with another step, or that the module asks (`Accept: application/json`), only counts the ticked boards.
    """
    if request.method != "POST":
        groups = offers.of_user(request.user)
        return _page(request, groups, _first_ticks(groups, request.GET.get("shop", "")))
    ticked, total = set(request.POST.getlist("item")[: offers.MOST_LISTED]), request.POST.get("total", "")
    if request.POST.get("step") != "renew":
        groups = offers.of_user(request.user)
        ticked = _ticks(groups, request.POST, ticked)
        if request.headers.get("Accept") == "application/json":
            fils, count = _sum(groups, ticked)
            return JsonResponse({"fils": fils, "amount": kwd_text(fils), "count": counted(count, "board")})
        return _page(request, groups, ticked, is_counted=True)
    try:
        expected = int(total[:18]) if total.isascii() and total.isdigit() else -1
        sent = services.renew(user=request.user, chosen=ticked, expected_fils=expected)
    except Refused as refusal:
        return _page(request, offers.of_user(request.user, is_exact=True), ticked, refusal=refusal)
    return _done(request, sent)


def _done(request: AuthenticatedHttpRequest, sent: Sequence[BoardRequest]) -> HttpResponse:
    """To the basket with the bills of the act, or to the requests where an officer decides about all of them."""
    studied = [row.case for row in sent if row.lane == Lane.OFFICER]
    if studied:
        references = format_html_join(_(", "), "{}", ((ref(case.reference),) for case in studied))
        messages.info(request, format_html("{} {}", _("An officer studies the request of these shops. References:"), references))
    bills = payments.due_bills([row.case.key for row in sent])
    if not bills:
        return redirect("cases:mine")
    if len(bills) > 1:
        messages.info(request, _("The bills of all shops are ticked. The licences are issued automatically after payment."))
    query = QueryDict(mutable=True)
    query.setlist("item", [f"bill:{bill.public_id}" for bill in bills])
    return redirect(f"{reverse('payments:basket')}?{query.urlencode()}")


def _first_ticks(groups: Sequence[ShopBoards], shop: str) -> set[str]:
    """What is ticked at first: what needs no officer, of one shop where a link names it."""
    named = [group for group in groups if group.shop.public_id == shop]
    ready = [one for group in named or groups for one in group.ready if not group.is_reviewed and not one.left_open]
    return {one.previous.public_id for one in ready}


def _ticks(groups: Sequence[ShopBoards], sent: QueryDict, ticked: set[str]) -> set[str]:
    """The ticks after a button has ticked all boards of a shop or of all shops, or none of a shop."""
    for group in groups:
        ids = {one.previous.public_id for one in group.ready}
        if sent.get("all") in (group.shop.public_id, "every"):
            ticked = ticked | ids
        if sent.get("none") == group.shop.public_id:
            ticked = ticked - ids
    return ticked


def _sum(groups: Sequence[ShopBoards], ticked: Collection[str]) -> tuple[int, int]:
    """The fees of ticked boards that can be renewed, and how many."""
    chosen = [one for group in groups for one in group.ready if one.previous.public_id in ticked]
    return sum(one.fils for one in chosen), len(chosen)


def _line(group: ShopBoards, one: Renewable, ticked: Collection[str]) -> dict[str, Any]:
    board = one.previous
    if one.board is None or one.fee is None:
        raise ValueError("the board cannot be renewed")
    first, last = days_of(one.board, clock.today())
    return {
        "id": board.public_id,
        "is_ticked": board.public_id in ticked,
        "number": board.number,
        "kind": kind_of(board),
        "size": size_of(board),
        "place": board.place,
        "ends": board.last_day,
        "has_ended": board.last_day is not None and board.last_day < clock.today(),
        "first": first,
        "last": last,
        "fils": one.fils,
        "formula": formula(one.fee),
        "studied": stops.studied(group, one),
    }


def _page(
    request: AuthenticatedHttpRequest,
    groups: Sequence[ShopBoards],
    ticked: Collection[str],
    *,
    is_counted: bool = False,
    refusal: Refused | None = None,
) -> HttpResponse:
    listed = []
    for group in groups:
        lines = [_line(group, one, ticked) for one in group.ready]
        if lines:
            listed.append({"shop": group.shop, "lines": lines, "fils": sum(line["fils"] for line in lines)})
    total, count = _sum(groups, ticked)
    under_way = [(group, [one for one in group.boards if one.stop == offers.UNDER_WAY]) for group in groups]
    context = {
        "groups": listed,
        "obstacles": stops.obstacles(request.user, groups),
        "under_way": [(group.shop, group.case, rows) for group, rows in under_way if rows],
        "total": total,
        "count": count,
        "is_counted": is_counted,
        "refusal": refusal,
        "window_days": offers.window().limits["window_days"].value,
        "is_cut": sum(len(group.boards) for group in groups) == offers.MOST_LISTED,
        "crumbs": [(_("My shops"), reverse("shops:mine")), (_("Renew boards"), "")],
    }
    return render(request, "licensing/boards/renew.html", context, status=refusal.status if refusal else 200)
