"""Every bad day of the gateway's simulator: in the end our books say what the bank's book says, to the fils."""

from __future__ import annotations

import datetime as dt
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from municipality.jobs.models import Job, JobState
from municipality.kernel import clock
from payments import invariants
from payments.models import Attempt, Bill, Receipt
from payments.providers.knet import client
from payments.services import inquiries, redirect_url, settlement, start_attempt
from payments.states import OPEN, AttemptState
from sandbox.simulators import serving
from sandbox.simulators.knet import behaviours, protocol
from sandbox.simulators.knet.book import Book
from sandbox.simulators.knet.gateway import Gateway
from sandbox.simulators.knet.server import application
from tests.due_jobs import run_due

pytestmark = [pytest.mark.timeout(7200), pytest.mark.postgres, pytest.mark.chaos, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
A = AttemptState
# What the customer chooses, what the gateway does, and where the attempt must end.
DAYS: list[tuple[str, list[str], str]] = [
    ("CAPTURED", [], A.PAID),
    ("NOT CAPTURED", [], A.DECLINED),
    ("CANCELED", [], A.CANCELLED),
    ("HOST TIMEOUT", [], A.TIMED_OUT),
    ("DENIED BY RISK", [], A.DENIED),
    ("CAPTURED", ["duplicate_notification:8"], A.PAID),
    ("CAPTURED", ["delayed_notification:0.5"], A.PAID),
    ("CAPTURED", ["never_notified"], A.PAID),
    ("NOT CAPTURED", ["never_notified"], A.DECLINED),
    ("CAPTURED", ["notification_after_browser:0.3"], A.PAID),
    ("CAPTURED", ["wrong_amount"], A.PAID),
    ("CAPTURED", ["wrong_payment_id"], A.PAID),
    ("CAPTURED", ["garbage_hex"], A.PAID),
    ("CAPTURED", ["spliced"], A.PAID),
    ("CAPTURED", ["bit_flipped"], A.PAID),
    ("CAPTURED", ["reflected"], A.PAID),
    ("NOT CAPTURED", ["reflected"], A.DECLINED),
    ("CAPTURED", ["replayed"], A.PAID),
    ("CAPTURED", ["out_of_order"], A.PAID),
    ("CAPTURED", ["error_notification"], A.PAID),
    ("CAPTURED", ["declined"], A.DECLINED),
    ("CAPTURED", ["cancelled"], A.CANCELLED),
    ("CAPTURED", ["host_timeout"], A.TIMED_OUT),
    ("CAPTURED", ["denied_by_risk"], A.DENIED),
    ("CAPTURED", ["never_returns"], A.PAID),
    ("CAPTURED", ["delayed_notification:3600"], A.PAID),
    ("CAPTURED", ["notification_before_browser:0.05"], A.PAID),
    ("CAPTURED", ["ack_lost"], A.DECLINED),
    ("CAPTURED", ["tls_error"], A.DECLINED),
    ("CAPTURED", ["void_after_ack:0.6"], A.VOIDED),
    ("CAPTURED", ["late_second_capture:0.6"], A.PAID),
    ("CAPTURED", ["tranpipe_500:3"], A.PAID),
    ("CAPTURED", ["tranpipe_dropped:3"], A.PAID),
    ("CAPTURED", ["slow_tranpipe:0.5"], A.PAID),
    ("CAPTURED", ["suspect"], A.MISMATCH),
    ("CAPTURED", ["suspect:2"], A.PAID),
    ("CAPTURED", ["not_found:3"], A.PAID),
    ("CAPTURED", ["odd_result:3"], A.PAID),
]
# What becomes of a refund is taken to its end by tests/payments/services/test_refund_payouts.py.
OF_REFUNDS = {"refund_lost", "refund_dropped", "credit_untold", "refund_disabled"}
COPIES = 50 if os.environ.get("CHAOS_FULL") == "1" else 1
MINUTES = 15


@pytest.fixture
def gateway(settings: Any, tmp_path: Path, live_server: Any) -> Iterator[Gateway]:
    simulator = Gateway(Book(tmp_path / "knet.sqlite3"), protocol.Terminal("999901", "999901pg", b"1234567890ABCDEF"))
    simulator.book.set_setting("ack_seconds", 60)  # how quick an acknowledgement is, is judged elsewhere (P10)
    server = serving.start(application(simulator), 0)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True)
    thread.start()
    settings.PAYMENT_PROVIDER = "payments.providers.knet.Knet"
    settings.PORTAL_URL = live_server.url
    settings.ALLOWED_HOSTS = ["*"]
    settings.KNET_PAYMENT_URL = f"http://127.0.0.1:{server.server_port}/kpg/PaymentHTTP.htm"
    settings.KNET_TRANPIPE_URL = f"http://127.0.0.1:{server.server_port}/kpg/tranPipe.htm"
    settings.KNET_INQUIRY_DELAY_SECONDS = 0
    yield simulator
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)
    simulator.stop()
    simulator.book.close()


@pytest.fixture(autouse=True)
def frozen() -> None:
    """The bank's server keeps real time here; so do we, until the time is told to pass."""


def pay(simulator: Gateway, bill: Bill, choice: str, day: list[str]) -> Attempt:
    attempt = start_attempt(bills=[bill], payer=bill.payer, language="ar", session_key="s")
    url = redirect_url(attempt)
    simulator.book.set_behaviours(attempt.trackid, behaviours.read(day))
    assert "paymentpage.htm" in requests.get(url, allow_redirects=False, timeout=5).headers["Location"]
    transaction = simulator.book.by_trackid(attempt.trackid)
    assert transaction is not None
    simulator.decide(transaction["paymentid"], choice)
    return attempt


@dataclass
class End:
    """What came of the days: by track id the state (wanted, and ours), and fils (taken at the bank, and held by our books)."""

    wanted: dict[str, tuple[str, tuple[str, ...]]]
    slow: set[str]  # where the payments stand whose bank has not answered yet
    ended: dict[str, tuple[str, tuple[str, ...]]]
    taken: dict[str, int]
    paid: dict[str, int]
    in_review: dict[str, int]

    @property
    def unequal(self) -> set[tuple[str, ...]]:
        """The days after which bank and books do not hold the same."""
        ours = self.paid | self.in_review
        return {day for track, (_state, day) in self.wanted.items() if self.taken.get(track) != ours.get(track)}


Played = Callable[[int], End]


@pytest.fixture
def play_out(
    gateway: Gateway, issue: Callable[..., Bill], paid_for: dict[str, list[int]], live_server: Any, monkeypatch: pytest.MonkeyPatch
) -> Played:
    """So many payments for each of the days, and a quarter of an hour."""
    monkeypatch.setattr(client, "READ", 0.25)

    def run(copies: int) -> End:
        wanted: dict[str, tuple[str, tuple[str, ...]]] = {}
        slow: set[str] = set()
        for number, (choice, day, end) in enumerate(DAYS * copies):
            attempt = pay(gateway, issue(1_000 + number, subject=f"case:{number}"), choice, day)
            wanted[attempt.trackid] = (end, (choice, *day))
            run_due(("payments.inquire",))
        time.sleep(0.3)
        run_due(("payments.inquire", "payments.hand_over"))
        time.sleep(1)  # late captures, reversals and late notifications of the simulator
        for trackid, (_end, day_of) in wanted.items():
            if "slow_tranpipe:0.5" in day_of:  # the bank is quick again
                slow.add(Attempt.objects.get(trackid=trackid).state)
                gateway.book.clear_behaviours(trackid)
        start = clock.now()
        for minute in range(MINUTES + 1):
            with clock.at(start + dt.timedelta(minutes=minute)):
                run_due()
        ended = {a.trackid: (str(a.state), wanted[a.trackid][1]) for a in Attempt.objects.all()}
        taken = {row["trackid"]: row["amt"] for row in gateway.book.statement() if row["result"] == "CAPTURED" and not row["voided"]}
        paid = {a.trackid: a.fils for a in Attempt.objects.filter(state=A.PAID)}
        return End(wanted, slow, ended, taken, paid, {a.trackid: a.fils for a in Attempt.objects.filter(state=A.MISMATCH)})

    return run


def test_our_books_end_as_the_banks_book(play_out: Played) -> None:
    end = play_out(COPIES)
    assert end.slow <= set(OPEN) and end.ended == end.wanted
    assert not end.unequal and end.paid | end.in_review == end.taken
    assert sum(r.fils for r in Receipt.objects.filter(allocation__is_settled=True)) == sum(end.paid.values())
    assert not Job.objects.filter(state=JobState.DEAD).exists()
    assert not list(invariants.findings())
    held = sum((end.paid | end.in_review).values())
    print(f"\n{len(end.wanted)} payments, {len(DAYS)} days, {sum(end.taken.values())} fils at the bank, {held} here")


def test_the_control_that_believes_what_it_is_told_ends_with_other_books(play_out: Played, settings: Any) -> None:
    settings.PAYMENT_PROVIDER = "tests.payments.believing_bank.BelievingKnet"
    end = play_out(1)
    print(f"\nbelieving: after {len(end.unequal)} of {len(DAYS)} days the books differ: {sorted(end.unequal)}")
    assert ("CAPTURED", "void_after_ack:0.6") in end.unequal
    assert sum(end.paid.values()) != sum(end.taken.values())


def test_the_control_that_does_not_go_on_asking_ends_with_other_books(play_out: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks after the acknowledgement and after two minutes, and never once more."""
    for name in ("enqueue_step", "enqueue_now"):
        monkeypatch.setattr(inquiries, name, lambda *_args, **_kwargs: None)
    promise = settlement.enqueue
    monkeypatch.setattr(settlement, "enqueue", lambda kind, **ids: None if kind == "payments.confirm" else promise(kind, **ids))
    end = play_out(1)
    print(f"\nnot going on: after {len(end.unequal)} of {len(DAYS)} days the books differ: {sorted(end.unequal)}")
    assert {("CAPTURED", "tranpipe_500:3"), ("CAPTURED", "odd_result:3"), ("CAPTURED", "void_after_ack:0.6")} <= end.unequal
    assert any(state in OPEN for state, _day in end.ended.values())


def test_every_behaviour_of_the_double_is_taken_to_its_end() -> None:
    taken = {item.partition(":")[0] for _choice, day, _end in DAYS for item in day}
    assert taken | OF_REFUNDS == set(behaviours.KNOWN) and len(taken) >= 20


def test_a_bank_whose_certificate_is_not_trusted_or_who_is_not_there_is_asked_again(
    gateway: Gateway, issue: Callable[..., Bill], paid_for: dict[str, list[int]], live_server: Any, settings: Any
) -> None:
    good = settings.KNET_TRANPIPE_URL
    for wrong in (good.replace("http://", "https://"), "https://127.0.0.1:9/kpg/tranPipe.htm"):
        settings.KNET_TRANPIPE_URL = wrong
        attempt = pay(gateway, issue(), "CAPTURED", [])
        run_due(("payments.inquire",))
        assert Attempt.objects.get(pk=attempt.pk).state == A.CONFIRMING
        settings.KNET_TRANPIPE_URL = good
        with clock.at(clock.now() + dt.timedelta(minutes=3)):
            run_due()
        assert Attempt.objects.get(pk=attempt.pk).state == A.PAID
