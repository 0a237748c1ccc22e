"""Copies of photos that were used before are found, also when they were cut, made smaller, saved again or turned (reliability U9)."""

from __future__ import annotations

import io
import random
from collections.abc import Callable

import pytest
from PIL import Image

from reports.models import ReportPhoto
from reports.photos import copies, fingerprints, services
from tests.factories import report_photos, reports

pytestmark = pytest.mark.django_db
MOST = 12  # bits, as the rulebook


def _cut(picture: Image.Image, chance: random.Random) -> Image.Image:
    """A part of nine tenths of the surface or more."""
    width, height = picture.size
    wide, high = width * chance.uniform(0.95, 1), height * chance.uniform(0.95, 1)
    left, top = chance.uniform(0, width - wide), chance.uniform(0, height - high)
    return picture.crop((round(left), round(top), round(left + wide), round(top + high)))


def _saved_again(picture: Image.Image, chance: random.Random) -> Image.Image:
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=60)
    return Image.open(stream)


def _resized(picture: Image.Image, chance: random.Random) -> Image.Image:
    return picture.resize((round(picture.width * 0.6), round(picture.height * 0.6)))


def _turned(picture: Image.Image, chance: random.Random) -> Image.Image:
    return picture.transpose(chance.choice([Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270]))


def _as_it_is(picture: Image.Image, chance: random.Random) -> Image.Image:
    return picture


def _is_found(picture: Image.Image, kept: list[tuple[int, Image.Image]]) -> bool:
    views = [(fingerprints.fingerprint(view), view) for view in fingerprints.turned(picture)]
    near = [(view, old) for value, view in views for other, old in kept if fingerprints.may_be_same(value, other, MOST)]
    return any(fingerprints.is_same(view, old) for view, old in near)


@pytest.mark.slow
def test_edited_copies_are_found_and_others_are_not() -> None:
    chance = random.Random(9)
    pictures = [report_photos.scene(seed, (160, 120)) for seed in range(2200)]
    kept = [(fingerprints.fingerprint(fingerprints.turned(picture)[0]), picture) for picture in pictures[:2000]]
    edits: list[Callable[[Image.Image, random.Random], Image.Image]] = [_as_it_is, _cut, _saved_again, _resized, _turned]
    copies = [edits[number % 5](edits[1 + number // 5 % 4](pictures[number], chance), chance) for number in range(200)]
    found = sum(_is_found(copy, kept) for copy in copies)
    wrong = sum(_is_found(picture, kept) for picture in pictures[2000:])
    assert found >= 190, f"{found} of 200 copies"
    assert wrong <= 2, f"{wrong} of 200 others"


def test_a_photo_of_another_report_is_flagged(outbox: Callable[..., int]) -> None:
    first, second = reports.received(), reports.received()
    services.add(first, "before", report_photos.file(report_photos.camera(1)))
    services.add(first, "before", report_photos.file(report_photos.camera(2)))
    outbox("uploads.inspect")
    outbox("reports.public_copy")
    turned = io.BytesIO()
    report_photos.scene(1).resize((500, 375)).transpose(Image.Transpose.ROTATE_180).save(turned, "JPEG", quality=60)
    services.add(second, "after", report_photos.file(turned.getvalue()))
    services.add(second, "after", report_photos.file(report_photos.camera(5)))
    outbox("uploads.inspect")
    outbox("reports.public_copy")
    old, other, copy, fresh = ReportPhoto.objects.order_by("pk")
    assert copy.reused == old
    assert (old.reused, other.reused, fresh.reused) == (None, None, None)


def test_a_copy_is_flagged_whichever_job_runs_first(outbox: Callable[..., int]) -> None:
    photos = [services.add(reports.received(), "before", report_photos.file()) for _ in range(2)]
    outbox("uploads.inspect")
    for photo in reversed(photos):
        copies.make(photo.pk)
    first, second = ReportPhoto.objects.order_by("pk")
    assert (first.reused, second.reused) == (None, first)


def test_bands_are_the_fingerprint() -> None:
    value = 0xFEDC_BA98_7654_3210
    assert fingerprints.bands(value) == [0xFEDC, 0xBA98, 0x7654, 0x3210]
    assert fingerprints.signed(value) & (2**64 - 1) == value and fingerprints.signed(value) < 0
