"""Corrections that ask for files alone: what is asked for, what is missing, and the files as items of the desk."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.utils.translation import gettext_lazy as _

from municipality.cases.models import Case
from municipality.kernel.workflow import WORKFLOWS
from municipality.review import queries
from municipality.review.registry import Item
from municipality.uploads import queries as uploads
from municipality.uploads.models import Upload
from municipality.uploads.registry import Slot
from municipality.uploads.states import UploadState

DECLARED = _("declared by the applicant")


def waits_for_corrections(case: Case) -> bool:
    """Whether a round of corrections waits for the applicant."""
    return case.state == WORKFLOWS[case.service].moves["ask_corrections"].target


def requested(case: Case, slots: Collection[str]) -> list[str]:
    """Those of the slots for which the open round asks."""
    asked = queries.open_round(case) if waits_for_corrections(case) else None
    return list(dict.fromkeys(item.target for item in asked.items.all() if item.target in slots)) if asked else []


def missing(case: Case, slots: Collection[str], key: str) -> list[str]:
    """The requested slots of the files under a key that have no new checked file."""
    asked = queries.open_round(case)
    if asked is None:
        return []
    new = {row.slot for row in uploads.of(key).filter(state=UploadState.READY, created_at__gt=asked.asked_at)}
    return [slot for slot in requested(case, slots) if slot not in new]


def items(key: str, slots: Mapping[str, Slot], least: Mapping[str, int]) -> list[Item]:
    """The checked files under a key, by slot; `least` is how many a slot needs, and names those that are shown."""
    found: dict[str, list[Upload]] = {}
    for row in uploads.ready(key):
        found.setdefault(row.slot, []).append(row)
    return [
        Item(
            slot,
            slots[slot].label,
            source=DECLARED,
            is_file=True,
            is_optional=not count,
            files=found.get(slot, []),
            mark=",".join(row.sha256 for row in found.get(slot, [])),
        )
        for slot, count in least.items()
    ]
