"""Photos of a violation: the evidence of its visit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.fieldwork import queries as visits
from municipality.fieldwork import services as fieldwork
from municipality.fieldwork.models import Evidence
from municipality.kernel.actors import Actor
from municipality.kernel.errors import Refused
from municipality.uploads.states import UploadState
from violations.models import EvidenceKind, Violation
from violations.services.assessments import Findings
from violations.states import ViolationState


def take(
    *, violation: Violation, sender: User, slot: str, kind: str, files: Sequence[UploadedFile], captured_at: dt.datetime | None
) -> tuple[int, list[Any]]:
    """Save photos of a violation. Returns how many are new, and a sentence for each refused one.

    Raises FileRefused("no_room") when the disk is full; ValueError for a legacy fine, which has no visit.
    """
    if violation.visit is None:
        raise ValueError(f"{violation.key} has no visit")
    return fieldwork.add_evidence(
        visit=violation.visit,
        subject=violation.key,
        slot=slot,
        kind=kind,
        files=files,
        captured_at=captured_at,
        sender=sender,
        actor=Actor("inspector" if sender.is_staff else "party", sender.key),
    )


def annulled_report(public_id: str, inspector: User) -> Violation | None:
    """The report that this inspector annulled as its writer, and in whose place they may write another one."""
    rows = Violation.objects.filter(public_id=public_id, state=ViolationState.ANNULLED, writer_annulment__by=inspector)
    return rows.select_related("visit").first() if public_id else None


def photos_of(source: Violation | None) -> list[Evidence]:
    """The photos of the offence that were accepted, oldest first."""
    marks = visits.evidence_of(source.visit_id if source is not None else None)
    return list(marks.filter(kind=EvidenceKind.OFFENCE, upload__state=UploadState.READY))


def kept(public_id: str, inspector: User, written: Findings | Violation) -> list[Evidence]:
    """The photos of an annulled report that the one in its place takes over: of the same inspector, moment, and shop or place."""
    source = annulled_report(public_id, inspector)
    return photos_of(source) if source is not None and _same_visit(source, written) else []


def _same_visit(source: Violation, written: Findings | Violation) -> bool:
    if source.seen_at != written.seen_at or source.shop != written.shop:
        return False
    place = ("area", "block", "street")
    return source.shop is not None or all(getattr(source, name) == getattr(written, name) for name in place)


def take_over(*, violation: Violation, public_id: str, inspector: User) -> int:
    """Save the photos of an annulled report (`kept`) with the one in its place. Returns how many are new.

    They keep time, place and hash of their capture. Raises Refused("other_visit") where they are of another shop, place or visit.
    """
    marks = kept(public_id, inspector, violation)
    if violation.visit is None or (not marks and photos_of(annulled_report(public_id, inspector))):
        raise Refused("other_visit", _("The photos of the annulled report were not taken over: they are of another shop or place."))
    return fieldwork.copy_evidence(
        marks, visit=violation.visit, subject=violation.key, sender=inspector, actor=Actor("inspector", inspector.key)
    )
