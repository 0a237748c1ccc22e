"""The public copy of a photo: small, without metadata, faces and number plates blurred where a detector is installed."""

from __future__ import annotations

import io
from typing import Any

from django.db import transaction
from PIL import Image

from municipality.documents import store
from municipality.jobs.errors import OnHold
from municipality.uploads.states import UploadState
from reports import queries
from reports.models import BlurState, ReportPhoto
from reports.photos import detector, fingerprints

SIDE = 1600  # pixels of the longer side
QUALITY = 82
_NOT_YET = (UploadState.RECEIVING, UploadState.CHECKING)


def make(photo_id: int) -> None:
    """Write the public copy of a photo; does nothing if it has one. Raises OnHold while the upload is being checked."""
    photo = ReportPhoto.objects.select_related("upload__file").get(pk=photo_id)
    if photo.blur != BlurState.WAITING:
        return
    if photo.upload.state in _NOT_YET:
        raise OnHold("upload", photo.upload.key, seconds=10)
    if photo.upload.file is None or photo.upload.state != UploadState.READY or not photo.upload.is_picture:
        _update(photo, blur=BlurState.PRIVATE)  # refused, removed or a document
        return
    with Image.open(io.BytesIO(store.read(photo.upload.file)), formats=["JPEG", "PNG"]) as original:
        picture = small(original)
    value = fingerprints.fingerprint(fingerprints.turned(picture)[0])
    facts = {f"band_{number}": band for number, band in enumerate(fingerprints.bands(value), start=1)}
    same, found = fingerprints.find_same(photo, picture), detector.find(picture)
    older = next((other for other in same if other.pk < photo.pk), None)
    is_shown = found.is_sure and bool(queries.limits()["machine_shows"])
    with transaction.atomic():
        copy = store.put(encoded(detector.blurred(picture, found.boxes)), "image/jpeg")
        blur = BlurState.CLEAR if is_shown else BlurState.UNSURE
        _update(photo, copy=copy, blur=blur, is_searched=found.is_searched, fingerprint=fingerprints.signed(value), reused=older, **facts)
        # A job may run before that of a photo which was received earlier.
        later = [other.pk for other in same if other.pk > photo.pk]
        ReportPhoto.objects.filter(pk__in=later, reused__isnull=True).update(reused=photo)


def _update(photo: ReportPhoto, **facts: Any) -> None:
    ReportPhoto.objects.filter(pk=photo.pk, blur=BlurState.WAITING).update(**facts)


def small(original: Image.Image) -> Image.Image:
    """The picture in RGB, its longer side at most SIDE pixels, on white where it is transparent."""
    original.draft("RGB", (SIDE, SIDE))  # a JPEG is decoded at a fraction of its size
    picture = original.convert("RGBA") if original.mode in ("P", "LA", "RGBA") else original.convert("RGB")
    picture.thumbnail((SIDE, SIDE))
    if picture.mode == "RGBA":
        white = Image.new("RGB", picture.size, "white")
        white.paste(picture, mask=picture.getchannel("A"))
        return white
    return picture


def encoded(picture: Image.Image) -> bytes:
    """A JPEG without metadata."""
    picture.info.clear()
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=QUALITY)
    return stream.getvalue()
