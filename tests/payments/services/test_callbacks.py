from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from municipality.jobs.models import Job
from municipality.kernel import clock
from payments import invariants
from payments.models import Attempt, GatewayMessage, Receipt
from payments.providers.knet import codec
from payments.services import note_error, redirect_url, start_attempt, take_notification
from payments.services.callbacks import MAX_BODY
from payments.states import AttemptState
from tests.bank import KEY, Book, notification, result_text
from tests.due_jobs import run_due
from tests.payments.conftest import START

pytestmark = pytest.mark.django_db
UNKNOWN = "https://portal.example.test/pay/r/unknown"


def take(body: str | bytes = b"", **query: str) -> str:
    return take_notification(body=body.encode() if isinstance(body, str) else body, query=query, remote_addr="192.0.2.7")


def receipt_url(attempt: Attempt) -> str:
    return f"https://portal.example.test/pay/r/{attempt.token}"


@pytest.mark.parametrize(
    "shape",
    [
        lambda text: {"body": text},
        lambda text: {"body": f"  {text}\r\n"},
        lambda text: {"body": text.lower()},
        lambda text: {"body": urlencode({"trandata": text, "paymentid": "1", "amt": "0.001", "result": "CAPTURED"})},
        lambda text: {"body": "", "trandata": text},
    ],
)
def test_a_notification_is_understood_in_every_shape(
    shape: Callable[[str], dict[str, str]], at_bank: Callable[..., Attempt], bank: Book
) -> None:
    attempt = at_bank()
    assert take(**shape(notification(attempt))) == receipt_url(attempt)
    row = Attempt.objects.get(pk=attempt.pk)
    assert row.state == AttemptState.CONFIRMING and row.acknowledged_at == START
    kept = GatewayMessage.objects.get(kind="notification")
    assert kept.attempt_id == attempt.pk and kept.remote_addr == "192.0.2.7"
    assert Job.objects.get(key__contains=":ack-").due_at == START + dt.timedelta(seconds=3)
    assert not Receipt.objects.exists() and not bank.asked


def test_nothing_of_a_notification_is_believed_or_kept_in_the_clear(at_bank: Callable[..., Attempt], bank: Book) -> None:
    attempt = at_bank()
    take(notification(attempt, amt="0.001", payment_id="31337"))
    row = Attempt.objects.get(pk=attempt.pk)
    assert row.payment_id is None and row.tran_id is None and row.ref == "" and row.auth == ""
    kept = GatewayMessage.objects.get(kind="notification")
    assert "31337" not in kept.raw and kept.decoded == {}
    with clock.at(START + dt.timedelta(seconds=4)):
        run_due()
    assert not Receipt.objects.exists()


@pytest.mark.parametrize("result", ["NOT CAPTURED", "CANCELED", "HOST TIMEOUT", "DENIED BY RISK", "SOMETHING NEW"])
def test_every_result_is_acknowledged_with_the_same_address(result: str, at_bank: Callable[..., Attempt]) -> None:
    attempt = at_bank()
    assert take(notification(attempt, result)) == receipt_url(attempt)


def test_duplicates_are_kept_and_change_nothing(at_bank: Callable[..., Attempt]) -> None:
    attempt = at_bank()
    for _ in range(5):
        assert take(notification(attempt)) == receipt_url(attempt)
    assert GatewayMessage.objects.filter(kind="notification").count() == 5
    assert Job.objects.filter(kind="payments.inquire", key__contains=":ack-").count() == 1
    assert attempt.events.filter(to_state=AttemptState.CONFIRMING).count() == 1


def mutants(attempt: Attempt, other: Attempt, request: str) -> list[bytes]:
    """Everything that a person without the key can make, and some of what one with it could."""
    true, theirs = notification(attempt), notification(other)
    cipher = bytes.fromhex(true)
    flipped = [cipher[:i] + bytes([cipher[i] ^ 1]) + cipher[i + 1 :] for i in range(len(cipher) - 32, len(cipher))]
    blocks = [cipher[i : i + 16] for i in range(0, len(cipher), 16)]
    return [
        b"",
        b"trandata=",
        b"x" * 64,
        b"0" * 64,
        true[:-2].encode(),
        true[:-32].encode(),
        f"{true}00".encode(),
        request.encode(),
        (request[:96] + true[96:]).encode(),
        (true[:64] + theirs[96:]).encode(),
        *(f.hex().encode() for f in flipped),
        b"".join([blocks[1], blocks[0], *blocks[2:]]).hex().encode(),
        (blocks[0] + bytes(16) + blocks[0]).hex().encode(),
        b"ff" * (MAX_BODY // 2 + 16),
        b"\xff\xfe\x00" * 100,
        urlencode({"trandata": [true, theirs]}, doseq=True).encode(),
        b"a=1&" * 500,
    ]


def test_whatever_is_wrong_with_a_notification_the_answer_is_one_and_the_same(
    at_bank: Callable[..., Attempt], issue: Callable[..., Any], bank: Book
) -> None:
    attempt, other = at_bank(), at_bank(issue(subject="case:b"))
    request = GatewayMessage.objects.get(attempt=attempt, kind="init").raw
    answers = {take(body) for body in mutants(attempt, other, request)}
    assert answers == {UNKNOWN}
    for body in ("paymentid=1&result=CAPTURED", result_text(attempt) + "&result=CAPTURED", result_text(attempt) + "&password=x"):
        assert take(codec.encrypt(KEY, body)) == UNKNOWN
    assert Attempt.objects.get(pk=attempt.pk).state == AttemptState.REDIRECTED
    run_due()
    assert not Receipt.objects.exists()
    assert not list(invariants.findings())


def test_the_key_cannot_be_recovered_from_any_answer_or_row(at_bank: Callable[..., Attempt]) -> None:
    attempt = at_bank()
    for _ in range(100):
        block = secrets.token_hex(16)
        assert take(block + "0" * 32 + block) == UNKNOWN
    request = GatewayMessage.objects.get(attempt=attempt, kind="init").raw
    assert take(request[:32] + "0" * 32 + request[:32]) == UNKNOWN
    everything = " ".join(f"{m.raw} {m.decoded}" for m in GatewayMessage.objects.all())
    assert KEY.decode() not in everything and "999901pg" not in everything


def test_the_red_control_shows_that_an_echo_would_give_the_key_away(at_bank: Callable[..., Attempt]) -> None:
    attempt = at_bank()
    block = bytes.fromhex(GatewayMessage.objects.get(attempt=attempt, kind="init").raw)[:16]
    decryptor = codec._cipher(KEY).decryptor()
    echo = decryptor.update(block + bytes(16) + block) + decryptor.finalize()
    assert bytes(a ^ b for a, b in zip(echo[:16], echo[32:], strict=True)) == KEY


def test_a_field_smuggled_through_a_bill_reference_reaches_the_bank_as_letters(issue: Callable[..., Any], payer: Any) -> None:
    from payments.providers.knet import messages
    from payments.providers.port import Order

    fields = messages.order_fields(
        Order("T1", 1_000, "ar", "x&result=CAPTURED&paymentid=1"),
        tranportal_id="1",
        password="p",
        langid="AR",
        response_url="u",
        error_url="e",
    )
    assert fields["udf1"] == "xresultCAPTUREDpaymentid1"
    forged = codec.encrypt(KEY, messages.order_text(fields | {"udf1": "x"}).replace("udf1=x", "udf1=x&result=CAPTURED&paymentid=1"))
    assert take(forged) == UNKNOWN


def test_an_old_answer_sent_again_for_a_settled_payment_changes_nothing(at_bank: Callable[..., Attempt], bank: Book, paid_for: Any) -> None:
    attempt = at_bank()
    bank.decide(attempt)
    text = notification(attempt)
    take(text)
    with clock.at(START + dt.timedelta(seconds=4)):
        run_due()
        assert Attempt.objects.get(pk=attempt.pk).state == AttemptState.PAID
        jobs, events = Job.objects.count(), attempt.events.count()
        for _ in range(20):
            assert take(text) == receipt_url(attempt)
        assert (Job.objects.count(), attempt.events.count()) == (jobs, events)
    assert Receipt.objects.count() == 1


def test_an_error_in_the_clear_makes_us_ask_and_gives_no_address_away(at_bank: Callable[..., Attempt], bank: Book) -> None:
    attempt = at_bank()
    body = urlencode({"Error": "IPAY0100038", "ErrorText": "Unable", "trackid": attempt.trackid, "paymentid": "1", "amt": "10.000"})
    assert take(body) == UNKNOWN
    run_due()
    assert bank.asked == [attempt.trackid]
    assert Attempt.objects.get(pk=attempt.pk).state == AttemptState.EXPIRED


def test_an_error_in_the_clear_does_not_undo_a_capture(at_bank: Callable[..., Attempt], bank: Book, paid_for: Any) -> None:
    attempt = at_bank()
    bank.decide(attempt)
    take(urlencode({"Error": "IPAY0100038", "trackid": attempt.trackid}))
    run_due()
    assert Attempt.objects.get(pk=attempt.pk).state == AttemptState.PAID


def test_the_error_page_finds_the_persons_own_attempt_only(at_bank: Callable[..., Attempt], payer: Any, stranger: Any, bank: Book) -> None:
    attempt = at_bank()
    named = {"Error": "IPAY0100055", "trackid": attempt.trackid}
    assert note_error(query=named, remote_addr="", person=stranger) is None
    assert note_error(query={"Error": "IPAY0100055"}, remote_addr="", person=stranger) is None
    assert Attempt.objects.get(pk=attempt.pk).hint == ""
    found = note_error(query={"Error": "IPAY0100055"}, remote_addr="", person=payer)
    assert found is not None and found.pk == attempt.pk
    assert GatewayMessage.objects.filter(kind="error").count() == 3
    run_due()
    assert Attempt.objects.get(pk=attempt.pk).state == AttemptState.EXPIRED


def test_the_order_in_the_address_is_not_a_notification(issue: Callable[..., Any], payer: Any) -> None:
    attempt = start_attempt(bills=[issue()], payer=payer, language="ar", session_key="s")
    trandata = parse_qs(urlsplit(redirect_url(attempt)).query)["trandata"][0]
    assert take(trandata) == UNKNOWN
