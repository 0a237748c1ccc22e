"""The uploads of reports: nobody owns them, and the pages of `uploads` neither take nor show them."""

from __future__ import annotations

from collections.abc import Mapping

from municipality.accounts import civil_ids
from municipality.kernel import subjects
from municipality.uploads.registry import Prefix, Slot
from reports import queries
from reports.models import PhotoKind, Report

HELD = "reportkey"  # `reportkey:<hash of its key>`: photos of a report that is not sent yet


def held_subject(key: str) -> str:
    """Of a hash, because the log keeps subjects: whoever has the key of a report may be taken for its sender."""
    return f"{HELD}:{civil_ids.keyed_hash('report-held', key)}"


def _held_slots(subject: str) -> Mapping[str, Slot]:
    return _slots(PhotoKind.BEFORE)


def _report_slots(subject: str) -> Mapping[str, Slot]:
    return _slots(*PhotoKind) if Report.objects.filter(public_id=subjects.parse(subject).id).exists() else {}


def _slots(*kinds: PhotoKind) -> Mapping[str, Slot]:
    most = queries.limits()["photos"]
    return {kind.value: Slot(kind.value, kind.label, most=most, photo=True) for kind in kinds}


def _nobody(*_: object) -> bool:
    return False


HELD_FILES = Prefix(may_write=_nobody, may_read=_nobody, slots=_held_slots, ownerless=True)
REPORT_FILES = Prefix(may_write=_nobody, may_read=_nobody, slots=_report_slots, ownerless=True)
