"""The removal of a board by its holder, with photos before and after."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from licensing.models import Board
from licensing.signage.labels import kind_of, size_of
from licensing.signage.life import queries, services
from licensing.signage.life.forms import PhotoForm, RemovalForm
from licensing.signage.queries import is_held_by
from municipality.accounts.access import access
from municipality.accounts.requests import AuthenticatedHttpRequest, Visitor
from municipality.delegation.authorization import authorize
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.ui.language import read_form
from municipality.uploads.fields import fields_of

RELATED = ("end", "request__case__applicant", "request__document__last_event", "request__shop")


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """Photos, day and confirmation; a POST ends the board, or adds the photo to one that has ended. Raises Http404 for another's."""
    board = Board.objects.filter(public_id=public_id, first_day__isnull=False).select_related(*RELATED).first()
    if board is None or board.last_day is None:
        raise Http404
    allowed = authorize(request.user, board.request.case)
    end = queries.end_of(board)
    if end is not None and end.photo_id is not None and request.method != "POST":
        return redirect("licensing:board", public_id=public_id)
    is_over = end is not None or board.last_day < clock.today()
    form, submitted = read_form(request, PhotoForm if is_over else RemovalForm)
    refusal: Refused | None = None
    if submitted and form.is_valid():
        try:
            made = services.end_by_holder(board=board, person=request.user, day=form.cleaned_data.get("day", clock.today()))
        except Refused as refused:
            refusal = refused
        else:
            messages.info(request, _("The board has ended.") if made.photo_id else _("The board has ended. Its photo is still missing."))
            return redirect("licensing:board", public_id=public_id)
    context = {
        "board": board,
        "end": end,
        "kind": kind_of(board),
        "size": size_of(board),
        "is_over": is_over,
        "held_fils": queries.held_fils(queries.deposits_of(board)),
        "fields": fields_of(request, queries.key_of(board), queries.SLOTS, next_path=request.path),
        "form": form,
        "access": allowed,
        "refusal": refusal,
        "crumbs": [(_("Board"), reverse("licensing:board", args=[public_id])), (_("Removal of the board"), "")],
    }
    status = refusal.status if refusal else 400 if submitted else 200
    return render(request, "licensing/boards/remove.html", context, status=status)


def holder_part(user: Visitor, board: Board, renewal: Board | None) -> dict[str, Any]:
    """What the page of a board shows to its holder, and to who acts for them: deposits and what can be done. Empty for others."""
    if not is_held_by(user, board):
        return {}
    end, today = queries.end_of(board), clock.today()
    is_gone = end is not None or (board.last_day is not None and board.last_day < today)
    has_begun = board.first_day is not None and board.first_day <= today
    # What has ended takes its photo at once, also a renewed board that ended with its shop before its first day.
    may_remove = renewal is None and (has_begun if end is None else end.photo_id is None)
    return {
        "is_holder": True,
        "deposits": queries.deposits_of(board),
        "waits_for_photo": may_remove and is_gone,
        "may_remove": may_remove,
        "smaller_fils": queries.waiting_fils(board),
    }
