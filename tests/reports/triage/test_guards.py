"""What the database refuses of the steps on reports, each with its red control: without the guards the same statement goes through."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from licensing.models import Inspection
from municipality.accounts.models import User
from municipality.kernel import clock, ids
from municipality.review.models import ConflictOfInterest
from reports.intake.services import ReportPlace
from reports.models import ApiKey, Closure, Consequence, HandOver, Question, Report, ReportEvent, SolvedAnswer
from reports.models.report import report_number
from reports.reporters.services import Sender
from tests.database_guards import assert_refused, gets_through, without_guards
from tests.factories import inspections, report_steps, reports
from violations.services import writer_annulments

pytestmark = pytest.mark.django_db


@pytest.fixture
def about_shop(make_shop: Callable[..., Any], store: Path, inspectors: list[User], told: Any) -> Report:
    shop = make_shop(activity_id="BARB")
    return reports.assigned(
        Sender(phone="96550000011"),
        category="shop",
        place=ReportPlace(source="shop", latitude=29.3328, longitude=48.0283, area=shop.area, shop=shop),
    )


def event(row: Report, move: str, to: str) -> ReportEvent:
    facts = {"workflow": row.workflow_name, "move": move, "from_state": row.state, "to_state": to, "at": clock.now()}
    return ReportEvent.objects.create(subject=row, actor_key="x", actor_role="x", **facts)


def moved(row: Report, move: str, to: str, **changes: Any) -> None:
    Report.objects.filter(pk=row.pk).update(state=to, last_event=event(row, move, to), **changes)


def other_of(row: Report) -> User:
    return User.objects.filter(groups__name="inspector").exclude(pk=row.inspector_id).order_by("pk")[0]


def part_of(row: Report) -> Report:
    """A part by hand."""
    made = Report.objects.get(pk=row.pk)
    made.pk = made.last_event = made.inspector = None  # type: ignore[assignment]
    made.public_id, made.number, made.key, made.state, made.parent = ids.public_id(), report_number(), str(uuid4()), "received", row
    made._state.adding = True
    made.save(force_insert=True)
    return made


def part_of_a_part(row: Report) -> None:
    moved(row, "split", "split")
    part = part_of(Report.objects.get(pk=row.pk))
    moved(part, "assign", "assigned", inspector=row.inspector)
    part.refresh_from_db()
    moved(part, "split", "split")
    part_of(Report.objects.get(pk=part.pk))


def drawn_although_tied(row: Report, key: str) -> None:
    officer = other_of(row)
    ConflictOfInterest.objects.create(officer=officer, party_key=key, kind="relative", declared_by=officer, declared_at=clock.now())
    moved(row, "draw_again", "assigned", inspector=officer)


def joined_with_a_part(row: Report) -> None:
    other = reports.assigned()
    moved(other, "split", "split")
    part = part_of(Report.objects.get(pk=other.pk))
    moved(part, "assign", "assigned", inspector=row.inspector)
    part.refresh_from_db()
    moved(part, "merge", "merged", merged_into=other)


def at_its_shop(row: Report) -> ReportPlace:
    return ReportPlace(source="shop", latitude=29.3328, longitude=48.0283, area=row.area, shop=row.shop)


def joined_with_closed(row: Report) -> None:
    other = reports.received(category=row.category, place=at_its_shop(row))
    moved(other, "assign", "assigned", inspector=row.inspector)
    other.refresh_from_db()
    report_steps.closed(other)
    moved(row, "merge", "merged", merged_into=other)


def divided(row: Report) -> Report:
    """A part with its inspector, by hand."""
    moved(row, "split", "split")
    part = part_of(Report.objects.get(pk=row.pk))
    moved(part, "assign", "assigned", inspector=row.inspector)
    part.refresh_from_db()
    row.refresh_from_db()
    return part


def completed_with_an_open_one(row: Report) -> None:
    other = reports.assigned(category=row.category, place=at_its_shop(row))
    moved(divided(row), "merge", "merged", merged_into=other)
    event(row, "complete", "closed")


def drawn_although_closer_of_a_part(row: Report) -> None:
    part, drawn = divided(row), other_of(row)
    report_steps.moved(part, "draw_again", inspector=drawn)
    report_steps.closed(part)
    facts = {"code": "parts_done", "text_ar": "x", "text_en": "x", "closed_by": row.inspector, "closed_at": clock.now()}
    made = Closure.objects.create(report=row, is_on_the_spot=False, **facts)
    report_steps.moved(row, "complete", closed_at=clock.now())
    SolvedAnswer.objects.create(closure=made, is_solved=False, at=clock.now())
    report_steps.moved(row, "reopen", closed_at=None)
    report_steps.moved(row, "assign", inspector=drawn)


def drawn_although_closer_of_what_was_joined(row: Report) -> None:
    closer = row.inspector
    report_steps.answered(report_steps.closed(row), is_solved=False)
    report_steps.moved(row, "assign", inspector=other_of(row))
    other = reports.assigned(category=row.category, place=at_its_shop(row))
    if other.inspector == closer:
        report_steps.moved(other, "draw_again", inspector=row.inspector)
    moved(row, "merge", "merged", merged_into=other)
    report_steps.moved(other, "draw_again", inspector=closer)


def published_note(row: Report) -> None:
    Report.objects.filter(pk=divided(row).pk).update(words_shown_at=clock.now())


def asked(row: Report) -> None:
    Question.objects.create(report=row, text="س", asked_by=row.inspector, asked_at=clock.now(), due_on=clock.today())
    event(row, "ask", "asked")


def asked_of_another_system(row: Report) -> None:
    """The number that another system gave is confirmed by nobody."""
    key = ApiKey.objects.create(name="x", contact="x", digest="k" * 64, per_hour=1, made_by=row.inspector, made_at=clock.now())
    asked(reports.assigned(Sender(phone="96550000013", system=key.public_id), api_key=key))


def closed_without_an_answer(row: Report) -> None:
    """As long as nobody has signed."""
    other = reports.assigned(Sender(phone="96550000012"))
    Question.objects.create(report=other, text="س", asked_by=row.inspector, asked_at=clock.now(), due_on=clock.today())
    moved(other, "ask", "asked")
    other.refresh_from_db()
    moved(other, "propose_unanswered", "countersign")
    facts = {"code": "no_answer", "text_ar": "x", "text_en": "x", "closed_by": other.inspector, "closed_at": clock.now()}
    Closure.objects.create(report=other, is_on_the_spot=False, **facts)
    other.refresh_from_db()
    moved(other, "countersign", "closed", closed_at=clock.now())


def closed_while_asked(row: Report) -> None:
    other = reports.assigned(Sender(phone="96550000012"))
    Question.objects.create(report=other, text="س", asked_by=row.inspector, asked_at=clock.now(), due_on=clock.today())
    moved(other, "ask", "asked")
    other.refresh_from_db()
    moved(other, "close_unanswered", "closed", closed_at=clock.now())


def handed_over(row: Report, back_on: dt.date) -> None:
    names = {"name_ar": "جهة", "name_en": "Body", "contact": "1"}
    HandOver.objects.create(report=row, body="paaf", back_on=back_on, made_by=row.inspector, made_at=clock.now(), **names)


def led_to(row: Report, inspection: Inspection) -> None:
    Consequence.objects.create(report=row, kind="inspection", inspection=inspection, made_by=row.inspector, made_at=clock.now())


def inspected_before(row: Report) -> None:
    made = inspections.ordered(row.shop)  # type: ignore[arg-type]
    with clock.at(clock.now() + dt.timedelta(hours=1)):
        later = reports.received(place=ReportPlace(source="shop", area=row.area, shop=row.shop))
    later.inspector = row.inspector
    led_to(later, made)


def told_measure(row: Report, code: str) -> None:
    facts = {"code": code, "text_ar": "x", "text_en": "x", "closed_by": row.inspector, "closed_at": clock.now()}
    Closure.objects.create(report=row, is_on_the_spot=False, **facts)


def told_annulled_measure(row: Report) -> None:
    made = report_steps.led_to(row, row.shop)  # type: ignore[arg-type]
    writer_annulments.annul(violation=made.violation, inspector=row.inspector, code="writer_wrong_facts", note_ar="x")
    told_measure(row, "violation")


def joined_with_another_problem(row: Report, **facts: Any) -> None:
    moved(row, "merge", "merged", merged_into=reports.assigned(**{"category": row.category, **facts}))


def joined_after_a_measure(row: Report) -> None:
    report_steps.led_to(row, row.shop)  # type: ignore[arg-type]
    row.refresh_from_db()
    moved(row, "merge", "merged", merged_into=reports.assigned(category=row.category, place=at_its_shop(row)))


ATTACKS: dict[str, tuple[str, Callable[[Report], Any]]] = {
    "a part of a report that is not divided": ("not_divided", part_of),
    "a part of a part": ("not_divided", part_of_a_part),
    "drawn although tied to the shop": ("conflict_of_interest", lambda row: drawn_although_tied(row, row.shop.key)),  # type: ignore[union-attr]
    "drawn although tied to the owner": ("conflict_of_interest", lambda row: drawn_although_tied(row, row.shop.owner.key)),  # type: ignore[union-attr]
    "asked without a question": ("no_question", lambda row: event(row, "ask", "asked")),
    "asked although no message reaches anybody": ("not_reachable", lambda row: asked(reports.assigned())),
    "asked of the sender of another system": ("not_reachable", asked_of_another_system),
    "closed for want of an answer, signed by nobody": ("not_signed", closed_without_an_answer),
    "closed by nobody while the answer is awaited": ("no_such_edge", closed_while_asked),
    "a result that tells a warning of which there is none": ("no_measure", lambda row: told_measure(row, "warned")),
    "a result that tells a violation report of which there is none": ("no_measure", lambda row: told_measure(row, "violation")),
    "a result that tells a violation report that was annulled": ("no_measure", told_annulled_measure),
    "joined with one of another category": ("another_problem", lambda row: joined_with_another_problem(row, category="waste")),
    "about a shop, joined with one about none": ("another_problem", joined_with_another_problem),
    "joined with another after it led to a violation": ("led_to", joined_after_a_measure),
    "joined with one far away": (
        "another_problem",
        lambda row: joined_with_another_problem(row, place=ReportPlace(latitude=29.3428, longitude=48.0283, area=row.area)),
    ),
    "joined with one without a place": (
        "another_problem",
        lambda row: joined_with_another_problem(row, place=ReportPlace(area=row.area, note="x")),
    ),
    "closed although a part is joined with an open one": ("parts_open", completed_with_an_open_one),
    "drawn although they closed a part": ("same_inspector", drawn_although_closer_of_a_part),
    "drawn although they closed what was joined": ("same_inspector", drawn_although_closer_of_what_was_joined),
    "put off by another category": (
        "promise_later",
        lambda row: moved(row, "recategorise", "assigned", due_at=row.due_at + dt.timedelta(hours=1)),
    ),
    "promised anew without a report that was joined": (
        "promise_kept",
        lambda row: Report.objects.filter(pk=row.pk).update(due_at=row.due_at - dt.timedelta(hours=1)),
    ),
    "the note on a part published": ("words_hidden", published_note),
    "back on the same day": ("not_later", lambda row: handed_over(row, clock.today())),
    "back before": ("not_later", lambda row: handed_over(row, clock.today() - dt.timedelta(days=1))),
    "joined with a closed one": ("joined_with_closed", joined_with_closed),
    "joined with what it is part of": ("joined_with_closed", joined_with_a_part),
    "an inspection before the report": ("other_inspection", inspected_before),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_the_database_refuses(name: str, about_shop: Report) -> None:
    code, attack = ATTACKS[name]
    assert_refused(lambda: attack(about_shop), f"guard:{code}")


@pytest.mark.parametrize("name", ATTACKS)
def test_without_its_guard_it_goes_through(name: str, about_shop: Report) -> None:
    without_guards()
    assert gets_through(lambda: ATTACKS[name][1](about_shop))
