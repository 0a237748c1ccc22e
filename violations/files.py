"""Access to the uploads of a violation: its party, inspectors of its branch, the office, and the officer who decides an objection."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping

from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.accounts.queries import has_role
from municipality.delegation.authorization import authorize
from municipality.fieldwork import queries as fieldwork
from municipality.kernel import clock, subjects
from municipality.review import queries as review
from municipality.uploads.registry import Prefix, Slot
from violations import queries, reach
from violations.models import Violation
from violations.services import notices
from violations.states import STUDIED, ViolationState

V = ViolationState
SLOTS = {
    # Of three visits with 8 photos each: a warning that is written anew keeps its photos, and a report may follow it.
    "photos": Slot("photos", _("Photos of the violation"), most=24, photo=True, by_staff=True),
    "signature": Slot("signature", _("Signed paper"), most=2, photo=True, by_staff=True),
    "correction": Slot("correction", _("Photos of what was put right"), most=6, photo=True, by_staff=False),
    "objection": Slot(
        "objection",
        _("Documents for the objection"),
        most=6,
        hint=_("Optional: photos or papers that support it. The person who decides sees them: please cover names in them."),
        by_staff=False,
    ),
    "defence": Slot("defence", _("Evidence of the inspector"), most=6, photo=True, by_staff=True),
}
OF_OBJECTION = ("objection", "defence")
SIGNED = "signature"
# Photos may arrive this long after the violation report (bad connections).
FIELD_TIME = dt.timedelta(hours=72)


def _violation(subject: str) -> Violation | None:
    return (
        Violation.objects.filter(public_id=subjects.parse(subject).id)
        .select_related("inspector", "shop__owner", "shop__organisation")
        .first()
    )


def _slots(subject: str) -> Mapping[str, Slot]:
    return SLOTS if _violation(subject) is not None else {}


def is_of_branch(user: User, row: Violation) -> bool:
    """Whether the user is an inspector of the branch of the violation today."""
    return queries.warrants_on(clock.today()).filter(user=user, team__branch=row.branch_id).exists()


def _may_read(user: User, subject: str) -> bool:
    row = _violation(subject)
    if row is None:
        return False
    if not user.is_staff:
        return queries.visible_to(user).filter(pk=row.pk).exists()
    return _is_involved(user, row) or reach.has_steps(user, row)


def _is_involved(user: User, row: Violation) -> bool:
    """Whether an inspector wrote the report or inspects in its branch, or somebody may open the objection to it."""
    return _is_writer(user, row) or _decides(user, row)


def _is_writer(user: User, row: Violation) -> bool:
    return (row.writer_id == user.pk and has_role(user, "inspector")) or is_of_branch(user, row)


def _decides(user: User, row: Violation) -> bool:
    objection = getattr(row, "objection", None)
    return objection is not None and review.may_open(user, objection.case)


def _may_write(user: User, subject: str) -> bool:
    row = _violation(subject)
    if row is None:
        return False
    if user.is_staff:
        return _is_writer(user, row)
    return queries.visible_to(user).filter(pk=row.pk).exists()


def _written_at(row: Violation) -> dt.datetime:
    """When its report was written; before that, when what was seen was received."""
    written = row.events.filter(move__in=("order", "charge")).order_by("-pk").first()
    return written.at if written is not None else row.received_at


def _locked(subject: str) -> Collection[str]:
    """Slots that take no upload in the present state."""
    row = _violation(subject)
    return set(SLOTS) - open_slots(row) if row is not None else set(SLOTS)


def open_slots(row: Violation) -> set[str]:
    """Slots that take an upload in the present state of a violation."""
    found = set()
    if row.state in (V.RECORDED, V.WARNED, V.ORDERED, V.UNSETTLEABLE) and clock.now() - _written_at(row) < FIELD_TIME:
        found |= {"photos", "signature"}
    if row.state == V.WARNED and row.correct_until is not None and clock.today() <= row.correct_until:
        found.add("correction")
    objection = getattr(row, "objection", None)
    if objection is None and row.state in (V.ORDERED, V.OVERDUE, V.UNSETTLEABLE):
        found.add("objection")
    if objection is not None and objection.case.state in STUDIED:
        if objection.case.state == "corrections":
            found.add("objection")
        if clock.today() <= objection.defend_by and not hasattr(objection, "defence"):
            found.add("defence")
    return found


def _hidden(user: User, subject: str) -> Collection[str]:
    """The slots of staff, to a party who has yet to open the notice: seeing the evidence is the proof that it was received.

    The files of an objection, to the office: only who defends the report and who decides read them. The signed paper, to who decides
    without names.
    """
    row = _violation(subject)
    if row is not None and user.is_staff:
        if _is_writer(user, row):
            return ()
        if reach.has_steps(user, row):
            return () if _decides(user, row) else OF_OBJECTION
        return (SIGNED,)
    if row is None or not notices.is_unopened_by(row, authorize(user, row)):
        return ()
    return {code for code, slot in SLOTS.items() if slot.by_staff}


def _owner(subject: str, sender: User) -> User | None:
    """The owner of an upload: the party where a delegate sends it; None: the sender."""
    row = _violation(subject)
    return None if row is None or sender.is_staff else authorize(sender, row).person


# Papers that prove a service by hand: sent by a clerk of the branch until the service is recorded, read by the party too.
PROOFS = {"proof": Slot("proof", _("Proof of service"), most=3, photo=True)}


def _is_clerk(user: User, row: Violation) -> bool:
    return user.branch_id == row.branch_id and user.groups.filter(name="violation_clerk").exists()


def _may_send_proof(user: User, subject: str) -> bool:
    row = _violation(subject)
    return row is not None and user.is_staff and _is_clerk(user, row)


def _may_read_proof(user: User, subject: str) -> bool:
    row = _violation(subject)
    if row is None or user.is_staff:
        return row is not None and (_is_clerk(user, row) or _may_read(user, subject))
    return queries.visible_to(user).filter(pk=row.pk, service__isnull=False).exists()


def _proofs_locked(subject: str) -> Collection[str]:
    row = _violation(subject)
    return set(PROOFS) if row is None or hasattr(row, "service") or row.state not in (V.ORDERED, V.UNSETTLEABLE) else set()


PROOF_FILES = Prefix(
    may_write=_may_send_proof,
    may_read=_may_read_proof,
    slots=lambda subject: PROOFS if _violation(subject) is not None else {},
    locked=_proofs_locked,
)
VIOLATION_FILES = Prefix(
    may_write=_may_write,
    may_read=_may_read,
    slots=_slots,
    locked=_locked,
    owner=_owner,
    hidden=_hidden,
    held=fieldwork.evidence_files,
)
