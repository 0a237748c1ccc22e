"""Deadlines of holders after an outage: one working day more, no late fee, one message, the reason in the timeline, each once."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import translation

from licensing.health import queries, renewability, services
from licensing.health.states import DUPLICATE, RENEWAL
from licensing.models import Renewal
from municipality.audit.models import AuditEvent
from municipality.cases import timeline
from municipality.cases.models import Case
from municipality.cases.queries import events_of
from municipality.incidents import queries as incidents
from municipality.incidents import relief
from municipality.incidents.models import Incident, MovedDeadline, PortalPart
from municipality.incidents.registry import DEADLINES
from municipality.incidents.services import withhold
from municipality.incidents.timeline import added_steps as moved_steps
from municipality.jobs.models import Job, JobState
from municipality.jobs.services import run
from municipality.kernel import clock
from municipality.notifications.models import Message
from municipality.review.models import CorrectionRound
from municipality.review.services import desk
from payments.queries import bill_of
from tests import desk_acts
from tests.browsers import signed_in
from tests.conftest import NOON, TODAY, Clock
from tests.database_guards import assert_refused, drop_guard, gets_through
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.incidents import IncidentFactory
from tests.factories.licensing import RenewalCaseFactory
from tests.factories.review import OfficerFactory

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def relieved(**facts: Any) -> Incident:
    row = IncidentFactory(**facts)
    relief.relieve(row.pk)
    row.refresh_from_db()
    return row


def days(kind: str) -> list[tuple[dt.date, dt.date]]:
    return [*MovedDeadline.objects.filter(kind=kind).order_by("pk").values_list("before", "after")]


def test_an_open_duplicate_takes_no_relief_away_and_an_open_renewal_needs_none(make_licensed_shop: Any, owner: Any) -> None:
    repeated, renewed = make_licensed_shop(ends_in=0), make_licensed_shop(ends_in=0)
    services.submit(shop=repeated, applicant=owner, service=DUPLICATE)
    services.submit_renewal(shop=renewed, applicant=owner)
    relieved()
    moved = MovedDeadline.objects.filter(kind="licensing.health")
    assert [*moved.values_list("subject", flat=True)] == [repeated.key]


def reasons(case: Case) -> int:
    """How many lines of the timeline say that a day moved, and why."""
    with translation.override("en"):
        titles = [str(step.title) for step in timeline.steps(case, events_of(case))]
    return sum("the last day moved from" in title and "The portal" in title for title in titles)


# Tuesday 24 November 2026: a licence that ends today, and an outage of 75 minutes.


def test_a_licence_is_renewed_a_working_day_later_without_late_fee(make_licensed_shop: Any, owner: Any, frozen_clock: Clock) -> None:
    shop, later, over = (make_licensed_shop(ends_in=days) for days in (0, 4, -1))
    incident = relieved()
    assert incident.relieved_at is not None and days("licensing.health") == [(TODAY, TODAY + DAY)]
    message = Message.objects.get(kind="incidents.deadlines_moved")
    assert message.person == owner and "25 November 2026" in message.body_en and "The portal" in message.body_en
    assert [*AuditEvent.objects.filter(action="deadline.moved").values_list("subject", flat=True)] == [shop.key]
    frozen_clock.move(days=1)
    offer = queries.offer(shop)
    assert offer.may_renew and not offer.is_late and offer.total == 10_000 and offer.in_time_until == TODAY + DAY
    assert queries.offer(over).is_late and not queries.offer(later).is_late
    assert renewability.of_shops([shop])[shop.pk].can_renew
    assert renewability.of_shops([shop], is_shown=True)[shop.pk].can_renew
    page = signed_in(owner).get(f"/en/health-licence/{shop.public_id}/renew/")
    assert "without the surcharge until" in page.content.decode()
    case = services.submit_renewal(shop=shop, applicant=owner, expected_fils=10_000)
    assert not Renewal.objects.get(case=case).is_late
    assert reasons(case) == 1
    with translation.override("en"):
        (told,) = moved_steps(case, [])
        assert str(told.title).startswith("To renew a health licence without surcharge: the last day moved from")
    frozen_clock.move(days=1)
    assert queries.offer(over).is_late


def test_a_request_of_another_service_about_the_shop_does_not_tell_it(make_licensed_shop: Any, frozen_clock: Clock) -> None:
    shop = make_licensed_shop(ends_in=0)
    relieved()
    frozen_clock.move(days=1)
    claim = Case(service="shops.claim", subject=shop.key, opened_at=clock.now())
    assert moved_steps(claim, []) == [] and len(moved_steps(Case(service=RENEWAL, subject=shop.key, opened_at=clock.now()), [])) == 1


@pytest.mark.parametrize(("part", "named"), [(PortalPart.PAYMENT, "Payment"), (PortalPart.SIGN_IN, "Signing in")])
def test_the_message_names_what_did_not_work(make_licensed_shop: Any, part: PortalPart, named: str) -> None:
    make_licensed_shop(ends_in=0)
    relieved(part=part)
    short = Message.objects.get(kind="incidents.deadlines_moved").short_en
    assert named in short and "the portal" not in short


def test_a_day_after_the_moved_one_the_late_fee_is_back(make_licensed_shop: Any, frozen_clock: Clock) -> None:
    shop = make_licensed_shop(ends_in=0)
    relieved()
    frozen_clock.move(days=2)
    assert queries.offer(shop).is_late and queries.offer(shop).total == 15_000


@pytest.mark.parametrize(
    "facts",
    [{"minutes": 60}, {"part": PortalPart.TEXTS}, {"ended_at": None, "started_at": NOON - 2 * DAY}],
    ids=["short", "of_texts", "open"],
)
def test_what_is_short_of_texts_or_open_moves_nothing(make_licensed_shop: Any, facts: dict[str, Any]) -> None:
    make_licensed_shop(ends_in=0)
    assert relieved(**facts).relieved_at is None
    assert not MovedDeadline.objects.exists() and not Message.objects.filter(kind="incidents.deadlines_moved").exists()


def test_nothing_moves_because_of_what_was_none(make_licensed_shop: Any) -> None:
    make_licensed_shop(ends_in=0)
    row = IncidentFactory()
    withhold(incident=row, reason="The line was cut for a test", by=StaffFactory(login="operator"))
    relief.relieve(row.pk)
    assert not MovedDeadline.objects.exists()


def test_run_twice_it_moves_once(make_licensed_shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    make_licensed_shop(ends_in=0)
    row = IncidentFactory()
    with monkeypatch.context() as patch:
        patch.setattr(relief, "_finish", lambda incident: None)  # the worker dies before it has told anybody
        relief.relieve(row.pk)
    for _ in range(2):
        relief.relieve(row.pk)
    assert MovedDeadline.objects.count() == Message.objects.filter(kind="incidents.deadlines_moved").count() == 1


def test_batches_follow_each_other_and_end_with_one_message(make_licensed_shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relief, "BATCH", 2)
    for _ in range(3):
        make_licensed_shop(ends_in=1)
    row = relieved()
    assert row.relieved_at is None and MovedDeadline.objects.count() == 2
    assert run(Job.objects.get(kind="incidents.relieve").pk)
    row.refresh_from_db()
    assert row.relieved_at is not None and MovedDeadline.objects.count() == 3
    assert Message.objects.filter(kind="incidents.deadlines_moved").count() == 1


def test_many_people_are_told_in_batches_and_the_last_one_ends_it(make_licensed_shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        make_licensed_shop(ends_in=0, owner=UserFactory())
    row = IncidentFactory()
    with monkeypatch.context() as patch:
        patch.setattr(relief, "_finish", lambda incident: None)
        relief.relieve(row.pk)
    monkeypatch.setattr(relief, "BATCH", 2)
    told = Message.objects.filter(kind="incidents.deadlines_moved")
    for _ in range(2):  # a second time nobody is told twice
        relief._finish(row)
    first, second = Job.objects.filter(kind="incidents.tell").order_by("pk")
    assert told.count() == 2 and run(second.pk)
    row.refresh_from_db()
    assert told.count() == 3 and row.relieved_at is None and incidents.are_held()
    assert run(first.pk)
    row.refresh_from_db()
    assert told.count() == told.values("person").distinct().count() == 5 and row.relieved_at is not None
    assert AuditEvent.objects.get(action="incident.relieved")


def test_two_parts_of_one_outage_move_it_once_and_another_outage_once_more(make_licensed_shop: Any, frozen_clock: Clock) -> None:
    make_licensed_shop(ends_in=0)
    relieved()
    relieved(part=PortalPart.SIGN_IN, minutes=61)
    assert days("licensing.health") == [(TODAY, TODAY + DAY)]
    frozen_clock.move(days=1)
    relieved(part=PortalPart.PAYMENT)
    assert days("licensing.health")[1:] == [(TODAY + DAY, TODAY + 2 * DAY)]


@pytest.mark.parametrize(("ends_in", "until"), [(1, 5), (2, 5), (3, 5)])
def test_friday_and_saturday_are_left_out(make_licensed_shop: Any, frozen_clock: Clock, ends_in: int, until: int) -> None:
    """From Wednesday 25: a licence ends on Thursday, Friday or Saturday; the next working day is Sunday 29."""
    frozen_clock.move(days=1)
    make_licensed_shop(ends_in=ends_in)
    relieved()
    assert days("licensing.health") == [(TODAY + (ends_in + 1) * DAY, TODAY + until * DAY)]


def test_holidays_are_left_out(make_licensed_shop: Any, frozen_clock: Clock) -> None:
    frozen_clock.set(dt.datetime(2026, 12, 31, 9, tzinfo=dt.UTC))  # a Thursday; Friday 1 January is New Year
    make_licensed_shop(ends_in=0)
    relieved()
    (moved,) = days("licensing.health")
    calendar_free = {dt.date(2027, 1, 1), dt.date(2027, 1, 2)}
    assert moved[1] == dt.date(2027, 1, 3) and moved[1] not in calendar_free


def test_counted_from_the_end_of_an_outage_that_outlasted_the_deadline(make_licensed_shop: Any) -> None:
    make_licensed_shop(ends_in=-2)
    relieved(minutes=3 * 24 * 60)
    assert days("licensing.health") == [(TODAY - 2 * DAY, TODAY + DAY)]


# The time to pay, and to answer.


def test_the_time_to_pay_moves_and_the_request_stays_open_until_then(make_licensed_shop: Any, owner: Any, frozen_clock: Clock) -> None:
    case = services.submit_renewal(shop=make_licensed_shop(), applicant=owner)
    job = Job.objects.get(kind="licensing.close_unpaid")
    frozen_clock.set(job.due_at - dt.timedelta(hours=1))
    row = IncidentFactory()
    frozen_clock.move(hours=1)
    assert run(job.pk)  # on hold: nothing ends before deadlines have moved
    assert Case.objects.get(pk=case.pk).state == "awaiting_payment" and bill_of(case.key) is not None
    relief.relieve(row.pk)
    (before, after), moved = days("licensing.payment")[0], Job.objects.get(pk=job.pk)
    assert before < after == clock.day_of(moved.due_at) and moved.state == "queued"
    assert reasons(case) == 1
    frozen_clock.set(moved.due_at)
    assert run(job.pk) and Case.objects.get(pk=case.pk).state == "expired"
    assert [event.subject for event in incidents.closed_meanwhile(row)] == []


def test_a_request_whose_job_is_just_asking_again_is_not_left_out(make_licensed_shop: Any, owner: Any, frozen_clock: Clock) -> None:
    """A job on hold runs for a moment every ten minutes. Left out, its request would close on the old day."""
    services.submit_renewal(shop=make_licensed_shop(), applicant=owner)
    job = Job.objects.get(kind="licensing.close_unpaid")
    frozen_clock.set(job.due_at - dt.timedelta(hours=1))
    row = IncidentFactory()
    frozen_clock.move(hours=1)
    assert run(job.pk)
    asking = {"lease_owner": "worker", "lease_until": clock.now() + dt.timedelta(seconds=30)}
    Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING, **asking)
    relief.relieve(row.pk)
    row.refresh_from_db()
    assert row.relieved_at is None and incidents.are_held() and not MovedDeadline.objects.filter(kind="licensing.payment").exists()
    Job.objects.filter(pk=job.pk).update(state=JobState.ON_HOLD, lease_owner="")
    relief.relieve(row.pk)
    row.refresh_from_db()
    assert row.relieved_at is not None and len(days("licensing.payment")) == 1


def test_the_day_before_is_that_of_the_deadline_however_long_the_job_was_held(
    make_licensed_shop: Any, owner: Any, frozen_clock: Clock
) -> None:
    services.submit_renewal(shop=make_licensed_shop(), applicant=owner)
    job = Job.objects.get(kind="licensing.close_unpaid")
    frozen_clock.set(job.due_at - dt.timedelta(hours=1))
    row = IncidentFactory(ended_at=None, started_at=clock.now())
    for _ in range(30):
        frozen_clock.move(hours=1)
        assert run(job.pk)
    Incident.objects.filter(pk=row.pk).update(ended_at=clock.now())
    relief.relieve(row.pk)
    (moved,) = MovedDeadline.objects.filter(kind="licensing.payment")
    assert moved.before == clock.day_of(job.due_at) and moved.after == clock.day_of(Job.objects.get(pk=job.pk).due_at)
    assert Job.objects.get(pk=job.pk).due_at.timetz() == job.due_at.timetz()


def test_the_time_to_answer_corrections_moves(make_licensed_shop: Any, owner: Any, frozen_clock: Clock) -> None:
    case = RenewalCaseFactory(shop=make_licensed_shop(), applicant=owner, changed=["area_m2"])
    item = desk.CorrectionRequest("area_differs", "area_m2")
    desk.ask_corrections(assignment=desk_acts.checked(desk_acts.assigned(OfficerFactory())), items=[item])
    answer_by = CorrectionRound.objects.get().answer_by
    frozen_clock.set(clock.start_of(answer_by) + dt.timedelta(hours=12))
    row = IncidentFactory()
    frozen_clock.move(days=1)
    services.lapse_unanswered()  # held
    assert Case.objects.get(pk=case.pk).state == "corrections"
    relief.relieve(row.pk)
    moved = CorrectionRound.objects.get().answer_by
    assert moved > answer_by and days("review.corrections") == [(answer_by, moved)]
    frozen_clock.set(clock.start_of(moved) + dt.timedelta(hours=12))
    services.lapse_unanswered()
    assert Case.objects.get(pk=case.pk).state == "corrections"
    frozen_clock.move(days=1)
    services.lapse_unanswered()
    assert Case.objects.get(pk=case.pk).state == "expired"


def test_a_request_that_ended_before_anything_could_move_is_listed(make_licensed_shop: Any, owner: Any, frozen_clock: Clock) -> None:
    case = services.submit_renewal(shop=make_licensed_shop(), applicant=owner)
    services.close_unpaid(case=Case.objects.get(pk=case.pk))
    frozen_clock.move(minutes=70)
    row = IncidentFactory()
    assert [event.subject.pk for event in incidents.closed_meanwhile(row)] == [case.pk]


def test_only_deadlines_of_people_are_registered() -> None:
    assert set(DEADLINES) == {
        *("licensing.health", "licensing.boards", "licensing.payment", "licensing.boards_payment", "licensing.new_licence"),
        *("licensing.appeal", "review.corrections", "violations.correction", "violations.settlement", "violations.instalment"),
        *("violations.objection", "shops.claim"),
        *("zoning.payment", "zoning.objection"),
        *("reports.question", "reports.solved"),
    }


# What the database refuses.


def moved_row(incident: Incident, thing: int = 1) -> MovedDeadline:
    values = {"subject": "shop:x", "reference": "x", "before": TODAY, "after": TODAY + DAY, "at": NOON}
    return MovedDeadline.objects.create(incident=incident, kind="licensing.health", thing=thing, **values)


@pytest.mark.guards
def test_a_deadline_moves_once_and_only_because_of_an_incident_that_ended(rules: None) -> None:
    ended, running = IncidentFactory(), IncidentFactory(ended_at=None, started_at=NOON)
    moved_row(ended)
    with pytest.raises(IntegrityError, match=r"(?i)unique"), transaction.atomic():
        moved_row(ended)
    assert_refused(lambda: moved_row(running), "guard:not_ended")
    drop_guard("incidents_moveddeadline_of_ended", "incidents_moveddeadline")
    assert gets_through(lambda: moved_row(running))


@pytest.mark.guards
def test_a_closed_incident_is_frozen(rules: None) -> None:
    row = IncidentFactory()

    def shorten() -> None:
        Incident.objects.filter(pk=row.pk).update(ended_at=NOON - dt.timedelta(minutes=30))

    assert_refused(shorten, "guard:frozen")
    drop_guard("incidents_incident_ended_once", "incidents_incident")
    assert gets_through(shorten)


def test_the_machine_and_the_visitor_read_the_same(rules: None, client: Client) -> None:
    IncidentFactory()
    assert client.get("/api/v1/status/").json()["incidents"][0]["minutes"] == 75
