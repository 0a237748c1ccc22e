"""The fair queue: in at the end, out by number, nobody chooses.

Whatever adds to the waiting cases of a branch, takes from them or changes who may decide them runs under one lock of that
branch (`lane`), so that draws follow one after the other and each sees all that was done before it. Locks are taken in one
order everywhere: case, branch, assignment, place, clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User, actor_of
from municipality.audit.services import record
from municipality.cases.models import Case
from municipality.cases.services import advance
from municipality.delegation.authorization import authorize
from municipality.jobs import sweeps
from municipality.kernel import clock as time
from municipality.kernel import worktime
from municipality.kernel.actors import Actor, system
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.transitions import transition
from municipality.places.models import Branch
from municipality.review import queries
from municipality.review.models import Assignment, ConflictOfInterest, Decision, Override, Party, QueueEntry
from municipality.review.models.staff import TieKind
from municipality.review.registry import reviewable
from municipality.review.services import clock
from municipality.review.states import QueueEntryState
from municipality.rulebook import queries as rulebook

SYSTEM = system("review")
P = QueueEntryState


def lock_branch_queue(branch_id: str | None) -> None:
    """Wait for the lock of a branch's queue and hold it to the end of the transaction.

    Row lock FOR NO KEY UPDATE on PostgreSQL, so that rows which merely refer to the branch are not held up; on SQLite the
    transaction began with the database's write lock (IMMEDIATE).
    """
    Branch.objects.select_for_update(no_key=True).get(pk=branch_id)


@transaction.atomic
def join(*, case: Case, actor: Actor) -> QueueEntry:
    """Put a case at the end of the queue of its branch and start its clock. Its number is given here and never changes.

    The case has moved to its first state under study already. Raises KeyError for a service that no officer decides.
    """
    entry = reviewable(case)
    lock_branch_queue(case.branch_id)
    place = QueueEntry.objects.create(case=case, branch_id=case.branch_id, skill=entry.skill, joined_at=time.now())
    # The case itself is a party: a tie to it is how somebody who gave it back is not handed it again.
    parties = {case.key: "case"} | {key: role for role, key in entry.parties(case)}
    Party.objects.bulk_create(Party(case=case, key=key, role=role) for key, role in parties.items())
    _keep_apart(parties)
    running = clock.start(case=case, limits=queries.limits(case))
    record("queue.joined", subject=case.key, actor=actor, data={"number": place.pk, "branch": case.branch_id, "skill": entry.skill})
    if running.due_at is not None:
        clock.move_promise(case, time.day_of(running.due_at))
    return place


def _keep_apart(parties: Mapping[str, str]) -> None:
    """Whoever filed a case for its applicant at a counter does not decide it: they are tied to themselves as its party."""
    ids = [key.partition(":")[2] for key, role in parties.items() if role == "assistant"]
    for assistant in User.objects.filter(public_id__in=ids, is_staff=True):
        known = ConflictOfInterest.objects.filter(officer=assistant, party_key=assistant.key, ended_at__isnull=True)
        if not known.exists():
            ConflictOfInterest.objects.create(
                officer=assistant, party_key=assistant.key, kind=TieKind.SELF, declared_by=assistant, declared_at=time.now()
            )
            record("staff.tie_declared", subject=assistant.key, actor=SYSTEM, data={"kind": TieKind.SELF, "party": assistant.key})


@transaction.atomic
def add_party(*, case: Case, role: str, key: str, actor: Actor) -> None:
    """Another party of a case became known: an officer who is tied to it loses the case at once."""
    place = QueueEntry.objects.filter(case=case).exclude(state=P.LEFT).first()
    if place is not None:
        lock_case(place=place.pk)
        lock_branch_queue(place.branch_id)
    _party, created = Party.objects.get_or_create(case=case, key=key, defaults={"role": role})
    if not created:
        return
    record("queue.party_learned", subject=case.key, actor=actor, data={"role": role, "party": key})
    held = queries.assignment_of(case)
    if held is not None and ConflictOfInterest.objects.filter(officer=held.officer, party_key=key, ended_at__isnull=True).exists():
        release(assignment=held, code="tied")


@transaction.atomic
def next_case(*, officer: User) -> Assignment | None:
    """The one way to a case: the one that lies open already, else an answered one of this officer, else the oldest they may decide.

    None where there is nothing. Raises NotPermitted for somebody without a branch or a field, Refused("absent") on days of
    absence.
    """
    skills = queries.skills_of(officer) if officer.is_active and officer.is_staff and officer.branch_id else []
    if not skills:
        raise NotPermitted("no_skill", _("Cases are handed to officers of a branch with a field of work."))
    lock_branch_queue(officer.branch_id)
    if queries.is_absent(officer):
        raise Refused("absent", _("You are entered as absent today. No case is handed out."))
    mine = Assignment.objects.filter(officer=officer, ended_at__isnull=True).select_related("place__case", "override").order_by("place_id")
    if held := mine.filter(on_desk=True).first():
        return held
    if answered := mine.filter(place__state=P.ANSWERED).first():
        return _take_up(answered, officer)
    place = queries.next_for(officer)
    return _draw(place, officer) if place is not None else None


def _draw(place: QueueEntry, officer: User) -> Assignment:
    override = Override.objects.filter(place=place, allowed_at__isnull=False).first()
    now, actor = time.now(), actor_of(officer)
    data: dict[str, int] = {}
    if override is not None:
        data = {"override": override.pk, "overtook": queries.drawable(officer).filter(pk__lt=place.pk).count()}
    assignment = Assignment.objects.create(place=place, officer=officer, drawn_at=now, touched_at=now, override=override)
    transition(place, "draw", actor=actor, data={"assignment": assignment.pk} | data)
    record("queue.drawn", subject=place.case.key, actor=actor, data={"number": place.pk, "override": override.code if override else ""})
    return assignment


def _take_up(assignment: Assignment, officer: User) -> Assignment:
    place = QueueEntry.objects.select_for_update().get(pk=assignment.place_id)
    assignment.on_desk, assignment.touched_at = True, time.now()
    assignment.save(update_fields=["on_desk", "touched_at"])
    transition(place, "take_up", actor=actor_of(officer))
    assignment.place.state = place.state
    record("queue.taken_up", subject=assignment.place.case.key, actor=actor_of(officer), data={"number": place.pk})
    return assignment


def lock_case(*, place: int) -> None:
    """Wait for the row of a place's case and hold it."""
    # By its own key: joined to its place, the planner of a young table walks through all cases.
    Case.objects.select_for_update(no_key=True).get(pk=QueueEntry.objects.values_list("case", flat=True).get(pk=place))


def locked(assignment: Assignment, *, branch: bool = False) -> tuple[Assignment, QueueEntry]:
    """Both rows for writing, as they are now, behind the lock of their case and, where asked for, of their `branch`.

    Raises Refused("not_in_your_hands") once the case was taken away.
    """
    lock_case(place=assignment.place_id)
    if branch:
        lock_branch_queue(assignment.place.branch_id)
    row = Assignment.objects.select_for_update(of=("self",)).select_related("officer").get(pk=assignment.pk)
    if row.ended_at is not None:
        raise Refused("not_in_your_hands", _("This case is not in your hands any more."))
    return row, QueueEntry.objects.select_for_update(of=("self",)).select_related("case__applicant").get(pk=row.place_id)


def end(assignment: Assignment, code: str) -> None:
    """The case leaves these hands, for a coded reason."""
    assignment.on_desk, assignment.ended_at, assignment.end_code = False, time.now(), code
    assignment.save(update_fields=["on_desk", "ended_at", "end_code"])


@transaction.atomic
def give_back(*, assignment: Assignment, code: str) -> None:
    """The officer puts a case that lies on their desk back, at its own number; it is not handed to them again.

    Raises Refused("unknown_code") for a reason that the rulebook does not have, "not_on_desk" for a case that is elsewhere.
    """
    row, place = locked(assignment, branch=True)
    if code not in {reason.code for reason in queries.replies(place.case).reasons_of("give_back")}:
        raise Refused("unknown_code", _("Choose a reason from the list."))
    if place.state != P.HELD:
        raise Refused("not_on_desk", _("Only a case that lies open on the desk can be given back."))
    actor = actor_of(row.officer)
    end(row, code)
    transition(place, "give_back", actor=actor, reason=code, data={"assignment": row.pk})
    ConflictOfInterest.objects.create(
        officer=row.officer, party_key=place.case.key, kind="given_back", declared_by=row.officer, declared_at=time.now()
    )
    record("queue.given_back", subject=place.case.key, actor=actor, data={"number": place.pk, "code": code})


@transaction.atomic
def release(*, assignment: Assignment, code: str, actor: Actor = SYSTEM) -> None:
    """Take a case from an officer. It waits again at its own number; while the applicant is waited for, it waits for the answer.

    A proposal of this officer that nobody signed falls. Nothing happens to a case that left these hands already.
    """
    lock_case(place=assignment.place_id)
    place = QueueEntry.objects.get(pk=assignment.place_id)
    lock_branch_queue(place.branch_id)
    row = Assignment.objects.select_for_update(of=("self",)).select_related("officer").get(pk=assignment.pk)
    if row.ended_at is not None:
        return
    place = QueueEntry.objects.select_for_update(of=("self",)).select_related("case__applicant").get(pk=row.place_id)
    end(row, code)
    if place.state == P.COUNTERSIGN:
        void_proposals(place.case)
    if place.state != P.AWAY:
        transition(place, "release", actor=actor, reason=code, data={"assignment": row.pk})
    record("queue.released", subject=place.case.key, actor=actor, data={"number": place.pk, "code": code, "officer": row.officer.key})


def void_proposals(case: Case) -> None:
    """What was proposed and not signed does not hold any more; a case that waited for the signature is under study again."""
    fallen = Decision.objects.filter(case=case, signed_at__isnull=True, voided_at__isnull=True).exclude(outcome="accept")
    refusal = fallen.filter(outcome="refuse").exists()
    fallen.update(voided_at=time.now())
    if refusal:
        advance(case, "reopen", actor=SYSTEM, reason="officer_lost_case")


def release_absent() -> int:
    """Put back what lies with officers who are absent, gone, without the field, or idle past the rulebook's limit. Returns how many.

    Cases for which the applicant or a second signature is waited for stay. Each in a transaction of its own; safe to repeat.
    """
    rows = Assignment.objects.filter(ended_at__isnull=True, place__state__in=(P.HELD, P.ANSWERED))
    return sweeps.for_each("review.release", rows.select_related("officer", "place__case").order_by("pk"), _release_if_absent)


def _release_if_absent(row: Assignment) -> bool:
    code = _reason_to_release(row)
    if code:
        release(assignment=row, code=code)
    return bool(code)


def _reason_to_release(row: Assignment) -> str:
    officer, place = row.officer, row.place
    if not (officer.is_active and officer.is_staff and officer.branch_id == place.branch_id):
        return "left_office"
    if place.skill not in queries.skills_of(officer):
        return "skill_ended"
    if queries.is_absent(officer):
        return "absent"
    allowed = 60 * queries.limits(place.case).limits["idle_hours"].value
    idle = worktime.working_minutes_between(rulebook.calendar(), row.touched_at, time.now())
    return "idle" if idle >= allowed else ""


@transaction.atomic
def leave(*, case: Case, actor: Actor, code: str = "withdrawn") -> None:
    """Take a case out of the queue for good: decided, withdrawn or lapsed. Stops its clock. Nothing for one that is in no queue."""
    place = QueueEntry.objects.filter(case=case).first()
    if place is None:
        return
    lock_case(place=place.pk)
    place.refresh_from_db()
    if place.state == P.WAITING:
        lock_branch_queue(place.branch_id)
    place = QueueEntry.objects.select_for_update().get(pk=place.pk)
    if place.state == P.LEFT:
        return
    held = Assignment.objects.select_for_update().filter(place=place, ended_at__isnull=True).first()
    if held is not None:
        end(held, code)
    if code not in queries.DECIDED:
        Decision.objects.filter(case=case, signed_at__isnull=True, voided_at__isnull=True).update(voided_at=time.now())
    transition(place, "leave", actor=actor, reason=code)
    clock.stop(case=case)
    record("queue.left", subject=case.key, actor=actor, data={"number": place.pk, "code": code})


@transaction.atomic
def withdraw(*, case: Case, person: User) -> Case:
    """The applicant, or who acts for them, takes a case back while it is studied; the case as it is then.

    Raises NotPermitted for anybody else, TransitionRefused where the course allows it no more.
    """
    row = Case.objects.select_for_update(of=("self",)).select_related("applicant").get(pk=case.pk)
    actor = authorize(person, row).actor
    advance(row, "withdraw", actor=actor)
    leave(case=row, actor=actor, code="withdrawn")
    return row


# --- Out of turn -----------------------------------------------------------------------------------------------------------


def refuse_conflict(user: User, case: Case) -> None:
    """Record an attempt on a case with a tied party and refuse it. Does nothing for somebody without a tie.

    The record is written before the refusal, in a transaction of its own; call it outside the one that the refusal takes back.
    Raises NotPermitted("tied").
    """
    tie = queries.conflicts_with(user, case).first()
    if tie is None:
        return
    with transaction.atomic():
        record("review.tied_attempt", subject=case.key, actor=actor_of(user), data={"kind": tie.kind, "party": tie.party_key})
    raise NotPermitted("tied", _("You have a declared tie to this case. The attempt was recorded."))


def ask_override(*, place: QueueEntry, code: str, asked_by: Any) -> Override:
    """A supervisor of the branch asks that a waiting case be handed out before its turn, for a coded reason.

    Raises NotPermitted for anybody else or with a tie, Refused for an unknown reason, a case that does not wait, and a second
    time.
    """
    refuse_conflict(asked_by, place.case)
    with transaction.atomic():
        lock_branch_queue(place.branch_id)
        place = QueueEntry.objects.select_for_update(of=("self",)).select_related("case").get(pk=place.pk)
        if not queries.is_supervisor(asked_by) or asked_by.branch_id != place.branch_id:
            raise NotPermitted("not_supervisor", _("Only a supervisor of the branch asks for this."))
        if code not in {reason.code for reason in queries.replies(place.case).reasons_of("override")}:
            raise Refused("unknown_code", _("Choose a reason from the list."))
        if place.state != P.WAITING:
            raise Refused("not_waiting", _("This case does not wait in the queue."))
        try:
            with transaction.atomic():
                override = Override.objects.create(place=place, code=code, asked_by=asked_by, asked_at=time.now())
        except IntegrityError as error:
            raise Refused("asked_already", _("This was asked for already.")) from error
        record("queue.override_asked", subject=place.case.key, actor=actor_of(asked_by, "supervisor"), data={"code": code})
    return override


def allow_override(*, override: Override, allowed_by: Any) -> None:
    """A second supervisor allows it; from now on the case is handed out before all others. Published.

    Raises NotPermitted for one who is no supervisor or tied, Refused("same_person") for whoever asked.
    """
    refuse_conflict(allowed_by, override.place.case)
    with transaction.atomic():
        lock_branch_queue(override.place.branch_id)
        override = Override.objects.select_for_update(of=("self",)).select_related("place__case").get(pk=override.pk)
        if not queries.is_supervisor(allowed_by):
            raise NotPermitted("not_supervisor", _("Only a supervisor allows this."))
        if override.asked_by_id == allowed_by.pk:
            raise Refused("same_person", _("Whoever asked cannot allow it. A second person does."))
        if override.allowed_at is not None:
            raise Refused("allowed_already", _("This was allowed already."))
        override.allowed_by, override.allowed_at = allowed_by, time.now()
        override.save(update_fields=["allowed_by", "allowed_at"])
        actor = actor_of(allowed_by, "supervisor")
        record("queue.override_allowed", subject=override.place.case.key, actor=actor, data={"code": override.code})
