"""The proof of a contest: the person who sent it adds files until it is decided; planners read them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from municipality.kernel import subjects
from municipality.uploads.registry import Prefix, Slot
from zoning.imports.roles import PLANNER
from zoning.models import LayerContest
from zoning.models.contests import ContestOutcome

PROOF = Slot("proof", _("Proof"), _("Such as a deed, a plan of a surveyor or a letter of an office."), most=3)
_SLOTS = {PROOF.code: PROOF}


def _contest(subject: str) -> LayerContest | None:
    return LayerContest.objects.filter(public_id=subjects.parse(subject).id).select_related("person").first()


def _may_write(user: Any, subject: str) -> bool:
    row = _contest(subject)
    return row is not None and row.person_id == user.pk


def _may_read(user: Any, subject: str) -> bool:
    return _may_write(user, subject) or (_contest(subject) is not None and user.is_staff and user.groups.filter(name=PLANNER).exists())


def _slots(subject: str) -> Mapping[str, Slot]:
    return _SLOTS if _contest(subject) is not None else {}


def _locked(subject: str) -> Collection[str]:
    row = _contest(subject)
    return _SLOTS if row is None or row.outcome != ContestOutcome.OPEN else ()


CONTEST_FILES = Prefix(may_write=_may_write, may_read=_may_read, slots=_slots, locked=_locked)
