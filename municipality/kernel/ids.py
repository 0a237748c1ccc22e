"""Identifiers: those in links are random; readable ones end with a check character."""

from __future__ import annotations

import secrets

from stdnum.iso7064 import mod_37_36

# Crockford's alphabet: no I, L, O, U, so that a code can be read aloud and typed from paper.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOWER = ALPHABET.lower()
_TYPED = str.maketrans({"O": "0", "I": "1", "L": "1"})


def public_id() -> str:
    """26 characters, 130 random bits: identifies a row in a link."""
    bits = secrets.randbits(130)  # one call: an import creates a hundred thousand of them
    return "".join([_LOWER[bits >> shift & 31] for shift in range(0, 130, 5)])


def typed_code() -> str:
    """20 characters, 100 random bits, short enough to be typed from paper."""
    return "".join(secrets.choice(ALPHABET) for _ in range(20))


def normalise_code(text: str) -> str:
    """A typed code: upper case, look-alike letters folded, spaces and hyphens dropped."""
    return "".join(text.split()).replace("-", "").upper().translate(_TYPED)


def with_check(stem: str) -> str:
    """`HLT-HW-2026-004217` with its ISO 7064 MOD 37,36 check character: `HLT-HW-2026-004217-K`."""
    return f"{stem}-{mod_37_36.calc_check_digit(stem.replace('-', ''))}"
