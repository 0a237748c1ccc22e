"""The gateway simulator is told what to do: each behaviour on its page, over HTTP and from a command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.simulators.knet import behaviours, desk

from .conftest import KnetCounter

ROOT = Path(__file__).resolve().parents[3]
# The bad days that the issue names: what the customer or the bank does, what comes of the notification, of the inquiry, of a refund.
NAMED = {
    *("declined", "cancelled", "host_timeout", "denied_by_risk", "never_returns", "delayed_notification", "duplicate_notification"),
    *("out_of_order", "wrong_amount", "wrong_payment_id", "garbage_hex", "spliced", "bit_flipped", "slow_tranpipe", "tranpipe_500"),
    *("suspect", "not_found", "ack_lost", "void_after_ack", "tls_error", "late_second_capture"),
}


def tell(knet: KnetCounter, *words: str) -> str:
    port = int(knet.url.rpartition(":")[2])
    return desk.run_command(port, words[0], list(words[1:]))


def test_every_bad_day_that_was_asked_for_is_there_and_the_page_offers_it(knet: KnetCounter) -> None:
    assert set(behaviours.KNOWN) >= NAMED and len(behaviours.KNOWN) >= 20
    page = knet.get(f"/kpg/paymentpage.htm?PaymentID={knet.open()}").text
    for name, known in behaviours.KNOWN.items():
        assert (f'name="behaviour" value="{name}"' in page) == (not known.result)
        assert f'value="{known.result or "CAPTURED"}"' in page
        assert known.english and known.arabic
    assert tell(knet, "behaviours").count("\n") + 1 == len(behaviours.KNOWN)


@pytest.mark.parametrize("name", sorted(behaviours.KNOWN))
def test_each_can_be_laid_on_the_next_payment_and_on_one_that_is_named(knet: KnetCounter, name: str) -> None:
    tell(knet, "next", name)
    tell(knet, "on", "TRACK2", f"{name}:7")
    for track, number in (("TRACK1", behaviours.KNOWN[name].number), ("TRACK2", 7)):
        knet.open(track)
        assert knet.statement(track)["behaviours"] == {name: number}
    tell(knet, "on", "TRACK2")
    assert knet.statement("TRACK2")["behaviours"] == {}


@pytest.mark.parametrize("name", [name for name, known in behaviours.KNOWN.items() if known.result])
def test_a_result_that_was_commanded_stands_whatever_the_customer_chooses(knet: KnetCounter, name: str) -> None:
    knet.open("TRACK1", name)
    assert json.loads(tell(knet, "pay", "TRACK1"))["result"] == behaviours.KNOWN[name].result
    assert knet.ask()["result"] == f"FAILURE({behaviours.KNOWN[name].result})"


def test_a_browser_that_never_returns_stays_though_the_portal_was_told(knet: KnetCounter) -> None:
    knet.open("TRACK1", "never_returns")
    told = knet.pay()
    assert (told["browser_url"], told["page"], told["result"]) == ("", "closed", "CAPTURED")
    assert len(knet.merchant.heard) == 1 and knet.ask()["result"] == "CAPTURED"


def test_a_refused_certificate_reaches_nobody_and_reverses_the_payment(knet: KnetCounter) -> None:
    knet.open("TRACK1", "tls_error")
    assert knet.pay()["page"] == "void"
    assert knet.merchant.heard == [] and knet.statement()["voided"]
    assert knet.ask()["result"] == "FAILURE(NOT CAPTURED)"


def test_an_inquiry_is_cut_off_as_often_as_was_said(knet: KnetCounter) -> None:
    knet.open("TRACK1", "tranpipe_dropped:2")
    knet.pay()
    for _ in range(2):
        with pytest.raises(requests.ConnectionError):
            knet.call()
    assert knet.ask()["result"] == "CAPTURED"


def test_the_desk_decides_notifies_shows_the_book_and_the_statement(knet: KnetCounter) -> None:
    knet.open()
    assert json.loads(tell(knet, "pay", "TRACK1", "NOT CAPTURED"))["result"] == "NOT CAPTURED"
    assert json.loads(tell(knet, "notify", "TRACK1", "3"))["statuses"] == [200, 200, 200]
    assert [row["trackid"] for row in json.loads(tell(knet, "book", "TRACK1"))["transactions"]] == ["TRACK1"]
    assert tell(knet, "statement", "2026-11-24").startswith("Transaction Type")
    tell(knet, "down")
    assert knet.call().status_code == 500
    tell(knet, "up")
    assert knet.call().status_code == 200


@pytest.mark.parametrize(
    "words", [[], ["fly"], ["pay"], ["next", "kindness"], ["on"], ["pay", "NOBODY"], ["notify", "T", "many"], ["statement", "x"]]
)
def test_a_word_that_is_none_ends_with_a_sentence(knet: KnetCounter, words: list[str], capsys: Any) -> None:
    port = knet.url.rpartition(":")[2]
    assert desk.main(["--port", port, *words]) == 2
    assert len(capsys.readouterr().err) > 20


def test_it_runs_by_its_path_without_the_project_and_says_when_nobody_is_there(knet: KnetCounter) -> None:
    command = [sys.executable, "-S", str(ROOT / "sandbox/simulators/knet/desk.py"), "--port"]
    good = subprocess.run(
        [*command, knet.url.rpartition(":")[2], "next", "suspect"],
        capture_output=True,
        text=True,
        cwd="/",
        env={"PATH": os.environ["PATH"]},
    )
    assert (good.returncode, json.loads(good.stdout)["next"]) == (0, {"suspect": 1_000_000})
    bad = subprocess.run([*command, "1", "book"], capture_output=True, text=True, cwd="/", env={})
    assert bad.returncode == 2 and "127.0.0.1:1" in bad.stderr
