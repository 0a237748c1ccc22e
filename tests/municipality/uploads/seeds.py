"""Good files to start from, and ways to spoil them."""

from __future__ import annotations

import io
import random
from typing import Any

import pikepdf
from PIL import Image, ImageDraw


def drawing(size: tuple[int, int] = (640, 480), mode: str = "RGB", seed: int = 1) -> Any:
    """A picture with some structure, the same for the same seed."""
    chance = random.Random(seed)
    image = Image.new("RGB", size, tuple(chance.randrange(256) for _ in range(3)))
    pen = ImageDraw.Draw(image)
    for _ in range(12):
        x, y = chance.randrange(size[0]), chance.randrange(size[1])
        pen.ellipse([x, y, x + 60, y + 40], fill=tuple(chance.randrange(256) for _ in range(3)))
    return image.convert(mode)


def saved(image: Any, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def photo(size: tuple[int, int] = (640, 480), seed: int = 1, **options: Any) -> bytes:
    return saved(drawing(size, seed=seed), "JPEG", **options)


def paper(pages: int = 2, text: bytes = b"Lease contract") -> Any:
    """A PDF with a line of text on each page, open."""
    document = pikepdf.new()
    for _ in range(pages):
        page = document.add_blank_page(page_size=(595, 842))
        font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
        page.obj.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=document.make_indirect(font)))
        page.obj.Contents = document.make_stream(b"BT /F 40 Tf 60 700 Td (" + text + b") Tj ET")
    return document


def bound(document: Any, **options: Any) -> bytes:
    stream = io.BytesIO()
    document.save(stream, **options)
    return stream.getvalue()


def pdf(pages: int = 2) -> bytes:
    return bound(paper(pages))


def all_seeds() -> list[tuple[str, bytes]]:
    """Twenty good files of every kind and mode that is taken."""
    found: list[tuple[str, bytes]] = []
    found += [(f"rgb{seed}.jpg", photo(seed=seed)) for seed in range(3)]
    found += [("grey.jpg", saved(drawing(mode="L"), "JPEG")), ("cmyk.jpg", saved(drawing(mode="CMYK"), "JPEG"))]
    found += [("progressive.jpg", photo(progressive=True)), ("small.jpg", photo((1, 1)))]
    found += [(f"{mode.lower()}.png", saved(drawing(mode=mode), "PNG")) for mode in ("RGB", "RGBA", "L", "LA", "P", "1")]
    found += [("deep.png", saved(drawing(mode="L").convert("I;16"), "PNG"))]
    found += [("lossy.webp", saved(drawing(), "WEBP")), ("lossless.webp", saved(drawing(), "WEBP", lossless=True))]
    found += [("clear.webp", saved(drawing(mode="RGBA"), "WEBP"))]
    found += [("one.pdf", pdf(1)), ("three.pdf", pdf(3))]
    found += [("streams.pdf", bound(paper(2), object_stream_mode=pikepdf.ObjectStreamMode.generate))]
    assert len(found) == 20
    return found


def mutant(content: bytes, chance: random.Random) -> bytes:
    """One way to spoil a file: cut, flipped, overwritten, doubled, stretched."""
    body = bytearray(content)
    way = chance.randrange(6)
    if way == 0:
        return bytes(body[: chance.randrange(len(body))])
    if way == 1:
        for _ in range(chance.choice((1, 4, 64))):
            body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
    elif way == 2:
        place = chance.randrange(len(body))
        body[place : place + 64] = chance.randbytes(64)
    elif way == 3:
        start, end = sorted(chance.randrange(len(body)) for _ in range(2))
        del body[start:end]
    elif way == 4:
        start, end = sorted(chance.randrange(len(body)) for _ in range(2))
        body[end:end] = body[start:end]
    else:
        place = chance.randrange(len(body) - 4)
        body[place : place + 4] = chance.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff"))
    return bytes(body)
