"""Supervisors are warned before a promise ends, once for each promise."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import uuid4

import pytest

from municipality.accounts.models import User
from municipality.audit.models import AuditEvent
from municipality.fieldwork.services import SentVisit
from municipality.kernel import clock
from municipality.notifications.models import Message
from municipality.places.models import Branch
from municipality.review.models import ConflictOfInterest
from reports.models import Report
from reports.triage import queries, services
from reports.triage.services import warnings
from reports.triage.services.results import FoundResult
from tests.browsers import signed_in
from tests.conftest import NOON
from tests.factories import report_steps, reports
from tests.factories.accounts import StaffFactory

pytestmark = pytest.mark.django_db


def warned() -> list[str]:
    return list(Message.objects.filter(kind="reports.due_soon").order_by("pk").values_list("person__login", flat=True))


def test_supervisors_of_the_branch_are_told_once_before_the_promise_ends(row: Report, supervisor: User, frozen_clock: Any) -> None:
    StaffFactory(groups=["supervisor"], login="elsewhere", branch=Branch.objects.get(pk="JA"))
    with clock.at(row.due_at - dt.timedelta(hours=5)):
        assert services.warn() == 0 and warned() == []
    with clock.at(row.due_at - dt.timedelta(hours=4)):
        assert (services.warn(), services.warn()) == (1, 0)
        client = signed_in(supervisor)
        page = client.get("/admin/eye/branch/", {"promise": "soon"}).content.decode()
        assert row.number in page and "ينتهي قريباً" in page
        assert "ينتهي قريباً" in client.get(f"/admin/eye/{row.public_id}/").content.decode()
    message = Message.objects.get(kind="reports.due_soon")
    assert warned() == ["supervisor"] and row.number in message.body_ar and row.number in message.body_en
    assert message.path == "/admin/eye/branch/?promise=soon"
    assert AuditEvent.objects.filter(action="report.warned", subject=row.subject_key).count() == 1
    with clock.at(row.due_at + dt.timedelta(minutes=1)):
        assert not Report.objects.filter(queries.soon()).exists() and services.warn() == 0


def pressing(supervisor: User) -> int:
    return queries.visible_to(supervisor).filter(queries.pressing()).count()


def test_the_first_page_counts_what_is_late_or_soon_late(row: Report, supervisor: User) -> None:
    assert pressing(supervisor) == 0
    with clock.at(row.due_at + dt.timedelta(days=2)):  # and nobody was warned
        assert pressing(supervisor) == 1 and "بلاغات متأخرة" in signed_in(supervisor).get("/admin/").content.decode()
    with clock.at(row.due_at - dt.timedelta(hours=1)):
        assert pressing(supervisor) == 0 and services.warn() == 1 and pressing(supervisor) == 1


def test_a_new_promise_is_warned_of_again(row: Report, supervisor: User) -> None:
    for _time in range(2):
        with clock.at(row.due_at - dt.timedelta(hours=1)):
            assert services.warn() == 1
            again = report_steps.moved(report_steps.closed(row), "reopen", closed_at=None, due_at=clock.now() + dt.timedelta(hours=48))
            report_steps.moved(again, "assign", inspector=row.inspector)
        row.refresh_from_db()
    assert warned().count("supervisor") == 2


def test_a_promise_in_working_hours_is_warned_of_before_the_office_closes(row: Report, inspectors: list[User]) -> None:
    with clock.at(NOON + dt.timedelta(hours=1)):
        report = reports.assigned(category="board")  # its 72 working hours end an hour after the office opens
    for hours, is_soon in ((15, True), (23, False)):  # in the evening, and five working hours before
        with clock.at(report.due_at - dt.timedelta(hours=hours)):
            assert Report.objects.filter(queries.soon(), pk=report.pk).exists() is is_soon


def test_who_is_tied_to_the_shop_is_not_told_and_without_anybody_it_stays_to_be_told(row: Report, supervisor: User, make_shop: Any) -> None:
    shop = make_shop(activity_id="BARB")
    Report.objects.filter(pk=row.pk).update(shop=shop)
    facts: dict[str, Any] = {"kind": "relative", "declared_by": supervisor, "declared_at": clock.now()}
    ConflictOfInterest.objects.create(officer=supervisor, party_key=shop.key, **facts)
    with clock.at(row.due_at - dt.timedelta(hours=1)):
        assert services.warn() == 0 and warned() == []
        StaffFactory(groups=["supervisor"], login="second", branch=supervisor.branch)
        assert services.warn() == 1 and warned() == ["second"]


def test_what_a_message_has_no_room_for_is_told_by_the_next_one(
    row: Report, supervisor: User, frozen_clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warnings, "MOST", 1)
    other = reports.assigned()
    with clock.at(row.due_at - dt.timedelta(hours=1)):
        assert [services.warn() for _run in range(3)] == [1, 1, 0]
    texts = list(Message.objects.filter(kind="reports.due_soon").order_by("pk").values_list("body_en", flat=True))
    assert [row.number in text for text in texts] == [True, False] and other.number in texts[1]


def test_what_one_supervisor_may_not_know_takes_the_place_of_nothing_for_another(
    row: Report, supervisor: User, make_shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one had room for the other report at once, so it counted as told, and the first never heard of it."""
    monkeypatch.setattr(warnings, "MOST", 1)
    shop, other = make_shop(activity_id="BARB"), reports.assigned()
    Report.objects.filter(pk=row.pk).update(shop=shop)
    second = StaffFactory(groups=["supervisor"], login="second", branch=supervisor.branch)
    facts: dict[str, Any] = {"kind": "relative", "declared_by": second, "declared_at": clock.now()}
    ConflictOfInterest.objects.create(officer=second, party_key=shop.key, **facts)
    with clock.at(row.due_at - dt.timedelta(hours=1)):
        assert [services.warn() for _run in range(3)] == [1, 1, 0]
    told = Message.objects.filter(kind="reports.due_soon")
    assert told.filter(person=supervisor, body_en__contains=row.number).exists()
    assert {one.person.login for one in told.filter(body_en__contains=other.number)} == {"supervisor", "second"}


def test_the_branch_that_was_drawn_to_sign_is_warned_and_the_one_before_no_more(row: Report, supervisor: User) -> None:
    StaffFactory(groups=["supervisor"], login="elsewhere", branch=Branch.objects.get(pk="JA"))
    with clock.at(row.due_at - dt.timedelta(hours=3)):
        found = FoundResult(SentVisit(str(uuid4()), clock.now()), "fixed", "", None, None, asks_signature=True)
        services.close(report=row, inspector=row.inspector, found=found)
        assert services.warn() == 1 and warned() == ["supervisor"], "the control"
        User.objects.filter(pk=supervisor.pk).update(is_active=False)
        assert services.draw_signing_branches() == 1
        StaffFactory(groups=["supervisor"], login="late", branch=supervisor.branch)
        assert [services.warn() for _run in range(2)] == [1, 0] and warned() == ["supervisor", "elsewhere"]
