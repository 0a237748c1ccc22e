"""Queries on the signatures under boards: those of a draft and of a request, by their link, and what keeps a request from being sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from licensing.models import Board, BoardConsent, BoardRequest, ConsentAnswer
from licensing.signage.cards import Cards
from licensing.signage.forms import RequestedBoardForm
from municipality.drafts.models import Draft
from municipality.kernel import clock
from municipality.kernel.errors import Refused

# What a signature is about: the boards as they are shown to the signer. Fees and rates are not.
FACTS = (
    *("board_class", "medium", "width_cm", "height_cm", "faces", "pieces", "months", "place"),
    *("is_lit", "projection_cm", "is_standing", "top_cm", "next_cm", "front_cm", "subject", "approval"),
)
Drawn = tuple[str, Sequence[Sequence[float]]]  # the photo's public id, and the outline


def digest(token: str) -> str:
    """What is kept of a link's token, which is random (`services.BYTES`): SHA-256 in hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()


def digest_of(boards: Iterable[tuple[Board, Drawn | None]]) -> str:
    """SHA-256 of the facts of boards, in their order, each with its drawing."""
    facts: list[Any] = [
        [[getattr(board, name) for name in FACTS], drawn and [drawn[0], [[float(x), float(y)] for x, y in drawn[1]]]]
        for board, drawn in boards
    ]
    return hashlib.sha256(json.dumps(facts, ensure_ascii=False).encode()).hexdigest()


def digest_of_cards(cards: Cards) -> str:
    """`digest_of` the boards that a draft keeps, with the drawings that are attached to them."""
    return digest_of(
        (form.board(line), _drawn(form))
        for line, form in enumerate(cards.forms, 1)
        if isinstance(form, RequestedBoardForm) and form.fee is not None
    )


def _drawn(form: RequestedBoardForm) -> Drawn | None:
    if form.drawn is None or form.drawn.drawn is None or form.drawn.upload is None:
        return None
    return form.drawn.upload.public_id, form.drawn.drawn.outline


def digest_of_request(request: BoardRequest) -> str:
    """`digest_of` the boards as they were sent."""
    boards = request.boards.select_related("drawing__photo").order_by("line")
    drawings = ((board, getattr(board, "drawing", None)) for board in boards)
    return digest_of((board, (drawing.photo.public_id, drawing.outline) if drawing is not None else None) for board, drawing in drawings)


def of_draft(draft: Draft) -> list[BoardConsent]:
    """The signatures that are asked for under a draft, without those that were withdrawn."""
    return list(BoardConsent.objects.filter(draft=draft, withdrawn_at__isnull=True).select_related("signer").order_by("role"))


def of_request(request: BoardRequest) -> list[BoardConsent]:
    """The signatures under the boards of a request, which was sent with them."""
    public_id = request.files_key.partition(":")[2]
    rows = BoardConsent.objects.filter(draft__public_id=public_id, answer=ConsentAnswer.AGREED, withdrawn_at__isnull=True)
    return list(rows.select_related("signer").order_by("role"))


def by_token(token: str) -> BoardConsent | None:
    """The signature that a link asks for."""
    return BoardConsent.objects.select_related("draft__person", "signer").filter(token_digest=digest(token)).first()


def state_of(consent: BoardConsent, boards_digest: str) -> str:
    """How a signature stands that was not withdrawn: changed (asked for or given for other boards), agreed, refused, expired or open."""
    if consent.answer == ConsentAnswer.REFUSED:
        return "refused"
    if consent.boards_digest != boards_digest:
        return "changed"
    if consent.answer:
        return str(consent.answer)
    return "open" if consent.expires_at > clock.now() else "expired"


_UNSIGNED = {
    "open": _("A signature that you asked for is not given yet. Wait for it, or withdraw it and add a file instead."),
    "expired": _("The time for a signature has run out. Ask for it anew, or withdraw it and add a file instead."),
    "changed": _("A signature is for other boards than those in the request now. Ask for it anew, or withdraw it."),
    "refused": _("A signature under this request was refused."),
}


def obstacle(draft: Draft, cards: Cards) -> Refused | None:
    """Why a draft cannot be sent yet: a signature that was asked for is not given for the boards as they are now."""
    rows = of_draft(draft)
    boards = digest_of_cards(cards) if rows else ""
    states = [state_of(row, boards) for row in rows]
    return next((Refused(f"consent_{state}", _UNSIGNED[state]) for state in states if state in _UNSIGNED), None)
