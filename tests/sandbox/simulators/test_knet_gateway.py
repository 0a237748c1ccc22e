"""One payment's life at the gateway, and each of its bad days."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from municipality.kernel import clock
from sandbox.simulators.knet import behaviours, pages, protocol
from sandbox.simulators.knet.protocol import RESULTS

from .conftest import TERMINAL, KnetCounter, decode, trandata, until


def test_a_captured_payment_is_notified_acknowledged_and_the_browser_sent_on(knet: KnetCounter) -> None:
    paymentid = knet.open()
    assert knet.statement()["result"] is None
    page = knet.get(f"/kpg/paymentpage.htm?PaymentID={paymentid}")
    assert page.status_code == 200
    assert "10.000" in page.text
    answer = knet.post("/kpg/decide", data={"paymentid": paymentid, "result": "CAPTURED"})
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{knet.merchant.url}/pay/r/abc")
    [(path, _)] = knet.merchant.heard
    assert path == "/pay/knet/response"
    told = knet.told()
    assert {"paymentid": paymentid, "result": "CAPTURED", "trackid": "TRACK1", "amt": "10.000", "udf1": "BILL1"}.items() <= told.items()
    assert (len(paymentid), len(told["tranid"]), len(told["ref"]), len(told["auth"]), len(told["postdate"])) == (18, 15, 12, 6, 4)
    statement = knet.statement()
    assert (statement["voided"], statement["notifications"], statement["acks"], statement["amt"]) == (False, 1, 1, 10_000)
    asked = knet.ask()
    assert (asked["result"], asked["payid"], asked["amt"], asked["udf5"]) == ("CAPTURED", paymentid, "10.000", "TrackID")
    assert asked["tranid"] == told["tranid"]


@pytest.mark.parametrize("result", [result for result in RESULTS if result != "CAPTURED"])
def test_a_payment_that_failed_is_notified_and_found_unpaid(knet: KnetCounter, result: str) -> None:
    knet.open()
    assert knet.pay(result=result)["browser_url"].endswith("/pay/r/abc")
    assert knet.told()["result"] == result
    assert (knet.told()["tranid"] == "") is (result == "CANCELED")
    assert knet.ask()["result"] == f"FAILURE({result})"


def test_the_shapes_of_notifications_take_turns_unless_set(knet: KnetCounter) -> None:
    for track in ("A", "B", "C"):
        knet.open(track)
        knet.pay(track)
    bare, form = knet.merchant.heard[0][1], knet.merchant.heard[1][1].decode()
    assert bare.decode() == bare.decode().upper()
    assert b"=" not in bare
    assert len(bare) % 32 == 0
    assert {"trandata", "paymentid", "trackid", "tranid", "ref", "amt", "udf1"} <= parse_qs(form).keys()
    assert trandata(form.encode()).isupper()
    assert b"=" not in knet.merchant.heard[2][1]
    knet.settings(shape=2)
    knet.open("D")
    knet.open("E")
    knet.pay("D")
    knet.pay("E")
    assert all(body.startswith(b"trandata=") for _, body in knet.merchant.heard[3:])


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, b""), (200, b"\nREDIRECT=http://127.0.0.1/x"), (500, None), (302, None), (200, b"OK"), (200, b"REDIRECT=/pay/r/abc")],
)
def test_a_bad_acknowledgement_reverses_the_payment(knet: KnetCounter, status: int, body: bytes | None) -> None:
    knet.merchant.status = status
    if body is not None:
        knet.merchant.body = body
    knet.open()
    paid = knet.pay()
    assert (paid["voided"], paid["acks"], paid["browser_url"], paid["page"]) == (True, 0, "", "void")
    assert len(knet.merchant.heard) == 1  # a redirect is not followed, nothing is sent again
    assert knet.ask()["result"] == "FAILURE(NOT CAPTURED)"


def test_an_unreachable_merchant_has_the_payment_reversed_and_the_customer_told(knet: KnetCounter) -> None:
    closed = "http://127.0.0.1:9/pay/knet/response"
    paymentid = knet.open(responseURL=closed)
    answer = knet.post("/kpg/decide", data={"paymentid": paymentid, "result": "CAPTURED"})
    assert answer.status_code == 200
    assert "IPAY0100249" in answer.text
    assert knet.statement()["voided"] is True


def test_no_call_ever_leaves_this_machine(knet: KnetCounter) -> None:
    knet.open(responseURL="https://portal.example.gov.kw/pay/knet/response")
    assert knet.pay()["voided"] is True
    sent = knet.get("/control/notifications").json()["notifications"]
    assert [row["error"] for row in sent] == ["not an http address of this machine"]


def test_a_slow_merchant_has_the_payment_reversed(knet: KnetCounter) -> None:
    knet.merchant.seconds = 0.5
    knet.open("PATIENT")
    assert knet.pay("PATIENT")["voided"] is False  # control: the default patience suffices
    knet.settings(ack_seconds=0.1)
    knet.open()
    assert knet.pay()["voided"] is True


def test_the_inquiry_can_be_slow(knet: KnetCounter) -> None:
    knet.open("TRACK1", "slow_tranpipe:0.3")
    knet.pay()
    before = time.monotonic()
    assert knet.ask()["result"] == "CAPTURED"
    assert time.monotonic() - before >= 0.3


def test_a_decision_is_taken_once(knet: KnetCounter) -> None:
    paymentid = knet.open()
    knet.pay()
    again = knet.post("/kpg/decide", data={"paymentid": paymentid, "result": "CANCELED"})
    assert "Error=IPAY0100047&" in again.headers["Location"]
    assert len(knet.merchant.heard) == 1
    assert knet.statement()["result"] == "CAPTURED"


def test_a_page_that_has_run_out_goes_to_the_error_page(knet: KnetCounter) -> None:
    knet.open()
    knet.settings(page_seconds=0)
    assert "Error=IPAY0100042&" in knet.pay()["browser_url"]
    assert knet.ask()["result"].startswith("!ERROR!-IPAY0100263-Transaction not found.")


def test_the_error_button_leads_to_the_error_page_with_the_payment_named(knet: KnetCounter) -> None:
    paymentid = knet.open()
    answer = knet.post("/kpg/decide", data={"paymentid": paymentid, "result": "error"})
    fields = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert fields["Error"] == ["IPAY0100038"]
    assert (fields["trackid"], fields["paymentid"], fields["amt"]) == (["TRACK1"], [paymentid], ["10.000"])
    assert knet.merchant.heard == []


def test_a_closed_browser_stays_where_it_is_while_the_notification_goes_out(knet: KnetCounter) -> None:
    paymentid = knet.open()
    answer = knet.post("/kpg/decide", data={"paymentid": paymentid, "result": "close"})
    assert (answer.status_code, "Location" in answer.headers) == (200, False)
    assert knet.told()["result"] == "CAPTURED"
    assert knet.statement()["acks"] == 1


# The bad days


def test_duplicates_arrive_as_often_as_asked_and_equal(knet: KnetCounter) -> None:
    knet.open("TRACK1", "duplicate_notification:20")
    paid = knet.pay()
    assert (paid["notifications"], paid["acks"]) == (20, 20)
    assert len({body for _, body in knet.merchant.heard}) == 1
    assert knet.post("/control/notify", json={"trackid": "TRACK1", "count": 30}).json()["acks"] == 30
    assert len(knet.merchant.heard) == 50


def test_a_delayed_notification_comes_later_and_the_browser_waits_for_it(knet: KnetCounter) -> None:
    paymentid = knet.open("TRACK1", "delayed_notification:1")
    answer = knet.post("/kpg/decide", data={"paymentid": paymentid, "result": "CAPTURED"})
    assert answer.headers["Location"] == f"/kpg/wait.htm?PaymentID={paymentid}"
    waiting = knet.get(answer.headers["Location"])
    assert 'http-equiv="refresh"' in waiting.text
    assert knet.merchant.heard == []
    until(lambda: knet.statement()["acks"] == 1)
    assert knet.get(answer.headers["Location"]).headers["Location"].endswith("/pay/r/abc")


def test_a_payment_never_notified_stays_captured(knet: KnetCounter) -> None:
    knet.open("TRACK1", "never_notified")
    assert knet.pay()["page"] == "waiting"
    assert knet.merchant.heard == []
    assert knet.ask()["result"] == "CAPTURED"


def test_the_browser_can_return_before_the_notification(knet: KnetCounter) -> None:
    knet.open("TRACK1", "notification_after_browser:0.8")
    url = urlsplit(knet.pay()["browser_url"])
    assert url.path == "/pay/knet/response"
    assert decode(f"trandata={parse_qs(url.query)['trandata'][0]}".encode())["result"] == "CAPTURED"
    assert knet.merchant.heard == []
    until(lambda: knet.merchant.heard)


def test_the_browser_can_return_long_after_the_notification(knet: KnetCounter) -> None:
    knet.open("TRACK1", "notification_before_browser:0.3")
    before = time.monotonic()
    assert knet.pay()["browser_url"].endswith("/pay/r/abc")
    assert time.monotonic() - before >= 0.3


def test_a_notification_can_name_another_amount_while_the_book_keeps_the_true_one(knet: KnetCounter) -> None:
    knet.open("TRACK1", "wrong_amount")
    knet.pay()
    assert knet.told()["amt"] == "11.000"
    assert (knet.statement()["amt"], knet.ask()["amt"]) == (10_000, "10.000")


def test_a_notification_can_name_another_payment(knet: KnetCounter) -> None:
    paymentid = knet.open("TRACK1", "wrong_payment_id")
    knet.pay()
    assert knet.told()["paymentid"] == str(int(paymentid) + 1)
    assert knet.ask()["payid"] == paymentid


def test_a_notification_can_be_noise_of_the_right_length(knet: KnetCounter) -> None:
    knet.settings(shape=1)
    knet.open("TRACK1", "garbage_hex")
    knet.pay()
    knet.post("/control/notify", json={"trackid": "TRACK1"})
    noise, genuine = (body.decode() for _, body in knet.merchant.heard)
    assert len(noise) == len(genuine)
    assert sum(a == b for a, b in zip(noise, genuine, strict=True)) < len(genuine) / 2


def test_a_notification_can_have_one_bit_flipped(knet: KnetCounter) -> None:
    knet.settings(shape=1)
    knet.open("TRACK1", "bit_flipped")
    knet.pay()
    knet.post("/control/notify", json={"trackid": "TRACK1"})
    flipped, genuine = (int(body, 16) for _, body in knet.merchant.heard)
    assert (flipped ^ genuine).bit_count() == 1


def test_a_spliced_notification_joins_an_older_capture_with_this_decline(knet: KnetCounter) -> None:
    knet.settings(shape=1)
    first = knet.open("PAID")
    knet.pay("PAID")
    knet.open("SPLICED", "spliced")
    knet.pay("SPLICED", "NOT CAPTURED")
    older, joined = knet.merchant.heard[0][1], knet.merchant.heard[1][1]
    assert joined[:96] == older[:96]
    assert joined[96:] != older[96:]
    raw = bytes.fromhex(joined.decode())
    decryptor = protocol._cipher(TERMINAL.key).decryptor()
    plain = decryptor.update(raw) + decryptor.finalize()
    assert plain.startswith(f"paymentid={first}&result=CAPTURED".encode()[:48])  # it claims success for a payment that was declined
    assert b"trackid=SPLICED" in plain
    assert knet.ask(trackid="SPLICED", transid="SPLICED")["result"] == "FAILURE(NOT CAPTURED)"


def test_a_reflected_notification_is_the_portals_own_order(knet: KnetCounter) -> None:
    knet.open("TRACK1", "reflected")
    knet.pay()
    assert "password=999901pg" in protocol.decrypt(TERMINAL.key, trandata(knet.merchant.heard[0][1]))


def test_an_older_notification_of_another_payment_can_follow(knet: KnetCounter) -> None:
    knet.open("OLD")
    knet.pay("OLD")
    knet.open("NEW", "replayed")
    knet.pay("NEW")
    until(lambda: len(knet.merchant.heard) == 3)
    assert knet.merchant.heard[2][1] == knet.merchant.heard[0][1]


def test_a_stale_timeout_can_follow_the_result(knet: KnetCounter) -> None:
    knet.open("TRACK1", "out_of_order")
    knet.pay()
    until(lambda: len(knet.merchant.heard) == 2)
    assert [knet.told(n)["result"] for n in (0, 1)] == ["CAPTURED", "HOST TIMEOUT"]
    assert knet.ask()["result"] == "CAPTURED"


def test_a_notification_of_errors_carries_no_cipher(knet: KnetCounter) -> None:
    knet.open("TRACK1", "error_notification")
    knet.pay()
    fields = parse_qs(knet.merchant.heard[0][1].decode())
    assert "trandata" not in fields
    assert (fields["Error"], fields["trackid"]) == (["IPAY0100038"], ["TRACK1"])


def test_a_lost_acknowledgement_reverses_what_the_merchant_believes_paid(knet: KnetCounter) -> None:
    knet.open("TRACK1", "ack_lost")
    paid = knet.pay()
    assert knet.told()["result"] == "CAPTURED"
    assert (paid["voided"], paid["page"]) == (True, "void")
    assert knet.ask()["result"] == "FAILURE(NOT CAPTURED)"


def test_a_payment_can_be_reversed_after_a_good_acknowledgement(knet: KnetCounter) -> None:
    knet.open("TRACK1", "void_after_ack:0.8")
    assert knet.pay()["voided"] is False
    assert knet.ask()["result"] == "CAPTURED"
    until(lambda: knet.statement()["voided"])
    assert knet.ask()["result"] == "FAILURE(NOT CAPTURED)"


def test_a_timeout_can_become_a_capture_later(knet: KnetCounter) -> None:
    knet.open("TRACK1", "late_second_capture:0.8")
    knet.pay()
    assert knet.told()["result"] == "HOST TIMEOUT"
    assert knet.ask()["result"] == "FAILURE(HOST TIMEOUT)"
    until(lambda: len(knet.merchant.heard) == 2)
    assert knet.told()["result"] == "CAPTURED"
    assert knet.ask()["result"] == "CAPTURED"


def test_the_inquiry_can_fail_twice_and_then_recover(knet: KnetCounter) -> None:
    knet.open("TRACK1", "tranpipe_500:2")
    knet.pay()
    assert [knet.call().status_code for _ in range(3)] == [500, 500, 200]
    knet.settings(tranpipe="down")
    assert knet.call().status_code == 500


def test_the_inquiry_can_suspect_miss_and_say_an_odd_word_for_a_while(knet: KnetCounter) -> None:
    knet.open("A", "suspect:1")
    knet.open("B", "not_found:1")
    knet.open("C", "odd_result:1")
    for track, first in (("A", "FAILURE(SUSPECT)"), ("B", "!ERROR!-IPAY0100263-Transaction not found."), ("C", "FAILURE(VOIDED)")):
        knet.pay(track)
        assert [knet.ask(trackid=track, transid=track)["result"] for _ in range(2)] == [first, "CAPTURED"]


def test_behaviours_wait_for_the_next_payment_or_lie_on_all(knet: KnetCounter) -> None:
    assert knet.post("/control/behaviour", json={"next": ["never_notified"], "times": 2}).json()["waiting"] == 2
    knet.post("/control/behaviour", json={"always": ["suspect"]})
    for track in ("A", "B", "C"):
        knet.open(track)
    found = [set(knet.statement(track)["behaviours"]) for track in ("A", "B", "C")]
    assert found == [{"never_notified", "suspect"}, {"never_notified", "suspect"}, {"suspect"}]


def test_a_behaviour_can_be_chosen_on_the_page(knet: KnetCounter) -> None:
    paymentid = knet.open()
    form = {"paymentid": paymentid, "result": "CAPTURED", "behaviour": "duplicate_notification", "number:duplicate_notification": "4"}
    knet.post("/kpg/decide", data=form)
    assert len(knet.merchant.heard) == 4


@pytest.mark.parametrize(
    "asked",
    [
        {"next": ["nonsense"]},
        {"next": "suspect"},
        {"next": ["suspect:x"]},
        {"next": ["suspect:-1"]},
        {"settings": {"shape": 3}},
        {"settings": []},
    ]
    + [{"settings": {"nonsense": 1}}, {"next": [], "times": "x"}],
)
def test_a_command_that_is_not_understood_is_refused(knet: KnetCounter, asked: dict[str, Any]) -> None:
    assert knet.post("/control/behaviour", json=asked).status_code == 400


# Inquiry and refund


def test_an_inquiry_before_the_customer_has_decided_finds_nothing(knet: KnetCounter) -> None:
    knet.open()
    answer = knet.ask()
    assert answer == {"result": "!ERROR!-IPAY0100263-Transaction not found.", "error_code_tag": "IPAY0100263", "error_service_tag": "null"}


@pytest.mark.parametrize("wrapper", ["", "request"])
def test_an_inquiry_names_the_payment_by_any_identifier(knet: KnetCounter, wrapper: str) -> None:
    paymentid = knet.open()
    knet.pay()
    told = knet.told()
    for udf5, transid in (
        ("TrackID", "TRACK1"),
        ("PaymentID", paymentid),
        ("", told["tranid"]),
        ("TransID", told["tranid"]),
        ("SeqNum", told["ref"]),
    ):
        answer = protocol.read_call(knet.call(wrapper, udf5=udf5, transid=transid).content)
        assert answer["result"] == "CAPTURED", udf5
        assert answer["payid"] == paymentid


@pytest.mark.parametrize("changed", [{"amt": "9.999"}, {"trackid": "OTHER"}])
def test_details_that_differ_make_the_inquiry_suspect(knet: KnetCounter, changed: dict[str, str]) -> None:
    knet.open()
    knet.pay()
    assert knet.ask(**changed)["result"] == "FAILURE(SUSPECT)"


@pytest.mark.parametrize(
    ("changed", "number"),
    [({"id": "1"}, 6), ({"password": "x"}, 15), ({"action": "1"}, 20), ({"amt": "10"}, 24), ({"amt": ""}, 23), ({"transid": ""}, 115)]
    + [({"transid": "NONE"}, 263), ({"transid": "A" * 20}, 116), ({"udf5": "Nonsense"}, 116), ({"trackid": ""}, 27)],
)
def test_a_call_that_breaks_a_rule_is_answered_with_its_code(knet: KnetCounter, changed: dict[str, str], number: int) -> None:
    knet.open()
    knet.pay()
    answer = knet.ask(**changed)
    assert answer["error_code_tag"] == f"IPAY0100{number:03d}"
    assert answer["result"].startswith(f"!ERROR!-IPAY0100{number:03d}-")


def test_the_paid_word_of_the_inquiry_can_be_the_other_one(knet: KnetCounter) -> None:
    knet.settings(paid_word="SUCCESS")
    knet.open()
    knet.pay()
    assert knet.ask()["result"] == "SUCCESS"


def test_refunds_stop_at_the_captured_amount_and_are_not_idempotent(knet: KnetCounter) -> None:
    knet.open()
    knet.pay()
    assert [knet.ask(action="2", amt="4.000")["result"] for _ in range(2)] == ["CAPTURED", "CAPTURED"]
    assert knet.statement()["refunded"] == 8_000
    assert knet.ask(action="2", amt="4.000")["error_code_tag"] == "IPAY0100137"
    assert knet.ask(action="2", amt="2.000")["result"] == "CAPTURED"
    assert knet.ask(action="2", amt="0.001")["error_code_tag"] == "IPAY0100199"
    assert knet.ask()["result"] == "CAPTURED"  # the purchase itself stays captured


def test_what_was_not_captured_cannot_be_refunded(knet: KnetCounter) -> None:
    knet.open()
    knet.pay(result="NOT CAPTURED")
    assert knet.ask(action="2")["error_code_tag"] == "IPAY0100136"
    knet.open("OFF", "refund_disabled")
    knet.pay("OFF")
    assert knet.ask(action="2", trackid="OFF", transid="OFF")["error_code_tag"] == "IPAY0100033"


def test_a_refund_whose_answer_is_lost_was_made(knet: KnetCounter) -> None:
    knet.open("TRACK1", "refund_lost")
    knet.pay()
    with pytest.raises(requests.ConnectionError):
        knet.ask(action="2")
    assert knet.statement()["refunded"] == 10_000


# The pages


@pytest.mark.parametrize(("langid", "language"), [("AR", "ar"), ("EN", "en"), ("USA", "en"), ("ENG", "en")])
def test_the_page_speaks_the_language_of_the_order_under_a_banner_in_both(knet: KnetCounter, langid: str, language: str) -> None:
    page = knet.get(f"/kpg/paymentpage.htm?PaymentID={knet.open(langid=langid)}").text
    assert f'<html lang="{language}"' in page
    assert "محاكاة – لا نقود حقيقية" in page
    assert "Simulation: no real money" in page
    for choice in pages.CHOICES:
        assert f'name="result" value="{choice}"' in page
    for name in (name for name, known in behaviours.KNOWN.items() if not known.result):
        assert f'name="behaviour" value="{name}"' in page


def test_the_texts_of_the_pages_exist_in_both_languages() -> None:
    assert pages.TEXTS["ar"].keys() == pages.TEXTS["en"].keys()
    for text in [*pages.TEXTS["ar"].values(), *(known.arabic for known in behaviours.KNOWN.values())]:
        assert not any(letter.isascii() and letter.isalpha() for letter in text), text


def test_an_unknown_payment_has_a_page_and_no_trace(knet: KnetCounter) -> None:
    answer = knet.get("/kpg/paymentpage.htm?PaymentID=1")
    assert (answer.status_code, "IPAY0100039" in answer.text) == (404, True)


def test_an_inquiry_says_what_was_returned_unless_told_not_to(knet: KnetCounter) -> None:
    knet.open()
    knet.pay()
    assert knet.ask()["creditedamt"] == "0.000"
    knet.ask(action="2", amt="4.000")
    assert knet.ask()["creditedamt"] == "4.000"
    knet.open("QUIET", "credit_untold")
    knet.pay("QUIET")
    assert "creditedamt" not in knet.ask(trackid="QUIET", transid="QUIET")


def test_a_refund_that_is_dropped_was_not_made(knet: KnetCounter) -> None:
    knet.open("TRACK1", "refund_dropped")
    knet.pay()
    with pytest.raises(requests.ConnectionError):
        knet.ask(action="2")
    assert knet.statement()["refunded"] == 0
    assert knet.ask(action="2")["result"] == "CAPTURED"


def test_the_settlement_file_holds_what_was_paid_in_and_taken_back_with_mistakes_on_command(knet: KnetCounter) -> None:
    for trackid in ("TRACK1", "TRACK2", "TRACK3"):
        knet.open(trackid)
        knet.pay(trackid, "NOT CAPTURED" if trackid == "TRACK3" else "CAPTURED")
    knet.ask(action="2", amt="4.000")
    day = clock.today().isoformat()

    def lines(**bad: str) -> list[list[str]]:
        text = knet.get("/control/statement", params={"day": day, **bad}).text
        return [line.split(",") for line in text.splitlines()[1:]]

    assert [(line[0], line[1], line[4]) for line in lines()] == [
        ("PURCHASE", "TRACK1", "10.000"),
        ("PURCHASE", "TRACK2", "10.000"),
        ("REFUND", "TRACK1", "4.000"),
    ]
    assert [line[1] for line in lines(without="TRACK1")] == ["TRACK2"]
    assert [line[4] for line in lines(changed="TRACK2")] == ["10.000", "11.000", "4.000"]
    assert len(lines(twice="TRACK2")) == 4
    assert knet.get("/control/statement", params={"day": "today"}).status_code == 400
