"""Who may be handed what: fields of work, absences and declared ties. Each change takes effect on what is held at once."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User, actor_of
from municipality.audit.services import record
from municipality.kernel import clock as time
from municipality.kernel import subjects
from municipality.kernel.errors import NotPermitted, Refused
from municipality.review import queries
from municipality.review.models import Absence, Assignment, ConflictOfInterest, Party, Skill
from municipality.review.models.staff import AbsenceKind, TieKind
from municipality.review.registry import REVIEWABLES
from municipality.review.services import queue
from municipality.review.states import QueueEntryState

P = QueueEntryState


def _demand_supervisor(user: User, officer: User) -> None:
    if not queries.is_supervisor(user) or user.branch_id != officer.branch_id:
        raise NotPermitted("not_supervisor", _("Only a supervisor of the branch does this."))


def _actor(user: User) -> Any:
    return actor_of(user, "supervisor" if queries.is_supervisor(user) else "officer")


@transaction.atomic
def give_skill(*, officer: User, code: str, given_by: Any) -> Skill:
    """Let an officer decide cases of a kind. Raises NotPermitted for anybody but a supervisor of the branch and for oneself,
    Refused("unknown_skill") for a field that no service has; the same field again is the same row."""
    _demand_supervisor(given_by, officer)
    if officer.pk == given_by.pk:
        raise NotPermitted("own_skill", _("A field of work is given by somebody else."))
    if code not in {entry.skill for entry in REVIEWABLES.values()}:
        raise Refused("unknown_skill", _("No service has this field of work."))
    queue.lock_branch_queue(officer.branch_id)
    held = Skill.objects.filter(officer=officer, code=code, ended_at__isnull=True).first()
    if held is not None:
        return held
    skill = Skill.objects.create(officer=officer, code=code, given_by=given_by, given_at=time.now())
    record("staff.skill_given", subject=officer.key, actor=_actor(given_by), data={"skill": code})
    return skill


@transaction.atomic
def end_skill(*, skill: Skill, ended_by: Any) -> None:
    """Take a field of work away; what the officer holds of it goes back to its places."""
    _demand_supervisor(ended_by, skill.officer)
    _lock_held(skill.officer)
    queue.lock_branch_queue(skill.officer.branch_id)
    if not Skill.objects.filter(pk=skill.pk, ended_at__isnull=True).update(ended_at=time.now()):
        return
    record("staff.skill_ended", subject=skill.officer.key, actor=_actor(ended_by), data={"skill": skill.code})
    for row in _held(skill.officer).filter(place__skill=skill.code, place__state__in=(P.HELD, P.ANSWERED)):
        queue.release(assignment=row, code="skill_ended")


@transaction.atomic
def enter_absence(*, officer: User, kind: str, first_day: dt.date, last_day: dt.date, entered_by: Any) -> Absence:
    """Days on which nothing is handed to an officer, entered by themselves or a supervisor of the branch. From the first day on,
    what they hold goes back to its places; for an absence that runs already, at once. Raises Refused for a period that is none."""
    if entered_by.pk != officer.pk:
        _demand_supervisor(entered_by, officer)
    if kind not in AbsenceKind.values:
        raise Refused("unknown_kind", _("Choose a kind from the list."))
    if last_day < first_day or last_day < time.today():
        raise Refused("period", _("The last day is not before the first day or before today."))
    _lock_held(officer)
    queue.lock_branch_queue(officer.branch_id)
    absence = Absence.objects.create(
        officer=officer, kind=kind, first_day=first_day, last_day=last_day, entered_by=entered_by, entered_at=time.now()
    )
    data = {"kind": kind, "first_day": first_day.isoformat(), "last_day": last_day.isoformat()}
    record("staff.absence_entered", subject=officer.key, actor=_actor(entered_by), data=data)
    if first_day <= time.today():
        for row in _held(officer).filter(place__state__in=(P.HELD, P.ANSWERED)):
            queue.release(assignment=row, code="absent")
    return absence


@transaction.atomic
def cancel_absence(*, absence: Absence, cancelled_by: Any) -> None:
    """The officer is there after all. What went back stays in its place."""
    if cancelled_by.pk != absence.officer_id:
        _demand_supervisor(cancelled_by, absence.officer)
    queue.lock_branch_queue(absence.officer.branch_id)
    if Absence.objects.filter(pk=absence.pk, cancelled_at__isnull=True).update(cancelled_at=time.now()):
        record("staff.absence_cancelled", subject=absence.officer.key, actor=_actor(cancelled_by), data={"absence": absence.pk})


@transaction.atomic
def declare_tie(*, officer: User, party_key: str, kind: str, declared_by: Any) -> ConflictOfInterest:
    """An officer's tie to a person, an organisation or a shop, declared by themselves or a supervisor of the branch.

    A case with that party leaves their hands at once, whatever its stage. Raises ValueError for a text that is no key,
    Refused("unknown_kind"), NotPermitted.
    """
    if declared_by.pk != officer.pk:
        _demand_supervisor(declared_by, officer)
    if kind not in TieKind.values or kind == TieKind.GIVEN_BACK:
        raise Refused("unknown_kind", _("Choose a kind from the list."))
    subjects.parse(party_key)
    _lock_held(officer)
    if officer.branch_id:
        queue.lock_branch_queue(officer.branch_id)
    try:
        with transaction.atomic():
            tie = ConflictOfInterest.objects.create(
                officer=officer, party_key=party_key, kind=kind, declared_by=declared_by, declared_at=time.now()
            )
    except IntegrityError:
        return ConflictOfInterest.objects.get(officer=officer, party_key=party_key, ended_at__isnull=True)
    record("staff.tie_declared", subject=officer.key, actor=_actor(declared_by), data={"kind": kind, "party": party_key})
    tied = Party.objects.filter(key=party_key).values("case_id")
    for row in _held(officer).filter(place__case__in=tied):
        queue.release(assignment=row, code="tied")
    return tie


@transaction.atomic
def end_tie(*, tie: ConflictOfInterest, ended_by: Any) -> None:
    """A tie is over; said by a supervisor of the branch, never by the officer."""
    if ended_by.pk == tie.officer_id:
        raise NotPermitted("own_tie", _("The end of a tie is entered by somebody else."))
    _demand_supervisor(ended_by, tie.officer)
    queue.lock_branch_queue(tie.officer.branch_id)
    if ConflictOfInterest.objects.filter(pk=tie.pk, ended_at__isnull=True).update(ended_at=time.now(), ended_by=ended_by):
        record("staff.tie_ended", subject=tie.officer.key, actor=_actor(ended_by), data={"party": tie.party_key})


def _lock_held(officer: User) -> None:
    """The cases in an officer's hands, locked before their branch is (the order of `queue`)."""
    for row in _held(officer):
        queue.lock_case(place=row.place_id)


def _held(officer: User) -> Any:
    return Assignment.objects.filter(officer=officer, ended_at__isnull=True).select_related("place").order_by("pk")
