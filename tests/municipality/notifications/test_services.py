"""Messages are promised with their act and handed over once."""

from __future__ import annotations

import datetime as dt
import smtplib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import requests
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db import IntegrityError, connection, transaction
from django.template import engines
from django.urls import reverse

from municipality.accounts.models import User
from municipality.audit.models import AuditEvent
from municipality.jobs import registry
from municipality.jobs.errors import PermanentFailure
from municipality.jobs.models import Job, JobState
from municipality.jobs.services import MAX_TRIES
from municipality.kernel import clock, guards
from municipality.kernel.actors import Actor
from municipality.notifications import queries, services
from municipality.notifications.invariants import findings
from municipality.notifications.models import Delivery, DeliveryState, Message, SmsUse
from municipality.notifications.texts import Bilingual
from tests.browsers import signed_in
from tests.factories.accounts import NOURA, PersonFactory, StaffFactory
from tests.municipality.notifications.conftest import GREETING, Make, RememberingSms, both

pytestmark = pytest.mark.django_db
Carry = Callable[[], list[Job]]
CONTEXT = {"shop": Bilingual("مطعم الخليج", "Gulf Grill"), "number": "HLT-HW-2026-004217-K"}


@pytest.fixture
def greeting(make_kind: Make) -> str:
    make_kind("testing.greeting", GREETING, path=lambda self, context: "/messages/")
    return "testing.greeting"


def states(message: Message) -> dict[str, str]:
    return dict(message.deliveries.values_list("channel", "state"))


def make_due() -> None:
    """Let waiting tries be due now."""
    Job.objects.filter(state=JobState.QUEUED).update(due_at="2020-01-01T00:00:00Z")


def test_a_message_is_kept_in_both_languages_and_promised_on_each_channel(greeting: str) -> None:
    message = services.send(greeting, person=PersonFactory(), key="case-1", context=CONTEXT, subject_key="case:1")
    message.refresh_from_db()
    assert (message.title_ar, message.title_en) == ("صدرت رخصة مطعم الخليج", "The licence of Gulf Grill is issued")
    assert (message.short_ar, message.short_en) == ("صدرت الرخصة HLT-HW-2026-004217-K", "Licence HLT-HW-2026-004217-K is issued")
    assert states(message) == {"email": "waiting", "sms": "waiting"}
    assert set(Job.objects.values_list("kind", "queue", "state")) == {("notifications.deliver", "messages", "queued")}
    assert Job.objects.count() == 2


def test_the_same_message_again_is_the_same_message(greeting: str) -> None:
    salim, noura = PersonFactory(), PersonFactory(civil_id=NOURA)
    first = services.send(greeting, person=salim, key="case-1", context=CONTEXT)
    assert services.send(greeting, person=salim, key="case-1", context=CONTEXT) == first
    assert services.send(greeting, person=noura, key="case-1", context=CONTEXT) != first
    assert services.send(greeting, person=salim, key="case-2", context=CONTEXT) != first
    assert Message.objects.count() == 3
    assert Job.objects.count() == 6


def test_a_message_outside_a_transaction_is_an_error(open_db: None, greeting: str) -> None:
    with pytest.raises(RuntimeError):
        services.send(greeting, person=PersonFactory(), key="case-1", context=CONTEXT)
    assert not Message.objects.exists()


def test_a_message_goes_with_the_act_that_rolls_back(greeting: str) -> None:
    salim = PersonFactory()

    def act_and_fail() -> None:
        with transaction.atomic():
            services.send(greeting, person=salim, key="case-1", context=CONTEXT)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        act_and_fail()
    assert not Message.objects.exists()
    assert not Job.objects.exists()


def test_a_placeholder_without_a_value_is_an_error(greeting: str) -> None:
    with pytest.raises(KeyError, match="number"):
        services.send(greeting, person=PersonFactory(), key="case-1", context={"shop": "x"})


def test_a_closed_account_gets_nothing_by_any_channel(greeting: str, carry_out: Carry, gateway: type[RememberingSms]) -> None:
    leaver, left = PersonFactory(), StaffFactory(is_active=False, email="left@mail.example", email_confirmed_at=clock.now())
    waiting = services.send(greeting, person=leaver, key="case-1", context=CONTEXT)
    User.objects.filter(pk=leaver.pk).update(is_active=False)
    make_due()
    carry_out()
    refused = services.send(greeting, person=left, key="case-1", context=CONTEXT)
    assert not mail.outbox and not gateway.sent, "before, both were sent"
    for message in (waiting, refused):
        assert set(message.deliveries.values_list("state", "reason")) == {("skipped", "account_closed")}


def test_no_address_is_no_promise(greeting: str) -> None:
    message = services.send(greeting, person=PersonFactory(unreachable=True), key="case-1", context=CONTEXT)
    assert states(message) == {"email": "skipped", "sms": "skipped"}
    assert set(message.deliveries.values_list("reason", flat=True)) == {"no_address"}
    assert not Job.objects.exists()


def test_an_address_that_went_away_meanwhile_is_skipped(greeting: str, gateway: type[RememberingSms], carry_out: Carry) -> None:
    salim = PersonFactory()
    message = services.send(greeting, person=salim, key="case-1", context=CONTEXT)
    salim.phone_confirmed_at = None
    salim.save()
    carry_out()
    assert states(message) == {"email": "sent", "sms": "skipped"}
    assert gateway.sent == []


@pytest.mark.parametrize(
    ("language", "subject", "text"),
    [
        ("ar", "صدرت رخصة مطعم الخليج", "صدرت الرخصة HLT-HW-2026-004217-K\nhttps://portal.example/ar/messages/"),
        ("en", "The licence of Gulf Grill is issued", "Licence HLT-HW-2026-004217-K is issued\nhttps://portal.example/en/messages/"),
    ],
)
def test_each_channel_gets_the_persons_language(
    greeting: str, gateway: type[RememberingSms], carry_out: Carry, settings: Any, language: str, subject: str, text: str
) -> None:
    settings.PORTAL_URL = "https://portal.example"
    salim = PersonFactory(language=language)
    message = services.send(greeting, person=salim, key="case-1", context=CONTEXT)
    assert [job.state for job in carry_out()] == ["done", "done"]
    assert states(message) == {"email": "sent", "sms": "sent"}
    by_sms, by_email = message.deliveries.get(channel="sms"), message.deliveries.get(channel="email")
    assert gateway.sent == [(salim.phone, text, by_sms.idempotency_key)]
    assert by_sms.provider_id == "gateway-1"
    [letter] = mail.outbox
    assert (letter.subject, letter.to) == (subject, [salim.email])
    assert letter.extra_headers["Message-ID"] == f"<{by_email.idempotency_key}@portal.example>" == by_email.provider_id
    assert f"https://portal.example/{language}/messages/" in letter.body
    [html] = [str(part.content) for part in letter.alternatives]
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in html
    assert f"<h1>{subject}</h1>" in html


def test_a_later_try_carries_the_same_key(greeting: str, gateway: type[RememberingSms], carry_out: Carry) -> None:
    salim = PersonFactory(email_confirmed_at=None)
    gateway.failures = [requests.ConnectionError(), requests.Timeout()]
    message = services.send(greeting, person=salim, key="case-1", context=CONTEXT)
    for _ in range(3):
        make_due()
        carry_out()
    assert states(message)["sms"] == "sent"
    assert len(gateway.sent) == 3
    assert {key for _to, _text, key in gateway.sent} == {message.deliveries.get(channel="sms").idempotency_key}
    assert SmsUse.objects.count() == 1
    make_due()
    services.deliver(message.deliveries.get(channel="sms").pk)
    assert len(gateway.sent) == 3


def test_a_final_refusal_is_dead_at_once_and_can_be_tried_by_hand(greeting: str, gateway: type[RememberingSms], carry_out: Carry) -> None:
    salim = PersonFactory(email_confirmed_at=None)
    gateway.failures = [PermanentFailure("sms gateway answered 400")]
    message = services.send(greeting, person=salim, key="case-1", context=CONTEXT)
    [job] = carry_out()
    assert job.state == JobState.DEAD
    assert states(message)["sms"] == DeliveryState.FAILED
    services.deliver(message.deliveries.get(channel="sms").pk)
    assert states(message)["sms"] == "sent"


@pytest.fixture
def exhausted(greeting: str, gateway: type[RememberingSms], carry_out: Carry) -> Message:
    """A message whose eight tries by text message failed."""
    gateway.failures = [requests.ConnectionError() for _ in range(MAX_TRIES)]
    message = services.send(greeting, person=PersonFactory(email_confirmed_at=None), key="case-1", context=CONTEXT)
    for _ in range(MAX_TRIES):
        make_due()
        carry_out()
    assert Job.objects.get().state == JobState.DEAD
    return message


def test_a_delivery_whose_every_try_failed_says_so_and_the_message_stays_in_the_inbox(exhausted: Message) -> None:
    delivery = exhausted.deliveries.get(channel="sms")
    assert (delivery.state, delivery.reason) == (DeliveryState.FAILED, "exhausted")
    assert list(queries.inbox(exhausted.person).messages) == [exhausted]
    assert list(findings()) == []


def test_without_the_word_of_its_job_the_delivery_would_wait_for_ever(
    greeting: str, gateway: type[RememberingSms], carry_out: Carry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The red control, and the invariant that would tell."""
    kind = registry.JOB_KINDS["notifications.deliver"]
    monkeypatch.setitem(registry.JOB_KINDS, kind.name, replace(kind, given_up=None))
    gateway.failures = [requests.ConnectionError()]
    with clock.at(clock.now() - dt.timedelta(hours=1)):
        message = services.send(greeting, person=PersonFactory(email_confirmed_at=None), key="case-1", context=CONTEXT)
    Job.objects.update(tries=MAX_TRIES - 1)
    carry_out()
    delivery = message.deliveries.get(channel="sms")
    assert delivery.state == DeliveryState.WAITING
    assert list(findings()) == [f"delivery {delivery.pk} waits and no job carries it"]


def test_a_person_tries_an_exhausted_delivery_again_under_the_same_key(
    exhausted: Message, gateway: type[RememberingSms], carry_out: Carry
) -> None:
    delivery = exhausted.deliveries.get(channel="sms")
    assert services.retry(delivery, actor=Actor("operator", "person:x"))
    assert states(exhausted)["sms"] == DeliveryState.WAITING
    assert list(findings()) == []
    make_due()
    carry_out()
    assert states(exhausted)["sms"] == DeliveryState.SENT
    assert {key for _to, _text, key in gateway.sent} == {delivery.idempotency_key}
    assert not services.retry(delivery, actor=Actor("operator", "person:x"))
    assert AuditEvent.objects.filter(action="delivery.retried").count() == 1


def test_a_delivery_beyond_its_limit_gets_a_new_job_when_tried_again(
    greeting: str, gateway: type[RememberingSms], carry_out: Carry
) -> None:
    salim = PersonFactory(email_confirmed_at=None)
    messages = [services.send(greeting, person=salim, key=str(n), context=CONTEXT) for n in range(11)]
    carry_out()
    delivery = messages[-1].deliveries.get(channel="sms")
    assert (delivery.state, delivery.reason) == (DeliveryState.FAILED, "limit")
    free = SmsUse.objects.order_by("at")[0].at + dt.timedelta(days=1)
    assert services.limited_until(delivery) == free
    page = reverse("admin:notifications_delivery_retry", args=[delivery.pk])
    refused = signed_in(StaffFactory(groups=["operator"])).post(page, follow=True).content.decode()
    delivery.refresh_from_db()
    assert "بلغ الرقم الحد الأقصى لرسائله" in refused and delivery.state == DeliveryState.FAILED, "it would fail again"
    SmsUse.objects.update(at=clock.now() - dt.timedelta(days=2))
    assert services.limited_until(delivery) is None
    assert services.retry(delivery, actor=Actor("operator", "person:x"))
    carry_out()
    assert states(messages[-1])["sms"] == DeliveryState.SENT


def test_a_foreign_address_never_leaves_by_text_message(make_kind: Make, gateway: type[RememberingSms], carry_out: Carry) -> None:
    make_kind("testing.greeting", GREETING | {"short": both("صدرت {{ number }}", "Issued {{ number }}")})
    message = services.send(
        "testing.greeting",
        person=PersonFactory(email_confirmed_at=None),
        key="1",
        context={"shop": "", "number": "http://bank.example/pay"},
    )
    [job] = carry_out()
    assert (job.state, states(message)["sms"]) == ("dead", "failed")
    assert message.deliveries.get(channel="sms").reason == "foreign_link"
    assert gateway.sent == []


def test_the_eleventh_text_message_of_a_day_is_not_sent(greeting: str, gateway: type[RememberingSms], carry_out: Carry) -> None:
    salim = PersonFactory(email_confirmed_at=None)
    for number in range(11):
        services.send(greeting, person=salim, key=str(number), context=CONTEXT)
    assert {job.state for job in carry_out()} == {"done"}
    assert len(gateway.sent) == 10
    assert Delivery.objects.get(state=DeliveryState.FAILED).reason == "limit"


def test_what_was_sent_cannot_be_rewritten(greeting: str, gateway: type[RememberingSms], carry_out: Carry) -> None:
    message = services.send(greeting, person=PersonFactory(), key="case-1", context=CONTEXT)
    carry_out()
    for attempt in (
        lambda: Message.objects.filter(pk=message.pk).update(body_en="Something else"),
        lambda: Delivery.objects.filter(message=message).update(state=DeliveryState.WAITING),
        lambda: message.delete() if not message.deliveries.exists() else Delivery.objects.filter(message=message).delete(),
    ):
        with pytest.raises(IntegrityError, match="guard:"), transaction.atomic():
            attempt()
    services.mark_read(message)
    assert Message.objects.get().read_at is not None


def test_an_old_message_keeps_its_text_and_its_address_when_template_and_address_change(
    greeting: str, make_kind: Make, gateway: type[RememberingSms], carry_out: Carry
) -> None:
    salim = PersonFactory(language="en")
    message = services.send(greeting, person=salim, key="case-1", context=CONTEXT)
    carry_out()
    before, was = salim.phone[-3:], {part: getattr(message, part) for part in ("title_en", "body_ar", "body_en", "short_ar")}
    make_kind(greeting, {part: both("نص جديد", "New words") for part in GREETING})
    engines["django"].engine.template_loaders[0].reset()
    salim.phone = "+96551110999"
    salim.save()
    again = services.send(greeting, person=salim, key="case-1", context=CONTEXT)
    assert again == message and {part: getattr(again, part) for part in was} == was
    page = signed_in(salim).get(f"/en/messages/{message.public_id}/").content.decode()
    assert message.body_en in page and "New words" not in page and f"…{before}" in page and "…999" not in page
    assert services.send(greeting, person=salim, key="case-2", context=CONTEXT).body_en == "New words"


def test_without_its_guard_a_sent_text_could_be_rewritten(greeting: str) -> None:
    message = services.send(greeting, person=PersonFactory(), key="case-1", context=CONTEXT)
    guards.remove(connection)
    assert Message.objects.filter(pk=message.pk).update(body_en="Something else") == 1


@pytest.mark.parametrize(
    "answer",
    [
        lambda to: smtplib.SMTPRecipientsRefused({to: (550, f"no mailbox {to}".encode())}),
        lambda to: smtplib.SMTPRecipientsRefused({to: (450, f"greylisted {to}".encode())}),
        lambda to: smtplib.SMTPDataError(452, f"quota of {to}".encode()),
        lambda to: smtplib.SMTPSenderRefused(451, b"later", to),
    ],
)
def test_the_error_of_a_job_names_no_address_of_a_person(
    answer: Callable[[str], Exception], greeting: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, carry_out: Carry
) -> None:
    def refuse(self: EmailMultiAlternatives) -> int:
        raise answer(self.to[0])

    monkeypatch.setattr(EmailMultiAlternatives, "send", refuse)
    person = PersonFactory(email="noura.reads@mail.example")
    services.send(greeting, person=person, key="case-1", context=CONTEXT, subject_key="case:1")
    carry_out()
    errors = "".join(Job.objects.values_list("last_error", flat=True))
    assert "mail system" in errors or Delivery.objects.get(channel="email").state == DeliveryState.FAILED
    assert "noura.reads" not in errors + caplog.text
