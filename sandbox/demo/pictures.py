"""Drawn pictures in place of photos and scanned pages."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageDraw


def page(slot: str, note: str = "") -> bytes:
    """A JPEG of 480 × 640 pixels that names its slot, with what the page states of its subject, in English, if anything."""
    sheet = Image.new("RGB", (480, 640), "white")
    pen = ImageDraw.Draw(sheet)
    pen.rectangle((24, 24, 456, 616), outline="#8a6d3b", width=3)
    pen.text((48, 48), f"DEMO  {slot}", fill="black")
    pen.text((48, 76), note, fill="black", font_size=18)
    for line in range(8):
        pen.line((48, 264 + 36 * line, 432 - 24 * (line % 3), 264 + 36 * line), fill="#999999", width=4)
    out = BytesIO()
    sheet.save(out, "JPEG", quality=80)
    return out.getvalue()
