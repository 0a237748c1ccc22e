"""Licensed boards as open data and for the public interface. Neither names their holders."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from licensing.models import Board
from licensing.signage import queries
from licensing.signage.validity import licensed_on
from municipality.kernel.open_data import DatasetField, OpenSet
from municipality.rulebook.models import BoardClass, BoardMedium
from municipality.ui.texts import both

CHUNK = 2000  # rows in memory at a time
_CODE, _SHOP = _("Name of the code."), _("That of the shop.")
_PLACE = _("That of the shop, in degrees, WGS 84; null where the place is not known.")
_PIECES = _("Null for what is counted in pieces.")
YES_NO = ("yes", "no")
COLUMNS: tuple[DatasetField, ...] = (
    DatasetField("id", "text", _("Identifier of the board"), _("Part of the address of its page; its plate leads there.")),
    DatasetField("number", "text", _("Number on the board"), _("That of its licence, with its own after a stroke.")),
    DatasetField("shop", "text", _("Identifier of the shop"), _("As in the set of shops.")),
    DatasetField("shop_ar", "text", _("Trade name in Arabic"), _("As the commercial register writes it.")),
    DatasetField("shop_en", "text", _("Trade name in Latin letters"), _("Empty where the register has none.")),
    DatasetField("class", "choice", _("Code of the class"), _("By the table of fees."), choices=tuple(BoardClass.values)),
    DatasetField("class_ar", "text", _("Class in Arabic"), _CODE),
    DatasetField("class_en", "text", _("Class in English"), _CODE),
    DatasetField("medium", "choice", _("Code of the medium"), _("By the table of fees."), choices=tuple(BoardMedium.values)),
    DatasetField("medium_ar", "text", _("Medium in Arabic"), _CODE),
    DatasetField("medium_en", "text", _("Medium in English"), _CODE),
    DatasetField("width_m", "number", _("Width in metres"), _PIECES, may_be_null=True),
    DatasetField("height_m", "number", _("Height in metres"), _PIECES, may_be_null=True),
    DatasetField("faces", "integer", _("Faces"), _("On which it shows something.")),
    DatasetField("pieces", "integer", _("Pieces"), _("One but for what is counted in pieces.")),
    DatasetField("lit", "choice", _("Lit"), _("Screens and light boxes always are."), choices=YES_NO),
    DatasetField("projection_m", "number", _("Projection in metres"), _("From the wall; null where nobody stated it."), may_be_null=True),
    DatasetField("first_day", "day", _("Licensed from"), _("First day of its licence.")),
    DatasetField("last_day", "day", _("Licensed until"), _("Last day of its licence.")),
    DatasetField("governorate", "text", _("Code of the governorate"), _SHOP),
    DatasetField("governorate_ar", "text", _("Governorate in Arabic"), _CODE),
    DatasetField("governorate_en", "text", _("Governorate in English"), _CODE),
    DatasetField("area", "integer", _("Code of the area"), _SHOP),
    DatasetField("area_ar", "text", _("Area in Arabic"), _CODE),
    DatasetField("area_en", "text", _("Area in English"), _CODE),
    DatasetField("block", "text", _("Block"), _SHOP),
    DatasetField("latitude", "number", _("Latitude"), _PLACE, may_be_null=True),
    DatasetField("longitude", "number", _("Longitude"), _PLACE, may_be_null=True),
    DatasetField("picture", "text", _("Address of the picture"), _("Null where the board was not drawn on a photo."), may_be_null=True),
)
NAMES = tuple(column.name for column in COLUMNS)


def row_of(board: Board, words: dict[str, tuple[str, str]]) -> Sequence[Any]:
    """The values of a licensed board in the order of COLUMNS; `words` are `names()`."""
    shop, area = board.request.shop, board.request.shop.area
    governorate = area.governorate
    has_picture = getattr(board, "drawing", None) is not None
    return (
        board.public_id,
        board.number,
        shop.public_id,
        shop.name_ar,
        shop.name_en,
        board.board_class,
        *words[board.board_class],
        board.medium,
        *words[board.medium],
        board.width_cm / 100 if board.width_cm else None,
        board.height_cm / 100 if board.height_cm else None,
        board.faces,
        board.pieces,
        "yes" if board.is_lit else "no",
        board.projection_cm / 100 if board.projection_cm is not None else None,
        board.first_day and board.first_day.isoformat(),
        board.last_day and board.last_day.isoformat(),
        governorate.pk,
        governorate.name_ar,
        governorate.name_en,
        area.pk,
        area.name_ar,
        area.name_en,
        shop.block,
        shop.latitude,
        shop.longitude,
        f"{settings.PORTAL_URL}/ar/boards/{board.public_id}/picture/" if has_picture else None,
    )


def names() -> dict[str, tuple[str, str]]:
    """The names of classes and media in Arabic and in English, by code."""
    found: dict[str, tuple[str, str]] = {}
    for choice in (*BoardClass, *BoardMedium):
        found[choice.value] = both(choice.label)
    return found


def rows(day: dt.date) -> Iterator[Sequence[Any]]:
    """The row of each board that is licensed on a day, by identifier."""
    words = names()
    boards = queries.with_places(licensed_on(day)).order_by("public_id")
    return (row_of(board, words) for board in boards.iterator(chunk_size=CHUNK))


BOARDS_SET = OpenSet(
    "boards",
    title=_("Licensed boards"),
    about=_("Every advertisement board that is licensed on the day of the file, with its size, days and place; without its holder."),
    counted=_("Boards"),
    keywords=(_("advertisement boards"), _("shops"), _("licences")),
    theme="ECON",
    columns=COLUMNS,
    rows=rows,
)
