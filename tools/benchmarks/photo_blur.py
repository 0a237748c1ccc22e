"""Recall and precision of the detector of faces and number plates on a test set that is made here.

    python -m tools.benchmarks.photo_blur [PICTURES]

Needs requirements-photos.txt and scikit-image, whose wheel holds 100 small faces of the public set `lfw` (25 x 25 pixels) and 100 pictures
of other things; plates are drawn. Each picture is a scene of boxes with noise, and one face, one plate, or neither, between 40 and 160
pixels wide, turned by up to 8 degrees. It shows whether the wiring works and where the thresholds lie. It does not show how well faces in
real streets are found: there they are turned away, half hidden, and lit by the sun of Kuwait.
"""

from __future__ import annotations

import importlib.util
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from reports.photos import detector

SIZE = (960, 720)
KINDS = ("face", "plate", "nothing", "other thing")


def scene(chance: random.Random) -> Image.Image:
    picture = Image.new("RGB", SIZE, tuple(chance.randrange(60, 220) for _ in range(3)))
    pen = ImageDraw.Draw(picture)
    for _ in range(30):
        x, y, w, h = chance.randrange(SIZE[0]), chance.randrange(SIZE[1]), chance.randrange(20, 300), chance.randrange(20, 200)
        pen.rectangle([x, y, x + w, y + h], fill=tuple(chance.randrange(256) for _ in range(3)))
    noise = Image.effect_noise(SIZE, 40).convert("RGB")
    return Image.blend(picture.filter(ImageFilter.GaussianBlur(1.5)), noise, 0.12)


def plate(chance: random.Random) -> Image.Image:
    """A private plate of Kuwait: governorate and number in black on white, a frame."""
    picture = Image.new("L", (400, 110), 235)
    pen = ImageDraw.Draw(picture)
    pen.rectangle([3, 3, 396, 106], outline=20, width=6)
    pen.text((90, 12), f"{chance.randrange(1, 99)} {chance.randrange(1000, 99999)}", fill=15, font=ImageFont.load_default(82))
    return picture


def pasted(chance: random.Random, picture: Image.Image, part: Image.Image) -> tuple[int, int, int, int]:
    width = chance.randrange(40, 160)
    part = part.resize((width, round(width * part.height / part.width)), Image.Resampling.BICUBIC)
    mask = Image.new("L", part.size, 255)
    angle = chance.uniform(-8, 8)
    part, mask = part.rotate(angle, expand=True, resample=Image.Resampling.BICUBIC), mask.rotate(angle, expand=True)
    place = chance.randrange(SIZE[0] - part.width), chance.randrange(SIZE[1] - part.height)
    picture.paste(part.convert("RGB"), place, mask)
    return place[0], place[1], place[0] + part.width, place[1] + part.height


def covers(boxes: Any, wanted: tuple[int, int, int, int]) -> bool:
    """Whether the boxes together hide the middle of the wanted one, where eyes and digits are."""
    x, y = (wanted[0] + wanted[2]) / 2, (wanted[1] + wanted[3]) / 2
    return any(left <= x <= right and top <= y <= bottom for left, top, right, bottom in boxes)


def main(count: int) -> None:
    numpy = importlib.import_module("numpy")
    skimage = importlib.util.find_spec("skimage")
    if skimage is None or skimage.origin is None:
        raise SystemExit("scikit-image is not installed")
    data = numpy.load(Path(skimage.origin).parent / "data" / "lfw_subset.npy")
    parts = [Image.fromarray((255 * values).astype("uint8")) for values in data]
    chance = random.Random(17)  # noqa: S311 - pictures
    told = Counter[tuple[str, str]]()
    for number in range(count):
        kind, picture = KINDS[number % len(KINDS)], scene(chance)
        choices = {"face": parts[:100], "other thing": parts[100:], "plate": [plate(chance)]}.get(kind)
        wanted = pasted(chance, picture, chance.choice(choices)) if choices else None
        found = detector.find(picture)
        if wanted is not None and kind != "other thing":
            told[kind, "hidden" if covers(found.boxes, wanted) else "missed, waits" if not found.is_sure else "missed, SHOWN"] += 1
        else:
            told[kind, "something blurred" if found.boxes else "left as it is"] += 1
        told["all", "waits for a person" if not found.is_sure else "shown at once"] += 1
    for (kind, what), number in sorted(told.items()):
        print(f"{kind:12} {what:20} {number:5}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
