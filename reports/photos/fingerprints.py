"""Finds photos that were used before.

A difference hash (Krawetz 2013) of 64 bits in four bands of 16 finds older photos that may be the same, also turned by 90 degrees: one of
their bands differs by at most BAND_NEAR bits, all together by at most the limit of the rulebook. Then the pictures are compared, the new
one with the old one and with parts of it, since copies are often cut.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import reduce
from itertools import combinations, product
from operator import or_

from django.db.models import Q
from PIL import Image, ImageChops, ImageStat

from municipality.documents import store
from reports import queries
from reports.models import ReportPhoto

SIDE, BANDS, BAND_BITS, BAND_NEAR = 8, 4, 16, 2
COMPARED_MOST = 40  # pictures
ALIKE = 0.35  # mean difference of two pictures, in standard deviations of the new one
_CUTS = (0.0, 0.033, 0.066, 0.1)  # of a side
_BAND = (1 << BAND_BITS) - 1
_SIGN, _ALL = 1 << 63, (1 << 64) - 1


def fingerprint(picture: Image.Image) -> int:
    """Which of neighbouring areas is brighter, in 8 rows of 8 bits; an unsigned number of 64 bits."""
    small = picture.convert("L").resize((SIDE + 1, SIDE), Image.Resampling.BOX)
    grey = small.tobytes()
    bits = 0
    for row in range(SIDE):
        for column in range(SIDE):
            place = row * (SIDE + 1) + column
            bits = bits << 1 | (grey[place] > grey[place + 1])
    return bits


def turned(picture: Image.Image) -> list[Image.Image]:
    """The picture in grey and small, as it is and turned by 90, 180 and 270 degrees."""
    small = picture.convert("L").resize((72, 72), Image.Resampling.BOX)
    turns = (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)
    return [small, *(small.transpose(turn) for turn in turns)]


def bands(value: int) -> list[int]:
    """The four bands of a fingerprint, from the highest bits."""
    return [value >> BAND_BITS * (BANDS - 1 - number) & _BAND for number in range(BANDS)]


def signed(value: int) -> int:
    """As the database keeps it: a signed number of 64 bits."""
    return value - (1 << 64) if value & _SIGN else value


def distance(one: int, other: int) -> int:
    """How many bits differ."""
    return (one ^ other).bit_count()


def near_bands(band: int) -> Iterator[int]:
    """The band and all that differ from it by at most BAND_NEAR bits."""
    for count in range(BAND_NEAR + 1):
        for places in combinations(range(BAND_BITS), count):
            yield band ^ reduce(or_, (1 << place for place in places), 0)


def may_be_same(value: int, older: int, most: int) -> bool:
    """Whether two fingerprints are near enough to compare the pictures; `most` bits differ."""
    # Most pictures differ in many bits, which one look tells; the bands are four.
    return distance(value, older) <= most and any(
        (one ^ other).bit_count() <= BAND_NEAR for one, other in zip(bands(value), bands(older), strict=True)
    )


def is_same(small: Image.Image, older: Image.Image) -> bool:
    """Whether a picture of `turned` shows the older picture, or a part of it that lacks at most a tenth of each side."""
    small, older = small.resize((32, 32), Image.Resampling.BOX), older.convert("L").resize((96, 96), Image.Resampling.BOX)
    allowed = ALIKE * (ImageStat.Stat(small).stddev[0] + 1)
    cuts = [(low, high) for low, high in product(_CUTS, repeat=2) if low + high <= _CUTS[-1]]
    for (left, right), (top, bottom) in product(cuts, repeat=2):
        part = older.resize((32, 32), Image.Resampling.BOX, box=(96 * left, 96 * top, 96 * (1 - right), 96 * (1 - bottom)))
        if ImageStat.Stat(ImageChops.difference(small, part)).mean[0] <= allowed:
            return True
    return False


def find_same(photo: ReportPhoto, picture: Image.Image) -> list[ReportPhoto]:
    """The photos of other reports that show what the picture of `photo` shows, the oldest first."""
    most = queries.limits()["alike_bits"]
    views = {fingerprint(view): view for view in turned(picture)}
    near = [{found for value in views for found in near_bands(bands(value)[number])} for number in range(BANDS)]
    is_near = reduce(or_, (Q(**{f"band_{number + 1}__in": near[number]}) for number in range(BANDS)))
    rows = ReportPhoto.objects.filter(is_near).exclude(report=photo.report_id).values_list("pk", "fingerprint")
    kept = [(number, (found or 0) & _ALL) for number, found in rows.iterator()]  # unsigned
    found = [(distance(value, other), number, value) for number, other in kept for value in views if may_be_same(value, other, most)]
    nearest = {number: value for _bits, number, value in sorted(found, reverse=True)[-COMPARED_MOST:]}
    others = ReportPhoto.objects.filter(pk__in=nearest).select_related("upload__preview").order_by("pk")
    return [other for other in others if _shows(other, views[nearest[other.pk]])]


def _shows(other: ReportPhoto, view: Image.Image) -> bool:
    if other.upload.preview is None:
        return False
    with Image.open(io.BytesIO(store.read(other.upload.preview)), formats=["JPEG"]) as preview:
        return is_same(view, preview)
