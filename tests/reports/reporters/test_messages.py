"""Reporters are told of each step by the way they left, and no job or message names them to staff."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from municipality.jobs.models import Job
from municipality.notifications.models import Message, NotReached
from municipality.notifications.registry import check as assert_complete
from reports.intake.services import ReportPlace
from reports.models import Report
from reports.reporters import bans, notifications
from reports.reporters.services import Sender, secret_of
from reports.results import result_of
from reports.triage import services as triage
from reports.triage.services.joins import ReportPart, complete_parents
from tests.browsers import signed_in
from tests.factories import report_steps, reports
from tests.factories.accounts import PersonFactory, StaffFactory, UserFactory
from tests.factories.inspections import inspector
from tests.factories.shops import ShopFactory
from tests.published_rules import publish_rules
from violations import publication
from violations.rules import CONTESTED

pytestmark = pytest.mark.django_db
PHONE = "96555501234"


@pytest.fixture(autouse=True)
def _rules(db: None) -> None:
    publish_rules()


class Gateway:
    """Keeps what it is asked to send."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    def send(self, to: str, text: str, idempotency_key: str) -> str:
        self.sent.append((to, text))
        return "1"


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Gateway:
    made = Gateway()
    monkeypatch.setattr("municipality.notifications.sms.gateway", lambda: made)
    return made


def _tell(report: Report, kind: str) -> int:
    with transaction.atomic():
        return notifications.tell(report, kind)


@pytest.mark.parametrize("kind", [*notifications.TOLD.values(), notifications.Banned, notifications.BanLifted, notifications.BanKept])
def test_a_message_is_complete_in_both_languages(kind: Any) -> None:
    assert_complete(kind())


def test_a_person_is_told_once_of_a_step() -> None:
    inspector("mine", "HA")
    person = PersonFactory()
    report = reports.assigned(Sender(person=person))
    assert _tell(report, "received") == 1  # told when it was stored
    message = Message.objects.get(kind="reports.received")
    assert message.person == person and report.number in message.title_ar and message.path == f"/reports/{report.public_id}/mine/"
    assert report.inspector is not None and report.inspector.name_ar not in message.body_ar
    assert not NotReached.objects.exists()  # that list names the person beside the report


def test_a_confirmed_phone_gets_a_text_with_the_link(gateway: Gateway) -> None:
    report = reports.received(Sender(phone=PHONE, device="d"))
    _tell(report, "came_back")
    job = Job.objects.get(kind="reports.text", key__contains="came_back")
    assert PHONE not in f"{job.key} {job.args}" and secret_of(report.key) not in f"{job.key} {job.args}"
    notifications.send_text(**job.args)
    ((number, text),) = gateway.sent
    assert number == PHONE and report.number in text and f"/mine/?s={secret_of(report.key)}" in text


def test_a_confirmed_phone_is_told_of_a_stop_and_of_what_became_of_the_appeal(gateway: Gateway) -> None:
    clerk, other = (StaffFactory(groups=["intake"], login=login) for login in ("clerk", "other"))
    ban = bans.make(report=reports.received(Sender(phone=PHONE)), code="false_reports", by=clerk)
    bans.appeal(ban=ban, words="لم أكذب")
    bans.decide(ban=ban, lift=False, by=other)
    for job in Job.objects.filter(kind="reports.text", key__contains=ban.public_id).order_by("pk"):
        notifications.send_text(**job.args)
    (_to, told), (to, kept) = gateway.sent
    assert to == PHONE and f"/reports/bans/{ban.public_id}/" in told and told != kept and "?s=" not in told
    gateway.sent.clear()
    bans.make(report=reports.received(Sender(device="d")), code="false_reports", by=clerk)
    assert not Job.objects.filter(kind="reports.text", key__startswith="reports.banned").exclude(key__contains=ban.public_id).exists()


def test_texts_to_a_phone_are_limited(gateway: Gateway, settings: Any) -> None:
    settings.SMS_PER_DAY = 1
    for _n in range(2):
        _tell(reports.received(Sender(phone=PHONE)), "received")
    for job in Job.objects.filter(kind="reports.text").order_by("pk"):
        notifications.send_text(**job.args)
    assert len(gateway.sent) == 1


def test_who_has_a_link_only_is_told_by_its_page() -> None:
    assert _tell(reports.received(Sender(device="d")), "received") == 0
    assert not Message.objects.exists() and not Job.objects.filter(kind="reports.text").exists()


def test_the_results_of_all_parts_come_in_one_message() -> None:
    drawn = inspector("mine", "HA")
    person = PersonFactory()
    report = reports.assigned(Sender(person=person))
    parts = triage.split(report=report, inspector=drawn, parts=[ReportPart("waste", "أ"), ReportPart("shop", "ب")])
    for part in parts:
        triage.assign(part)
        part.refresh_from_db()
        report_steps.closed(part)
        with transaction.atomic():
            complete_parents(part)
    body = Message.objects.get(kind="reports.closed", person=person).body_en
    assert all(f"{part.number}: The waste was removed." in body for part in parts)
    inspector("other", "HA")
    report.refresh_from_db()
    report_steps.answered(report, is_solved=False)
    triage.assign(report)
    report.refresh_from_db()
    report_steps.closed(report, text_en="Now all is clean.")
    report.refresh_from_db()
    result = result_of(report)
    assert result is not None and result.text_en == "Now all is clean."  # not the results of before


def test_who_reported_is_told_of_the_new_parts_alone_when_it_is_divided_again() -> None:
    inspector("mine", "HA")
    report = reports.assigned(Sender(person=PersonFactory()))
    made: list[list[Report]] = []
    for login in ("", "other"):
        if login:
            inspector(login, "HA")
            report_steps.answered(report, is_solved=False)
            triage.assign(report)
            report.refresh_from_db()
        assert report.inspector is not None
        parts = [ReportPart("waste", "أ"), ReportPart("shop", "ب")]
        made.append(triage.split(report=report, inspector=report.inspector, parts=parts))
        for part in made[-1]:
            triage.assign(part)
            part.refresh_from_db()
            report_steps.closed(part)
            with transaction.atomic():
                complete_parents(part)
        report.refresh_from_db()
    told = Message.objects.filter(kind="reports.divided").order_by("pk").values_list("body_en", flat=True)
    named = [[part.number in body for parts in made for part in parts] for body in told]
    assert named == [[True, True, False, False], [False, False, True, True]]
    assert "، ".join(part.number for part in made[1]) in told[1], "in the order in which they were written"


def test_the_page_of_the_reporter_tells_no_measure_before_it_is_public(monkeypatch: pytest.MonkeyPatch) -> None:
    inspector("mine", "HA", scope=["SHP", "CLN"])
    person, shop = PersonFactory(), ShopFactory(owner=PersonFactory(noura=True))
    place = ReportPlace(source="shop", latitude=29.33, longitude=48.02, area=shop.area, shop=shop)
    report = reports.assigned(Sender(person=person), place=place)
    report_steps.led_to(report, shop)
    report_steps.closed(report, code="violation", text_en="A warning was given.")
    page, public = f"/en/reports/{report.public_id}/mine/", f"/en/reports/{report.public_id}/"
    for status, is_told in (("", False), (CONTESTED, True)):
        monkeypatch.setattr(publication, "statuses", lambda rows, said=status: {row.pk: said for row in rows})
        told = [notifications.context_of(notifications.Closed, report, report)["result"].en]
        told += [signed_in(person).get(url).content.decode() for url in (page, public)]
        assert ["A warning was given." in text for text in told] == [is_told] * 3
        assert ["told on the page of the report once it is final" in text for text in told] == [not is_told] * 3


def test_both_are_told_that_reports_were_joined_and_then_of_the_result() -> None:
    drawn = inspector("mine", "HA")
    first, second = PersonFactory(), PersonFactory(noura=True)
    older, newer = reports.assigned(Sender(person=first)), reports.assigned(Sender(person=second))
    triage.merge(report=newer, into=older, inspector=drawn, why="x")
    older.refresh_from_db()
    report_steps.closed(older)
    _tell(older, "closed")
    told = set(Message.objects.exclude(kind="reports.received").values_list("kind", "person"))
    joined = {("reports.joined", second.pk), ("reports.joined_here", first.pk)}
    assert told == joined | {("reports.closed", first.pk), ("reports.closed", second.pk)}
    texts = {row.person_id: f"{row.body_en} {row.short_en}" for row in Message.objects.filter(kind="reports.closed")}
    asks = ("please say so", "whether it is solved")
    assert all(text in texts[person.pk] for text in asks for person in (first, second)), "each of them may say that it is not solved"


def test_who_was_joined_before_is_told_with_what_it_goes_on() -> None:
    drawn = inspector("mine", "HA")
    first, second, third = (reports.assigned(Sender(person=UserFactory())) for _number in range(3))
    triage.merge(report=first, into=second, inspector=drawn, why="x")
    triage.merge(report=second, into=third, inspector=drawn, why="x")
    told = Message.objects.filter(kind="reports.joined", subject_key=first.subject_key).order_by("pk")
    assert [other.number in row.body_en for row, other in zip(told, (second, third), strict=True)] == [True, True]


def test_only_who_can_answer_is_asked() -> None:
    drawn = inspector("mine", "HA")
    first = PersonFactory()
    older, newer = reports.assigned(Sender(person=first)), reports.assigned(Sender(person=PersonFactory(noura=True)))
    triage.merge(report=newer, into=older, inspector=drawn, why="x")
    older.refresh_from_db()
    triage.ask(report=older, inspector=drawn, text="Which side?")
    assert list(Message.objects.filter(kind="reports.asked").values_list("person", flat=True)) == [first.pk]


def test_an_unknown_kind_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        _tell(reports.received(), "gossip")
