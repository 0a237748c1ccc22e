"""What the bank, or somebody who plays the bank, sends to the running portal."""

from __future__ import annotations

import os
import random
from collections import Counter
from typing import Any

import pytest
import requests

from tools.chaos.portal import Portal, size

pytestmark = [pytest.mark.chaos, pytest.mark.stack]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
# Headers that tell the time of the answer.
CHANGING = {"date", "expires"}


def post(portal: Portal, body: bytes) -> tuple[int, bytes, tuple[tuple[str, str], ...]]:
    """Status, content and headers of the answer to a notification."""
    answer = requests.post(f"{portal.base_url}/pay/knet/response", data=body, headers=FORM, timeout=20)
    headers = tuple(sorted((name.lower(), value) for name, value in answer.headers.items() if name.lower() not in CHANGING))
    return answer.status_code, answer.content, headers


def test_payments_under_fifty_simultaneous_duplicates_give_one_receipt_and_one_licence_each(portal: Portal) -> None:
    payments, duplicates = size(10, 200), 50
    renewals = portal.at_bank(payments)
    for renewal in renewals:
        portal.behave(renewal, f"duplicate_notification:{duplicates}")
    portal.pay(renewals, at_once=2)
    sent = [notification for renewal in renewals for notification in portal.notifications(renewal)]
    assert len(sent) == payments * duplicates
    assert Counter((n["status"], bool(n["acknowledged"])) for n in sent) == {(200, True): payments * duplicates}
    whole = portal.sql(
        "SELECT count(*) FROM payments_gatewaymessage m JOIN payments_attempt a ON a.id = m.attempt_id"
        f" WHERE m.fingerprint <> '' AND a.trackid IN ({', '.join(['%s'] * payments)})",
        *[renewal["trackid"] for renewal in renewals],
    )
    assert whole[0][0] == payments
    portal.ask("inquire_again", trackids=[renewal["trackid"] for renewal in renewals], times=5)
    books = portal.prove_issued(renewals, seconds=60 + 5 * payments)
    assert [list(book["attempts"].values()) for book in books] == [["paid"]] * payments


def hostile(true: str, other: str, order: str) -> dict[str, bytes]:
    """Notifications that nobody should believe, made from true ones; each with a name."""
    chance = random.Random(7)
    made = {
        "empty field": b"trandata=",
        "no hex": b"trandata=ZZZZ",
        "odd hex": b"trandata=" + true[:-1].encode(),
        "garbage": b"trandata=" + os.urandom(256).hex().upper().encode(),
        "binary": bytes(range(256)),
        "oversized": b"trandata=" + true.encode() * (40_000 // len(true)),
        "a megabyte": b"trandata=" + b"AB" * 500_000,
        "two fields": b"trandata=" + true.encode() + b"&trandata=" + other.encode(),
        "key recovery": b"trandata=" + (true[:32] + "0" * 32 + true[:32]).encode(),
        "our own order": b"trandata=" + order.encode(),
        "spliced": b"trandata=" + (other[:96] + true[96:]).encode(),
        "truncated": b"trandata=" + true[:-32].encode(),
        "blocks swapped": b"trandata=" + (true[:32] + true[64:96] + true[32:64] + true[96:]).encode(),
        "claim in the clear": b"result=CAPTURED&trackid=0000000000000000000&amt=10.000",
    }
    for number in range(size(60, 5000)):
        place = chance.randrange(len(true) - 64)
        flipped = true[:place] + f"{int(true[place], 16) ^ (1 << chance.randrange(4)):X}" + true[place + 1 :]
        made[f"bit flipped {number}"] = b"trandata=" + flipped.encode()
    return made


def test_whatever_is_forged_or_replayed_gets_one_constant_reply_and_no_receipt(portal: Portal) -> None:
    paid, open_ = portal.at_bank(2)
    portal.pay([paid])
    portal.prove_issued([paid])
    portal.behave(open_, "never_notified")
    true = portal.notifications(paid)[0]["trandata"].upper()
    order = dict(part.split("=", 1) for part in open_["url"].partition("?")[2].split("&"))["trandata"].upper()
    before = portal.outcome([paid, open_]), receipts(portal)

    replies: dict[str, Any] = {name: post(portal, body) for name, body in hostile(true, order, order).items()}
    assert Counter(replies.values()).most_common(1)[0][1] == len(replies), {
        name: reply for name, reply in replies.items() if reply != replies["garbage"]
    }
    status, content, _ = replies["garbage"]
    assert (status, content) == (200, f"REDIRECT={portal.base_url}/pay/r/unknown".encode())
    # An old notification is understood, so it is answered as it was the first time; it changes nothing either.
    again = {post(portal, b"trandata=" + true.encode())[:2] for _ in range(size(50, 1000))}
    assert again == {(200, f"REDIRECT={portal.base_url}/pay/r/{paid['token']}".encode())}
    portal.drain()
    assert (portal.outcome([paid, open_]), receipts(portal)) == before

    # Nothing that such a text decrypts to is written anywhere a person could read it.
    secret = secrets_of(portal, paid)
    for name in ("web", "worker"):
        log = portal.log(name)
        assert not [part for part in secret if part in log]
    for _, content, headers in replies.values():
        assert not [part for part in secret if part.encode() in content or part in str(headers)]


def receipts(portal: Portal) -> int:
    return int(portal.sql("SELECT count(*) FROM payments_receipt")[0][0])


def secrets_of(portal: Portal, renewal: dict[str, Any]) -> list[str]:
    """What only the decrypted text of a payment's notification holds, in plain and in hex."""
    told = portal.bank(f"book?trackid={renewal['trackid']}")["transactions"][0]
    words = [f"paymentid={told['paymentid']}", f"result={told['result']}", f"ref={told['ref']}", f"tranid={told['tranid']}"]
    return [*words, *(word.encode().hex() for word in words)]


def test_an_answer_of_the_bank_decides_and_not_the_notification(portal: Portal) -> None:
    """A notification of one dinar more, of another payment's number, and one that the bank itself does not stand by."""
    renewals = portal.at_bank(3)
    for renewal, behaviour in zip(renewals, ("wrong_amount", "wrong_payment_id", "ack_lost"), strict=True):
        portal.behave(renewal, behaviour)
    portal.pay(renewals)
    portal.prove_issued(renewals[:2])  # the bank's own answer was right
    assert portal.outcome(renewals[2:])[0]["receipts"] == 0
    assert portal.bank(f"book?trackid={renewals[2]['trackid']}")["transactions"][0]["voided"]
