"""The cut of a photo that shows one board alone, with its outline."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from PIL import Image, ImageDraw

from licensing.signage.drawing.perspective import Point

MARGIN = 0.04  # round the board, as a share of its longer side
SIDE = 900  # pixels of the longer side of a picture
LINE, EDGE = "#0b6b63", "#ffffff"


def cut(content: bytes, size: tuple[int, int], outline: Sequence[Point]) -> bytes:
    """A JPEG of the board with its outline. `content` is a picture of `size` pixels, which the inspector of uploads wrote."""
    xs, ys = zip(*outline, strict=True)
    margin = MARGIN * max(max(xs) - min(xs), max(ys) - min(ys))
    left, top = max(0.0, min(xs) - margin), max(0.0, min(ys) - margin)
    right, bottom = min(float(size[0]), max(xs) + margin), min(float(size[1]), max(ys) + margin)
    scale = min(1.0, SIDE / max(right - left, bottom - top))
    with Image.open(BytesIO(content)) as photo:
        photo.draft("RGB", (round(size[0] * scale), round(size[1] * scale)))  # decodes no more than is needed
        ratio = photo.width / size[0]
        whole = photo.convert("RGB").crop((round(left * ratio), round(top * ratio), round(right * ratio), round(bottom * ratio)))
    picture = whole.resize((max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))))
    pen = ImageDraw.Draw(picture)
    corners = [((x - left) * scale, (y - top) * scale) for x, y in (*outline, outline[0], outline[1])]
    for colour, width in ((EDGE, 7), (LINE, 3)):
        pen.line(corners, fill=colour, width=width, joint="curve")
    file = BytesIO()
    picture.save(file, "JPEG", quality=82)
    return file.getvalue()
