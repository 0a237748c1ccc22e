"""Drawing a board on a photo of the shop front: its size, the page that keeps it with a request, and the pictures of it."""

from __future__ import annotations

from decimal import ROUND_HALF_UP

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from licensing.models import Board, BoardDrawing
from licensing.signage import queries
from licensing.signage.drawing import drawings
from licensing.signage.drawing.forms import CENTIMETRE, DrawingForm, StoredDrawingForm, stored
from licensing.signage.files import remember
from licensing.signage.labels import kind_of, scale_of, size_of
from licensing.signage.services import requests
from licensing.signage.states import BOARDS
from municipality.accounts.access import access, public
from municipality.accounts.models import actor_of
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.audit.services import log_access
from municipality.documents import store
from municipality.drafts import queries as drafts
from municipality.drafts.services import EditConflict
from municipality.kernel.errors import Refused
from municipality.ui import language
from municipality.uploads import links, registry
from municipality.uploads.fields import fields_of
from municipality.uploads.pictures import response_of
from shops.register.opening import shop_or_404

_NOTHING = dict.fromkeys(("known", "outline", "known_width", "known_height"), "")


@public
@require_safe
def measure_board(request: HttpRequest) -> JsonResponse:
    """Width and height of the drawn board in metres, and both with the area as a text; or the `problem` in the page's language (400)."""
    form = DrawingForm(request.GET)
    if not form.is_valid() or form.sides is None:
        return JsonResponse({"problem": next(iter(form.errors.values()))[0]}, status=400)
    width, height = form.sides
    text = _("%(width)s × %(height)s metres: %(area)s m²") % {
        "width": width,
        "height": height,
        "area": (width * height).quantize(CENTIMETRE, ROUND_HALF_UP),
    }
    return JsonResponse({"width": str(width), "height": str(height), "text": text})


@access("person")
@require_http_methods(["GET", "HEAD", "POST"])
def draw(request: AuthenticatedHttpRequest, public_id: str, number: int) -> HttpResponse:
    """Draw a board of the draft, by its number from one, on a photo that was sent. A POST keeps the drawing and the size that it gives."""
    shop, allowed = shop_or_404(request.user, public_id, BOARDS)
    draft = drafts.open_for(request.user, BOARDS, shop.key, person=allowed.person)
    back = reverse("licensing:new_boards", args=[shop.public_id])
    if draft is None:  # sent, removed or run out meanwhile
        return redirect(back)
    remember(request.user, draft)
    cards, key = requests.cards_of(draft, queries.rules()), requests.files_key(draft)
    if not 1 <= number <= len(cards.forms) or "drawing" not in cards.forms[number - 1].fields:
        raise Http404
    photos = drawings.photos_of(key)
    refusal: Refused | None = None
    version, status = str(draft.version), 200
    drawn = stored(str(cards.forms[number - 1]["drawing"].value() or ""), photos)
    if request.method == "POST":
        drawn = StoredDrawingForm(request.POST, photos)
        version = drawn.data["version"]
        if not language.is_switch(request):
            if drawn.is_valid():
                given = drawn.cleaned_data["version"] or 0
                try:
                    requests.keep_drawing(draft=draft, number=number - 1, form=drawn, version=given, actor=allowed.actor)
                    return redirect(f"{back}#board-{number}")
                except EditConflict as conflict:
                    conflict.sentence = _(
                        "The boards were changed on another device. If you save now, this board gets the size that is drawn below."
                    )
                    refusal, version, status = conflict, str(conflict.facts["version"]), conflict.status
                except Refused as refused:
                    refusal, status = refused, refused.status
            else:
                refusal, status = Refused("not_drawn", next(iter(drawn.errors.values()))[0]), 400
    chosen = str(request.GET.get("photo") or (drawn.data["photo"] if drawn is not None else ""))
    photo = photos.get(chosen) or next(iter(photos.values()), None)
    context = {
        "shop": shop,
        "access": allowed,
        "number": number,
        "photo": photo,
        "photo_url": links.link(photo, request.user, request.session, purpose="page") if photo is not None else "",
        "others": [row for row in photos.values() if row != photo],
        "drawn": drawn.data if drawn is not None and photo is not None and drawn.data["photo"] == photo.public_id else _NOTHING,
        "version": version,
        "fields": fields_of(request, key, [drawings.SLOT], next_path=request.path),
        "refusal": refusal,
        "back": f"{back}#board-{number}",
        "crumbs": [(_("My shops"), reverse("shops:mine")), (_("Licence for boards"), back), (_("Measure it on a photo"), "")],
    }
    return render(request, "licensing/boards/draw.html", context, status=status)


def _drawing(request: HttpRequest, public_id: str, *, is_whole: bool) -> BoardDrawing:
    """The drawing of a board, for those who may read the files of its request. The whole photo of a licensed board is for staff, too;
    its cut is for everybody. Raises Http404."""
    related = ("board__request__document", "board__request__shop", "photo__file", "photo__owner", "picture")
    drawing = BoardDrawing.objects.filter(board__public_id=public_id).select_related(*related).first()
    if drawing is None:
        raise Http404
    is_licensed = drawing.board.first_day is not None
    is_open = is_licensed and (not is_whole or (request.user.is_authenticated and request.user.is_staff))
    if not is_open and not registry.may_read(request.user, drawing.board.request.files_key, drawing.photo.slot):
        raise Http404
    return drawing


@public
@require_safe
def board_picture(request: HttpRequest, public_id: str) -> HttpResponse:
    """The cut of the photo with the board alone. Raises Http404 before it is licensed, except for those who may read its request."""
    drawing = _drawing(request, public_id, is_whole=False)
    return response_of(store.read(drawing.picture), "image/jpeg")


@access("any")
@require_safe
def board_photo(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """The whole photo, without the drawing. Staff who open it stand in the access log."""
    drawing = _drawing(request, public_id, is_whole=True)
    if request.user.is_staff and drawing.photo.owner is not None:
        about = drawing.board.request.files_key
        log_access(viewer=actor_of(request.user), person_key=drawing.photo.owner.key, subject=about, purpose="file")
    if drawing.photo.file is None:
        raise Http404
    return response_of(store.read(drawing.photo.file), drawing.photo.media_type)


@access("any")
@require_safe
def board_drawing(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """The drawing of a board on the whole photo, with its scale and the size that it gives."""
    drawing = _drawing(request, public_id, is_whole=True)
    board: Board = drawing.board
    context = {
        "board": board,
        "drawing": drawing,
        "kind": kind_of(board),
        "size": size_of(board),
        "shop": board.request.shop,
        "scale": scale_of(drawing),
        "photo_url": reverse("licensing:board_photo", args=[board.public_id]),
    }
    return render(request, "licensing/boards/drawing.html", context)
