"""Steps of inspectors and supervisors: each is one move with its audit row, and the reporter is told."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from municipality.accounts.models import User
from municipality.audit.models import AuditEvent
from municipality.documents import store
from municipality.jobs.models import Job
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused, TransitionRefused
from municipality.review.models import Absence, ConflictOfInterest
from municipality.rulebook.models import LimitRule
from reports import queries as rules
from reports.guards import FARTHEST_SIMILAR, SIMILAR_DEGREES
from reports.intake.places import NORTH, SOUTH
from reports.intake.services import ReportPlace
from reports.intake.similar import me_too
from reports.models import ApiKey, MeToo, PhotoKind, Report, ReportPhoto
from reports.photos import services as photos
from reports.photos.queries import shown
from reports.places import box_around
from reports.reporters import solved
from reports.reporters.services import Sender
from reports.triage import queries, services
from reports.triage.services.joins import ReportPart, complete_parents
from tests.database_guards import assert_refused
from tests.factories import report_steps, reports
from tests.factories.accounts import PersonFactory
from violations.models import JudicialWarrant

pytestmark = pytest.mark.django_db
Told = list[tuple[int, str]]


def fresh(row: Report) -> Report:
    return Report.objects.select_related("inspector").get(pk=row.pk)


def audited(row: Report, action: str) -> bool:
    return AuditEvent.objects.filter(subject=row.subject_key, action=action).exists()


def other_of(row: Report) -> User:
    return User.objects.filter(groups__name="inspector").exclude(pk=row.inspector_id).order_by("pk")[0]


def two(row: Report) -> list[ReportPart]:
    return [ReportPart("waste", "أنقاض"), ReportPart("hazard", "حفرة")]


def test_a_supervisor_has_another_inspector_drawn_for_a_coded_reason(row: Report, supervisor: User) -> None:
    services.draw_again(report=row, supervisor=supervisor, code="conflict")
    assert fresh(row).inspector == other_of(row) and audited(row, "report.drawn_again")
    with pytest.raises(Refused, match="unknown_code"):
        services.draw_again(report=row, supervisor=supervisor, code="fixed")  # a result, no reason of a step
    with pytest.raises(NotPermitted, match="not_supervisor"):
        services.draw_again(report=row, supervisor=other_of(row), code="absent")


@pytest.mark.parametrize("why", ["away", "left"])
def test_the_portal_draws_anew_when_the_inspector_is_away_or_has_left(row: Report, why: str) -> None:
    assert services.redraw_unable() == 0
    if why == "away":
        day = clock.today()
        Absence.objects.create(
            officer=row.inspector, first_day=day, last_day=day, kind="leave", entered_by=row.inspector, entered_at=clock.now()
        )
    else:
        JudicialWarrant.objects.filter(user=row.inspector_id).update(last_day=clock.today() - dt.timedelta(days=1))
    assert services.redraw_unable() == 1
    assert fresh(row).inspector == other_of(row) and fresh(row).last_event.reason == "absent"  # type: ignore[union-attr]


@pytest.mark.parametrize("party", ["shop", "owner"])
def test_who_is_tied_neither_sees_the_report_nor_decides_on_it(
    inspectors: list[User], supervisor: User, make_shop: Any, told: Told, party: str
) -> None:
    shop = make_shop(activity_id="BARB")
    place = ReportPlace(source="shop", latitude=29.3328, longitude=48.0283, area=shop.area, shop=shop)
    row, near = reports.assigned(category="shop", place=place), reports.assigned()
    own = fresh(near)
    keys = {"party_key": shop.key if party == "shop" else shop.owner.key}
    services.draw_again(report=row, supervisor=supervisor, code="absent")
    row = fresh(row)
    near.inspector = next(user for user in inspectors if user != row.inspector)
    assert [other for other, _metres in queries.similar(near)] == [row] and row in queries.visible_to(supervisor)
    for officer in (supervisor, near.inspector):
        ConflictOfInterest.objects.create(officer=officer, kind="relative", declared_by=officer, declared_at=clock.now(), **keys)
        assert row not in queries.visible_to(officer) and own in queries.visible_to(officer)
    assert queries.similar(near) == []
    with pytest.raises(NotPermitted, match="conflict_of_interest"):
        services.draw_again(report=row, supervisor=supervisor, code="absent")


def test_whose_inspector_may_not_act_is_found_in_few_statements_for_all_reports(row: Report) -> None:
    for _n in range(5):
        reports.assigned()
    with CaptureQueriesContext(connection) as statements:
        assert services.redraw_unable() == 0
    assert len(statements) <= 4


def test_another_category_brings_its_promise_from_the_receipt(row: Report, told: Told, frozen_clock: Any) -> None:
    frozen_clock.move(hours=3)
    with pytest.raises(Refused, match="same_category"):
        services.recategorise(report=row, inspector=row.inspector, category="waste", code="other_category")
    services.recategorise(report=row, inspector=row.inspector, category="hazard", code="other_category")
    after = fresh(row)
    assert (after.category, after.severity) == ("hazard", "high")
    assert after.due_at == row.received_at + dt.timedelta(hours=12) and (row.pk, "recategorised") in told


def test_another_category_never_puts_a_promise_off(told: Told, inspectors: Any, frozen_clock: Any) -> None:
    row = reports.assigned(category="hazard")
    frozen_clock.move(hours=13)
    assert row.is_overdue
    services.recategorise(report=row, inspector=row.inspector, category="waste", code="other_category")
    after = fresh(row)
    assert (after.category, after.due_at) == ("waste", row.due_at) and after.is_overdue
    later = row.due_at + dt.timedelta(hours=1)
    assert_refused(lambda: report_steps.moved(after, "recategorise", due_at=later), "guard:promise_later")


def test_only_the_drawn_inspector_acts(row: Report) -> None:
    with pytest.raises(NotPermitted, match="not_drawn"):
        services.ask(report=row, inspector=other_of(row), text="أين؟")
    JudicialWarrant.objects.filter(user=row.inspector_id).update(last_day=clock.today() - dt.timedelta(days=1))
    with pytest.raises(NotPermitted, match="not_able"):
        services.ask(report=row, inspector=row.inspector, text="أين؟")


def test_a_question_is_answered(row: Report, told: Told) -> None:
    question = services.ask(report=row, inspector=row.inspector, text="أين بالضبط؟")
    assert question.due_on == clock.today() + dt.timedelta(days=5) and fresh(row).state == "asked" and told == [(row.pk, "asked")]
    with pytest.raises(Refused, match="too_long"):
        services.answer(row, "x" * 2001)
    services.answer(row, "خلف المدرسة " * 120)
    assert row.questions.get().answer == ("خلف المدرسة " * 120).strip()  # nothing is cut off
    assert fresh(row).state == "assigned"
    with pytest.raises(Refused, match="not_asked"):
        services.answer(row, "مرة أخرى")


def test_nobody_is_asked_whom_no_message_reaches(row: Report, told: Told) -> None:
    key = ApiKey.objects.create(name="x", contact="x", digest="k" * 64, per_hour=1, made_by=row.inspector, made_at=clock.now())
    senders = (Sender(device="a link alone"), Sender(phone="96550000013", system=key.public_id))
    for sender, facts in zip(senders, ({}, {"api_key": key}), strict=True):
        other = reports.assigned(sender, **facts)
        with pytest.raises(Refused, match="not_reachable"):
            services.ask(report=other, inspector=fresh(other).inspector, text="أين؟")
        assert fresh(other).state == "assigned"
    other = reports.assigned(Sender(person=PersonFactory()))
    services.ask(report=other, inspector=fresh(other).inspector, text="أين؟")
    assert told == [(other.pk, "asked")]


def test_without_an_answer_a_supervisor_closes_it_and_a_late_one_opens_it_again(
    row: Report, supervisor: User, told: Told, frozen_clock: Any
) -> None:
    services.ask(report=row, inspector=row.inspector, text="أين بالضبط؟")
    frozen_clock.move(days=5)
    assert services.end_unanswered() == 0
    frozen_clock.move(days=1)
    assert services.end_unanswered() == 1
    assert fresh(row).state == "countersign" and told == [(row.pk, "asked")]  # closed by nobody alone
    services.countersign(report=row, supervisor=supervisor)
    assert (fresh(row).state, fresh(row).last_event.reason) == ("closed", "no_answer") and told[-1] == (row.pk, "unanswered")  # type: ignore[union-attr]
    assert solved.result_to_judge(fresh(row)) is None  # an answer opens it again
    frozen_clock.move(days=1)
    services.answer(row, "خلف المدرسة")
    again = fresh(row)
    assert again.state == "received" and again.closed_at is None and again.due_at == clock.now() + dt.timedelta(hours=48)
    assert Job.objects.filter(kind="reports.assign", key__startswith=row.subject_key).count() == 2
    services.assign(again)
    assert fresh(row).state == "assigned"


@pytest.mark.parametrize("what", ["answer", "send back"])
def test_without_an_answer_it_goes_back_to_the_inspector_who_decides(
    row: Report, supervisor: User, told: Told, frozen_clock: Any, what: str
) -> None:
    services.ask(report=row, inspector=row.inspector, text="أين بالضبط؟")
    frozen_clock.move(days=6)
    services.end_unanswered()
    if what == "answer":
        services.answer(row, "خلف المدرسة")
    else:
        services.send_back(report=row, supervisor=supervisor, code="proof_unclear")
    assert fresh(row).state == "assigned" and row.closures.get().sent_back_at and (row.pk, "unanswered") not in told
    with pytest.raises(Refused, match="not_proposed"):
        services.countersign(report=row, supervisor=supervisor)


def test_the_rulebook_may_let_the_inspector_go_on_without_an_answer(
    row: Report, frozen_clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.ask(report=row, inspector=row.inspector, text="أين؟")
    frozen_clock.move(days=6)
    limits = rules.limits()
    monkeypatch.setattr(rules, "limits", lambda *day: {**limits, "unanswered_closes": 0})
    assert services.end_unanswered() == 1 and fresh(row).state == "assigned"
    services.answer(row, "خلف المدرسة")  # kept for the inspector, moves nothing
    assert fresh(row).state == "assigned" and row.questions.get().answered_at


def test_handed_over_until_a_day_while_the_promise_runs(row: Report, told: Told, frozen_clock: Any) -> None:
    for wrong in (clock.today(), clock.today() + dt.timedelta(days=8)):
        with pytest.raises(Refused, match="wrong_day"):
            services.hand_over(report=row, inspector=row.inspector, body="paaf", code="not_ours", back_on=wrong)
    made = services.hand_over(report=row, inspector=row.inspector, body="paaf", code="not_ours")
    assert made.back_on == clock.today() + dt.timedelta(days=7) and made.contact == "1806006" and fresh(row).due_at == row.due_at
    frozen_clock.move(days=7)
    assert services.come_back() == 0 and fresh(row).is_overdue, "it has its last day"
    frozen_clock.move(days=1)
    assert services.come_back() == 1
    made.refresh_from_db()
    assert fresh(row).state == "assigned" and made.returned_at and told[-1] == (row.pk, "came_back")
    services.hand_over(report=row, inspector=row.inspector, body="police", code="not_ours")
    services.take_back(report=row, inspector=row.inspector)
    assert fresh(row).state == "assigned" and not row.hand_overs.filter(returned_at=None).exists()


def test_two_reports_are_joined_and_both_numbers_stay_alive(row: Report, told: Told) -> None:
    other = reports.assigned()
    for report, who in ((row, "a"), (row, "b"), (other, "b")):
        MeToo.objects.create(report=report, who=who, at=clock.now())
    Report.objects.filter(pk=other.pk).update(me_too_count=1)
    services.merge(report=row, into=other, inspector=row.inspector, why="x")
    assert (fresh(row).state, fresh(row).merged_into) == ("merged", other)
    assert fresh(other).me_too_count == 3  # b, a, and who sent the other report
    assert told == [(row.pk, "joined"), (other.pk, "joined_here")] and rules.joined(other) == [row]
    with pytest.raises(Refused, match="not_open"):
        services.merge(report=other, into=row, inspector=other.inspector, why="x")


def test_a_person_counts_once_in_joined_reports_however_often_they_reported_it(row: Report, told: Told) -> None:
    phone, person = Sender(phone="96550000011"), Sender(person=PersonFactory(), device="their phone")  # the first one sent `row`
    other, third = reports.assigned(person), reports.assigned(person)
    assert me_too(row, person) and me_too(other, phone)
    services.merge(report=row, into=other, inspector=row.inspector, why="x")
    assert fresh(other).people == 2 and list(MeToo.objects.filter(report=other).values_list("who", flat=True)) == phone.digests
    services.merge(report=third, into=fresh(other), inspector=third.inspector, why="x")
    assert fresh(other).people == 2
    assert not me_too(fresh(other), Sender(phone="96550000011", device="another")) and not me_too(fresh(other), person)


def test_who_saw_the_same_once_with_and_once_without_a_name_counts_once_in_joined_reports(row: Report, told: Told) -> None:
    other = reports.assigned()
    assert me_too(row, Sender(person=PersonFactory(), device="theirs")) and me_too(other, Sender(device="theirs"))
    services.merge(report=row, into=other, inspector=row.inspector, why="x")
    assert fresh(other).me_too_count == 2  # and who sent `row`


def test_who_sent_a_joined_report_is_no_other_who_saw_it(row: Report, told: Told) -> None:
    other = reports.assigned()
    services.merge(report=row, into=other, inspector=row.inspector, why="x")
    assert not me_too(fresh(other), Sender(phone="96550000011")) and fresh(other).people == 2


def test_other_systems_learn_of_the_promise_that_came_with_a_joined_report(row: Report, told: Told, frozen_clock: Any) -> None:
    frozen_clock.move(hours=1)
    other = reports.assigned()
    frozen_clock.move(hours=1)
    services.merge(report=row, into=other, inspector=row.inspector, why="x")
    assert fresh(other).due_at == row.due_at < other.due_at and fresh(other).updated_at == clock.now()


def test_a_report_that_everybody_sees_does_not_vanish_into_a_hidden_one(row: Report, told: Told) -> None:
    other = report_steps.hidden(reports.assigned())
    with pytest.raises(Refused, match="other_hidden"):
        services.merge(report=row, into=other, inspector=row.inspector, why="x")
    services.merge(report=other, into=row, inspector=other.inspector, why="x")


def test_a_report_does_not_leave_the_page_of_its_shop_by_a_join(inspectors: Any, told: Told, make_shop: Any, store: Any) -> None:
    first, second = make_shop(activity_id="BARB"), make_shop(activity_id="BARB")

    def at(shop: Any) -> Report:
        place = ReportPlace(source="shop", latitude=29.3328, longitude=48.0283, area=first.area, shop=shop)
        return reports.assigned(category="waste", place=place)

    row, nobodys = at(first), at(None)
    for other in (at(second), nobodys):
        with pytest.raises(Refused, match="other_shop"):
            services.merge(report=row, into=other, inspector=row.inspector, why="x")
    services.merge(report=row, into=at(first), inspector=row.inspector, why="x")
    services.merge(report=nobodys, into=at(second), inspector=nobodys.inspector, why="x")


def test_a_joined_report_keeps_its_promise_and_severity(row: Report, told: Told, frozen_clock: Any) -> None:
    promise = {"severity": "urgent", "due_at": clock.now() + dt.timedelta(hours=4)}
    report_steps.moved(row, "recategorise", **promise)
    other, third = reports.assigned(), reports.assigned()
    assert_refused(lambda: Report.objects.filter(pk=other.pk).update(**promise), "guard:promise_kept")
    services.merge(report=row, into=other, inspector=row.inspector, why="x")
    assert (fresh(other).severity, fresh(other).due_at) == ("urgent", promise["due_at"])
    services.merge(report=third, into=other, inspector=third.inspector, why="x")
    assert (fresh(other).severity, fresh(other).due_at) == ("urgent", promise["due_at"]), "a slower one changes nothing"


def test_everybody_sees_the_photos_of_a_joined_report_on_the_other(row: Report) -> None:
    photo = photos.add(row, PhotoKind.BEFORE, SimpleUploadedFile("one.jpg", b"a photo"))
    kept = store.put(b"a copy", "image/jpeg")
    ReportPhoto.objects.filter(pk=photo.pk).update(copy=kept, blur="clear")
    other = reports.assigned()
    services.merge(report=row, into=other, inspector=row.inspector, why="x")
    assert list(shown(other)) == [photo]
    assert "SCAN reports_reportphoto" not in shown(other).explain(), "photos are found by their index, not by reading all"


def test_an_asked_report_is_joined_and_nothing_joins_a_report_of_another_branch(row: Report) -> None:
    services.ask(report=row, inspector=row.inspector, text="أين؟")
    other = reports.assigned()
    services.merge(report=row, into=other, inspector=row.inspector, why="x")
    assert row.questions.get().ended_at
    third = reports.received()
    Report.objects.filter(pk=third.pk).update(branch="JA")
    with pytest.raises(NotPermitted, match="other_branch"):
        services.merge(report=other, into=third, inspector=other.inspector, why="x")


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"category": "hazard"}, "other_category"),
        ({"place": ReportPlace(latitude=29.33335, longitude=48.0283)}, "too_far"),  # 61 m
        ({"place": ReportPlace(note="خلف المدرسة")}, "no_place"),
        ({}, "why_missing"),
    ],
)
def test_only_reports_of_one_problem_are_joined(row: Report, told: Told, facts: dict[str, Any], code: str) -> None:
    if "place" in facts:
        facts = {"place": replace(facts["place"], area=row.area)}
    other = reports.assigned(**facts)
    with pytest.raises(Refused, match=code):
        services.merge(report=row, into=other, inspector=row.inspector, why=" " if code == "why_missing" else "نفس الكومة")
    assert fresh(row).state == "assigned" and told == []


def test_why_two_reports_were_joined_is_kept_with_their_distance(row: Report) -> None:
    other = reports.assigned(place=ReportPlace(latitude=29.33295, longitude=48.0283, area=row.area))
    services.merge(report=row, into=other, inspector=row.inspector, why="نفس الكومة")
    facts = {"why": "نفس الكومة", "metres": 17}
    assert AuditEvent.objects.get(action="report.merged", subject=row.subject_key).data == {"into": other.number, **facts}
    assert AuditEvent.objects.get(action="report.joined", subject=other.subject_key).data == {"from": row.number, **facts}


def test_a_divided_report_closes_with_its_last_part(row: Report, told: Told) -> None:
    with pytest.raises(Refused, match="parts_number"):
        services.split(report=row, inspector=row.inspector, parts=two(row)[:1])
    with pytest.raises(Refused, match="words_missing"):
        services.split(report=row, inspector=row.inspector, parts=[ReportPart("waste", "أ"), ReportPart("waste", " ")])
    first, second = services.split(report=row, inspector=row.inspector, parts=two(row))
    assert second.due_at == row.received_at + dt.timedelta(hours=12) and second.severity == "high" and second.number != row.number
    for part in (first, second):
        services.assign(part)
    with pytest.raises(Refused, match="is_part"):
        services.split(report=first, inspector=fresh(first).inspector, parts=two(row))
    with pytest.raises(Refused, match="no_reporter"):
        services.ask(report=first, inspector=fresh(first).inspector, text="أين؟")
    other = reports.assigned()
    services.merge(report=first, into=other, inspector=fresh(first).inspector, why="x")
    complete_parents(report_steps.closed(fresh(second)))
    assert fresh(row).state == "split"
    complete_parents(report_steps.closed(fresh(other)))
    assert fresh(row).state == "closed" and told.count((row.pk, "closed")) == 1
    with pytest.raises(TransitionRefused):
        services.take_back(report=row, inspector=row.inspector)


def test_similar_reports_are_open_and_near(row: Report) -> None:
    near = reports.assigned(place=ReportPlace(latitude=29.33295, longitude=48.0283, area=row.area))
    reports.assigned(place=ReportPlace(latitude=29.3428, longitude=48.0283, area=row.area))
    assert [(other.pk, metres) for other, metres in queries.similar(row)] == [(near.pk, 17)]
    assert LimitRule.objects.filter(code="parts").exists()


def test_passives_in_arabic_do_not_read_as_commands() -> None:
    from reports.states import REPORT_WORKFLOW, ReportState

    with translation.override("ar"):
        labels = [str(move.label) for move in REPORT_WORKFLOW.moves.values()] + [str(label) for label in ReportState.labels]
    bare = {"أقفل", "أقفلت", "أعيد", "أحيل", "قسم", "ضم", "سحب", "فتح", "كتبت", "أرسل"}
    assert not [label for label in labels if bare & set(label.split())]


@pytest.mark.parametrize("latitude", [SOUTH, NORTH])
def test_the_farthest_that_the_rulebook_may_allow_is_within_the_guard(latitude: float) -> None:
    (south, north), (west, east) = box_around(latitude, 48.0, FARTHEST_SIMILAR)
    assert max(north - south, east - west) / 2 <= SIMILAR_DEGREES
