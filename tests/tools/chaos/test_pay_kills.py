"""`kill -9` at each point of a payment's way (goal P12): in the end our books say what the bank's book says, with one receipt."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tools.chaos.portal import Portal, size
from tools.stack.running import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.stack, pytest.mark.redis, pytest.mark.timeout(7200)]
# Twelve points from the bank's notification to the sealed receipt. The third death of one job would be for a person to look at.
WORKER = (
    *("payments.inquire.claimed", "payments.inquired", "payments.settling", "payments.settled", "payments.inquire.carried_out"),
    *(
        "payments.hand_over.claimed",
        "payments.hand_over.carried_out",
        "payments.receipt_document.claimed",
        "payments.receipt.sealed",
        "payments.receipt.stored",
    ),
)
WEB = ("notification.stored", "notification.committed")
ROUNDS = int(os.environ.get("CHAOS_ROUNDS", str(size(1, 20))))


def test_a_payment_ends_as_the_bank_says_wherever_a_process_dies(portal: Portal) -> None:
    kills: Counter[str] = Counter()
    portal.bank("behaviour", {"settings": {"ack_seconds": 60}})  # how quick an acknowledgement is, is judged elsewhere (P10)
    for _ in range(ROUNDS):
        for point in WORKER:
            (renewal,) = portal.at_bank(1)
            portal.drain()
            portal.arm("worker", point)
            portal.pay([renewal])
            portal.ask("hurry", trackid=renewal["trackid"])
            books = portal.prove_issued([renewal], seconds=180)
            assert portal.still_armed() == [], f"nothing came to {point}"
            assert (books[0]["receipts"], set(books[0]["attempts"].values())) == (1, {"paid"})
            row = portal.bank(f"book?trackid={renewal['trackid']}")["transactions"][0]
            assert (row["result"], row["voided"], row["refunded"]) == ("CAPTURED", False, 0)
            kills[point] += 1
        for point in WEB:
            (renewal,) = portal.at_bank(1)
            portal.drain()
            portal.arm("web", point)
            portal.pay([renewal])
            assert portal.still_armed() == [], f"nothing came to {point}"
            assert portal.bank(f"book?trackid={renewal['trackid']}")["transactions"][0]["voided"]  # no acknowledgement, no money
            wait_until(lambda last=renewal: _ended(portal, last), 90, "bank response")
            assert portal.outcome([renewal])[0]["receipts"] == 0
            kills[point] += 1
    print(f"\n{sum(kills.values())} kills at {len(kills)} points, each payment as the bank's book says")
    assert portal.ask("damage") == []


def _ended(portal: Portal, renewal: dict[str, str]) -> bool:
    portal.revive()
    portal.ask("hurry", trackid=renewal["trackid"])
    return bool(portal.outcome([renewal])[0]["attempts"][renewal["trackid"]] == "declined")
