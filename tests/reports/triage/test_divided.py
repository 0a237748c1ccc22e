"""A divided report: who may act on it after a "no", parts that are joined, what a part shows, and what its reporter is told."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from municipality.accounts.models import User
from municipality.documents import store as documents
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.places.models import Branch
from reports import queries as rules
from reports.models import Closure, PhotoKind, Report, ReportPhoto, SolvedAnswer
from reports.moderation import queries as moderation
from reports.moderation import services as moderating
from reports.photos import services as photos
from reports.public_page import open_data
from reports.reporters import notifications
from reports.reporters.services import secret_of
from reports.results import result_of
from reports.triage import draws, queries, services
from reports.triage.services import rows
from reports.triage.services.joins import ReportPart, complete_parents
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.database_guards import assert_refused, without_guards
from tests.factories import report_steps, reports
from tests.factories.accounts import StaffFactory
from tests.factories.inspections import inspector

pytestmark = pytest.mark.django_db
DESCRIPTION = [column.name for column in open_data.COLUMNS].index("description")


@pytest.fixture(autouse=True)
def plain_static(settings: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


def fresh(row: Report) -> Report:
    return Report.objects.select_related("inspector", "shop", "last_event").get(pk=row.pk)


def divided(row: Report, *codes: str) -> list[Report]:
    """The parts of a report, each with its drawn inspector."""
    parts = services.split(report=row, inspector=row.inspector, parts=[ReportPart(code, f"note {code}") for code in codes])
    for part in parts:
        services.assign(part)
    return [fresh(part) for part in parts]


def closed_by(part: Report, user: User) -> None:
    """A part whose result an inspector wrote and another person signed."""
    before = fresh(part)
    if before.inspector != user:
        report_steps.moved(before, "draw_again", inspector=user)
    report_steps.closed(fresh(part))
    complete_parents(fresh(part))


def unsolved(row: Report) -> None:
    SolvedAnswer.objects.create(closure=row.closures.latest("pk"), is_solved=False, at=clock.now())
    services.reopen(row)


def test_who_closed_or_signed_a_part_does_not_judge_the_closing_of_the_whole(row: Report, inspectors: list[User]) -> None:
    other = next(user for user in inspectors if user != row.inspector)
    third = inspector("third", "HA", scope=["SHP", "CLN"])
    parts = divided(row, "waste", "hazard")
    for part in parts:
        closed_by(part, other)
    signer = Closure.objects.get(report=parts[0]).signed_by
    assert signer is not None and fresh(row).state == "closed"
    unsolved(row)
    assert list(draws.able(fresh(row), on=None)) == [third], "neither who divided it nor who closed a part"
    StaffFactory(groups=["supervisor"], login="another", branch=Branch.objects.get(pk="HA"))
    User.objects.filter(pk=signer.pk).update(branch="HA")
    signer.refresh_from_db()
    assert not rows.may_sign(fresh(row), signer)
    for user in (other, row.inspector):
        assert_refused(lambda user=user: report_steps.moved(fresh(row), "assign", inspector=user), "guard:same_inspector")
    services.assign(row)
    again = fresh(row)
    assert again.inspector == third
    part = services.split(report=again, inspector=third, parts=[ReportPart("waste", "x"), ReportPart("hazard", "y")])[0]
    assert list(draws.able(part, on=None)) == [third], "nor do they get a part of it"
    assert_refused(lambda: report_steps.moved(fresh(part), "assign", inspector=other), "guard:same_inspector")


def test_nobody_is_said_to_judge_the_result_of_a_part(row: Report) -> None:
    part, _other = divided(row, "waste", "hazard")
    report_steps.closed(part)
    page = Client().get(f"/en/reports/{part.public_id}/").content.decode()
    assert "The waste was removed." in page and "Can be answered until" not in page


def test_a_part_that_is_joined_is_done_with_the_report_that_it_was_joined_with(row: Report, told: list[Any]) -> None:
    first, second = divided(row, "waste", "hazard")
    other = reports.assigned()
    services.merge(report=first, into=other, inspector=first.inspector, why="x")
    closed_by(second, second.inspector)  # type: ignore[arg-type]
    assert fresh(row).state == "split", "the matter of the joined part is open"
    assert_refused(lambda: report_steps.moved(fresh(row), "complete", closed_at=clock.now()), "guard:parts_open")
    report_steps.closed(fresh(other), text_en="Taken away.")
    complete_parents(fresh(other))
    assert fresh(row).state == "closed" and told.count((row.pk, "closed")) == 1
    result = result_of(fresh(row))
    assert result is not None and f"{first.number}: Taken away." in result.text_en
    unsolved(row)
    assert fresh(other).inspector not in draws.able(fresh(row), on=None), "who closed what the part was joined with"


def test_a_whole_that_closed_with_a_joined_part_is_open_while_what_the_part_was_joined_with_is(row: Report, told: list[Any]) -> None:
    first, second = divided(row, "waste", "hazard")
    other = reports.assigned()
    services.merge(report=first, into=other, inspector=first.inspector, why="x")
    closed_by(second, second.inspector)  # type: ignore[arg-type]
    closed_by(other, other.inspector)  # type: ignore[arg-type]
    before = fresh(row)
    assert before.state == "closed"
    unsolved(fresh(other))
    again = fresh(row)
    assert (again.state, again.closed_at) == ("split", None) and again.is_open and again.due_at >= before.due_at
    assert told.count((row.pk, "reopened")) == 1 and result_of(again) is None
    page = Client().get(f"/en/reports/{row.public_id}/").content.decode()
    assert "A part is open again" in page
    inspector("third", "HA", scope=["SHP", "CLN"])
    services.assign(fresh(other))
    closed_by(other, fresh(other).inspector)  # type: ignore[arg-type]
    assert fresh(row).state == "closed" and told.count((row.pk, "closed")) == 2


def test_what_is_told_of_a_report_divided_again_are_not_the_results_that_solved_nothing(
    row: Report, told: list[Any], frozen_clock: Clock
) -> None:
    for part in (before := divided(row, "waste", "hazard")):
        closed_by(part, part.inspector)  # type: ignore[arg-type]
    third, _fourth = (inspector(login, "HA", scope=["SHP", "CLN"]) for login in ("third", "fourth"))
    other = fresh(reports.assigned())
    if other.inspector != third:  # nothing is joined with a report of who closed it before
        report_steps.moved(other, "draw_again", inspector=third)
    report_steps.proposed(fresh(other), text_en="Taken away.")  # before the whole is opened again, and signed afterwards
    frozen_clock.move(hours=1)
    unsolved(fresh(row))
    frozen_clock.move(hours=1)
    services.assign(fresh(row))
    first, second = divided(fresh(row), "waste", "hazard")
    services.merge(report=first, into=other, inspector=first.inspector, why="x")
    closed_by(second, second.inspector)  # type: ignore[arg-type]
    report_steps.signed(fresh(other))
    complete_parents(fresh(other))
    result = result_of(fresh(row))
    assert result is not None and result.text_en.splitlines() == [
        f"{first.number}: Taken away.",
        f"{second.number}: The waste was removed.",
    ], f"not {before}"


def test_a_whole_that_an_inspector_closed_stays_closed_when_a_joined_part_opens_again(row: Report) -> None:
    first, second = divided(row, "waste", "hazard")
    other = reports.assigned()
    services.merge(report=first, into=other, inspector=first.inspector, why="x")
    closed_by(second, second.inspector)  # type: ignore[arg-type]
    closed_by(other, other.inspector)  # type: ignore[arg-type]
    unsolved(fresh(row))
    inspector("third", "HA", scope=["SHP", "CLN"])
    services.assign(fresh(row))
    closed_by(row, fresh(row).inspector)  # type: ignore[arg-type]
    unsolved(fresh(other))
    assert fresh(row).state == "closed"


def test_a_part_takes_the_urgency_of_the_answers(row: Report) -> None:
    raising = ((one, question) for one in rules.rules().categories.values() for question in one.questions)
    category, question = next((one, question) for one, question in raising if question.raises_to in ("high", "urgent"))
    other = reports.assigned(category=category.code, answers={question.code: question.raises_on})
    other = fresh(other)
    assert other.severity == question.raises_to != category.severity
    part = divided(other, category.code, "hazard")[0]
    assert (part.severity, part.due_at) == (other.severity, other.due_at)


def test_the_inspector_of_a_part_sees_the_whole_also_from_another_branch(row: Report, inspectors: list[User]) -> None:
    photo = photos.add(row, PhotoKind.BEFORE, SimpleUploadedFile("one.jpg", b"a photo"))
    ReportPhoto.objects.filter(pk=photo.pk).update(copy=documents.put(b"a copy", "image/jpeg"), blur="clear")
    part = divided(row, "waste", "hazard")[0]
    far = inspector("far", "JA", scope=["SHP", "CLN"])
    address, whole = f"/admin/eye/{part.public_id}/", f"/admin/eye/{row.public_id}/"
    assert signed_in(far).get(whole).status_code == 403
    report_steps.moved(part, "draw_again", inspector=far)
    client = signed_in(far)
    page = client.get(address).content.decode()
    assert f"/admin/eye/photos/{photo.public_id}.jpg" in page and row.words in page and "note waste" in page and whole in page
    assert client.get(f"/admin/eye/photos/{photo.public_id}.jpg").status_code == 200 and client.get(whole).status_code == 200
    assert fresh(row) not in queries.visible_to(far), "no list of another branch holds it"


def test_the_note_of_an_inspector_on_a_part_is_never_published(row: Report) -> None:
    part = divided(row, "waste", "hazard")[0]
    intake = StaffFactory(groups=["intake"], login="intake")
    assert part not in moderation.unread_words()
    with pytest.raises(Refused, match="no_words"):
        moderating.agree_words(report=part, by=intake)
    assert_refused(lambda: Report.objects.filter(pk=part.pk).update(words_shown_at=clock.now()), "guard:words_hidden")
    page = Client().get(f"/en/reports/{part.public_id}/").content.decode()
    assert "note waste" not in page and "A photo or a description was sent too" not in page


def test_the_message_of_a_divided_report_asks_whether_it_is_solved(row: Report) -> None:
    for part in divided(row, "waste", "hazard"):
        closed_by(part, part.inspector)  # type: ignore[arg-type]
    assert notifications.context_of(notifications.Closed, fresh(row), row)["may_judge"]


def test_while_a_report_is_divided_its_parts_alone_have_promises(row: Report, frozen_clock: Clock) -> None:
    def said(report: Report) -> tuple[bool, bool]:
        """Whether its page and Open311 say by when an answer is promised."""
        page = Client().get(f"/en/reports/{report.public_id}/").content.decode()
        request = Client().get(f"/open311/v2/requests/{report.number}.json", {"extensions": "true"}).json()[0]
        return "An answer by" in page, request["expected_datetime"] is not None

    joined = reports.assigned()
    services.merge(report=joined, into=row, inspector=joined.inspector, why="x")
    assert said(fresh(row)) == (True, True) and rules.promise_of(fresh(joined)) == row
    part, other = divided(row, "waste", "hazard")
    assert (said(fresh(row)), said(part)) == ((False, False), (True, True))
    mine = Client().get(f"/en/reports/{row.public_id}/mine/", {"s": secret_of(row.key)}, follow=True).content.decode()
    assert rules.promise_of(fresh(joined)) is None and "Divided into several reports" in mine and "An answer by" not in mine
    frozen_clock.move(hours=24 * 30)
    page = Client().get(f"/en/reports/{row.public_id}/").content.decode()
    assert "Missed for the report as a whole: an answer by" in page, "dividing it puts nothing off"
    for one in (part, other):
        closed_by(one, one.inspector)  # type: ignore[arg-type]
    assert fresh(row).state == "closed" and "Late by" in Client().get(f"/en/reports/{row.public_id}/").content.decode()


def test_not_even_a_note_that_was_agreed_to_before_notes_were_for_the_file_alone(row: Report) -> None:
    part = divided(row, "waste", "hazard")[0]
    without_guards()
    Report.objects.filter(pk__in=[row.pk, part.pk]).update(words_shown_at=clock.now())
    shown = {one[0]: one[DESCRIPTION] for one in open_data.rows(clock.today())}
    assert (shown[row.public_id], shown[part.public_id]) == (row.words, None)
    for said, words in ((row, row.words), (part, None)):
        assert Client().get(f"/open311/v2/requests/{said.number}.json").json()[0]["description"] == words
    assert row.words in Client().get(f"/en/reports/{row.public_id}/").content.decode()
    assert "note waste" not in Client().get(f"/en/reports/{part.public_id}/").content.decode()
