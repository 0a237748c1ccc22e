"""The pages on which the change of a licensed board begins, its fee while somebody types, and the photo of one that became smaller."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from licensing.models import Board
from licensing.signage import queries as boards
from licensing.signage.cards import Cards
from licensing.signage.changes import queries, services
from licensing.signage.changes.smaller import prove_by_holder
from licensing.signage.forms import BoardForm
from licensing.signage.labels import kind_of, size_of
from licensing.signage.life import queries as life
from licensing.signage.life.views import RELATED
from licensing.signage.states import BOARDS
from municipality.accounts.access import access
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.delegation.authorization import authorize
from municipality.drafts import queries as drafts
from municipality.kernel.errors import Refused
from municipality.ui.language import is_switch
from municipality.uploads.fields import fields_of
from shops.register.opening import shop_or_404


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """What a change means, or its fee where the query has a board; a POST begins its draft.

    Raises Http404 where there is none; NotYours for who has no rights in the shop, or in the request of the board.
    """
    related = (*queries.RELATED, "drawing__photo")
    board = Board.objects.filter(public_id=public_id, first_day__isnull=False).select_related(*related).first()
    if board is None:
        raise Http404
    shop, allowed = shop_or_404(request.user, board.request.shop.public_id, BOARDS)
    authorize(request.user, board.request.case)
    if "boards" in request.GET:
        return _fee(request, board)
    refusal = queries.obstacle(board)
    if request.method == "POST":
        try:
            services.begin(board=board, draft=drafts.open_for(request.user, BOARDS, shop.key, person=allowed.person), access=allowed)
            return redirect("licensing:new_boards", public_id=shop.public_id)
        except Refused as refused:
            refusal = refused
    context = {
        "board": board,
        "shop": shop,
        "kind": kind_of(board),
        "size": size_of(board),
        "access": allowed,
        "refusal": refusal,
        "crumbs": [(_("Board"), reverse("licensing:board", args=[public_id])), (_("Change of the board"), "")],
    }
    status = refusal.status if refusal is not None and request.method == "POST" else 200
    return render(request, "licensing/boards/change.html", context, status=status)


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def smaller(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """The photo of a board that was made smaller; a POST returns the difference of its deposit. Raises Http404 for another's."""
    board = Board.objects.filter(public_id=public_id, first_day__isnull=False).select_related(*RELATED).first()
    if board is None:
        raise Http404
    allowed = authorize(request.user, board.request.case)
    waiting, refusal = life.waiting_fils(board), None
    if request.method == "POST" and not is_switch(request):
        try:
            prove_by_holder(board=board, person=request.user)
        except Refused as refused:
            refusal = refused
        else:
            messages.info(request, _("We have received the photo. The page of the board shows what is returned."))
            return redirect("licensing:board", public_id=public_id)
    elif not waiting:
        return redirect("licensing:board", public_id=public_id)
    context = {
        "board": board,
        "kind": kind_of(board),
        "size": size_of(board),
        "smaller_fils": waiting,
        "fields": fields_of(request, life.key_of(board), life.SMALLER_SLOTS, next_path=request.path),
        "access": allowed,
        "refusal": refusal,
        "crumbs": [(_("Board"), reverse("licensing:board", args=[public_id])), (_("Photo of the smaller board"), "")],
    }
    return render(request, "licensing/boards/smaller.html", context, status=refusal.status if refusal else 200)


def _fee(request: AuthenticatedHttpRequest, board: Board) -> HttpResponse:
    """The fee of the board that is typed, in place of the licensed one: what the page asks for as somebody types."""
    changed, limits = queries.changed(board), boards.rules()[1]
    cards = Cards(request.GET, BoardForm, changed.fees, limits, changed=changed)
    return render(request, "licensing/boards/_fee.html", cards.context())
