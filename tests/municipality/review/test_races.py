"""Many officers press the button at the same moment, on PostgreSQL, each in a connection of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from django.db import transaction

from municipality.accounts.models import User, actor_of
from municipality.cases.models import Case
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.review import invariants, out_of_turn
from municipality.review.models import Assignment, QueueEntry
from municipality.review.services import desk, queue
from tests import desk_acts
from tests.municipality.review import permits
from tests.municipality.review.permits import Office, furnish
from tests.threads import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres, pytest.mark.slow, pytest.mark.timeout(600)]
PEOPLE = 8


@pytest.fixture
def crowd(transactional_db: None) -> Iterator[tuple[Office, list[User]]]:
    with permits.offered():
        office = furnish()
        yield office, [permits.officer(f"crowd{n}", office.supervisor) for n in range(PEOPLE)]


def worker(officer: User, decided: list[int]) -> Callable[[], None]:
    """Take cases and decide until nothing comes; now and then give back or crash."""

    def work() -> None:
        turn = 0
        while (assignment := _next(officer, crash=turn % 4 == 3)) is not None:
            turn += 1
            if turn % 5 == 2:
                queue.give_back(assignment=assignment, code="outside_my_skill")
                continue
            desk.accept(assignment=desk_acts.checked(assignment))
            decided.append(assignment.place_id)

    return work


def _next(officer: User, *, crash: bool) -> Assignment | None:
    if crash:
        try:
            with transaction.atomic():
                queue.next_case(officer=officer)
                raise InterruptedError
        except InterruptedError:
            pass
    return queue.next_case(officer=officer)


def test_eight_officers_ask_at_once_and_no_case_comes_twice_or_out_of_turn(crowd: tuple[Office, list[User]]) -> None:
    office, officers = crowd
    sent = {permits.sent(office.applicant).pk for _ in range(40)}
    decided: list[int] = []

    def arrive() -> None:
        for _ in range(10):
            sent.add(permits.sent(office.applicant).pk)

    answers = at_once(*(worker(officer, decided) for officer in officers), arrive)
    assert [a for a in answers if a is not None] == []
    worker(officers[0], decided)()
    assert Counter(decided).most_common(1)[0][1] == 1 and len(decided) >= 40
    assert list(out_of_turn.inversions()) == [] and list(invariants.findings()) == []


def test_one_case_and_eight_hands_make_one_assignment(crowd: tuple[Office, list[User]]) -> None:
    office, officers = crowd
    place = permits.sent(office.applicant)
    got = at_once(*[lambda o=o: queue.next_case(officer=o) for o in officers])  # type: ignore[misc]
    assert sorted(type(a).__name__ for a in got) == ["Assignment", *["NoneType"] * (PEOPLE - 1)]
    assert Assignment.objects.get().place_id == place.pk


def test_one_officer_who_presses_twice_gets_one_case(crowd: tuple[Office, list[User]]) -> None:
    office, officers = crowd
    for _ in range(4):
        permits.sent(office.applicant)
    got = at_once(*[lambda: queue.next_case(officer=officers[0])] * 6)
    assert len({a.pk for a in got}) == 1 and Assignment.objects.count() == 1


def test_a_case_is_withdrawn_while_it_is_assigned(crowd: tuple[Office, list[User]]) -> None:
    office, officers = crowd
    for _ in range(6):
        place = permits.sent(office.applicant)

        def withdraw(place: QueueEntry = place) -> None:
            from municipality.cases.services import advance

            with transaction.atomic():
                advance(place.case, "withdraw", actor=actor_of(office.applicant))
                queue.leave(case=place.case, actor=actor_of(office.applicant))

        answers = at_once(withdraw, *(lambda o=o: queue.next_case(officer=o) for o in officers[:2]))  # type: ignore[misc]
        assert all(a is None or isinstance(a, (Assignment, Refused)) for a in answers), answers
        assert QueueEntry.objects.get(pk=place.pk).state == "left"
        assert not Assignment.objects.filter(ended_at__isnull=True).exists()


def test_a_case_is_withdrawn_while_its_officer_accepts_it(crowd: tuple[Office, list[User]]) -> None:
    """One of the two wins, and neither waits for the other in a circle."""
    office, officers = crowd
    ends = set()
    for _ in range(8):
        permits.sent(office.applicant)
        assignment = desk_acts.checked(desk_acts.assigned(officers[0]))

        def withdraw(assignment: Assignment = assignment) -> None:
            from municipality.cases.services import advance

            with transaction.atomic():
                case = Case.objects.select_for_update().get(place=assignment.place_id)
                advance(case, "withdraw", actor=actor_of(office.applicant))
                queue.leave(case=case, actor=actor_of(office.applicant))

        answers = at_once(withdraw, lambda a=assignment: desk.accept(assignment=a))  # type: ignore[misc]
        assert sum(isinstance(answer, Refused) for answer in answers) == 1, answers
        ends.add(Case.objects.get(place=assignment.place_id).state)
    assert ends <= {"gone", "granted"} and list(invariants.findings()) == []


def test_two_supervisors_sign_the_same_words_once(crowd: tuple[Office, list[User]]) -> None:
    office, officers = crowd
    permits.sent(office.applicant)
    decision = desk.propose_refusal(assignment=desk_acts.checked(desk_acts.assigned(officers[0])), code="layout_changed")
    people = (office.supervisor, office.second)
    got = at_once(*[lambda p=p: desk.sign(decision=decision, supervisor=p, answers=desk_acts.ALL_YES) for p in people])  # type: ignore[misc]
    assert sorted(type(a).__name__ for a in got) == ["Decision", "Refused"]
    assert [verb for verb, _ in permits.DONE] == ["refused"]


def test_without_the_lock_assignments_cross(crowd: tuple[Office, list[User]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Red control: without the lock of the branch two officers reach for the same case, and one of them falls over it."""
    office, officers = crowd
    fell = 0
    monkeypatch.setattr(queue, "lock_branch_queue", lambda branch: None)
    for _ in range(10):
        permits.sent(office.applicant)
        got = at_once(*[lambda o=o: queue.next_case(officer=o) for o in officers])  # type: ignore[misc]
        fell += sum(isinstance(answer, Exception) for answer in got)
        for row in Assignment.objects.filter(ended_at__isnull=True):
            desk.accept(assignment=desk_acts.checked(row))
    assert fell, clock.now()
