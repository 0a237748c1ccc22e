"""What an inspector reads of an annulled violation report, and of the report that was written in its place."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from municipality.accounts.models import User
from municipality.rulebook.queries import RulebookEdition
from municipality.ui.templatetags.portal import bilingual
from municipality.ui.texts import Text
from violations.models import Signed, Violation
from violations.states import ViolationState


@dataclass(frozen=True)
class AnnulmentNote:
    """Why, when and by whom a report was annulled. `by` is None where the office did."""

    reason: Text
    at: dt.datetime
    by: User | None
    words: str = ""  # of its writer: what the mistake was


def annulled(row: Violation, replies: RulebookEdition) -> AnnulmentNote | None:
    """The annulment of a report; None while it stands."""
    event = row.events.filter(to_state=ViolationState.ANNULLED).order_by("-pk").first() if row.state == ViolationState.ANNULLED else None
    if event is None:
        return None
    reason = replies.reasons.get(event.reason)
    upheld = _("The objection was upheld") if event.move == "uphold_objection" else ""
    written = getattr(row, "writer_annulment", None)
    named = upheld or (bilingual(reason, "label") if reason else "—")
    return AnnulmentNote(named, event.at, written.by, written.note_ar) if written is not None else AnnulmentNote(named, event.at, None)


def said(row: Violation, *, told: int, is_copied: bool) -> str:
    """What its writer reads after the annulment. `told`: how many people the portal told; `is_copied`: a new report is begun."""
    reference = {"reference": row.reference}
    if told:
        copied = _("%(reference)s is annulled and the party is told. What was copied and what is missing is said below.")
        return (copied if is_copied else _("%(reference)s is annulled and the party is told.")) % reference
    parts = [_("%(reference)s is annulled. The portal cannot reach the party.") % reference, _paper(row)]
    return " ".join(filter(None, [*parts, _("What was copied is said below.") if is_copied else ""]))


def _paper(row: Violation) -> str:
    """What to do about the paper: of one that was never written there is nothing to take back; whether it was printed is not known."""
    if row.signed == Signed.SIGNED:
        return _("Take the signed paper back.")
    is_written = row.notice is not None and row.notice.file is not None
    return _("If a paper was handed over, take it back.") if is_written else ""


def replaced_by(row: Violation) -> Violation | None:
    """The report that its writer wrote in place of an annulled one: the copy keeps the time of the visit (`field_begin`)."""
    if row.state != ViolationState.ANNULLED or not hasattr(row, "writer_annulment"):
        return None
    return _of_visit(row).filter(pk__gt=row.pk).order_by("pk").first()


def replaces(row: Violation) -> Violation | None:
    """The annulled report in whose place this one was written."""
    return _of_visit(row).filter(pk__lt=row.pk, writer_annulment__isnull=False).order_by("-pk").first()


def _of_visit(row: Violation) -> QuerySet[Violation]:
    """The reports of the same inspector at the same moment."""
    return Violation.objects.filter(inspector=row.inspector_id, inspector__isnull=False, seen_at=row.seen_at, branch=row.branch_id)
