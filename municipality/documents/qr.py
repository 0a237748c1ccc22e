"""The code on a printed document that leads to its live state (ISO/IEC 18004)."""

from __future__ import annotations

import segno
from django.utils.safestring import SafeString, mark_safe

DARK = "#0b2b31"


def svg(text: str, *, label: str) -> SafeString:
    """An inline SVG of `text` with error correction M and the four quiet modules; `label` is read out in its place.

    The picture scales to its box. Raises segno.DataOverflowError (a ValueError) for text beyond 2,331 bytes.
    """
    code = segno.make(text, error="m", micro=False, boost_error=True)
    drawn = code.svg_inline(border=4, omitsize=True, dark=DARK, light="#ffffff", title=label, svgclass="doc-qr", lineclass=None)
    return mark_safe(drawn)  # noqa: S308  segno escapes the title; the rest is its own path


def png(text: str, *, scale: int = 8) -> bytes:
    """A PNG of `text`, `scale` pixels a module, for places that cannot show SVG (e-mail)."""
    from io import BytesIO

    target = BytesIO()
    segno.make(text, error="m", micro=False).save(target, kind="png", scale=scale, border=4, dark=DARK)
    return target.getvalue()
