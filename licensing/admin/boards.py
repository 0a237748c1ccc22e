"""The boards at which inspectors are to look: their licence is over, or they were made smaller, and nobody sent a photo."""

from __future__ import annotations

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from licensing.models import Board
from licensing.signage import queries
from licensing.signage.changes.smaller import prove_by_inspector
from licensing.signage.labels import STANDING, kind_of, size_of
from licensing.signage.life import queries as life
from licensing.signage.life import reminders, services
from licensing.signage.life.files import INSPECTOR, inspects
from licensing.signage.life.views import RELATED
from licensing.signage.validity import licensed_on
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.kernel import clock, request_cache
from municipality.kernel.errors import Refused
from municipality.ui import staff_menu
from municipality.ui.admin_base import MAX_COUNT, require_role, staff_page
from municipality.ui.staff_menu import StaffEntry
from municipality.ui.texts import Text
from municipality.uploads.fields import field_of

LISTED = 100


@require_safe
def visits(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The boards of the inspector's branch, those that ended first come first."""
    require_role(request, INSPECTOR)
    page = Paginator(reminders.to_visit(request.user.branch_id), LISTED).get_page(request.GET.get("page"))
    waiting = life.waiting_fils_of_each(list(page))
    lines = [(board, kind_of(board), _standing(board, waiting[board.pk])) for board in page]
    return staff_page(request, "admin/licensing/board_visits.html", title=_("Boards to look at"), lines=lines, page=page)


def _standing(board: Board, waiting_fils: int) -> tuple[str, Text]:
    state = queries.standing(board)
    is_unseen = state == "valid" and waiting_fils
    return ("warn", _("Made smaller, without a photo")) if is_unseen else STANDING[state]


@require_http_methods(["GET", "HEAD", "POST"])
def visit(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """One board with its place; the photo of an inspector who finds it gone ends it, and of one made smaller returns a part of its deposit.

    A smaller board whose licence ran out is looked for as any other. One that is over and stands as another licensed board is recorded as
    that.
    """
    require_role(request, INSPECTOR)
    board = (
        Board.objects.filter(public_id=public_id, first_day__isnull=False)
        .select_related(*RELATED, "request__shop__area", "drawing")
        .first()
    )
    if board is None:
        raise Http404
    if not inspects(request.user, board):
        raise PermissionDenied
    waiting_fils = life.waiting_fils(board)
    others = licensed_on(clock.today()).filter(request__shop=board.request.shop_id).exclude(pk=board.pk)
    is_smaller = bool(waiting_fils) and board.last_day is not None and board.last_day >= clock.today()
    again = list(life.licensed_again(board).select_related("request__document").order_by("pk")[:LISTED])
    error = ""
    if request.method == "POST":
        try:
            if is_smaller and "gone" not in request.POST:
                prove_by_inspector(board=board, inspector=request.user)
            else:
                services.end_by_inspector(board=board, inspector=request.user, again=request.POST.get("again"))
            return redirect("admin:board_visits")
        except Refused as refusal:
            error = str(refusal.sentence)
    field = field_of(request, life.key_of(board), life.SMALLER if is_smaller else "after", next_path=request.path)
    context = {
        "board": board,
        "has_drawing": getattr(board, "drawing", None) is not None,
        "kind": kind_of(board),
        "size": size_of(board),
        "standing": _standing(board, waiting_fils),
        "others": [(one, kind_of(one), size_of(one)) for one in others.select_related("request__document").order_by("pk")[:LISTED]],
        "again": again,
        "again_field": field_of(request, life.key_of(board), life.AGAIN, next_path=request.path) if again else None,
        "is_smaller": is_smaller,
        "gone_field": field_of(request, life.key_of(board), "after", next_path=request.path) if is_smaller else None,
    }
    is_open = (end := life.end_of(board)) is None or end.photo_id is None
    return staff_page(
        request,
        "admin/licensing/board_visit.html",
        409 if error else 200,
        title=board.number,
        field=field,
        is_open=is_open,
        error=error,
        **context,
    )


def _waiting(request: HttpRequest) -> int:
    branch = getattr(request.user, "branch_id", None)
    return request_cache.get_or_set(("board_visits", branch), lambda: reminders.to_visit(branch)[:MAX_COUNT].count())


PAGES = [path("boards/", visits, name="board_visits"), path("boards/<slug:public_id>/", visit, name="board_visit")]
admin.site.add_pages(PAGES)  # type: ignore[attr-defined]
staff_menu.register(
    "licensing",
    StaffEntry("work", _("Boards to look at"), "admin:board_visits", (INSPECTOR,), count=_waiting, tile=_("boards to look at")),
)
