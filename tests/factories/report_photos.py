"""Photos of reports as phones send them."""

from __future__ import annotations

import io
import random
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import ExifTags, Image, ImageDraw


def scene(seed: int = 1, size: tuple[int, int] = (640, 480)) -> Image.Image:
    """A picture with some structure, the same for the same seed."""
    chance = random.Random(seed)
    picture = Image.new("RGB", (64, 48), tuple(chance.randrange(256) for _ in range(3)))
    pen = ImageDraw.Draw(picture)
    for _ in range(14):
        x, y, w, h = chance.randrange(-10, 60), chance.randrange(-10, 44), chance.randrange(4, 34), chance.randrange(4, 26)
        pen.rectangle([x, y, x + w, y + h], fill=tuple(chance.randrange(256) for _ in range(3)))
    return picture.resize(size, Image.Resampling.BICUBIC)


def camera(seed: int = 1, *, time: str = "2026:11:24 11:30:00", place: tuple[float, float] | None = (29.3328, 48.0283)) -> bytes:
    """A JPEG with what the camera of a phone writes into it: time, place, make, owner, a preview, and turned by 90 degrees."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Artist], exif[ExifTags.Base.Orientation] = "Maker", "Noura Example", 6
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = time
    if place is not None:
        gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
        gps[ExifTags.GPS.GPSLatitudeRef], gps[ExifTags.GPS.GPSLongitudeRef] = "N", "E"
        gps[ExifTags.GPS.GPSLatitude], gps[ExifTags.GPS.GPSLongitude] = _parts(place[0]), _parts(place[1])
    stream = io.BytesIO()
    scene(seed).save(stream, "JPEG", exif=exif, comment=b"Noura Example")
    return stream.getvalue()


def of_size(width: int, height: int) -> bytes:
    """A JPEG whose header says so many pixels."""
    stream = io.BytesIO()
    Image.new("L", (8, 8)).save(stream, "JPEG")
    body = bytearray(stream.getvalue())
    at = body.index(b"\xff\xc0") + 5  # of the frame: height, then width
    body[at : at + 4] = height.to_bytes(2) + width.to_bytes(2)
    return bytes(body)


def _parts(degrees: float) -> tuple[float, float, float]:
    whole = int(degrees)
    minutes = (degrees - whole) * 60
    return float(whole), float(int(minutes)), (minutes - int(minutes)) * 60


def file(content: bytes | None = None, name: str = "photo.jpg") -> Any:
    """The photo of `camera` as a form sends it, or other bytes."""
    return SimpleUploadedFile(name, camera() if content is None else content, content_type="image/jpeg")


def spoiled(content: bytes, chance: random.Random) -> bytes:
    """One way to spoil a file, most often in its header: cut, flipped, overwritten, doubled, or with another beginning."""
    body, way = bytearray(content), chance.randrange(6)
    place = chance.randrange(len(body) if way == 0 or chance.random() < 0.3 else min(900, len(body)))
    if way == 0:
        return bytes(body[:place])
    if way == 1:
        for _ in range(chance.choice((1, 4, 64))):
            body[chance.randrange(900) % len(body)] ^= 1 << chance.randrange(8)
    elif way == 2:
        body[place : place + 64] = chance.randbytes(64)
    elif way == 3:
        body[place:place] = body[: chance.randrange(2000)]
    elif way == 4:
        body[place : place + 4] = chance.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff"))
    else:
        return chance.choice((b"GIF89a", b"<svg onload=alert(1)>", b"%PDF-1.7", b"PK\x03\x04", b"\x89PNG\r\n\x1a\n")) + bytes(body)
    return bytes(body)
