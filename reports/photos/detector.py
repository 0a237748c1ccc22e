"""Finds and blurs faces and number plates, where OpenCV is installed (requirements-photos.txt, docs/decisions/0049)."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

Rectangle = tuple[int, int, int, int]  # left, top, right, bottom in pixels
# Cascades that the package holds: file, mirrored too, smallest width and height in pixels.
_CASCADES = (
    ("haarcascade_frontalface_alt2.xml", False, (24, 24)),
    ("haarcascade_frontalface_default.xml", False, (24, 24)),
    ("haarcascade_profileface.xml", True, (24, 24)),
    ("haarcascade_russian_plate_number.xml", False, (45, 15)),
    ("haarcascade_license_plate_rus_16stages.xml", False, (48, 16)),
)
# How many neighbouring windows must agree: few to blur, many to be sure.
_BLUR_AT, _SURE_AT = 2, 6
_MARGIN = 0.2  # of a box on each side: hair, chin, the frame of a plate


@dataclass(frozen=True)
class Detection:
    """What to blur, whether the machine is sure that this is all, and whether one looked at all."""

    boxes: Sequence[Rectangle]
    is_sure: bool
    is_searched: bool = True


def find(picture: Image.Image) -> Detection:
    """Faces and number plates of a picture; never sure where no detector is installed."""
    cascades = _cascades()
    if not cascades:
        return Detection((), False, is_searched=False)
    numpy = importlib.import_module("numpy")
    grey = numpy.asarray(picture.convert("L"))
    boxes, is_sure = [], True
    for cascade, is_mirrored, smallest in cascades:
        for view in (grey, numpy.ascontiguousarray(grey[:, ::-1])) if is_mirrored else (grey,):
            found, counts = cascade.detectMultiScale2(view, scaleFactor=1.1, minNeighbors=_BLUR_AT, minSize=smallest)
            is_sure = is_sure and all(count >= _SURE_AT for count in counts)
            mirrored_at = picture.width if view is not grey else None
            boxes += [_box(tuple(map(int, corner)), picture.size, mirrored_at) for corner in found]
    return Detection(boxes, is_sure)


def _box(found: tuple[int, ...], size: tuple[int, int], mirrored_at: int | None) -> Rectangle:
    left, top, width, height = found
    if mirrored_at is not None:
        left = mirrored_at - left - width
    x, y = round(width * _MARGIN), round(height * _MARGIN)
    return max(0, left - x), max(0, top - y), min(size[0], left + width + x), min(size[1], top + height + y)


@functools.cache
def _cascades() -> list[tuple[Any, bool, tuple[int, int]]]:
    """The cascades of OpenCV 4; none where it is not installed."""
    try:
        cv2 = importlib.import_module("cv2")
    except ImportError:
        return []
    cv2.setNumThreads(1)
    return [(cv2.CascadeClassifier(cv2.data.haarcascades + name), mirrored, smallest) for name, mirrored, smallest in _CASCADES]


def blurred(picture: Image.Image, boxes: Sequence[Rectangle]) -> Image.Image:
    """The picture with every box reduced to a few coarse squares, from which nothing can be read back."""
    for box in boxes:
        part = picture.crop(box)
        coarse = part.resize((4, 4), Image.Resampling.BOX).resize(part.size, Image.Resampling.NEAREST)
        picture.paste(coarse, box)
    return picture
