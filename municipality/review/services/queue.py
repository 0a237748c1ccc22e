"""The queue: cases join at the end and are assigned by number.

Whatever changes the waiting cases of a branch, or who may decide them, holds the lock of that branch (`lock_branch_queue`), so that
assignments are serialised. Locks are always taken in this order: case, branch, assignment, queue entry, clock.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User, actor_of
from municipality.accounts.queries import has_role
from municipality.audit.services import record
from municipality.cases.models import Case
from municipality.cases.services import advance
from municipality.delegation.authorization import authorize
from municipality.jobs import sweeps
from municipality.jobs.services import enqueue
from municipality.kernel import clock, worktime
from municipality.kernel.actors import Actor, system
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.transitions import transition
from municipality.notifications.services import send
from municipality.notifications.texts import Bilingual
from municipality.places.models import Branch
from municipality.review import queries
from municipality.review.models import Assignment, ConflictOfInterest, CorrectionRound, Decision, Override, Party, QueueEntry
from municipality.review.models.staff import ConflictKind
from municipality.review.notifications import InReview, Overtaken
from municipality.review.registry import reviewable
from municipality.review.services import case_clock
from municipality.review.states import QueueEntryState
from municipality.rulebook import queries as rulebook

SYSTEM = system("review")


def lock_branch_queue(branch_id: str | None) -> None:
    """Lock the queue of a branch until the end of the transaction; nothing for staff without a branch, who have no queue.

    FOR NO KEY UPDATE on PostgreSQL, so that rows that refer to the branch are not blocked; on SQLite transactions are IMMEDIATE.
    """
    if branch_id is not None:
        Branch.objects.select_for_update(no_key=True).get(pk=branch_id)


@transaction.atomic
def join(*, case: Case, actor: Actor) -> QueueEntry:
    """Put a case, which is in the state of study, at the end of the queue of its branch and start its clock.

    Raises KeyError for a service that no officer decides.
    """
    service = reviewable(case)
    lock_branch_queue(case.branch_id)
    entry = QueueEntry.objects.create(case=case, branch_id=case.branch_id, skill=service.skill, joined_at=clock.now())
    # The case itself is a party: an officer who gives it back gets a conflict with it.
    parties = {case.key: "case"} | {key: role for role, key in service.parties(case)}
    Party.objects.bulk_create(Party(case=case, key=key, role=role) for key, role in parties.items())
    _declare_assistant_conflicts(parties)
    running = case_clock.start(case=case, limits=queries.limits(case))
    record("queue.joined", subject=case.key, actor=actor, data={"number": entry.pk, "branch": case.branch_id, "skill": service.skill})
    if running.due_at is not None:
        case_clock.move_promise(case, clock.day_of(running.due_at))
    return entry


def _declare_assistant_conflicts(parties: Mapping[str, str]) -> None:
    """Staff who filed a case for its applicant must not decide it: declare a conflict with themselves as its party."""
    ids = [key.partition(":")[2] for key, role in parties.items() if role == "assistant"]
    for assistant in User.objects.filter(public_id__in=ids, is_staff=True):
        known = ConflictOfInterest.objects.filter(officer=assistant, party_key=assistant.key, ended_at__isnull=True)
        if not known.exists():
            ConflictOfInterest.objects.create(
                officer=assistant, party_key=assistant.key, kind=ConflictKind.SELF, declared_by=assistant, declared_at=clock.now()
            )
            record("staff.tie_declared", subject=assistant.key, actor=SYSTEM, data={"kind": ConflictKind.SELF, "party": assistant.key})


@transaction.atomic
def add_party(*, case: Case, role: str, key: str, actor: Actor) -> None:
    """Add a party to a case; an officer with a conflict of interest loses the case at once, as staff who assist always have."""
    entry = QueueEntry.objects.filter(case=case).exclude(state=QueueEntryState.LEFT).first()
    if entry is not None:
        lock_case(entry.pk)
        lock_branch_queue(entry.branch_id)
    _declare_assistant_conflicts({key: role})
    _party, created = Party.objects.get_or_create(case=case, key=key, defaults={"role": role})
    if not created:
        return
    record("queue.party_learned", subject=case.key, actor=actor, data={"role": role, "party": key})
    assignment = queries.assignment_of(case)
    if (
        assignment is not None
        and ConflictOfInterest.objects.filter(officer=assignment.officer, party_key=key, ended_at__isnull=True).exists()
    ):
        release(assignment=assignment, code="tied")


@transaction.atomic
def next_case(*, officer: User) -> Assignment | None:
    """The officer's open case, else an answered one, else a new assignment; None where there is none.

    Raises NotPermitted for a user without a branch or skill, Refused("absent") on days of absence.
    """
    skills = queries.skills_of(officer) if officer.is_active and officer.is_staff and officer.branch_id else []
    if not skills:
        raise NotPermitted("no_skill", _("Cases are handed to officers of a branch with a field of work."))
    lock_branch_queue(officer.branch_id)
    if queries.is_absent(officer):
        raise Refused("absent", _("You are entered as absent today. No case is handed out."))
    mine = Assignment.objects.filter(officer=officer, ended_at__isnull=True).select_related("place__case", "override").order_by("place_id")
    if assignment := mine.filter(on_desk=True).first():
        return assignment
    for answered in mine.filter(place__state=QueueEntryState.ANSWERED):
        if _resume_answered(answered, officer):
            return answered
    entry = queries.next_entry(officer)
    return _assign(entry, officer) if entry is not None else None


def _assign(entry: QueueEntry, officer: User) -> Assignment:
    override = Override.objects.filter(place=entry, allowed_at__isnull=False).first()
    now, actor = clock.now(), actor_of(officer)
    data: dict[str, int | list[int]] = {}
    if override is not None:
        passed = list(queries.assignable(officer).filter(pk__lt=entry.pk).values_list("pk", flat=True))
        data = {"override": override.pk, "overtook": len(passed), "passed": passed}
    assignment = Assignment.objects.create(place=entry, officer=officer, drawn_at=now, touched_at=now, override=override)
    transition(entry, "draw", actor=actor, data={"assignment": assignment.pk} | data)
    record("queue.drawn", subject=entry.case.key, actor=actor, data={"number": entry.pk, "override": override.code if override else ""})
    _tell_in_review(entry.case, assignment)
    if data.get("passed"):
        enqueue("review.tell_overtaken", key=f"assignment:{assignment.pk}", assignment_id=assignment.pk)
    return assignment


def tell_overtaken(*, assignment_id: int) -> int:
    """Tell the applicants whose requests an assignment out of turn passed over, each once a request. Returns how many; idempotent."""
    assignment = Assignment.objects.select_related("place__case", "override").get(pk=assignment_id)
    draw = assignment.place.events.get(move="draw", data__assignment=assignment.pk)
    override = assignment.override
    reason = queries.replies(assignment.place.case).reasons.get(override.code) if override is not None else None
    words = (
        Bilingual(reason.label_ar, reason.label_en)
        if reason is not None
        else Bilingual("سبب من إصدار سابق", "a reason of an earlier rulebook")
    )
    cases = Case.objects.filter(place__in=draw.data.get("passed", [])).select_related("applicant").order_by("pk")
    for case in cases:
        with transaction.atomic():
            send(Overtaken, person=case.applicant, key=case.public_id, subject_key=case.key, context={"case": case, "reason": words})
    return len(cases)


def _tell_in_review(case: Case, assignment: Assignment) -> None:
    """Tell the applicant once, however often the case changes hands."""
    if not Assignment.objects.filter(place=assignment.place_id).exclude(pk=assignment.pk).exists():
        context = {"case": case, "due_on": case.due_on}
        send(InReview, person=case.applicant, key=case.public_id, subject_key=case.key, context=context)


def _resume_answered(assignment: Assignment, officer: User) -> bool:
    """Put an answered case on the desk; False where it has left the officer's hands meanwhile."""
    entry = QueueEntry.objects.select_for_update().get(pk=assignment.place_id)
    if entry.state != QueueEntryState.ANSWERED:
        return False
    assignment.on_desk, assignment.touched_at = True, clock.now()
    assignment.save(update_fields=["on_desk", "touched_at"])
    transition(entry, "take_up", actor=actor_of(officer))
    assignment.place.state = entry.state
    record("queue.taken_up", subject=assignment.place.case.key, actor=actor_of(officer), data={"number": entry.pk})
    return True


def lock_case(entry_id: int) -> None:
    """Lock the case of a queue entry."""
    # Two queries: for a join with the entry, the planner of a table without statistics scans all cases.
    Case.objects.select_for_update(no_key=True).get(pk=QueueEntry.objects.values_list("case", flat=True).get(pk=entry_id))


def lock_assignment(assignment: Assignment, *, branch: bool = False) -> tuple[Assignment, QueueEntry]:
    """Assignment and queue entry, locked after their case and, with `branch`, after the queue of their branch.

    Raises Refused("not_in_your_hands") where the assignment has ended.
    """
    lock_case(assignment.place_id)
    if branch:
        lock_branch_queue(assignment.place.branch_id)
    row = Assignment.objects.select_for_update(of=("self",)).select_related("officer").get(pk=assignment.pk)
    if row.ended_at is not None:
        raise Refused("not_in_your_hands", _("This case is not in your hands any more."))
    return row, QueueEntry.objects.select_for_update(of=("self",)).select_related("case__applicant").get(pk=row.place_id)


def end_assignment(assignment: Assignment, code: str) -> None:
    """End an assignment for a coded reason."""
    assignment.on_desk, assignment.ended_at, assignment.end_code = False, clock.now(), code
    assignment.save(update_fields=["on_desk", "ended_at", "end_code"])


@transaction.atomic
def give_back(*, assignment: Assignment, code: str) -> None:
    """Return an open case to the queue at its number; this officer is not assigned it again.

    Raises Refused("unknown_code") for a reason that is not in the rulebook, and Refused("not_on_desk").
    """
    row, entry = lock_assignment(assignment, branch=True)
    if code not in {reason.code for reason in queries.replies(entry.case).reasons_of("give_back")}:
        raise Refused("unknown_code", _("Choose a reason from the list."))
    if entry.state != QueueEntryState.HELD:
        raise Refused("not_on_desk", _("Only a case that is open on the desk can be given back."))
    actor = actor_of(row.officer)
    end_assignment(row, code)
    transition(entry, "give_back", actor=actor, reason=code, data={"assignment": row.pk})
    ConflictOfInterest.objects.create(
        officer=row.officer, party_key=entry.case.key, kind="given_back", declared_by=row.officer, declared_at=clock.now()
    )
    record("queue.given_back", subject=entry.case.key, actor=actor, data={"number": entry.pk, "code": code})


@transaction.atomic
def release(*, assignment: Assignment, code: str, actor: Actor = SYSTEM) -> None:
    """Take a case from an officer: it returns to the queue at its number, or keeps waiting for the applicant.

    Voids proposals that are not signed. Does nothing for an assignment that has ended.
    """
    lock_case(assignment.place_id)
    entry = QueueEntry.objects.get(pk=assignment.place_id)
    lock_branch_queue(entry.branch_id)
    row = Assignment.objects.select_for_update(of=("self",)).select_related("officer").get(pk=assignment.pk)
    if row.ended_at is not None:
        return
    entry = QueueEntry.objects.select_for_update(of=("self",)).select_related("case__applicant").get(pk=row.place_id)
    end_assignment(row, code)
    if entry.state == QueueEntryState.COUNTERSIGN:
        void_proposals(entry.case)
    if entry.state != QueueEntryState.AWAY:
        transition(entry, "release", actor=actor, reason=code, data={"assignment": row.pk})
    record("queue.released", subject=entry.case.key, actor=actor, data={"number": entry.pk, "code": code, "officer": row.officer.key})


def void_proposals(case: Case) -> None:
    """Void the proposals of a case that are not signed; a case with a proposed refusal or approval is under study again."""
    # An approval without a reason was in force without a second signature.
    fallen = Decision.objects.filter(case=case, signed_at__isnull=True, voided_at__isnull=True).exclude(outcome="accept", code="")
    is_decision = fallen.exclude(outcome="second_round").exists()
    fallen.update(voided_at=clock.now())
    if is_decision:
        advance(case, "reopen", actor=SYSTEM, reason="officer_lost_case")


def release_absent() -> int:
    """Release the cases of officers who are absent, gone, without the role or the skill, or idle longer than the rulebook allows.

    Returns how many. Cases that wait for the applicant or a signature stay. Idempotent.
    """
    rows = Assignment.objects.filter(ended_at__isnull=True, place__state__in=(QueueEntryState.HELD, QueueEntryState.ANSWERED))
    return sweeps.for_each("review.release", rows.select_related("officer", "place__case").order_by("pk"), _release_if_absent)


def _release_if_absent(row: Assignment) -> bool:
    code = _release_code(row)
    if code:
        release(assignment=row, code=code)
    return bool(code)


def _release_code(row: Assignment) -> str:
    officer, entry = row.officer, row.place
    if officer.branch_id != entry.branch_id or not has_role(officer, queries.OFFICER):
        return "left_office"
    if entry.skill not in queries.skills_of(officer):
        return "skill_ended"
    if queries.is_absent(officer):
        return "absent"
    allowed = 60 * queries.limits(entry.case).limits["idle_hours"].value
    since = max(row.touched_at, reviewable(entry.case).waited_until(entry.case) or row.touched_at)
    idle = worktime.working_minutes_between(rulebook.calendar(), since, clock.now())
    return "idle" if idle >= allowed else ""


@transaction.atomic
def leave(*, case: Case, actor: Actor, code: str = "withdrawn") -> None:
    """Take a case out of the queue (decided, withdrawn or lapsed), if it is in it; stop its clock and close an open round."""
    entry = QueueEntry.objects.filter(case=case).first()
    if entry is None:
        return
    lock_case(entry.pk)
    entry.refresh_from_db()
    if entry.state == QueueEntryState.WAITING:
        lock_branch_queue(entry.branch_id)
    entry = QueueEntry.objects.select_for_update().get(pk=entry.pk)
    if entry.state == QueueEntryState.LEFT:
        return
    assignment = Assignment.objects.select_for_update().filter(place=entry, ended_at__isnull=True).first()
    if assignment is not None:
        end_assignment(assignment, code)
    CorrectionRound.objects.filter(queries.OPEN_ROUND, case=case).update(closed_at=clock.now())
    if code not in queries.DECIDED:
        Decision.objects.filter(case=case, signed_at__isnull=True, voided_at__isnull=True).update(voided_at=clock.now())
    transition(entry, "leave", actor=actor, reason=code)
    case_clock.stop(case=case)
    record("queue.left", subject=case.key, actor=actor, data={"number": entry.pk, "code": code})


@transaction.atomic
def withdraw(*, case: Case, person: User) -> Case:
    """Withdraw a case, by its applicant or who acts for them. Returns the case.

    Raises NotPermitted for others, TransitionRefused where its state does not allow it.
    """
    row = Case.objects.select_for_update(of=("self",)).select_related("applicant").get(pk=case.pk)
    actor = authorize(person, row).actor
    advance(row, "withdraw", actor=actor)
    leave(case=row, actor=actor, code="withdrawn")
    return row


# --- Out of turn -----------------------------------------------------------------------------------------------------------


def refuse_conflict(user: User, case: Case) -> None:
    """Record and refuse an attempt on a case by a user with a conflict of interest. Raises NotPermitted("tied").

    Call it outside the transaction that the refusal rolls back.
    """
    conflict = queries.conflicts_with(user, case).first()
    if conflict is None:
        return
    with transaction.atomic():
        record("review.tied_attempt", subject=case.key, actor=actor_of(user), data={"kind": conflict.kind, "party": conflict.party_key})
    raise NotPermitted("tied", _("You have declared a conflict of interest in this case. The attempt was recorded."))


def ask_override(*, place: QueueEntry, code: str, asked_by: User) -> Override:
    """A supervisor of the branch requests that a waiting case is assigned before its turn, for a coded reason.

    Raises NotPermitted for others or with a conflict, Refused: unknown_code, not_waiting, asked_already.
    """
    refuse_conflict(asked_by, place.case)
    with transaction.atomic():
        lock_branch_queue(place.branch_id)
        place = QueueEntry.objects.select_for_update(of=("self",)).select_related("case").get(pk=place.pk)
        if not queries.is_supervisor(asked_by) or asked_by.branch_id != place.branch_id:
            raise NotPermitted("not_supervisor", _("Only a supervisor of the branch can ask for this."))
        if code not in {reason.code for reason in queries.replies(place.case).reasons_of("override")}:
            raise Refused("unknown_code", _("Choose a reason from the list."))
        if place.state != QueueEntryState.WAITING:
            raise Refused("not_waiting", _("This case is not waiting in the queue."))
        try:
            with transaction.atomic():
                override = Override.objects.create(place=place, code=code, asked_by=asked_by, asked_at=clock.now())
        except IntegrityError as error:
            raise Refused("asked_already", _("This has already been asked for.")) from error
        record("queue.override_asked", subject=place.case.key, actor=actor_of(asked_by, "supervisor"), data={"code": code})
    return override


def allow_override(*, override: Override, allowed_by: User) -> None:
    """A second supervisor allows an override: the case is assigned next. Overrides are published.

    Raises NotPermitted for others or with a conflict, Refused: same_person, allowed_already.
    """
    refuse_conflict(allowed_by, override.place.case)
    with transaction.atomic():
        lock_branch_queue(override.place.branch_id)
        override = Override.objects.select_for_update(of=("self",)).select_related("place__case").get(pk=override.pk)
        if not queries.is_supervisor(allowed_by):
            raise NotPermitted("not_supervisor", _("Only a supervisor can allow this."))
        if override.asked_by_id == allowed_by.pk:
            raise Refused("same_person", _("The person who asked cannot allow it. A second person must."))
        if override.allowed_at is not None:
            raise Refused("allowed_already", _("This has already been allowed."))
        override.allowed_by, override.allowed_at = allowed_by, clock.now()
        override.save(update_fields=["allowed_by", "allowed_at"])
        actor = actor_of(allowed_by, "supervisor")
        record("queue.override_allowed", subject=override.place.case.key, actor=actor, data={"code": override.code})
