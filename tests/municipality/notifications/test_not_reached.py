"""What reached nobody: the other channel, the list for phone calls, and what cannot be switched off."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from municipality.accounts.models import User
from municipality.audit.models import AccessLogEntry, AuditEvent
from municipality.cases.roles import ensure_roles
from municipality.jobs.errors import PermanentFailure
from municipality.jobs.models import Job
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from municipality.notifications import not_reached, queries, services
from municipality.notifications.models import ChannelChoice, Message, NotReached
from municipality.notifications.registry import MESSAGE_KINDS
from municipality.review.services import desk
from municipality.rulebook.models import RuleSet
from tests import desk_acts
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import PersonFactory, StaffFactory
from tests.municipality.notifications.conftest import GREETING, Make, RememberingSms
from tests.municipality.review import permits

pytestmark = pytest.mark.django_db
Carry = Callable[[], list[Job]]
CONTEXT = {"shop": "Gulf Grill", "number": "HLT-1"}
LIST = "/admin/notifications/notreached/"


@pytest.fixture
def greeting(make_kind: Make) -> str:
    make_kind("testing.greeting", GREETING)
    return "testing.greeting"


@pytest.fixture
def notice(make_kind: Make) -> str:
    make_kind("testing.notice", GREETING, legal="notices")
    return "testing.notice"


@pytest.fixture
def caller() -> User:
    ensure_roles()
    return StaffFactory(groups=["counter"])


def send(kind: str, person: User, key: str = "1") -> Message:
    return services.send(kind, person=person, key=key, context=CONTEXT, subject_key="case:1")


def states(message: Message) -> dict[str, tuple[str, str]]:
    return {row.channel: (row.state, row.reason) for row in message.deliveries.all()}


def bounce(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> str:
        raise PermanentFailure("the mail system refused the address")

    monkeypatch.setattr("municipality.notifications.mail.send_message", refuse)


def test_after_a_bounce_the_switched_off_channel_is_used(
    greeting: str, gateway: type[RememberingSms], carry_out: Carry, monkeypatch: pytest.MonkeyPatch
) -> None:
    salim = PersonFactory()
    services.choose_channels(person=salim, email=True, sms=False)
    message = send(greeting, salim)
    assert states(message) == {"email": ("waiting", ""), "sms": ("skipped", "switched_off")}
    bounce(monkeypatch)
    carry_out()
    assert states(message) == {"email": ("failed", "refused"), "sms": ("waiting", "fallback")}
    carry_out()
    assert states(message)["sms"] == ("sent", "fallback") and len(gateway.sent) == 1
    assert not NotReached.objects.exists()


def test_a_message_of_one_channel_falls_back_to_the_other_then_is_listed(
    make_kind: Make, gateway: type[RememberingSms], carry_out: Carry, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_kind("testing.letter", GREETING, channels=("email",))
    message = send("testing.letter", PersonFactory())
    bounce(monkeypatch)
    gateway.failures = [PermanentFailure("no such number")]
    carry_out()
    assert states(message)["sms"] == ("waiting", "fallback")
    carry_out()
    assert states(message) == {"email": ("failed", "refused"), "sms": ("failed", "refused")}
    row = NotReached.objects.get()
    assert (row.message, row.cause) == (message, "failed") and list(queries.to_call()) == [row]


def test_what_one_channel_took_falls_back_nowhere(
    greeting: str, gateway: type[RememberingSms], carry_out: Carry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The red control: a bounce alone sends nothing again and calls nobody."""
    message = send(greeting, PersonFactory())
    bounce(monkeypatch)
    carry_out()
    assert states(message) == {"email": ("failed", "refused"), "sms": ("sent", "")}
    assert len(gateway.sent) == 1 and not NotReached.objects.exists()


def test_news_that_a_person_follows_neither_falls_back_nor_is_called(
    make_kind: Make, gateway: type[RememberingSms], carry_out: Carry, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_kind("testing.news", GREETING, channels=("email",), must_reach=False)
    message = send("testing.news", PersonFactory())
    bounce(monkeypatch)
    carry_out()
    assert states(message) == {"email": ("failed", "refused")} and not NotReached.objects.exists() and not gateway.sent


@pytest.mark.guards
def test_a_legal_notice_to_somebody_without_an_address_is_listed(greeting: str, notice: str) -> None:
    nobody = PersonFactory(unreachable=True)
    send(greeting, nobody)
    assert not NotReached.objects.exists()
    message = send(notice, nobody)
    assert NotReached.objects.get().message == message and NotReached.objects.get().cause == "no_address"
    services.mark_read(message)
    assert not queries.to_call().exists() and queries.reached_after_all().count() == 1


def test_staff_are_not_on_the_list(notice: str) -> None:
    send(notice, StaffFactory(groups=["officer"]))
    assert not NotReached.objects.exists()


def test_switching_all_off_stops_messages_but_no_legal_notice(
    greeting: str, notice: str, gateway: type[RememberingSms], carry_out: Carry
) -> None:
    salim = PersonFactory(language="en")
    services.choose_channels(person=salim, email=False, sms=False)
    ordinary, legal = send(greeting, salim), send(notice, salim)
    carry_out()
    assert states(ordinary) == {"email": ("skipped", "switched_off"), "sms": ("skipped", "switched_off")}
    assert states(legal) == {"email": ("sent", "legal_notice"), "sms": ("sent", "legal_notice")}
    [(_to, text, _key)] = gateway.sent
    [letter] = mail.outbox
    assert "Legal notice, which cannot be switched off." in text and "cannot be switched off" in letter.body
    page = signed_in(salim)
    assert "cannot be switched off" in page.get(f"/en/messages/{legal.public_id}/").content.decode()
    assert "Switched off by you" in page.get(f"/en/messages/{ordinary.public_id}/").content.decode()


def test_a_legal_notice_that_staff_try_again_still_says_why_it_comes(notice: str, gateway: type[RememberingSms], carry_out: Carry) -> None:
    salim = PersonFactory(language="en")
    services.choose_channels(person=salim, email=False, sms=False)
    message = send(notice, salim)
    gateway.failures = [PermanentFailure("no such number")]
    carry_out()
    failed = message.deliveries.get(channel="sms")
    assert failed.state == "failed" and services.retry(failed, actor=system("tests"))
    carry_out()
    assert ["Legal notice, which cannot be switched off." in text for _to, text, _key in gateway.sent] == [True, True]
    assert states(message)["sms"] == ("sent", "legal_notice")


def test_a_legal_notice_to_a_person_with_all_channels_on_bears_no_remark_in_the_text(
    notice: str, gateway: type[RememberingSms], carry_out: Carry
) -> None:
    send(notice, PersonFactory(language="en"))
    carry_out()
    assert "cannot be switched off" not in gateway.sent[0][1]


def test_a_person_chooses_on_a_page(client: Client) -> None:
    salim = PersonFactory()
    page = signed_in(salim)
    url = reverse("notifications:channels")
    assert 'name="sms"' in page.get(url).content.decode() and url in page.get(reverse("accounts:profile")).content.decode()
    assert "التذكيرات بانتهاء التراخيص" in page.get(url).content.decode(), "what stops is said before it is stopped"
    assert "حُفظ الاختيار. تصل الرسائل أيضاً بالبريد الإلكتروني وحده." in page.post(url, {"email": "on"}, follow=True).content.decode()
    assert queries.switched_off(salim) == {"sms"}
    page.post(url, {"email": "on", "sms": "on"})
    assert queries.switched_off(salim) == set() and ChannelChoice.objects.count() == 1
    assert AuditEvent.objects.filter(action="notifications.channels_chosen", subject=salim.key).count() == 2


@pytest.mark.parametrize("kind", ["violations.report_written", "review.corrections_asked", "review.refused", "accounts.passkey_removed"])
def test_notices_from_which_periods_run_are_legal(kind: str) -> None:
    assert MESSAGE_KINDS[kind].is_legal


def message_asking() -> Message:
    return Message.objects.get(kind="review.corrections_asked")


def test_an_unread_request_of_somebody_with_addresses_is_listed_on_day_three_once(
    frozen_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(permits, "applicant", lambda number=1: PersonFactory())
    with permits.offered():
        office = permits.furnish()
        frozen_clock.move(minutes=1)
        permits.sent(office.applicant)
        desk.ask_corrections(assignment=desk_acts.assigned(office.officer), items=[desk.CorrectionRequest("file_expired", "lease")])
        frozen_clock.move(days=2, hours=23)
        assert not_reached.escalate_unread() == 0
        frozen_clock.move(hours=1)
        assert [not_reached.escalate_unread(), not_reached.escalate_unread()] == [1, 0]
        row = NotReached.objects.get()
        assert (row.message, row.cause) == (message_asking(), "unread")
        assert AuditEvent.objects.filter(action="message.escalated").count() == 1


@pytest.mark.parametrize("act", ["read", "answered", "no edition"])
def test_what_was_read_or_answered_is_not_listed(frozen_clock: Clock, monkeypatch: pytest.MonkeyPatch, act: str) -> None:
    monkeypatch.setattr(permits, "applicant", lambda number=1: PersonFactory())
    with permits.offered():
        office = permits.furnish()
        frozen_clock.move(minutes=1)
        place = permits.sent(office.applicant)
        desk.ask_corrections(assignment=desk_acts.assigned(office.officer), items=[desk.CorrectionRequest("file_expired", "lease")])
        if act == "read":
            services.mark_read(message_asking())
        elif act == "answered":
            permits.answer(place, lease="sha-2")
        else:
            assert RuleSet.objects.filter(subject=not_reached.LIMITS).exists()
            monkeypatch.setattr(not_reached, "LIMITS", "limits.nothing")
        frozen_clock.move(days=4)
        assert not_reached.escalate_unread() == 0


def listed(person: User | None = None) -> NotReached:
    words = dict.fromkeys(("title_ar", "title_en", "body_ar", "body_en", "short_ar", "short_en"), "x")
    message = Message.objects.create(
        person=person or PersonFactory(), kind="testing.x", key="1", subject_key="case:1", created_at=NOW, **words
    )
    return NotReached.objects.create(message=message, cause="failed", since=NOW)


NOW = dt.datetime(2026, 11, 24, 9, tzinfo=dt.UTC)


def test_the_counter_calls_and_records_it_once(caller: User) -> None:
    row, client = listed(), signed_in(caller)
    assert "تعذّر التسليم" in client.get(LIST).content.decode() and row.message.person.phone not in client.get(LIST).content.decode()
    phone, call = row.message.person.phone, f"{LIST}{row.pk}/call/"
    assert all(phone not in client.get(url).content.decode() for url in (f"{LIST}{row.pk}/change/", call))
    assert AccessLogEntry.objects.count() == 1
    assert phone in client.post(call, {"step": "show"}).content.decode()
    entry = AccessLogEntry.objects.latest("pk")
    assert (entry.person_key, entry.purpose, AccessLogEntry.objects.count()) == (row.message.person.key, "call", 2)
    client.post(call, {"step": "record", "outcome": "spoken"})
    row.refresh_from_db()
    assert (row.called_by, row.outcome) == (caller, "spoken") and row.called_at is not None
    event = AuditEvent.objects.get(action="message.called")
    assert (event.actor_key, event.data["outcome"]) == (caller.key, "spoken")
    client.post(call, {"step": "record", "outcome": "no_answer"})
    assert phone not in client.post(call, {"step": "show"}).content.decode()
    assert AuditEvent.objects.filter(action="message.called").count() == 1 and not queries.to_call().exists()
    assert str(row.pk) in client.get(f"{LIST}?progress=called").content.decode()


@pytest.mark.parametrize("groups", [["supervisor"], ["auditor"], ["officer"], []])
def test_nobody_else_records_a_call(groups: list[str]) -> None:
    ensure_roles()
    row, client = listed(), signed_in(StaffFactory(groups=groups))
    assert client.post(f"{LIST}{row.pk}/call/", {"step": "record", "outcome": "spoken"}).status_code == 403
    assert not AuditEvent.objects.filter(action="message.called").exists()


@pytest.mark.guards
def test_the_database_keeps_a_recorded_call(caller: User) -> None:
    row = listed()
    with pytest.raises(Refused):
        not_reached.record_call(row=row, outcome="x", caller=caller)
    not_reached.record_call(row=row, outcome="no_answer", caller=caller)
    with pytest.raises(IntegrityError), transaction.atomic():
        NotReached.objects.filter(pk=row.pk).update(outcome="spoken")
    with pytest.raises(Refused):
        not_reached.record_call(row=row, outcome="spoken", caller=caller)
