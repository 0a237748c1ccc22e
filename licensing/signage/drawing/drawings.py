"""Drawings that are kept: in the cards of a draft, then with the boards of a request."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from licensing.models import Board, BoardDrawing
from licensing.signage.cards import Cards
from licensing.signage.drawing.forms import StoredDrawingForm, stored
from licensing.signage.drawing.measuring import Drawn, measure
from licensing.signage.drawing.pictures import cut
from licensing.signage.forms import RequestedBoardForm
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.documents import store
from municipality.uploads import links
from municipality.uploads import queries as uploads
from municipality.uploads.models import Upload

SLOT = "front"


def photos_of(key: str) -> dict[str, Upload]:
    """The checked photos of a front on which boards can be drawn, by public id, oldest first."""
    return {row.public_id: row for row in uploads.ready(key, SLOT) if row.is_picture}


def attach(cards: Cards, key: str) -> None:
    """Set the drawing of each card whose drawing gives the size that was typed: otherwise the typed size counts alone."""
    forms = [form for form in cards.forms if isinstance(form, RequestedBoardForm) and "drawing" in form.fields]
    drawn = [form for form in forms if form["drawing"].value()]
    photos = photos_of(key) if drawn else {}
    for form in drawn:
        found = stored(str(form["drawing"].value()), photos)
        typed = getattr(form, "cleaned_data", {})
        if found is not None and found.sides == (typed.get("width"), typed.get("height")):
            form.drawn = found


def link(request: AuthenticatedHttpRequest, cards: Cards) -> None:
    """Give the photos of the cards their addresses for this visitor, who may read the draft."""
    for form in cards.forms:
        if isinstance(form, RequestedBoardForm) and form.drawn is not None and form.drawn.upload is not None:
            form.photo_url = links.link(form.drawn.upload, request.user, request.session, purpose="page")


def save(board: Board, form: StoredDrawingForm) -> BoardDrawing:
    """Keep a valid drawing with its board, which is not sent yet. Raises what `store.read` does."""
    drawn, photo, given = form.drawn, form.upload, form.cleaned_data
    if drawn is None or photo is None or photo.file is None:
        raise ValueError("the drawing is not valid")
    picture = store.put(cut(store.read(photo.file), drawn.size, drawn.outline), "image/jpeg")
    return BoardDrawing.objects.create(
        board=board,
        photo=photo,
        known=[list(point) for point in drawn.known],
        outline=[list(point) for point in drawn.outline],
        known_width_cm=int(given["known_width"] * 100),
        known_height_cm=int(given["known_height"] * 100) if given["known_height"] is not None else None,
        picture=picture,
    )


def measured_cm(drawing: BoardDrawing) -> tuple[int, int]:
    """Width and height of a board by its kept drawing, in centimetres. Raises Refused where it cannot be measured."""
    height = drawing.known_height_cm / 100 if drawing.known_height_cm is not None else None
    size = (drawing.photo.width, drawing.photo.height)
    found = measure(Drawn(size, drawing.known, drawing.known_width_cm / 100, height, drawing.outline))
    width_cm, height_cm = (int((Decimal(side) * 100).quantize(Decimal(1), ROUND_HALF_UP)) for side in (found.width, found.height))
    return width_cm, height_cm
