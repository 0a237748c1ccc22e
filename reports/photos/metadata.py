"""Time and place that a camera wrote into a photo (Exif 2.32, JPEG only), and its size. They are read once, from the file as it arrives."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Any

from PIL import ExifTags, Image

from municipality.kernel import clock
from municipality.uploads.refusals import PIXELS

NORTH_TO, EAST_TO = (28.0, 31.0), (46.0, 49.0)  # Kuwait, as `fieldwork.models.IN_KUWAIT`
_TIME = "%Y:%m:%d %H:%M:%S%z"
_HERE = "+03:00"  # Kuwait, where the camera does not say its zone


@dataclass(frozen=True)
class Metadata:
    """`captured_at` by the clock of the camera, never in the future; the position in WGS 84, in Kuwait or None; 0 `pixels` if unknown."""

    captured_at: dt.datetime | None = None
    latitude: float | None = None
    longitude: float | None = None
    pixels: int = 0


def read(file: Any) -> Metadata:
    """What the header of a picture says; nothing for one that cannot be read. The picture itself is not decoded.

    One that Pillow refuses to open for its size has one pixel more than is taken.
    """
    try:
        file.seek(0)
        picture = Image.open(file, formats=["JPEG"])
        exif, pixels = picture.getexif(), picture.width * picture.height
        return Metadata(_captured_at(exif.get_ifd(ExifTags.IFD.Exif)), *_position(exif.get_ifd(ExifTags.IFD.GPSInfo)), pixels)
    except Image.DecompressionBombError:
        return Metadata(pixels=PIXELS + 1)
    except Exception:  # noqa: BLE001 - whatever a damaged header makes of the parser: the photo is judged in the child process
        return Metadata()
    finally:
        file.seek(0)


def _captured_at(exif: Any) -> dt.datetime | None:
    text = exif.get(ExifTags.Base.DateTimeOriginal)
    if not isinstance(text, str):
        return None
    offset = exif.get(ExifTags.Base.OffsetTimeOriginal)
    try:
        zone = offset.strip("\0 ") if isinstance(offset, str) else _HERE
        moment = dt.datetime.strptime(text.strip("\0 ") + zone, _TIME).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
    return min(moment, clock.now()) if moment.year >= 1990 else None


def _position(gps: Any) -> tuple[float | None, float | None]:
    latitude = _degrees(gps.get(ExifTags.GPS.GPSLatitude), gps.get(ExifTags.GPS.GPSLatitudeRef), "S")
    longitude = _degrees(gps.get(ExifTags.GPS.GPSLongitude), gps.get(ExifTags.GPS.GPSLongitudeRef), "W")
    return in_kuwait(latitude, longitude)


def _degrees(parts: Any, ref: Any, negative: str) -> float | None:
    try:
        degrees, minutes, seconds = (float(part) for part in parts)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return (-1 if ref == negative else 1) * (degrees + minutes / 60 + seconds / 3600)


def in_kuwait(latitude: float | None, longitude: float | None) -> tuple[float | None, float | None]:
    """The position rounded to about a metre, or twice None where it is incomplete or elsewhere."""
    if latitude is None or longitude is None or not (math.isfinite(latitude) and math.isfinite(longitude)):
        return None, None
    is_here = NORTH_TO[0] <= latitude <= NORTH_TO[1] and EAST_TO[0] <= longitude <= EAST_TO[1]
    return (round(latitude, 6), round(longitude, 6)) if is_here else (None, None)
