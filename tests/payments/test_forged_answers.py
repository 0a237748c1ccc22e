"""Answers that nobody should believe: replayed, mutated, forged, and made to draw out the key. Full size: `script/chaos payments`."""

from __future__ import annotations

import base64
import logging
import os
import random
import re
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from payments.models import Attempt, Bill, GatewayMessage, Receipt
from payments.providers.knet import Knet, codec, messages
from payments.providers.port import Order
from payments.services import inquire, redirect_url, start_attempt
from payments.services.callbacks import MAX_BODY
from payments.states import AttemptState
from tests.bank import KEY, Book, notification, result_text
from tests.browsers import signed_in
from tests.factories.accounts import PersonFactory
from tests.payments.conftest import walk

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.timeout(3600)]
FULL = os.environ.get("CHAOS_FULL") == "1"
REPLAYS, MUTANTS, RECOVERIES, FORGERIES, TIMED = (1000, 5000, 100, 200, 400) if FULL else (200, 600, 20, 200, 40)
UNKNOWN = b"REDIRECT=https://portal.example.test/pay/r/unknown"
FORM = "application/x-www-form-urlencoded"
Lead = Callable[..., Attempt]


def post(body: str | bytes, client: Client | None = None) -> Any:
    return (client or Client(enforce_csrf_checks=True)).post("/pay/knet/response", data=body, content_type=FORM)


def state() -> list[tuple[Any, ...]]:
    """Everything that a replay must leave alone."""
    attempts = list(Attempt.objects.order_by("pk").values_list("pk", "state", "last_event_id", "payment_id"))
    return [*attempts, *Bill.objects.order_by("pk").values_list("pk", "state", "last_event_id"), (Receipt.objects.count(),)]


# P2: an old answer again.


@pytest.fixture
def replays(at_bank: Lead, issue: Any, bank: Book, payer: Any, stranger: Any) -> tuple[list[str], list[Client]]:
    """Old answers that were true once or elsewhere, and browsers that bring them. A second attempt of a bill is at the bank."""
    paid, declined = at_bank(issue(1_000)), at_bank(issue(2_000, subject="case:b"))
    texts = [notification(paid), notification(declined, "NOT CAPTURED"), notification(declined)]
    bank.decide(paid)
    bank.decide(declined, "FAILURE(NOT CAPTURED)")
    walk(13)
    again = start_attempt(bills=[declined.allocations.get().bill], payer=payer, language="ar", session_key="another")
    redirect_url(again)
    bank.decide(again, "FAILURE(NOT CAPTURED)")
    texts += [
        codec.encrypt(b"ANOTHERTERMINALS", result_text(paid)),  # another terminal's key
        result_text(paid).encode().hex(),
        GatewayMessage.objects.filter(attempt=again, kind="init").get().raw,  # our own order of the open attempt
    ]
    return texts, [Client(), signed_in(payer), signed_in(stranger)]


def _replay(texts: list[str], clients: list[Client]) -> int:
    """How many of the replays changed anything, the jobs that they promised included."""
    changed, before = 0, state()
    for number in range(REPLAYS):
        answer = post(texts[number % len(texts)], clients[number % 7 % len(clients)])
        assert answer.status_code in (200, 303)
        if number % 50 == 49:
            for attempt in Attempt.objects.filter(state__in=[AttemptState.DECLINED]):
                inquire(attempt_id=attempt.pk, turn=99)
        after = state()
        changed += after != before
        before = after
    return changed


def test_replayed_answers_change_nothing(replays: tuple[list[str], list[Client]]) -> None:
    assert _replay(*replays) == 0
    assert Attempt.objects.order_by("-pk")[0].state == AttemptState.REDIRECTED


def test_the_control_that_believes_what_it_is_told_is_changed_by_a_replay(replays: tuple[list[str], list[Client]], settings: Any) -> None:
    settings.PAYMENT_PROVIDER = "tests.payments.believing_bank.Believing"
    assert _replay(*replays) > 0
    assert Receipt.objects.count() > 1  # money that the bank never took


# P3: an answer that was changed on its way.


def mutants(attempt: Attempt, count: int, chance: random.Random) -> Iterator[str | bytes]:
    """Each byte flipped, blocks swapped, left out and doubled, another amount and currency, nothing, a megabyte, and chance."""
    true = notification(attempt)
    raw = bytes.fromhex(true)
    blocks = [raw[at : at + 16] for at in range(0, len(raw), 16)]
    for at in range(len(raw)):
        yield (raw[:at] + bytes([raw[at] ^ (1 << chance.randrange(8))]) + raw[at + 1 :]).hex()
    for one in range(len(blocks)):
        yield b"".join(blocks[:one] + blocks[one + 1 :]).hex()
        yield b"".join([*blocks[: one + 1], *blocks[one:]]).hex()
        yield b"".join([*blocks[:one], bytes(16), *blocks[one + 1 :]]).hex()
        for other in range(one):
            swapped = blocks.copy()
            swapped[one], swapped[other] = swapped[other], swapped[one]
            yield b"".join(swapped).hex()
    for amt in ("9.999", "10.001", "0.000", "-10.000", "10", "١٠٫٠٠٠"):
        yield codec.encrypt(KEY, result_text(attempt, amt=amt) if amt.isascii() else result_text(attempt))
    yield codec.encrypt(KEY, result_text(attempt, currencycode="840"))
    yield from ("", " ", "0", "trandata=", true[:-1], true + "0", f"trandata={true}&trandata={true}", b"\x00", "A" * (1024 * 1024))
    yield from ("A" * (MAX_BODY - MAX_BODY % 32), "A" * MAX_BODY, f"Error=IPAY0100001&trackid={'T' * 4000}")
    for _ in range(count):
        changed = bytearray(raw)
        for _ in range(chance.choice([1, 1, 2, 3, 16])):
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        yield bytes(changed).hex()


def test_a_mutated_answer_pays_nothing_and_tells_nothing(at_bank: Lead, bank: Book) -> None:
    attempt = at_bank()
    bank.decide(attempt, "FAILURE(NOT CAPTURED)")
    ours = f"REDIRECT=https://portal.example.test/pay/r/{attempt.token}".encode()
    seen: dict[bytes, int] = defaultdict(int)
    source = mutants(attempt, MUTANTS, random.Random(3))
    for body in [next(source) for _ in range(MUTANTS)]:
        answer = post(body)
        is_probe = not body
        assert answer.status_code == 200, body[:80]
        assert answer.content in ((b"ok",) if is_probe else (UNKNOWN, ours)), body[:80]
        if answer.content == ours:  # then it reads as a whole answer about this payment, which is a hint and no more
            assert Knet().read_notification(body if isinstance(body, str) else body.decode()) is not None
        seen[answer.content] += 1
    assert sum(seen.values()) == MUTANTS and seen[UNKNOWN] >= MUTANTS - 20
    inquire(attempt_id=attempt.pk)
    assert Attempt.objects.get().state == AttemptState.DECLINED and not Receipt.objects.exists()


def test_the_control_that_does_not_ask_pays_on_a_changed_answer(at_bank: Lead, bank: Book, settings: Any) -> None:
    settings.PAYMENT_PROVIDER = "tests.payments.believing_bank.Believing"
    attempt = at_bank()
    bank.decide(attempt, "FAILURE(NOT CAPTURED)")
    post(codec.encrypt(KEY, result_text(attempt, amt="0.001")))
    inquire(attempt_id=attempt.pk)
    assert Receipt.objects.get().fils == 10_000


def _rank_sum_p(one: list[float], other: list[float]) -> float:
    """Two-sided p of Wilcoxon's rank sum by the normal approximation; ties are too rare here to matter."""
    ranked = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    ranks = sum(rank for rank, (_value, group) in enumerate(ranked, 1) if group == 0)
    n, m = len(one), len(other)
    z = (ranks - n * (n + m + 1) / 2) / (n * m * (n + m + 1) / 12) ** 0.5
    return 2 * (1 - statistics.NormalDist().cdf(abs(z)))


def test_the_kinds_of_error_cannot_be_told_apart_by_their_time(at_bank: Lead) -> None:
    true = notification(at_bank())
    kinds = {
        "padding": true[:-1] + ("0" if true[-1] != "0" else "1"),
        "text": codec.encrypt(KEY, "x" * 200),
        "nobody": codec.encrypt(KEY, result_text(Attempt(trackid="NOBODYS", fils=10_000))),
        "order": codec.encrypt(KEY, f"{result_text(Attempt.objects.get())}&password=x"),
        "noise": "5A" * (len(true) // 2),
    }
    asked = set()
    for body in kinds.values():
        with CaptureQueriesContext(connection) as queries:
            post(body)
        asked.add(tuple(re.sub(r" (VALUES|WHERE) .*|_x\d+|(?<=\+ )\d+", "", query["sql"]) for query in queries))
    assert len(asked) == 1, "one kind asks the database more than another"
    if not FULL:
        return  # the time itself is measured on a machine that does nothing else
    took: dict[str, list[float]] = defaultdict(list)
    client = Client()
    for turn in range(TIMED + 5):
        for name in random.Random(turn).sample(sorted(kinds), len(kinds)):
            began = time.perf_counter()
            answer = post(kinds[name], client)
            took[name].append(time.perf_counter() - began)
            assert answer.content == UNKNOWN
    medians = {name: statistics.median(values[5:]) for name, values in took.items()}
    print({name: f"{median * 1000:.2f} ms" for name, median in medians.items()})
    for one in kinds:
        for other in kinds:
            if abs(medians[one] - medians[other]) >= 0.002:
                assert _rank_sum_p(took[one][5:], took[other][5:]) > 0.01, (one, other, medians)


# P6: an answer made to draw out the key, a free field made to smuggle a result.


def opened(hex_text: str) -> bytes:
    """What a ciphertext decrypts to, padding and all: what a page that echoes would show."""
    decryptor = Cipher(algorithms.AES(KEY), modes.CBC(KEY)).decryptor()
    return decryptor.update(bytes.fromhex(hex_text)) + decryptor.finalize()


def key_from(shown: bytes) -> bytes:
    """The key, from the three blocks that an echo of C1 | 0 | C1 shows."""
    return bytes(a ^ b for a, b in zip(shown[:16], shown[32:48], strict=True))


def _forms(secret: bytes) -> list[bytes]:
    return [secret, secret.hex().encode(), secret.hex().upper().encode(), base64.b64encode(secret), repr(secret)[2:-1].encode()]


def test_no_decrypted_byte_leaves_and_the_control_that_echoes_gives_the_key_at_once(
    at_bank: Lead, payer: Any, caplog: pytest.LogCaptureFixture, client: Client
) -> None:
    caplog.set_level(logging.DEBUG)
    attempt = at_bank()
    true = notification(attempt)
    browser = signed_in(payer)
    for number in range(RECOVERIES):
        first = true[number % (len(true) // 32) * 32 :][:32]
        asked = first + "0" * 32 + first
        shown = opened(asked)
        assert key_from(shown) == KEY  # the control: one request to a page that echoes
        outputs = [post(asked).content, browser.post("/pay/knet/response", {"trandata": asked}).content]
        outputs.append(browser.get("/pay/knet/response", {"trandata": asked}).content)
        if number % 10 == 0:
            outputs += [browser.get(path).content for path in (f"/pay/r/{attempt.token}", "/pay/r/unknown", "/pay/knet/error?ErrorText=x")]
        for secret in (KEY, shown[:16], shown[32:48]):
            for form in _forms(secret):
                assert not any(form in output for output in outputs)
    written = caplog.text.encode() + repr([(m.subject, m.body) for m in mail.outbox]).encode()
    kept = repr(list(GatewayMessage.objects.values_list("decoded", flat=True))).encode()
    for secret in (KEY, result_text(attempt).encode()[:32]):
        assert not any(form in written or form in kept for form in _forms(secret))


def forged_references(chance: random.Random) -> Iterator[str]:
    pieces = [
        "&result=CAPTURED",
        "&paymentid=1",
        "&trackid=X",
        "&amt=0.001",
        "%26result%3DCAPTURED",
        "=",
        "&",
        "\r\n",
        "\x00",
        "٩",
        "ق",
        "<b>",
    ]
    while True:
        yield "x" + "".join(chance.choice(pieces) for _ in range(chance.randrange(1, 6)))


def test_a_forged_free_field_smuggles_nothing_into_an_order(at_bank: Lead, bank: Book) -> None:
    attempt = at_bank()
    bank.decide(attempt, "FAILURE(NOT CAPTURED)")
    source = forged_references(random.Random(5))
    for reference in [next(source) for _ in range(FORGERIES)]:
        sent = Knet().order(Order(attempt.trackid, attempt.fils, "ar", reference))
        plain = codec.decrypt(KEY, sent.raw)
        names = [pair.partition("=")[0] for pair in plain.split("&")]
        assert len(names) == len(set(names)) == 14 and "result" not in names and "paymentid" not in names
        assert plain.isascii() and plain.isprintable()
        assert post(sent.raw).content == UNKNOWN
    inquire(attempt_id=attempt.pk)
    assert not Receipt.objects.exists()


def test_the_control_without_the_filter_is_an_oracle_for_a_paid_answer(at_bank: Lead, monkeypatch: pytest.MonkeyPatch) -> None:
    attempt = at_bank()
    monkeypatch.setattr(messages, "udf", lambda text: text)
    monkeypatch.setattr(messages, "order_text", lambda fields: "&".join(f"{name}={value}" for name, value in fields.items()))
    sent = Knet().order(Order(attempt.trackid, attempt.fils, "ar", "x&result=CAPTURED&paymentid=1"))
    monkeypatch.setattr(messages, "_REQUEST_FIELDS", frozenset())
    notice = Knet().read_notification(sent.raw)
    assert notice is not None and (notice.result, notice.trackid) == ("CAPTURED", attempt.trackid)


def test_people_who_may_not_pay_see_nothing_of_it(at_bank: Lead, bank: Book) -> None:
    attempt = at_bank()
    bank.decide(attempt)
    walk(3)
    page = signed_in(PersonFactory(civil_id="290010100048", name_en="Somebody Else")).get(f"/pay/r/{attempt.token}").content.decode()
    assert attempt.trackid not in page and str(Attempt.objects.get().payment_id) not in page
