"""A notice is served by being opened, by two channels, or by hand; before that no period runs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.formats import date_format

from municipality.accounts.models import Signatory
from municipality.audit.models import AuditEvent
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.models import Delivery, DeliveryState, Message
from tests.conftest import Clock
from tests.factories.accounts import OrganisationFactory, StaffFactory
from tests.factories.uploads import UploadFactory
from tests.factories.violations import ObjectionFactory
from tests.violations.conftest import decide
from violations import invariants, queries, tasks
from violations.models import Service, ServiceGround, Violation
from violations.services import notices, objections, terms

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk(rules: None) -> Any:
    return StaffFactory(groups=["violation_clerk"], login="clerk", branch_id="HA")


def delivered(row: Violation, **states: str) -> None:
    """The channels ended so."""
    for channel, state in states.items():
        sent = {"sent_at": clock.now()} if state == DeliveryState.SENT else {}
        Delivery.objects.filter(message__subject_key=row.key, channel=channel).update(state=state, **sent)


def by_hand(row: Violation, clerk: Any, **changes: Any) -> None:
    values: dict[str, Any] = {"on": clock.today(), "how": "handed", "receipt": "R-٧"}
    notices.serve_by_hand(violation=row, clerk=clerk, **(values | changes))


def test_a_bounced_text_message_starts_no_period_and_opens_a_task(write: Callable[..., Violation], frozen_clock: Clock, owner: Any) -> None:
    row = write()
    unserved = notices.not_served(Violation.objects.all())
    assert not unserved.exists()  # both channels are on their way
    delivered(row, email=DeliveryState.SENT, sms=DeliveryState.FAILED)
    frozen_clock.move(days=30)
    assert notices.sweep() == 0
    row.refresh_from_db()
    assert (row.settle_until, row.object_until) == (None, None) and list(unserved.all()) == [row]
    assert notices.record_opening(violation=row, person=owner)
    row.refresh_from_db()
    assert row.settle_until == clock.today() + dt.timedelta(days=14) and not unserved.all().exists()


def test_what_two_channels_took_is_no_task(write: Callable[..., Violation], frozen_clock: Clock) -> None:
    """The red control: both sent, the periods run without anybody's hand."""
    row = write()
    delivered(row, email=DeliveryState.SENT, sms=DeliveryState.SENT)
    assert not notices.not_served(Violation.objects.all()).exists()
    frozen_clock.move(days=30)
    assert notices.sweep() == 1


def test_two_channels_to_two_people_serve_nobody(
    write: Callable[..., Violation], make_shop: Callable[..., Any], owner: Any, stranger: Any, frozen_clock: Clock
) -> None:
    organisation = OrganisationFactory()
    for person in (owner, stranger):
        Signatory.objects.create(organisation=organisation, person=person, first_day=clock.today())
    row = write(shop=make_shop(owner=None, organisation=organisation))
    for person, took in ((owner, "email"), (stranger, "sms")):
        rows = Delivery.objects.filter(message__subject_key=row.key, message__person=person)
        assert rows.filter(channel=took).update(state=DeliveryState.SENT, sent_at=clock.now()) == 1
        assert rows.exclude(channel=took).update(state=DeliveryState.FAILED) == 1
    frozen_clock.move(days=30)
    assert notices.sweep() == 0 and list(notices.not_served(Violation.objects.all())) == [row], "nobody had both"


def test_what_no_channel_takes_stands_before_nothing(
    write: Callable[..., Violation], frozen_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweep takes the oldest that it can serve; the red control: old ones that it never serves filled its list."""
    for offence in ("CLN-03", "CLN-04"):
        delivered(write(offence), email=DeliveryState.SENT, sms=DeliveryState.FAILED)
    served = write("CLN-05")
    delivered(served, email=DeliveryState.SENT, sms=DeliveryState.SENT)
    frozen_clock.move(days=30)
    monkeypatch.setattr(notices, "MOST", 2)
    assert notices.sweep() == 1 and Service.objects.get().violation_id == served.pk


@pytest.mark.guards
def test_service_by_hand_starts_the_periods_on_its_day_under_the_name_of_the_clerk(
    write: Callable[..., Violation], clerk: Any, frozen_clock: Clock, store: Path
) -> None:
    row = write()
    upload = UploadFactory(owner=clerk, subject=queries.proof_key(row), slot="proof")
    served_on = clock.today() + dt.timedelta(days=1)
    frozen_clock.move(days=3)
    by_hand(row, clerk, on=served_on)
    service = Service.objects.get(violation=row)
    assert (service.ground, clock.day_of(service.at)) == (ServiceGround.BY_HAND, served_on)
    assert service.proof["receipt"] == "R-7" and service.proof["files"] == [upload.public_id] and service.proof["by"] == clerk.key
    assert row.settle_until == served_on + dt.timedelta(days=14) and row.object_until == served_on + dt.timedelta(days=30)
    event = AuditEvent.objects.get(action="violation.served", subject=row.key)
    assert (event.actor_key, event.actor_role, event.data["ground"]) == (clerk.key, "violation_clerk", "by_hand")
    assert "R-7" not in str(event.data)


@pytest.mark.guards
def test_a_served_notice_is_not_served_again(write: Callable[..., Violation], clerk: Any, owner: Any) -> None:
    row = write()
    by_hand(row, clerk)
    with pytest.raises(Refused, match="served"):
        by_hand(row, clerk)
    assert not notices.record_opening(violation=row, person=owner)
    proof = {"how": "handed", "by": clerk.key, "receipt": "2"}
    with pytest.raises(IntegrityError), transaction.atomic():
        Service.objects.create(violation=row, ground=ServiceGround.BY_HAND, at=clock.now(), proof=proof)
    with pytest.raises(IntegrityError), transaction.atomic():
        Service.objects.filter(violation=row).update(at=clock.now())


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"on": None}, "bad_day"),
        ({"on": dt.date(2026, 11, 23)}, "bad_day"),
        ({"on": dt.date(2026, 11, 25)}, "bad_day"),
        ({"how": "shouted"}, "unknown_way"),
        ({"receipt": "  "}, "no_proof"),
    ],
)
def test_without_proof_nothing_is_served(write: Callable[..., Violation], clerk: Any, changes: dict[str, Any], code: str) -> None:
    row = write()
    with pytest.raises(Refused, match=code):
        by_hand(row, clerk, **changes)
    assert not Service.objects.exists()


@pytest.mark.guards
@pytest.mark.parametrize("proof", [{}, {"how": "handed", "by": "staff:x"}, {"how": "x", "by": "staff:x", "receipt": "1"}])
def test_the_database_refuses_a_service_by_hand_without_its_proof(write: Callable[..., Violation], proof: dict[str, str]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Service.objects.create(violation=write(), ground=ServiceGround.BY_HAND, at=clock.now(), proof=proof)


def test_only_a_clerk_serves_by_hand(write: Callable[..., Violation], inspector: Any) -> None:
    with pytest.raises(NotPermitted):
        by_hand(write(), inspector)


def test_the_supervisors_of_the_branch_hear_of_an_undefended_report(
    write: Callable[..., Violation], owner: Any, frozen_clock: Clock
) -> None:
    here, elsewhere = (StaffFactory(groups=["supervisor"], login=branch, branch_id=branch) for branch in ("HA", "JA"))
    row = write()
    notices.record_opening(violation=row, person=owner)
    objection = ObjectionFactory(violation=row, person=owner)
    objections.close_defence(objection_id=objection.pk)
    assert not Message.objects.filter(kind="violations.undefended").exists()  # the days still run
    frozen_clock.move(days=6)
    for _ in range(2):
        objections.close_defence(objection_id=objection.pk)
    message = Message.objects.get(kind="violations.undefended")
    assert message.person == here and row.reference in message.title_en and message.path == "/admin/office/undefended/"
    assert list(queries.undefended(Violation.objects.filter(branch=here.branch_id))) == [objection]
    assert not queries.undefended(Violation.objects.filter(branch=elsewhere.branch_id)).exists()
    row.refresh_from_db()
    assert row.number and row.state == "objected"  # the number stays, nothing is deleted


def test_a_defended_report_is_told_to_nobody(write: Callable[..., Violation], owner: Any, inspector: Any, frozen_clock: Clock) -> None:
    """The red control."""
    StaffFactory(groups=["supervisor"], branch_id="HA")
    row = write()
    notices.record_opening(violation=row, person=owner)
    objection = ObjectionFactory(violation=row, person=owner)
    objections.defend(objection=objection, inspector=inspector, words="الصور تبين الأكياس")
    frozen_clock.move(days=6)
    objections.close_defence(objection_id=objection.pk)
    assert not Message.objects.filter(kind="violations.undefended").exists()


@pytest.fixture
def both_sent(write: Callable[..., Violation]) -> Violation:
    """A report whose notice both channels took and nobody opened."""
    row = write("CLN-03")
    delivered(row, email=DeliveryState.SENT, sms=DeliveryState.SENT)
    return Violation.objects.get(pk=row.pk)


@pytest.mark.parametrize("decided", [False, True])
def test_an_objection_before_service_keeps_the_price_for_its_days(
    both_sent: Violation, owner: Any, decider: Callable[..., Any], frozen_clock: Clock, decided: bool
) -> None:
    """The red control: the sweep served it by the messages of before, so the kept price was over at once."""
    frozen_clock.move(days=2)
    objection = ObjectionFactory(violation=both_sent, person=owner)
    service = Service.objects.get(violation=both_sent)
    assert (service.ground, service.at, service.proof) == (ServiceGround.OPENED, clock.now(), {"person": owner.key})
    if decided:
        decide(objection, decider, uphold=False)
        frozen_clock.move(days=14)
    else:
        frozen_clock.move(days=31)
        objections.lapse(objection_id=objection.pk)
    row = Violation.objects.get(pk=both_sent.pk)
    body = Message.objects.get(kind="violations.objection_refused").body_en
    with translation.override("en"):
        assert row.settle_until is not None and date_format(row.settle_until, "DATE_FORMAT") in body
    tasks.sweep()
    row.refresh_from_db()
    assert (row.state, row.settle_until) == ("ordered", clock.today() + dt.timedelta(days=0 if decided else 14))
    assert list(invariants.findings()) == []


def test_a_plan_before_service_serves_and_its_rest_has_the_days_of_its_message(
    both_sent: Violation, owner: Any, frozen_clock: Clock
) -> None:
    frozen_clock.move(days=2)
    terms.agree_plan(violation=both_sent, person=owner, count=2)
    assert Service.objects.get(violation=both_sent).ground == ServiceGround.OPENED
    frozen_clock.move(days=2)  # the first part was due by tomorrow
    tasks.sweep()
    row = Violation.objects.get(pk=both_sent.pk)
    assert (row.state, row.settle_until) == ("ordered", clock.today() + dt.timedelta(days=14))
    frozen_clock.move(days=14)
    tasks.sweep()
    assert Violation.objects.get(pk=both_sent.pk).state == "ordered"


@pytest.mark.guards
def test_a_plan_that_falls_shortens_no_extended_period(write: Callable[..., Violation], owner: Any, frozen_clock: Clock) -> None:
    row = write("CLN-03")
    notices.record_opening(violation=row, person=owner)
    until = terms.extend(violation=row, person=owner)
    terms.agree_plan(violation=row, person=owner, count=2)
    frozen_clock.move(days=2)
    tasks.sweep()
    row.refresh_from_db()
    assert (row.state, row.settle_until) == ("ordered", until)
    with pytest.raises(IntegrityError, match="settle_until_earlier"), transaction.atomic():
        Violation.objects.filter(pk=row.pk).update(settle_until=until - dt.timedelta(days=1))
