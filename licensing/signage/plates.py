"""The plate of a licensed board: its number, days, code and QR code, as a drawing to print."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.html import strip_tags
from django.utils.safestring import SafeString

from licensing.models import Board
from licensing.signage import queries
from licensing.signage.labels import kind_of, sides_of
from municipality.documents import qr, rendering
from municipality.documents.facts import day, grouped
from municipality.ui.texts import both


def has_plate(board: Board) -> bool:
    """Whether a plate of a board may be printed: it is licensed today, or will be."""
    return board.first_day is not None and queries.standing(board) in ("valid", "not_yet")


def svg(board: Board) -> SafeString:
    """The plate as an SVG of 148 × 105 mm. The board has its request with document and shop."""
    return render_to_string("licensing/boards/plate.svg", _context(board))


def pdf(board: Board) -> bytes:
    """The same plate as a PDF of that size. Raises RendererMissing without Pango."""
    return rendering.render("licensing/documents/plate.html", _context(board), title=f"لوحة مرخصة {board.number}")


def _context(board: Board) -> dict[str, Any]:
    document, first, last = board.request.document, board.first_day, board.last_day
    if document is None or first is None or last is None:
        raise ValueError("the board has no licence")
    address = f"{settings.PORTAL_URL}/boards/{board.public_id}/"
    begins, ends = day(first).gregorian, day(last).gregorian
    return {
        "number": board.number,
        "code": grouped(document.code),
        "verify": f"{settings.PORTAL_URL.partition('://')[2]}/verify",
        "qr": qr.svg(address, label=address),
        "kind": both(lambda: kind_of(board)),
        "size": both(lambda: strip_tags(sides_of(board))),
        "begins": (begins.ar, begins.en),
        "ends": (ends.ar, ends.en),
        "demo": settings.DEMO,
    }
