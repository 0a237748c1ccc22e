"""Photos of a violation: the evidence of its visit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from municipality.accounts.models import User
from municipality.fieldwork import services as fieldwork
from municipality.kernel.actors import Actor
from violations.models import Violation


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
