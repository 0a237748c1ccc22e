"""Places in a list of results: signed, and bound to their question."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from django.core import signing
from django.utils.translation import gettext_lazy as _

from municipality.kernel.errors import Refused

SALT = "shops.search"


class Position(NamedTuple):
    """The last result that was shown."""

    score: float
    shop_id: int


class BadCursor(Refused):
    status = 400

    def __init__(self) -> None:
        super().__init__("bad_cursor", _("This link to a further page belongs to another search. Search again from the first page."))


def _question(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def token_of(place: Position, asked: str) -> str:
    """A place as it stands in a link."""
    return signing.dumps([place.score, place.shop_id, _question(asked)], salt=SALT)


def place_of(token: str, asked: str) -> Position:
    """The place of a link. Raises BadCursor where it was changed or belongs to another question."""
    try:
        score, shop_id, of = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        raise BadCursor from None
    if of != _question(asked):
        raise BadCursor
    return Position(float(score), int(shop_id))
