"""Texts of the gateway's error codes. The prefix may lack its first letter, as one code of the manual does."""

from __future__ import annotations

import re
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class ErrorKind(StrEnum):
    OURS = "ours"
    INPUT = "input"
    PAGE = "page"
    TIME = "time"
    CANCELLED = "cancelled"
    OTP = "otp"
    RISK = "risk"
    AMOUNT = "amount"
    CARD = "card"
    HOST = "host"
    LATER = "later"
    OTHER = "other"


# The last four digits of IPAY010NNNN.
_GROUPS: dict[ErrorKind, tuple[int, ...]] = {
    ErrorKind.OURS: (1, 2, 3, 4, 5, 6, 7, 8, 13, 14, 15, 17, 18, 20, 22, 26, 33, 34, 50, 51, 95, 176, 249, 250),
    ErrorKind.INPUT: (23, 24, 25, 27, 28, 29, 30, 31, 32, 36, 114, 231),
    ErrorKind.PAGE: (37, 38, 39, 40, 47, 55),
    ErrorKind.TIME: (42,),
    ErrorKind.CANCELLED: (48,),
    ErrorKind.OTP: (49,),
    ErrorKind.RISK: (43, 45, 103, 190, 198),
    ErrorKind.AMOUNT: (102, 104, 194, 196),
    ErrorKind.CARD: (191, 200),
    ErrorKind.HOST: (144, 158, 159, 160, 163, 245),
}
CODES = {number: kind for kind, numbers in _GROUPS.items() for number in numbers}
SENTENCES: dict[ErrorKind, Promise] = {
    ErrorKind.OURS: _(
        "The connection between the portal and the bank is not set up correctly. We have to fix this; there "
        "is nothing wrong with your card."
    ),
    ErrorKind.INPUT: _(
        "The bank did not accept the details that the portal sent. We have to fix this; there is nothing wrong with your card."
    ),
    ErrorKind.PAGE: _(
        "The bank's page was closed, opened a second time or opened in another window. Begin the payment again from the bill."
    ),
    ErrorKind.TIME: _("The time that the bank gives for its page ran out. Begin the payment again from the bill."),
    ErrorKind.CANCELLED: _("The payment was cancelled on the bank's page."),
    ErrorKind.OTP: _("The one-time code was wrong too often. Ask your bank, or use another card."),
    ErrorKind.RISK: _("The bank's limit for the number of payments does not allow this one. Ask your bank, or try again tomorrow."),
    ErrorKind.AMOUNT: _("The bank's limit for an amount does not allow this payment. Ask your bank, or use another card."),
    ErrorKind.CARD: _("The bank does not accept this card here. Use another card."),
    ErrorKind.HOST: _("The card's bank did not answer. Try again in a few minutes."),
    ErrorKind.LATER: _("The bank has a fault of its own. Try again later."),
    ErrorKind.OTHER: _("The bank could not process the payment."),
}
_CODE = re.compile(r"I?PAY(?P<area>0[12])(?P<number>\d{5})", re.IGNORECASE)


def kind_of(code: str) -> ErrorKind:
    """The kind of an error code such as IPAY0100048 or CODE-text; OTHER for what is unknown or none."""
    match = _CODE.match(code.strip())
    if not match:
        return ErrorKind.OTHER
    return ErrorKind.LATER if match["area"] == "02" else CODES.get(int(match["number"]), ErrorKind.OTHER)


# The same for staff who pay back; 263 and 199 stand alone in the bank's list.
REFUND_MEANINGS: dict[int, Promise] = {
    33: _("the bank has not opened refunds for this terminal"),
    115: _("the portal named no payment"),
    116: _("the numbers of the payment do not agree"),
    136: _("the payment was not captured, or was reversed"),
    137: _("the amount is more than what is left of the payment"),
    199: _("the payment was returned in full before"),
    263: _("the bank does not find the payment"),
}


def meaning_of(code: str) -> Promise:
    """What a code means in the answer to a refund."""
    match = _CODE.match(code.strip())
    number = int(match["number"]) if match is not None and match["area"] == "01" else 0
    return REFUND_MEANINGS.get(number, _("its meaning for refunds is not known"))


def sentence_for(code: str) -> tuple[str, Promise]:
    """The code if it is well formed, else "", and its sentence."""
    match = _CODE.match(code.strip())
    return (match[0].upper() if match else "", SENTENCES[kind_of(code)])
