"""Skills of officers, absences and conflicts of interest of officers and inspectors. Changes apply to assigned cases at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User, actor_of
from municipality.accounts.queries import supervisors_of
from municipality.audit.services import record
from municipality.cases.models import Case
from municipality.kernel import clock, subjects
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted, Refused
from municipality.review import queries
from municipality.review.models import Absence, Assignment, ConflictOfInterest, Decision, Party, Skill
from municipality.review.models.staff import FROM_ACTS, AbsenceKind, ConflictKind
from municipality.review.registry import REVIEWABLES
from municipality.review.services import queue
from municipality.review.states import QueueEntryState


def _check_supervisor(user: User, officer: User) -> None:
    if not queries.is_supervisor(user) or user.branch_id != officer.branch_id:
        raise NotPermitted("not_supervisor", _("Only a supervisor of the branch does this."))


# Who may have a conflict of interest with whom a decision or visit is about; the first role that somebody has stands in the log.
ROLES = ("supervisor", "officer", "inspector", "violation_clerk", "violation_authority", "court_clerk")


def _actor(user: User) -> Actor:
    held = set(user.groups.values_list("name", flat=True))
    return actor_of(user, next((role for role in ROLES if role in held), "officer"))


def usable_skills(roles: Collection[str]) -> set[str]:
    """The codes of the skills that somebody with these roles can use: those of services whose role they hold, as officers."""
    return {entry.skill for entry in REVIEWABLES.values() if {queries.OFFICER, entry.role} <= set(roles)}


@transaction.atomic
def give_skill(*, officer: User, code: str, given_by: User) -> Skill:
    """Give an officer a skill, if they lack it.

    Raises NotPermitted for all but another supervisor of the branch, Refused: unknown_skill (no service has it), role_missing (the
    officer's roles do not use it).
    """
    _check_supervisor(given_by, officer)
    if officer.pk == given_by.pk:
        raise NotPermitted("own_skill", _("Another person must give the field of work."))
    if code not in {entry.skill for entry in REVIEWABLES.values()}:
        raise Refused("unknown_skill", _("No service has this field of work."))
    if code not in usable_skills(officer.groups.values_list("name", flat=True)):
        raise Refused("role_missing", _("This member of staff does not have the role for this field of work."))
    queue.lock_branch_queue(officer.branch_id)
    existing = Skill.objects.filter(officer=officer, code=code, ended_at__isnull=True).first()
    if existing is not None:
        return existing
    skill = Skill.objects.create(officer=officer, code=code, given_by=given_by, given_at=clock.now())
    record("staff.skill_given", subject=officer.key, actor=_actor(given_by), data={"skill": code})
    return skill


@transaction.atomic
def end_skill(*, skill: Skill, ended_by: User) -> None:
    """End a skill and release the officer's cases of it. Raises NotPermitted."""
    _check_supervisor(ended_by, skill.officer)
    _lock_cases_of(skill.officer)
    queue.lock_branch_queue(skill.officer.branch_id)
    if not Skill.objects.filter(pk=skill.pk, ended_at__isnull=True).update(ended_at=clock.now()):
        return
    record("staff.skill_ended", subject=skill.officer.key, actor=_actor(ended_by), data={"skill": skill.code})
    for row in _assignments_of(skill.officer).filter(
        place__skill=skill.code, place__state__in=(QueueEntryState.HELD, QueueEntryState.ANSWERED)
    ):
        queue.release(assignment=row, code="skill_ended")


@transaction.atomic
def enter_absence(*, officer: User, kind: str, first_day: dt.date, last_day: dt.date, entered_by: User) -> Absence:
    """Enter days of absence, by the officer or a supervisor of the branch; their cases are released from the first day on.

    Raises NotPermitted, Refused: unknown_kind, period.
    """
    if entered_by.pk != officer.pk:
        _check_supervisor(entered_by, officer)
    if kind not in AbsenceKind.values:
        raise Refused("unknown_kind", _("Choose a kind from the list."))
    if last_day < first_day or last_day < clock.today():
        raise Refused("period", _("The last day is not before the first day or before today."))
    _lock_cases_of(officer)
    queue.lock_branch_queue(officer.branch_id)
    absence = Absence.objects.create(
        officer=officer, kind=kind, first_day=first_day, last_day=last_day, entered_by=entered_by, entered_at=clock.now()
    )
    data = {"kind": kind, "first_day": first_day.isoformat(), "last_day": last_day.isoformat()}
    record("staff.absence_entered", subject=officer.key, actor=_actor(entered_by), data=data)
    if first_day <= clock.today():
        for row in _assignments_of(officer).filter(place__state__in=(QueueEntryState.HELD, QueueEntryState.ANSWERED)):
            queue.release(assignment=row, code="absent")
    return absence


def own_to_cancel(officer: User, absences: Sequence[Absence]) -> set[int]:
    """Primary keys of the absences that their officer may cancel: before the first day, or where the branch has no other supervisor.

    Otherwise an absence of some minutes would be a way to lose a case, which giving back is not (decisions/0009). One query for all that
    have begun.
    """
    today = clock.today()
    begun = {row.pk for row in absences if row.first_day <= today}
    is_ended_by_others = bool(begun) and officer.branch_id is not None and supervisors_of(officer.branch_id).exclude(pk=officer.pk).exists()
    return {row.pk for row in absences} - (begun if is_ended_by_others else set())


@transaction.atomic
def cancel_absence(*, absence: Absence, cancelled_by: User) -> None:
    """Cancel an absence; released cases stay in the queue. Raises NotPermitted, also for one's own as `own_to_cancel` says."""
    if cancelled_by.pk != absence.officer_id:
        _check_supervisor(cancelled_by, absence.officer)
    elif not own_to_cancel(absence.officer, [absence]):
        raise NotPermitted("begun", _("An absence that has begun is ended by another supervisor of the branch."))
    queue.lock_branch_queue(absence.officer.branch_id)
    if Absence.objects.filter(pk=absence.pk, cancelled_at__isnull=True).update(cancelled_at=clock.now()):
        record("staff.absence_cancelled", subject=absence.officer.key, actor=_actor(cancelled_by), data={"absence": absence.pk})


@transaction.atomic
def declare_conflict(*, officer: User, party_key: str, kind: str, declared_by: User) -> ConflictOfInterest:
    """Declare an officer's conflict of interest with a person, organisation or shop, by the officer or a supervisor of the branch.

    Releases their cases with that party. Raises ValueError for an invalid key, Refused("unknown_kind"), NotPermitted.
    """
    if declared_by.pk != officer.pk:
        _check_supervisor(declared_by, officer)
    if kind not in ConflictKind.values or kind in FROM_ACTS:
        raise Refused("unknown_kind", _("Choose a kind from the list."))
    subjects.parse(party_key)
    _lock_cases_of(officer)
    queue.lock_branch_queue(officer.branch_id)
    try:
        with transaction.atomic():
            conflict = ConflictOfInterest.objects.create(
                officer=officer, party_key=party_key, kind=kind, declared_by=declared_by, declared_at=clock.now()
            )
    except IntegrityError:
        declared = ConflictOfInterest.objects.filter(officer=officer, party_key=party_key, ended_at__isnull=True).first()
        return declared or declare_conflict(officer=officer, party_key=party_key, kind=kind, declared_by=declared_by)
    record("staff.tie_declared", subject=officer.key, actor=_actor(declared_by), data={"kind": kind, "party": party_key})
    case_ids = Party.objects.filter(key=party_key).values("case_id")
    for row in _assignments_of(officer).filter(place__case__in=case_ids):
        queue.release(assignment=row, code="tied")
    return conflict


@transaction.atomic
def declare_conflict_with_party(*, officer: User, case: Case, role: str, kind: str) -> None:
    """Declare the officer's own conflict of interest with each party of a case that has a role.

    Raises Refused("unknown_party") where no party has it, and as `declare_conflict` does.
    """
    keys = list(case.parties.filter(role=role).exclude(role="case").order_by("pk").values_list("key", flat=True))
    if role == "applicant" and not keys:  # an applicant who is the licensee has that role
        keys = [case.applicant.key]
    if not keys:
        raise Refused("unknown_party", _("This request has no such party."))
    for key in keys:
        declare_conflict(officer=officer, party_key=key, kind=kind, declared_by=officer)


def recuse(*, decision: Decision, supervisor: User, role: str, kind: str) -> None:
    """A supervisor with a conflict of interest leaves a proposal to another signer. It keeps its place, and never comes back to them.

    `role` and `kind` as in `declare_conflict_with_party`, which records the conflict with the party; another one, with the case, cannot
    be ended. Raises Refused("not_proposed") where nothing waits for their signature, NotPermitted for a conflict declared before.
    """
    queue.refuse_conflict(supervisor, decision.case)
    with transaction.atomic():
        proposal = queries.decisions_to_sign(supervisor).filter(pk=decision.pk).first() if queries.is_supervisor(supervisor) else None
        if proposal is None:
            raise Refused("not_proposed", _("No proposal waits for a signature."))
        case = proposal.case
        declare_conflict_with_party(officer=supervisor, case=case, role=role, kind=kind)
        values = {"kind": ConflictKind.RECUSED, "declared_by": supervisor, "declared_at": clock.now()}
        ConflictOfInterest.objects.create(officer=supervisor, party_key=case.key, **values)
        data = {"kind": kind, "party": role, "decision": proposal.digest}
        record("desk.recused", subject=case.key, actor=actor_of(supervisor, "supervisor"), data=data)


@transaction.atomic
def end_conflict(*, conflict: ConflictOfInterest, ended_by: User) -> None:
    """End a conflict of interest, by a supervisor of the branch other than the officer; any supervisor for one who has no branch.

    Raises NotPermitted.
    """
    if ended_by.pk == conflict.officer_id:
        raise NotPermitted("own_tie", _("Another person must record the end of a conflict of interest."))
    if conflict.kind == ConflictKind.DECIDED:
        raise NotPermitted("decided", _("Who took part in a decision does not decide the appeal against it."))
    if conflict.kind == ConflictKind.RECUSED:
        raise NotPermitted("recused", _("Who left a proposal to another signer is not offered it again."))
    if conflict.officer.branch_id is not None or not queries.is_supervisor(ended_by):
        _check_supervisor(ended_by, conflict.officer)
    queue.lock_branch_queue(conflict.officer.branch_id)
    if ConflictOfInterest.objects.filter(pk=conflict.pk, ended_at__isnull=True).update(ended_at=clock.now(), ended_by=ended_by):
        record("staff.tie_ended", subject=conflict.officer.key, actor=_actor(ended_by), data={"party": conflict.party_key})


def _lock_cases_of(officer: User) -> None:
    """Lock the cases assigned to an officer (before their branch, see `queue`)."""
    for row in _assignments_of(officer):
        queue.lock_case(row.place_id)


def _assignments_of(officer: User) -> QuerySet[Assignment]:
    return Assignment.objects.filter(officer=officer, ended_at__isnull=True).select_related("place").order_by("pk")
