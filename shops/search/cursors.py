"""Cursors of result lists, signed and bound to their query."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from django.core import signing
from django.utils.translation import gettext_lazy as _

from municipality.kernel.errors import Refused

SALT = "shops.search"


class ResultPosition(NamedTuple):
    """The last displayed result."""

    score: float
    shop_id: int


class BadCursor(Refused):
    status = 400

    def __init__(self) -> None:
        super().__init__("bad_cursor", _("This link to a further page belongs to another search. Search again from the first page."))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def token_of(position: ResultPosition, query: str) -> str:
    """The cursor of a position."""
    return signing.dumps([position.score, position.shop_id, _hash(query)], salt=SALT)


def position_of(token: str, query: str) -> ResultPosition:
    """The position of a cursor. Raises BadCursor if it is invalid or of another query."""
    try:
        score, shop_id, query_hash = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        raise BadCursor from None
    if query_hash != _hash(query):
        raise BadCursor
    return ResultPosition(float(score), int(shop_id))
