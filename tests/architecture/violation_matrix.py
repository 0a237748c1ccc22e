"""The addresses of violations. Read at the end of access_matrix, which makes its rows."""

from __future__ import annotations

from tests.architecture.access_matrix import (
    ASKS,
    ELSEWHERE,
    FORM,
    HIDDEN,
    HIDDEN_BUTTON,
    HIDDEN_FORM,
    NO,
    NO_FORM,
    NO_READ,
    READ,
    WAY_OUT,
    Row,
    everybody,
    own,
)


def fined(path: str, owner: str, hidden: str = HIDDEN_FORM, *, alone: bool = False) -> Row:
    """A way out of a violation: of its party and of whoever acts for them in this service, or of the party `alone`."""
    over = " ".join("405" if answer == "405" else "403" for answer in owner.split())
    if "404" in owner and not alone:  # what is not there for its party is not there for anybody; it is only said who they are no more
        over = " ".join("405" if answer == "405" else "403" for answer in hidden.split())
    return own(f"/{{lang}}/violations/{path}", owner, hidden, delegate=over if alone else owner, former_delegate=over, counter=NO)


def seen(name: str) -> Row:
    """The page of a violation: of its party; a visitor who has not found it by its number is led to the sign-in page."""
    people = {"nobody": "302 302 405 405 405 405", "owner": READ, "delegate": READ, "former_delegate": NO_READ, "counter": HIDDEN}
    return everybody(f"/{{lang}}/violations/{{s.fines.{name}.public_id}}/", HIDDEN, **people)


ROWS: list[Row] = [
    # Violations: of the party, and of their delegates in this service; anybody else knows number and digits.
    everybody("/{lang}/violations/", FORM),
    everybody("/{lang}/violations/waivers/", READ),
    everybody("/{lang}/violations/stops-lifted/", READ),
    seen("carried"),
    own("/{lang}/violations/mine/", READ, READ, delegate=READ, counter=NO),
    own("/{lang}/violations/clearance/", READ, READ, counter=NO),
    own("/{lang}/violations/clearance/make/", "405 405 409 405 405 405", WAY_OUT, why="the owner owes something, the stranger nothing"),
    seen("served"),
    everybody(
        "/{lang}/violations/{s.fines.served.public_id}/photos/{s.fines.photo.public_id}/",
        HIDDEN,
        **dict.fromkeys(("owner", "delegate"), READ),
        former_delegate=NO_READ,
    ),
    everybody("/{lang}/violations/{s.fines.warned.public_id}/photos/{s.fines.photo.public_id}/", HIDDEN, why="a photo of another one"),
    fined("{s.fines.served.public_id}/open/", WAY_OUT, HIDDEN_BUTTON),
    fined("{s.fines.served.public_id}/pay/", "200 200 409 405 405 405"),  # a POST without the amount that the page showed
    everybody(
        "/{lang}/violations/{s.fines.served.public_id}/pay-for/",
        HIDDEN_FORM,
        **dict.fromkeys(("owner", "delegate"), ELSEWHERE),
        former_delegate=NO_FORM,
        why="for whoever found it by number and digits; a party pays on their own page",
    ),
    everybody("/{lang}/violations/{s.fines.served.public_id}/receipts/RCT-2026-000001-X/", HIDDEN, former_delegate=NO_READ),
    fined("{s.fines.warned.public_id}/pay/", "302 302 409 405 405 405"),
    fined("{s.fines.warned.public_id}/correct/", READ, HIDDEN),
    fined("{s.fines.served.public_id}/correct/", "302 302 405 405 405 405", HIDDEN),
    fined("{s.fines.served.public_id}/object/", FORM),
    fined("{s.fines.objected.public_id}/object/", "302 302 302 405 405 405"),
    fined("{s.fines.served.public_id}/not-mine/", FORM, alone=True),
    fined("{s.fines.served.public_id}/answer/", HIDDEN_FORM),
    fined("{s.fines.objected.public_id}/answer/", ELSEWHERE),
    fined("{s.fines.served.public_id}/withdraw/", HIDDEN_FORM, alone=True),
    fined("{s.fines.objected.public_id}/withdraw/", ASKS, alone=True),
    fined("{s.fines.served.public_id}/more-time/", ASKS),
    fined("{s.fines.served.public_id}/instalments/", FORM, alone=True),
]
