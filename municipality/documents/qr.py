"""QR codes (ISO/IEC 18004)."""

from __future__ import annotations

from functools import lru_cache

import segno
from django.utils.safestring import SafeString, mark_safe

DARK = "#0b2b31"


def svg(text: str, *, label: str) -> SafeString:
    """An inline SVG of `text` with error correction M and a quiet zone of four modules; `label` is its accessible name.

    Raises segno.DataOverflowError (a ValueError) for text beyond 2,331 bytes.
    """
    return _svg(text, str(label))


@lru_cache(maxsize=256)  # a code takes some 4 ms of the processor, and a sheet shows those of all shops of a person
def _svg(text: str, label: str) -> SafeString:
    code = segno.make(text, error="m", micro=False, boost_error=True)
    picture = code.svg_inline(border=4, omitsize=True, dark=DARK, light="#ffffff", title=label, svgclass="doc-qr", lineclass=None)
    return mark_safe(picture)  # noqa: S308  segno escapes the title; the rest is its own path
