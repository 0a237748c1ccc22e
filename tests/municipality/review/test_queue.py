"""Nobody chooses: cases come by number, to those who may decide them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.db import IntegrityError, transaction
from django.urls import reverse

from municipality.accounts.models import actor_of
from municipality.audit.models import AuditEvent
from municipality.cases.models import Case, CaseEvent
from municipality.kernel import clock, guards
from municipality.kernel.actors import system
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.transitions import transition
from municipality.review import boards, invariants, models, out_of_turn, queries
from municipality.review.admin import branch
from municipality.review.models import Assignment, ConflictOfInterest, Override, QueueEntry
from municipality.review.services import desk, queue, staff
from municipality.review.services.desk import CorrectionRequest
from tests import desk_acts, serving
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import StaffFactory
from tests.municipality.review import permits
from tests.municipality.review.desk_in_a_browser import OWN, PEOPLE, text_of
from tests.municipality.review.permits import Office

CORRECTION = [CorrectionRequest("file_expired", "lease")]


def numbers(office: Office, count: int) -> list[int]:
    return [permits.sent(office.applicant).pk for _ in range(count)]


def finish(assignment: Assignment) -> None:
    desk.accept(assignment=desk_acts.checked(assignment))


def state(number: int) -> str:
    return QueueEntry.objects.get(pk=number).state


def test_cases_come_in_the_order_of_their_numbers_one_at_a_time(office: Office) -> None:
    wanted = numbers(office, 3)
    first = desk_acts.assigned(office.officer)
    assert desk_acts.assigned(office.officer) == first  # the same one, as often as the button is pressed
    assert desk_acts.assigned(office.colleague).place_id == wanted[1]
    finish(first)
    assert desk_acts.assigned(office.officer).place_id == wanted[2]
    assert not list(invariants.findings())


def test_cases_of_another_branch_or_field_never_come(office: Office) -> None:
    permits.sent(office.applicant, "JA")
    plumber = permits.officer("plumber", office.supervisor, "HA", "plumbing")
    numbers(office, 1)
    assert queue.next_case(officer=plumber) is None
    with pytest.raises(NotPermitted):
        queue.next_case(officer=office.supervisor)
    with pytest.raises(NotPermitted):
        queue.next_case(officer=office.applicant)


@pytest.mark.parametrize("key", ["applicant", "shop:77"])
def test_a_tied_officer_is_passed_over_and_the_next_one_gets_the_case(key: str, office: Office) -> None:
    party = office.applicant.key if key == "applicant" else key
    staff.declare_conflict(officer=office.officer, party_key=party, kind="relative", declared_by=office.officer)
    disputed = permits.sent(office.applicant, parties=[("applicant", office.applicant.key), ("shop", "shop:77")])
    free = permits.sent(permits.applicant(2))
    assert desk_acts.assigned(office.officer).place_id == free.pk
    assert desk_acts.assigned(office.colleague).place_id == disputed.pk
    assert not list(out_of_turn.inversions())


def test_a_tie_declared_later_takes_the_case_at_once_at_any_stage(office: Office) -> None:
    held, away, proposed = numbers(office, 3)
    second = desk_acts.assigned(office.officer)
    desk.ask_corrections(assignment=second, items=CORRECTION)
    third = desk_acts.assigned(office.officer)
    desk.propose_refusal(assignment=desk_acts.checked(third), code="layout_changed")
    desk_acts.assigned(office.officer)
    staff.declare_conflict(officer=office.officer, party_key=office.applicant.key, kind="business", declared_by=office.supervisor)
    assert [state(n) for n in (held, away, proposed)] == ["away", "waiting", "waiting"]
    assert not Assignment.objects.filter(ended_at__isnull=True).exists()
    assert Case.objects.get(place=away).state == "in_review" and queries.decisions_to_sign(office.supervisor).first() is None
    assert permits.answer(QueueEntry.objects.get(pk=held), lease="sha-2").state == "waiting"
    assert desk_acts.assigned(office.colleague).place_id == held
    assert not list(invariants.findings())


def test_a_party_learned_later_takes_the_case_from_an_officer_tied_to_it(office: Office) -> None:
    staff.declare_conflict(officer=office.officer, party_key="person:partner", kind="relative", declared_by=office.officer)
    place = permits.sent(office.applicant)
    desk_acts.assigned(office.officer)
    queue.add_party(case=place.case, role="partner", key="person:partner", actor=system("tests"))
    assert state(place.pk) == "waiting" and queue.next_case(officer=office.officer) is None


def test_an_attempt_on_a_tied_case_is_recorded_although_it_is_refused(office: Office) -> None:
    staff.declare_conflict(officer=office.second, party_key=office.applicant.key, kind="dispute", declared_by=office.second)
    place = permits.sent(office.applicant)
    for act in (
        lambda: queue.refuse_conflict(office.second, place.case),
        lambda: queue.ask_override(place=place, code="court_order", asked_by=office.second),
    ):
        with pytest.raises(NotPermitted):
            act()
    tried = AuditEvent.objects.filter(action="review.tied_attempt", subject=place.case.key, actor_key=office.second.key)
    assert tried.count() == 2
    queue.refuse_conflict(office.supervisor, place.case)
    assert not queries.may_open(office.second, place.case)


def test_what_is_given_back_waits_at_its_number_for_somebody_else(office: Office) -> None:
    first, second = numbers(office, 2)
    assignment = desk_acts.assigned(office.officer)
    with pytest.raises(Refused):
        queue.give_back(assignment=assignment, code="not_interesting")
    queue.give_back(assignment=assignment, code="outside_my_skill")
    assert state(first) == "waiting" and desk_acts.assigned(office.officer).place_id == second
    assert desk_acts.assigned(office.colleague).place_id == first
    with pytest.raises(Refused):
        queue.give_back(assignment=assignment, code="outside_my_skill")
    assert not list(invariants.findings())
    conflict = ConflictOfInterest.objects.get(kind="given_back")
    with pytest.raises(NotPermitted):
        staff.end_conflict(conflict=conflict, ended_by=office.officer)
    staff.end_conflict(conflict=conflict, ended_by=office.supervisor)


def test_an_absent_officer_gets_nothing_and_what_they_hold_goes_back_to_its_place(office: Office, frozen_clock: Clock) -> None:
    first, second = numbers(office, 2)
    desk.ask_corrections(assignment=desk_acts.assigned(office.officer), items=CORRECTION)
    desk_acts.assigned(office.officer)
    today = clock.today()
    absence = staff.enter_absence(officer=office.officer, kind="sick", first_day=today, last_day=today, entered_by=office.officer)
    assert (state(first), state(second)) == ("away", "waiting")
    with pytest.raises(Refused, match="absent"):
        queue.next_case(officer=office.officer)
    permits.answer(QueueEntry.objects.get(pk=first), lease="sha-2")
    assert state(first) == "waiting"
    staff.cancel_absence(absence=absence, cancelled_by=office.supervisor)
    assert desk_acts.assigned(office.officer).place_id == first
    assert not list(invariants.findings())


def test_an_absence_of_some_minutes_is_no_way_to_lose_a_case(office: Office, frozen_clock: Clock) -> None:
    unwanted = permits.sent(office.applicant)
    desk_acts.assigned(office.officer)
    today, mine = clock.today(), {"officer": office.officer, "entered_by": office.officer}
    coming = staff.enter_absence(kind="leave", first_day=today + dt.timedelta(days=1), last_day=today + dt.timedelta(days=9), **mine)
    staff.cancel_absence(absence=coming, cancelled_by=office.officer)
    assert state(unwanted.pk) == "held", "the control: before its first day"
    absence = staff.enter_absence(kind="sick", first_day=today, last_day=today, **mine)
    assert desk_acts.assigned(office.colleague).place_id == unwanted.pk
    with pytest.raises(NotPermitted) as refused:
        staff.cancel_absence(absence=absence, cancelled_by=office.officer)
    assert refused.value.code == "begun" and queries.is_absent(office.officer)
    client = signed_in(office.officer)
    page = text_of(client.get(OWN))
    assert 'value="cancel"' not in page and "مشرفٌ آخر في الفرع" in page
    assert client.post(OWN, {"act": "cancel", "absence": absence.pk}).status_code == 403
    own = staff.enter_absence(officer=office.supervisor, kind="sick", first_day=today, last_day=today, entered_by=office.supervisor)
    for supervisor, numbers_offered in ((office.supervisor, {absence.pk}), (office.second, {absence.pk, own.pk})):
        forms = BeautifulSoup(text_of(signed_in(supervisor).get(PEOPLE)), "html.parser").select("form:has(button):has([name=absence])")
        assert {int(str(form.select_one("[name=absence]")["value"])) for form in forms} == numbers_offered, "as on the page above"  # type: ignore[index]
    for supervisor in (office.supervisor, office.second):
        supervisor.groups.clear()
    staff.cancel_absence(absence=absence, cancelled_by=office.officer)
    assert not queries.is_absent(office.officer), "nobody else of the branch could end it"


def test_the_sweep_releases_on_the_first_day_of_an_absence_and_only_once(office: Office, frozen_clock: Clock) -> None:
    (number,) = numbers(office, 1)
    desk_acts.assigned(office.officer)
    tomorrow = clock.today() + dt.timedelta(days=1)
    staff.enter_absence(officer=office.officer, kind="leave", first_day=tomorrow, last_day=tomorrow, entered_by=office.supervisor)
    assert queue.release_absent() == 0
    frozen_clock.move(days=1)
    assert (queue.release_absent(), queue.release_absent(), state(number)) == (1, 0, "waiting")


def test_an_answered_case_that_its_officer_leaves_lying_goes_back_to_its_place(office: Office, frozen_clock: Clock) -> None:
    first, second = numbers(office, 2)
    desk.ask_corrections(assignment=desk_acts.assigned(office.officer), items=CORRECTION)
    frozen_clock.move(days=20)
    assert queue.release_absent() == 0  # the applicant is waited for, whatever it takes
    permits.answer(QueueEntry.objects.get(pk=first), lease="sha-2")
    frozen_clock.move(days=1)
    assert queue.release_absent() == 0  # 7 of 14 working hours
    frozen_clock.move(days=1)
    assert (queue.release_absent(), state(first)) == (1, "waiting")
    assert desk_acts.assigned(office.colleague).place_id == first
    assert state(second) == "waiting"


def test_an_officer_without_the_field_any_more_loses_the_case(office: Office) -> None:
    (number,) = numbers(office, 1)
    desk_acts.assigned(office.officer)
    skill = staff.Skill.objects.get(officer=office.officer)
    with pytest.raises(NotPermitted):
        staff.end_skill(skill=skill, ended_by=office.colleague)
    staff.end_skill(skill=skill, ended_by=office.supervisor)
    assert state(number) == "waiting"


def test_a_field_is_given_by_a_supervisor_of_the_branch_only(office: Office) -> None:
    newcomer = StaffFactory(groups=["officer"], login="newcomer", branch_id="HA")
    for person in (newcomer, office.colleague, StaffFactory(supervisor=True, login="stranger", branch_id="JA")):
        with pytest.raises(NotPermitted):
            staff.give_skill(officer=newcomer, code=permits.SKILL, given_by=person)
    with pytest.raises(Refused):
        staff.give_skill(officer=newcomer, code="flying", given_by=office.supervisor)
    given = staff.give_skill(officer=newcomer, code=permits.SKILL, given_by=office.supervisor)
    assert staff.give_skill(officer=newcomer, code=permits.SKILL, given_by=office.second) == given
    assert queries.skills_of(newcomer) == [permits.SKILL]
    for role in ("supervisor", "inspector"):
        other = StaffFactory(groups=[role], login=f"new_{role}", branch_id="HA")
        with pytest.raises(Refused, match="role_missing"):
            staff.give_skill(officer=other, code=permits.SKILL, given_by=office.supervisor)


# Out of turn.


def override(office: Office, number: int) -> Override:
    made = queue.ask_override(place=QueueEntry.objects.get(pk=number), code="danger_to_health", asked_by=office.supervisor)
    queue.allow_override(override=made, allowed_by=office.second)
    return made


def test_two_people_take_a_case_out_of_turn_and_everybody_may_read_it(office: Office) -> None:
    _first, _second, third = numbers(office, 3)
    asked = queue.ask_override(place=QueueEntry.objects.get(pk=third), code="danger_to_health", asked_by=office.supervisor)
    assert out_of_turn.published_overrides() == []
    with pytest.raises(Refused, match="same_person"):
        queue.allow_override(override=asked, allowed_by=office.supervisor)
    for person in (office.officer, office.applicant):
        with pytest.raises(NotPermitted):
            queue.allow_override(override=asked, allowed_by=person)
    queue.allow_override(override=asked, allowed_by=office.second)
    assert desk_acts.assigned(office.officer).place_id == third
    assert not list(out_of_turn.inversions())
    (told,) = out_of_turn.published_overrides()
    assert told.reason is not None
    assert (told.number, told.reason.text_en, told.overtaken) == (
        third,
        "The request is taken first because public health is in danger.",
        2,
    )


def test_an_override_is_asked_for_by_a_supervisor_of_the_branch_for_a_coded_reason_once(office: Office) -> None:
    place = permits.sent(office.applicant)
    for person in (office.officer, StaffFactory(supervisor=True, login="stranger", branch_id="JA")):
        with pytest.raises(NotPermitted):
            queue.ask_override(place=place, code="court_order", asked_by=person)
    with pytest.raises(Refused, match="unknown_code"):
        queue.ask_override(place=place, code="friend", asked_by=office.supervisor)
    queue.ask_override(place=place, code="court_order", asked_by=office.supervisor)
    with pytest.raises(Refused, match="asked_already"):
        queue.ask_override(place=place, code="court_order", asked_by=office.second)
    desk_acts.assigned(office.officer)


# Position and pace.


def test_the_applicant_reads_how_many_wait_before_and_an_honest_estimate(office: Office, frozen_clock: Clock) -> None:
    done = numbers(office, 6)
    for _ in done:
        finish(desk_acts.assigned(office.officer))
    frozen_clock.move(days=1)  # a Wednesday
    waiting = numbers(office, 3)
    told = queries.position(QueueEntry.objects.get(pk=waiting[2]).case)
    assert told is not None and told.estimate is not None
    # Six decided in the ten working days of a fortnight: the two before it need four working days.
    assert (told.state, told.ahead, told.pace_per_day, told.estimate - clock.today()) == ("waiting", 2, 0.6, dt.timedelta(days=6))
    override(office, waiting[2])
    told = queries.position(QueueEntry.objects.get(pk=waiting[2]).case)
    assert told is not None and told.ahead == 0
    behind = queries.position(QueueEntry.objects.get(pk=waiting[0]).case)
    assert behind is not None and behind.ahead == 1
    assert queries.position(QueueEntry.objects.get(pk=done[0]).case) is None


def test_without_a_pace_only_the_first_has_an_estimate(office: Office) -> None:
    first, second = (queries.position(permits.sent(office.applicant).case) for _ in range(2))
    assert first is not None and (first.ahead, first.pace_per_day) == (0, 0.0)
    assert first.estimate == clock.today() + dt.timedelta(days=1), "the next working day"
    assert second is not None and (second.ahead, second.estimate) == (1, None)


# Who may look.


def test_nobody_opens_a_case_that_merely_waits_and_its_officer_opens_it_while_it_is_theirs(office: Office) -> None:
    place = permits.sent(office.applicant)
    auditor = StaffFactory(groups=["auditor"], branch_id="HA")
    staff_of_branch = (office.officer, office.colleague, office.supervisor)
    assert [queries.may_open(user, place.case) for user in staff_of_branch] == [False, False, False]
    assert queries.may_open(auditor, place.case) and not queries.may_open(office.applicant, place.case)
    assignment = desk_acts.assigned(office.officer)
    assert [queries.may_open(user, place.case) for user in staff_of_branch] == [True, False, True]
    queue.give_back(assignment=assignment, code="outside_my_skill")
    assert [queries.may_open(user, place.case) for user in staff_of_branch] == [False, False, True]


def test_the_board_shows_the_branch_and_what_nobody_there_may_decide(
    office: Office, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    numbers(office, 2)
    for person in (office.officer, office.colleague):
        staff.declare_conflict(officer=person, party_key="person:boss", kind="self", declared_by=person)
    stuck = permits.sent(office.applicant, parties=[("applicant", "person:boss")])
    desk_acts.assigned(office.officer)
    serving.warm(monkeypatch)
    with django_assert_max_num_queries(11):
        board = queries.board(office.officer.branch)
    assert board.counts == {"waiting": 2, "held": 1}
    assert [p.pk for p in board.stuck] == [stuck.pk]
    assert {line.officer: line.held for line in board.officers} == {office.officer: 1, office.colleague: 0}


def test_the_board_counts_the_waiting_requests_that_it_lists(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was asked for ahead of its turn stands in a list of its own; the links to other pages keep the rest of the query."""
    numbers(office, 3)
    code = queries.replies(Case.objects.latest("pk")).reasons_of("override")[0].code
    queue.ask_override(place=QueueEntry.objects.latest("pk"), code=code, asked_by=office.supervisor)
    monkeypatch.setattr(branch, "MOST", 1)
    shown = signed_in(office.supervisor).get(reverse("admin:desk_board"), {"days": "5"})
    assert shown.context["waiting"].paginator.count == 2
    assert 'href="?days=5&amp;queue=2#ahead"' in shown.content.decode()


def test_the_board_says_when_a_list_is_cut(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    staff.declare_conflict(officer=office.officer, party_key="person:boss", kind="self", declared_by=office.officer)
    staff.declare_conflict(officer=office.colleague, party_key="person:boss", kind="self", declared_by=office.colleague)
    for _number in range(2):
        permits.sent(office.applicant, parties=[("applicant", "person:boss")])
    models.Clock.objects.update(level=1)
    cut, address = "قد يوجد منها أكثر مما هو معروض هنا.", reverse("admin:desk_board")
    board = queries.board(office.officer.branch)
    assert (len(board.stuck), len(board.escalated), board.more_stuck, board.more_escalated) == (2, 2, False, False), "the control"
    assert cut not in signed_in(office.supervisor).get(address).content.decode()
    monkeypatch.setattr(boards, "MOST", 1)
    board = queries.board(office.officer.branch)
    assert (len(board.stuck), len(board.escalated), board.more_stuck, board.more_escalated) == (1, 1, True, True)
    assert signed_in(office.supervisor).get(address).content.decode().count(cut) == 2


# What the database refuses by itself, and lets through once its guards are gone.


def forged(office: Office, number: int, officer: object) -> None:
    now = clock.now()
    Assignment.objects.create(place_id=number, officer=officer, drawn_at=now, touched_at=now)


def forgeries(office: Office) -> list[tuple[str, int, object]]:
    """Hands that a case must not come into: with a conflict of interest, of another branch, without the field, before an older one."""
    first, second = numbers(office, 2)
    staff.declare_conflict(officer=office.officer, party_key=office.applicant.key, kind="self", declared_by=office.officer)
    return [
        ("tied", first, office.officer),
        ("not_theirs", first, permits.officer("elsewhere", office.supervisor, "JA")),
        ("not_theirs", first, permits.officer("plumber", office.supervisor, "HA", "plumbing")),
        ("not_theirs", first, office.supervisor),
        ("out_of_order", second, office.colleague),
    ]


def test_the_database_refuses_an_assignment_that_is_not_due(office: Office) -> None:
    for code, number, officer in forgeries(office):
        with pytest.raises(IntegrityError, match=f"guard:{code}"), transaction.atomic():
            forged(office, number, officer)
    place = permits.sent(permits.applicant(2))
    with pytest.raises(IntegrityError, match="guard:not_in_your_hands"), transaction.atomic():
        CaseEvent.objects.create(
            subject=place.case, workflow=permits.PERMIT, move="ask_corrections", from_state="in_review", to_state="corrections",
            at=clock.now(), actor_role="officer", actor_key=office.colleague.key,
        )  # fmt: skip
    with pytest.raises(IntegrityError, match="guard:not_decided"), transaction.atomic():
        CaseEvent.objects.create(
            subject=place.case, workflow=permits.PERMIT, move="accept", from_state="in_review", to_state="granted",
            at=clock.now(), actor_role="system", actor_key="system:x",
        )  # fmt: skip


def test_without_the_guards_each_of_these_assignments_goes_through_and_the_log_shows_the_inversion(office: Office) -> None:
    from django.db import connection

    tries = forgeries(office)
    connection.check_constraints()
    guards.remove(connection)
    for _code, number, officer in tries:
        with transaction.atomic():
            forged(office, number, officer)
            transaction.set_rollback(True)
    place = QueueEntry.objects.get(pk=tries[-1][1])
    with transaction.atomic():
        forged(office, place.pk, office.colleague)
        transition(place, "draw", actor=actor_of(office.colleague))
    (found,) = out_of_turn.inversions()
    assert (found.place, found.overtook) == (place.pk, tries[0][1])
    assert any("without an override" in line for line in invariants.findings())


def test_officers_and_supervisors_have_no_right_to_any_table_of_the_queue_and_the_auditor_only_reads(office: Office) -> None:
    from municipality.cases.roles import ensure_roles

    ensure_roles()
    rights = {user: {p for p in user.get_all_permissions() if p.startswith("review.")} for user in (office.officer, office.supervisor)}
    assert rights == {office.officer: set(), office.supervisor: set()}
    auditor = StaffFactory(groups=["auditor"], branch_id="HA")
    held = {p for p in auditor.get_all_permissions() if p.startswith("review.")}
    assert {"review.view_queueentry", "review.view_override"} <= held and all(p.startswith("review.view_") for p in held)
