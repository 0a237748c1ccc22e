"""Drawn scenes in place of photos of violations: the front of a shop, with what was found before it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from io import BytesIO

from PIL import Image, ImageDraw, ImageFilter

SIZE = (720, 480)
DOOR, BOARD = "40,60 290,60 290,330 40,330", "40,8 690,8 690,52 40,52"  # corners on `front`, a hundred pixels a metre
Pen = ImageDraw.ImageDraw


def of(offence: str) -> str:
    """The scene of an offence of the catalogue."""
    return _BY_OFFENCE.get(offence, "paper")


def draw() -> dict[str, bytes]:
    """Every scene as a JPEG, by its name."""
    return {name: _scene(add) for name, add in _SCENES.items()}


def _scene(add: Callable[[Pen], None]) -> bytes:
    image = Image.new("RGB", SIZE, "#e7d3ae")
    pen = ImageDraw.Draw(image)
    for row in range(0, 330, 55):  # a wall of stone
        pen.line((0, row, 720, row), fill="#d6bf97", width=2)
        for x in range(60 if row % 110 else 0, 720, 120):
            pen.line((x, row, x, row + 55), fill="#d6bf97", width=2)
    pen.rectangle((40, 60, 290, 330), fill="#4b3a2c")
    pen.rectangle((52, 72, 278, 318), fill="#8fb0ad")
    pen.polygon(((52, 200), (180, 72), (240, 72), (52, 260)), fill="#a9c5c1")
    pen.polygon(((0, 330), (720, 330), (720, 480), (0, 480)), fill="#cbb893")  # the pavement
    for x in range(-200, 920, 110):
        pen.line((360 + (x - 360) * 0.8, 330, x, 480), fill="#b5a27f", width=2)
    for y in (362, 410):
        pen.line((0, y, 720, y), fill="#b5a27f", width=2)
    add(pen)
    out = BytesIO()
    image.filter(ImageFilter.GaussianBlur(0.7)).save(out, "JPEG", quality=78)
    return out.getvalue()


def _leak(pen: Pen) -> None:
    pen.rounded_rectangle((420, 70, 620, 190), 12, fill="#f3efe6", outline="#b9b2a2", width=3)
    pen.ellipse((440, 85, 530, 175), fill="#c9c3b4", outline="#8d8778", width=3)
    for y in range(100, 170, 14):
        pen.line((545, y, 605, y), fill="#b9b2a2", width=4)
    pen.line((560, 190, 552, 385), fill="#7fb0c0", width=10)
    pen.ellipse((400, 370, 690, 440), fill="#86b3bd")
    pen.arc((430, 385, 600, 425), 190, 290, fill="#e6f2f3", width=5)


def _bags(pen: Pen) -> None:
    for x, y, radius, colour in ((430, 390, 55, "#2f3336"), (520, 380, 65, "#3b4043"), (600, 400, 48, "#26292b")):
        pen.ellipse((x - radius, y - radius, x + radius, y + radius * 0.7), fill=colour)
        pen.polygon(((x - 12, y - radius + 6), (x, y - radius - 22), (x + 12, y - radius + 6)), fill=colour)
    pen.rectangle((470, 430, 520, 455), fill="#b98b5e")
    pen.ellipse((630, 440, 670, 460), fill="#c9d3c0")


def _goods(pen: Pen) -> None:
    for x, y, colour in ((380, 330, "#b07d47"), (470, 330, "#c08d55"), (560, 330, "#a8743f"), (425, 250, "#bd8a50"), (515, 250, "#b37f48")):
        pen.rectangle((x, y, x + 84, y + 78), fill=colour, outline="#7d5730", width=3)
        pen.line((x, y + 24, x + 84, y + 24), fill="#7d5730", width=2)
    pen.rectangle((310, 400, 380, 440), fill="#5e7f6a", outline="#3d5646", width=3)


def _sign(pen: Pen) -> None:
    pen.rectangle((330, 40, 700, 130), fill="#9c3b30", outline="#6e251d", width=5)
    for x in range(360, 660, 60):
        pen.rounded_rectangle((x, 66, x + 42, 104), 8, fill="#f4e3c3")
    pen.rectangle((470, 130, 482, 330), fill="#6f6a60")
    pen.rectangle((560, 130, 572, 330), fill="#6f6a60")


def _smoke(pen: Pen) -> None:
    pen.polygon(((440, 430), (600, 430), (570, 350), (470, 350)), fill="#4a3b32")
    for x, top in ((480, 290), (520, 250), (560, 300)):
        pen.polygon(((x - 24, 360), (x, top), (x + 24, 360)), fill="#d9772e")
        pen.polygon(((x - 10, 360), (x, top + 40), (x + 10, 360)), fill="#f1c04b")
    for x, y, radius in ((520, 200, 34), (560, 150, 44), (610, 90, 56)):
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill="#a8a49b")


def _paper(pen: Pen) -> None:
    pen.rectangle((400, 80, 620, 320), fill="#8a6d3b")
    pen.rectangle((412, 92, 608, 308), fill="#f8f4ea")
    pen.rectangle((440, 115, 580, 135), fill="#3f6f6b")
    for y in range(160, 280, 22):
        pen.line((436, y, 584 - 30 * (y % 3), y), fill="#b7ae9b", width=5)
    pen.ellipse((545, 255, 590, 300), outline="#a24a3f", width=5)


@cache
def front() -> bytes:
    """A front with nothing to object to, as a JPEG of `SIZE`: its sign, its window, its door."""
    return _scene(_front)


def _front(pen: Pen) -> None:
    pen.rectangle((40, 8, 690, 52), fill="#24595c")
    for x in range(250, 470, 44):
        pen.rounded_rectangle((x, 20, x + 30, 40), 6, fill="#f4e3c3")
    pen.rectangle((340, 80, 690, 330), fill="#4b3a2c")
    pen.rectangle((352, 92, 678, 318), fill="#c3d6d2")
    for x in (400, 480, 560):
        pen.rectangle((x, 220, x + 60, 318), fill="#b98b5e")
        pen.ellipse((x + 12, 170, x + 48, 206), fill="#e9c46a")
    pen.ellipse((236, 210, 250, 224), fill="#d9c48f")


_SCENES: dict[str, Callable[[Pen], None]] = {
    "leak": _leak,
    "bags": _bags,
    "goods": _goods,
    "sign": _sign,
    "smoke": _smoke,
    "paper": _paper,
}
_BY_OFFENCE = {
    "CLN-02": "leak",
    "CLN-03": "bags",
    "CLN-06": "smoke",
    "SHP-03": "goods",
    "SHP-04": "goods",
    "ADV-01": "sign",
}
