"""The bank's list of error codes, as far as a sentence of ours depends on them."""

from __future__ import annotations

import pytest

from payments.providers.knet import errors
from payments.providers.knet.errors import ErrorKind

# What the bank's manual says of a code, in few words, and what a person should be told.
LIST = {
    ErrorKind.OURS: {
        "address for errors missing, invalid": (1, 2),
        "address for results missing, invalid": (3, 4),
        "terminal's name missing, invalid": (5, 6),
        "ciphertext missing, invalid": (7, 13),
        "terminal not enabled": (8, 17, 95),
        "terminal's name or password wrong, password expired": (14, 15, 18),
        "action not known, not enabled": (20, 33),
        "currency missing, invalid": (22, 34),
        "language not known": (26,),
        "terminal's key missing, invalid": (50, 51),
        "not decrypted": (176,),
        "address for results down": (249,),
        "details not verified": (250,),
    },
    ErrorKind.INPUT: {
        "amount missing, invalid": (23, 24, 25),
        "track id": (27,),
        "free fields": (28, 29, 30, 31, 32, 36, 231),
        "recorded twice": (114,),
    },
    ErrorKind.PAGE: {
        "page's payment missing, invalid": (37, 39),
        "cannot be processed": (38,),
        "another window": (40,),
        "status": (47, 55),
    },
    ErrorKind.TIME: {"limit of the page": (42,)},
    ErrorKind.CANCELLED: {"by the customer": (48,)},
    ErrorKind.OTP: {"tries of the one-time code": (49,)},
    ErrorKind.RISK: {"address blocked": (43,), "denied": (45,), "number of payments": (103, 190), "number from one address": (198,)},
    ErrorKind.AMOUNT: {"floor": (102,), "limit": (104, 196), "least": (194,)},
    ErrorKind.CARD: {"on the list": (191,), "its range": (200,)},
    ErrorKind.HOST: {"message": (144, 245), "silent": (158,), "outside, processing": (159, 160, 163)},
}
MEANT = {number: kind for kind, group in LIST.items() for numbers in group.values() for number in numbers}


@pytest.mark.parametrize("kind", ErrorKind)
def test_every_listed_code_has_its_sentence_and_no_other_code_has(kind: ErrorKind) -> None:
    told = {number for number in range(1000) if errors.kind_of(f"IPAY01{number:05d}-Some text.") is kind}
    if kind is ErrorKind.OTHER:
        assert told == set(range(1000)) - MEANT.keys()
    else:
        assert told == {number for number, meant in MEANT.items() if meant is kind}


def test_a_code_is_shown_in_capitals_with_the_sentence_of_its_kind() -> None:
    assert errors.sentence_for(" ipay0100048-cancelled ") == ("IPAY0100048", errors.SENTENCES[ErrorKind.CANCELLED])
    assert errors.sentence_for("PAY0100004") == ("PAY0100004", errors.SENTENCES[ErrorKind.OURS])
    assert errors.sentence_for("IPAY0200999") == ("IPAY0200999", errors.SENTENCES[ErrorKind.LATER])
    assert errors.sentence_for("what a browser brought") == ("", errors.SENTENCES[ErrorKind.OTHER])


def test_every_kind_has_a_sentence_of_its_own() -> None:
    assert set(errors.SENTENCES) == set(ErrorKind)
    assert len({str(sentence) for sentence in errors.SENTENCES.values()}) == len(ErrorKind)
