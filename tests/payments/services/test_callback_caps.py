"""What anybody posts to the bank's addresses is kept up to caps; what the bank itself makes is kept whole, however full they are."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import Error as DatabaseTrouble
from django.db import connection, transaction
from django.db.models import Sum
from django.db.models.functions import Length

from municipality.audit.models import AuditEvent
from municipality.jobs.models import Job
from municipality.kernel import clock
from payments import queries, rules
from payments.models import Attempt, CallbackBytes, GatewayMessage
from payments.providers.tasdeed.signing import sign
from payments.services import callbacks, note_error, take_notice, take_notification
from payments.states import AttemptState
from tests.bank import notification
from tests.payments.conftest import START

pytestmark = pytest.mark.django_db
JUNK = b"j" * callbacks.MAX_BODY
UNKNOWN = "https://portal.example.test/pay/r/unknown"


def take(body: bytes, **query: str) -> str:
    return take_notification(body=body, query=query, remote_addr="192.0.2.7")


def kept_bytes() -> int:
    return GatewayMessage.objects.filter(direction="in").aggregate(sum=Sum(Length("raw")))["sum"] or 0


def named(attempt: Attempt) -> bytes:
    start = f"trackid={attempt.trackid}&x=".encode()
    return start + JUNK[len(start) :]


def flood(body: bytes, times: int) -> None:
    for _ in range(times):
        assert take(body) == UNKNOWN


def lifted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEAD_BYTES", "MAX_BYTES_OF_ATTEMPT", "MAX_BYTES_OF_HOUR", "MAX_BYTES_OF_DAY"):
        monkeypatch.setattr(rules, name, 10**12)


@pytest.mark.guards
def test_a_flood_that_names_a_payment_ends_at_its_cap_and_is_told_once(at_bank: Callable[..., Attempt]) -> None:
    attempt = at_bank()
    flood(named(attempt), 60)
    rows = GatewayMessage.objects.filter(attempt=attempt, direction="in")
    assert rows.count() == rules.MAX_BYTES_OF_ATTEMPT // (rules.HEAD_BYTES + rules.ROW_BYTES) and kept_bytes() <= rules.MAX_BYTES_OF_ATTEMPT
    counter = CallbackBytes.objects.get(key=attempt.key)
    assert counter.kept + counter.dropped == 60 and counter.dropped_bytes == counter.dropped * callbacks.MAX_BODY
    assert counter.full_at == START and AuditEvent.objects.filter(action="payment.callbacks_full").count() == 1
    assert not queries.callbacks_are_full()  # one payment's cap is no state of the portal


def test_without_the_caps_every_byte_of_it_stays(at_bank: Callable[..., Attempt], monkeypatch: pytest.MonkeyPatch) -> None:
    """The red control: 60 posts of 16 kB are nearly a megabyte."""
    lifted(monkeypatch)
    flood(named(at_bank()), 60)
    assert kept_bytes() >= 60 * callbacks.MAX_BODY


def test_a_flood_of_nobodys_ends_at_the_cap_of_the_hour_and_of_the_day(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MAX_BYTES_OF_HOUR", 10 * 1024)
    monkeypatch.setattr(rules, "MAX_BYTES_OF_DAY", 25 * 1024)
    counts = []
    for hour in range(4):
        with clock.at(START + dt.timedelta(hours=hour)):
            flood(JUNK, 15)
            counts.append(GatewayMessage.objects.count())
            assert queries.callbacks_are_full()
    assert counts == [10, 20, 25, 25]
    assert AuditEvent.objects.filter(action="payment.callbacks_full").count() == 3  # two hours and the day
    with clock.at(START + dt.timedelta(days=1)):
        flood(JUNK, 1)
        assert GatewayMessage.objects.count() == 26 and not queries.callbacks_are_full()


def test_what_the_bank_makes_is_kept_whole_when_every_cap_is_used_up(
    at_bank: Callable[..., Attempt], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MAX_BYTES_OF_ATTEMPT", "MAX_BYTES_OF_HOUR", "MAX_BYTES_OF_DAY"):
        monkeypatch.setattr(rules, name, 0)
    attempt = at_bank()
    flood(named(attempt), 3)
    assert not GatewayMessage.objects.filter(direction="in").exists()
    whole = urlencode({"trandata": notification(attempt), "paymentid": "1", "udf1": "x" * 2000}).encode()
    assert take(whole).endswith(attempt.token)
    kept = GatewayMessage.objects.get(direction="in")
    assert (kept.raw.encode(), kept.size, kept.attempt) == (whole, len(whole), attempt)
    assert Attempt.objects.get().state == AttemptState.CONFIRMING


@pytest.mark.parametrize("dressed", [str.lower, str.upper, lambda text: f"junk={'j' * 9000}&trandata={text}"])
def test_the_same_message_of_the_bank_in_other_clothes_is_anybodys(at_bank: Callable[..., Attempt], dressed: Callable[[str], str]) -> None:
    attempt = at_bank()
    text = notification(attempt)
    take(text.encode())
    for _ in range(40):
        assert take(dressed(text).encode()).endswith(attempt.token)  # its answer stays the same
    assert kept_bytes() <= len(text) + rules.MAX_BYTES_OF_ATTEMPT
    assert GatewayMessage.objects.exclude(fingerprint="").count() == 1


def test_another_message_of_the_bank_about_the_same_payment_is_kept_whole_too(at_bank: Callable[..., Attempt]) -> None:
    attempt = at_bank()
    texts = [notification(attempt), notification(attempt, "NOT CAPTURED")]
    for text in [*texts, *texts]:
        take(text.encode())
    assert list(GatewayMessage.objects.exclude(fingerprint="").order_by("pk").values_list("raw", flat=True)) == texts


def test_a_message_in_the_query_is_kept_behind_a_body_that_says_nothing(at_bank: Callable[..., Attempt]) -> None:
    attempt = at_bank()
    text = notification(attempt)
    take(JUNK, trandata=text, a="x")
    assert GatewayMessage.objects.exclude(fingerprint="").get().raw == f"a=x&trandata={text}"


def test_what_is_not_kept_still_makes_us_ask(at_bank: Callable[..., Attempt], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MAX_BYTES_OF_ATTEMPT", 0)
    attempt = at_bank()
    take(urlencode({"Error": "IPAY0100038", "trackid": attempt.trackid}).encode())
    assert Job.objects.filter(kind="payments.inquire", key__contains=":error:").exists()
    assert Attempt.objects.get().hint == "error"


def test_the_error_page_is_under_the_same_caps(at_bank: Callable[..., Attempt]) -> None:
    attempt = at_bank()
    for _ in range(40):
        note_error(query={"trackid": attempt.trackid, "ErrorText": "x" * 255}, remote_addr="192.0.2.7", person=None)
    assert kept_bytes() <= rules.MAX_BYTES_OF_ATTEMPT and CallbackBytes.objects.get(key=attempt.key).dropped > 0


def test_those_that_name_a_payment_and_those_that_name_none_do_not_use_up_each_other(
    at_bank: Callable[..., Attempt], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MAX_BYTES_OF_HOUR", 4 * 1024)
    flood(JUNK, 10)
    attempt = at_bank()
    flood(named(attempt), 1)
    assert GatewayMessage.objects.filter(attempt=attempt, direction="in").count() == 1


def test_nul_and_signs_that_are_no_text_are_kept_readable(db: None) -> None:
    assert take(b"a\x00b&trackid=a%00b") == UNKNOWN
    assert GatewayMessage.objects.latest("pk").raw == "a\\x00b&trackid=a%00b"
    take(b"", x="\x00\ud800")
    assert GatewayMessage.objects.latest("pk").raw == "x=\\x00\\ud800"
    assert note_error(query={"trackid": "a\x00"}, remote_addr="", person=None) is None


def test_a_signed_notice_of_tasdeed_is_kept_whole_once_and_junk_is_capped(
    at_bank: Callable[..., Attempt], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TASDEED_MERCHANT, settings.TASDEED_SECRET = "M1", "s" * 32
    settings.TASDEED_PAGE_URL = settings.TASDEED_API_URL = "https://tasdeed.example.test"
    settings.PAYMENT_PROVIDER = "payments.providers.tasdeed.Tasdeed"
    attempt = at_bank()
    monkeypatch.setattr(rules, "MAX_BYTES_OF_ATTEMPT", 0)
    monkeypatch.setattr(rules, "MAX_BYTES_OF_HOUR", 0)
    values = [attempt.trackid, "PAID", "10.000", "TX1"]
    told = dict(zip(("reference", "status", "amount", "transaction"), values, strict=True))
    signed = json.dumps(told | {"signature": sign("s" * 32, "M1", *values), "more": "x" * 3000}).encode()
    for body in (JUNK, signed, signed + b" ", JUNK):
        take_notice(provider="tasdeed", body=body, remote_addr="192.0.2.7")
    assert GatewayMessage.objects.filter(direction="in").get().raw.encode() == signed


@pytest.mark.guards
@pytest.mark.parametrize("change", [{"kept_bytes": 0}, {"dropped": 0}, {"full_at": None}, {"key": "other"}])
def test_a_counter_only_grows(change: dict[str, Any], at_bank: Callable[..., Attempt]) -> None:
    attempt = at_bank()
    flood(named(attempt), 20)
    rows = CallbackBytes.objects.filter(key=attempt.key)
    with pytest.raises(DatabaseTrouble, match="counter_only_grows"), transaction.atomic():
        rows.update(**change)
    with pytest.raises(DatabaseTrouble, match="never_deleted"), transaction.atomic():
        rows.delete()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_messages_that_come_at_once_are_counted_one_by_one(at_bank: Callable[..., Attempt]) -> None:
    """Eight connections, each with junk and with the bank's own message, of which one is kept whole."""
    attempt = at_bank()
    own, through = notification(attempt).encode(), []
    barrier = threading.Barrier(8)

    def send() -> None:
        try:
            barrier.wait(timeout=20)
            for _ in range(6):
                take(named(attempt))
                take(own)
            through.append(True)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert len(through) == 8
    counter = CallbackBytes.objects.get(key=attempt.key)
    assert counter.kept + counter.dropped == 8 * 12 - 1 and counter.kept_bytes <= rules.MAX_BYTES_OF_ATTEMPT
    rows = GatewayMessage.objects.filter(attempt=attempt, direction="in")
    assert rows.exclude(fingerprint="").get().raw.encode() == own
    assert rows.filter(fingerprint="").count() == counter.kept
