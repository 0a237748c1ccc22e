"""Boards drawn on photos that were sent."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw

from licensing.models import BoardRequest
from licensing.signage.drawing import drawings
from licensing.signage.drawing.forms import StoredDrawingForm
from licensing.signage.services import requests
from municipality.accounts.models import User, actor_of
from municipality.drafts.models import Draft
from shops.models import Shop
from tests.factories import boards
from tests.factories.uploads import UploadFactory

DOOR = "100,240 196,240 196,432 100,432"  # 0.90 m wide, 1.80 m high: 1.5 m is 160 pixels
BOARD = "60,80 580,80 580,176 60,176"
GIVEN = {"known": DOOR, "outline": BOARD, "known_width": "0.9", "known_height": "1.8", "version": ""}
SIZE = {"width": "4.88", "height": "0.90"}  # in metres, as measured


def photo() -> bytes:
    """A front of 640 × 480 pixels with a door, a board and its ground."""
    image = Image.new("RGB", (640, 480), "#d9cfbd")
    pen = ImageDraw.Draw(image)
    pen.rectangle((100, 240, 196, 432), fill="#5b6b73")
    pen.rectangle((60, 80, 580, 176), fill="#7a1f2b")
    pen.rectangle((300, 250, 560, 400), fill="#9fc3d6")
    file = BytesIO()
    image.save(file, "JPEG")
    return file.getvalue()


def drawn(draft: Draft, number: int = 0, **other: Any) -> Draft:
    """The draft with a drawing of a board, on a photo that was sent with it."""
    key = requests.files_key(draft)
    photos = {name: row for name, row in drawings.photos_of(key).items() if row.size > 100}
    if not photos:
        row = UploadFactory(owner=draft.person, subject=key, slot=drawings.SLOT, content=photo())
        photos = {row.public_id: row}
    form = StoredDrawingForm({**GIVEN, "photo": next(iter(photos)), **other}, photos)
    assert form.is_valid(), form.errors
    actor = actor_of(draft.person)
    return requests.keep_drawing(draft=draft, number=number, form=form, version=draft.version, actor=actor)


def sent_drawn(shop: Shop, person: User, *more: dict[str, str]) -> BoardRequest:
    """A request in the queue whose first board was drawn."""
    return boards.sent_of(shop, person, drawn(boards.begun(shop, person, boards.FRONT, *more)))
