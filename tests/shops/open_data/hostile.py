"""Hostile query strings from a seed: what scanners, broken clients and bad wishes send."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from urllib.parse import quote

SEED = 20261125
NAMES = ("q", "governorate", "area", "activity", "licence", "open", "near", "after", "since", "format", "_language", "page", "x")
PATHS = (
    "/api/v1/shops/",
    "/ar/shops/",
    "/api/v1/areas/",
    "/en/shops/",
    "/api/v1/activities/",
    "/api/v1/changes/",
    "/api/v1/governorates/",
    "/api/v1/open-data/",
    "/ar/open-data/",
)
_SQL = ("' OR 1=1 --", "1; DROP TABLE shops_shop", "x' UNION SELECT password FROM accounts_user --", "%' AND pg_sleep(9) --", "\\'; --")
_MARKUP = (
    "<script>alert(1)</script>",
    "{{7*7}}",
    "${jndi:ldap://x}",
    "../../../../etc/passwd",
    "\r\nSet-Cookie: a=b",
    "javascript:alert(1)",
)
_BIDI = "\u202e\u202d\u2066\u2067\u2069\u200e\u200f\ufeff\u061c"
_MARKS = "\u064b\u0300\u0489\u20dd\u200d"
_CONTROLS = "".join(map(chr, [*range(1, 32), 127, *range(128, 160)]))
_NUMBERS = ("9" * 400, "-1", "1e999", "NaN", "Infinity", "0x7fffffff", "2147483648", "9223372036854775808", "-0", "١٢٣٤٥٦٧٨٩", "1_000")


def _pick(chance: random.Random, text: str, most: int) -> str:
    return "".join(chance.choice(text) for _ in range(chance.randint(1, most)))


def _deep(chance: random.Random) -> str:
    text = "صالون%"
    for _ in range(chance.randint(2, 7)):
        text = quote(text)
    return text


def _forged(chance: random.Random) -> str:
    alphabet = "ABCabc012-_"
    return ":".join(_pick(chance, alphabet, length) for length in (60, 6, 43))


VALUES: dict[str, Callable[[random.Random], str]] = {  # each gives a piece of a query string, encoded as it is sent
    "nul": lambda c: f"%00{quote(_pick(c, 'صالون', 5))}%00",
    "surrogates": lambda c: "%ED%A0%80%ED%B0%80" * c.randint(1, 9),
    "invalid utf-8": lambda c: "".join(f"%{c.randint(128, 255):02X}" for _ in range(c.randint(1, 60))),
    "raw bytes": lambda c: "".join(chr(c.randint(128, 255)) for _ in range(c.randint(1, 60))),
    "very long": lambda c: c.choice(("a", "%D8%A7", "%20", "9")) * c.randint(300, 1300),
    "many words": lambda c: "+".join(quote(_pick(c, "ابجدهوزabcde", 5)) for _ in range(c.randint(50, 300))),
    "controls": lambda c: quote(_pick(c, _CONTROLS, 60)),
    "bidi": lambda c: quote(_pick(c, _BIDI, 100)),
    "marks": lambda c: quote("ص" + _pick(c, _MARKS, 150)),
    "repetition": lambda c: quote(c.choice(("(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaa!", "ا" * 180, "%" * 150, "_" * 150, "*" * 150))),
    "sql": lambda c: quote(c.choice(_SQL)),
    "markup": lambda c: quote(c.choice(_MARKUP)),
    "deep percent": _deep,
    "half percent": lambda c: c.choice(("%", "%2", "%zz", "%u0041", "%%%", "&&&==&")),
    "numbers": lambda c: quote(c.choice(_NUMBERS)),
    "forged cursor": _forged,
    "far place": lambda c: quote(c.choice(("29.3,48", "91,181", "1e5,2", ",,,", "29.3759,47.9774," * 40, "٢٩.٣,٤٨.٠"))),
    "planes": lambda c: quote("".join(chr(c.randint(0x10000, 0x10FFFF)) for _ in range(c.randint(1, 50)))),
}


def queries(count: int, seed: int = SEED) -> Iterator[tuple[str, str]]:
    """Kind and address with its query, the same for the same seed."""
    chance = random.Random(seed)
    kinds = list(VALUES)
    for number in range(count):
        kind = kinds[number % len(kinds)]
        path = PATHS[number % len(PATHS)] if chance.random() < 0.3 else chance.choice(PATHS[:2])
        if number % 40 == 39:
            yield "thousands of parameters", path + "?" + "&".join(f"a{n}=%00" for n in range(chance.randint(1000, 3000)))
            continue
        pairs = [f"{chance.choice(NAMES)}={VALUES[chance.choice(kinds)](chance)}" for _ in range(chance.randint(0, 3))]
        name = {"forged cursor": chance.choice(("after", "since")), "far place": "near"}.get(kind, chance.choice((*NAMES, "q", "q", "q")))
        yield kind, f"{path}?{'&'.join([f'{name}={VALUES[kind](chance)}', *pairs])}"
