"""Asking for a change of a licensed board: a draft with the board as it is licensed."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from licensing.models import Board
from licensing.signage.changes import queries
from licensing.signage.drawing.forms import kept_text
from licensing.signage.services.requests import PAGE, files_key
from licensing.signage.states import BOARDS
from municipality.cases import queries as cases
from municipality.delegation.authorization import Access, authorize
from municipality.drafts import services as drafts
from municipality.drafts.models import Draft
from municipality.kernel.errors import Refused
from municipality.uploads import services as uploads


@transaction.atomic
def begin(*, board: Board, draft: Draft | None, access: Access) -> Draft:
    """The draft of a change, which begins with the facts and the drawing of the board. `draft` is the open one of the shop, if any.

    Raises NotYours where the board belongs to another applicant, as after a corrected owner; Refused: what `queries.obstacle` finds,
    "request_open", "draft_open" (for other boards).
    """
    authorize(access.person, board.request.case)
    shop = board.request.shop
    if draft is not None and draft.answers.get(PAGE, {}).get(queries.CHANGES) == board.public_id:
        return draft
    if (refusal := queries.obstacle(board)) is not None:
        raise refusal
    if cases.open_case_ids(BOARDS, [shop.key]):
        raise Refused("request_open", _("Another request for boards of this shop is under way. Wait until it is decided and paid."))
    if draft is not None:
        raise Refused("draft_open", _("A saved request for boards of this shop is open. Send or remove it first."))
    draft = drafts.begin(person=access.person, service=BOARDS, subject=shop.key, actor=access.actor)
    answers = answers_of(board)
    if (drawing := getattr(board, "drawing", None)) is not None:
        photo = uploads.copy(drawing.photo, subject=files_key(draft), owner=access.person, actor=access.actor)
        answers["0-drawing"] = kept_text(drawing, photo)
    return drafts.answer(draft=draft, page=PAGE, answers=answers, version=draft.version, actor=access.actor)


def answers_of(board: Board) -> dict[str, str]:
    """What a draft keeps of a board that it is to change."""
    facts: dict[str, Any] = {name: getattr(board, name) for name in ("board_class", "medium", "months", "place", "subject", "approval")}
    facts |= {name: getattr(board, name) for name in ("faces", "pieces")}
    facts |= {name: "on" if getattr(board, name) else None for name in ("is_lit", "is_standing")}
    sizes = {"width": board.width_cm, "height": board.height_cm, "top": board.top_cm, "next_board": board.next_cm, "front": board.front_cm}
    facts |= {name: f"{size / 100:.2f}" for name, size in sizes.items() if size}
    if board.projection_cm is not None:  # 0 is stated, too: flat on the wall
        facts["projection"] = f"{board.projection_cm / 100:.2f}"
    return {"boards": "1", queries.CHANGES: board.public_id} | {f"0-{name}": str(value) for name, value in facts.items() if value}
