"""A month at a branch: officers get cases, decide, ask, give back, fall ill and crash; applicants answer; supervisors sign.

Every step is chosen by a seeded die and takes some minutes, so that no two happen at one instant.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from municipality.accounts.models import User, actor_of
from municipality.cases.models import Case
from municipality.cases.services import advance
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.review import queries
from municipality.review.models import Absence, Assignment, CheckAnswer, Decision, QueueEntry
from municipality.review.services import desk, queue, staff
from municipality.review.services.desk import CorrectionRequest
from tests import desk_acts
from tests.factories.accounts import StaffFactory
from tests.municipality.review import permits

OPENING = dt.datetime(2026, 11, 24, 5, 0, tzinfo=dt.UTC)


class Crash(Exception):
    """The process dies before its transaction is over."""


@dataclass
class Branch:
    """The people of one branch; the die; and what happened so far."""

    code: str
    officers: list[User]
    supervisors: list[User]
    applicants: list[User]
    die: random.Random
    now: dt.datetime = OPENING
    away: dict[int, QueueEntry] = field(default_factory=dict)
    happened: Counter[str] = field(default_factory=Counter)

    def pass_time(self) -> Any:
        self.now += dt.timedelta(seconds=self.die.randint(1, 90))
        return clock.at(self.now)


def furnish(code: str, officers: int, seed: int, *, giver: User) -> Branch:
    """People of a branch: a third of the officers decide permits only, others another field as well; some are tied."""
    die = random.Random(seed)
    with clock.at(OPENING - dt.timedelta(hours=1)):
        people = [permits.officer(f"{code}.officer{n}", giver, code) for n in range(officers)]
        supervisors = [StaffFactory(supervisor=True, login=f"{code}.supervisor{n}", branch_id=code) for n in range(2)]
        applicants = [permits.applicant(1000 * seed + n) for n in range(12)]
        for officer in die.sample(people, max(1, officers // 5)):
            key = die.choice(applicants).key
            staff.declare_conflict(officer=officer, party_key=key, kind="relative", declared_by=officer)
    return Branch(code, people, supervisors, applicants, die)


def run(branch: Branch, cases: int) -> Counter[str]:
    """Send `cases` requests and work until all of them are decided or `stuck`: nobody who is there may decide them. Returns counts."""
    sent = 0
    idle = 0
    count_at = 50
    count_rows()
    while sent < cases or idle < 20 * len(branch.officers):
        with branch.pass_time():
            roll = branch.die.random()
            if sent < cases and roll < 0.50:
                permits.sent(branch.die.choice(branch.applicants), branch.code)
                sent += 1
                branch.happened["sent"] += 1
                if sent >= count_at:
                    count_rows()
                    count_at = sent * 5 // 4
            elif roll < 0.56:
                if branch.away:
                    _answer(branch)
            elif roll < 0.57:
                _absence(branch)
            elif roll < 0.575:
                branch.happened["released"] += queue.release_absent()
            elif roll < 0.585:
                _override(branch)
            else:
                idle = 0 if _work(branch, branch.die.choice(branch.officers)) or sent < cases or branch.away else idle + 1
    return branch.happened


def count_rows() -> None:
    """Tell PostgreSQL's planner of the rows of this transaction.

    The server's own analysis sees none of them while the test is open: it would note empty tables, for which every plan is
    a walk through all rows. Counted from within, the tables that it wrote are ours until the end, and the server leaves them alone.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT string_agg(quote_ident(relname), ', ') FROM pg_stat_xact_user_tables WHERE n_tup_ins > 0")
            cursor.execute(f"ANALYZE {cursor.fetchone()[0]}")


def _work(branch: Branch, officer: User) -> bool:
    """One officer presses the button and does something. False where nothing was there."""
    if branch.die.random() < 0.05:
        _crash(branch, officer)
    try:
        assignment = queue.next_case(officer=officer)
    except Refused:
        return False  # absent
    if assignment is None:
        return False
    branch.happened["assigned"] += 1
    roll = branch.die.random()
    if roll < 0.10:
        branch.happened["put off"] += 1  # the officer goes for coffee
    elif roll < 0.22:
        place = QueueEntry.objects.get(pk=assignment.place_id)
        made = desk.ask_corrections(assignment=assignment, items=[CorrectionRequest("file_expired", "lease")], second_code="seen_late")
        if isinstance(made, Decision):
            _sign(branch, made)
        else:
            branch.away[place.pk] = place
        branch.happened["asked"] += 1
    elif roll < 0.26:
        queue.give_back(assignment=assignment, code="outside_my_skill")
        branch.happened["given back"] += 1
    elif roll < 0.34:
        _sign(branch, desk.propose_refusal(assignment=desk_acts.checked(assignment), code="layout_changed"))
    else:
        _accept(assignment)
        branch.happened["accepted"] += 1
    return True


def _accept(assignment: Assignment) -> None:
    case, now = Case.objects.get(pk=assignment.place.case_id), clock.now()
    lines = queries.checklist(case)
    CheckAnswer.objects.bulk_create(
        CheckAnswer(case=case, code=line.check.code, answer="yes", officer_id=assignment.officer_id, at=now) for line in lines
    )
    desk.accept(assignment=assignment)


def _sign(branch: Branch, decision: Decision) -> None:
    supervisor = branch.die.choice(branch.supervisors)
    decision = Decision.objects.select_related("case").get(pk=decision.pk)
    roll = branch.die.random()
    if roll < 0.15:
        desk.send_back(decision=decision, supervisor=supervisor, code="could_be_corrected", answers=desk_acts.ALL_YES)
        branch.happened["sent back"] += 1
        return
    desk.sign(decision=decision, supervisor=supervisor, answers=desk_acts.ALL_YES)
    branch.happened["signed"] += 1
    if decision.outcome == "second_round":
        place = QueueEntry.objects.get(case_id=decision.case_id)
        branch.away[place.pk] = place


def _answer(branch: Branch) -> None:
    number = branch.die.choice(sorted(branch.away))
    place = branch.away.pop(number)
    if branch.die.random() < 0.05:
        case = Case.objects.get(pk=place.case_id)
        with transaction.atomic():
            advance(case, "withdraw", actor=actor_of(case.applicant))
            queue.leave(case=case, actor=actor_of(case.applicant))
        branch.happened["withdrawn"] += 1
        return
    permits.answer(place, lease=f"sha-{branch.die.randint(0, 3)}")
    branch.happened["answered"] += 1


def _absence(branch: Branch) -> None:
    officer = branch.die.choice(branch.officers)
    running = Absence.objects.filter(officer=officer, cancelled_at__isnull=True).first()
    if running is not None:
        staff.cancel_absence(absence=running, cancelled_by=branch.supervisors[0])
        return
    today = clock.today()
    last = today + dt.timedelta(days=branch.die.randint(0, 3))
    staff.enter_absence(officer=officer, kind="sick", first_day=today, last_day=last, entered_by=officer)
    branch.happened["absences"] += 1


def _override(branch: Branch) -> None:
    waiting = list(QueueEntry.objects.filter(branch_id=branch.code, state="waiting", override__isnull=True).order_by("-pk")[:1])
    for place in waiting:
        made = queue.ask_override(place=place, code="danger_to_health", asked_by=branch.supervisors[0])
        queue.allow_override(override=made, allowed_by=branch.supervisors[1])
        branch.happened["overrides"] += 1


def _crash(branch: Branch, officer: User) -> None:
    """An assignment, and what follows it, that never commits."""
    try:
        with transaction.atomic():
            assignment = queue.next_case(officer=officer)
            if assignment is not None and branch.die.random() < 0.5:
                queue.give_back(assignment=assignment, code="outside_my_skill")
            raise Crash
    except (Crash, Refused):
        branch.happened["crashes"] += 1
