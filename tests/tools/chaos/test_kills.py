"""`kill -9` of web, worker, clock and bank at each step from the notification to the message about the licence."""

from __future__ import annotations

import random
import signal
import time

import pytest
import requests

from tools.chaos.citizen import Citizen
from tools.chaos.portal import Portal, size
from tools.stack.running import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.stack, pytest.mark.redis]

# Every step of a worker. A job dies at most twice in one set: the third death is for a person to look at.
STEPS = {
    "first": (
        *("payments.inquire.claimed", "payments.settled", "payments.hand_over.claimed"),
        *("licensing.issue_renewal.claimed", "health_licence.stored"),
        *("payments.receipt_document.claimed", "notifications.deliver.claimed"),
    ),
    "second": (
        *("payments.inquired", "payments.inquire.carried_out", "payments.hand_over.carried_out"),
        *("health_licence.drafted", "health_licence.committed", "payments.receipt.sealed", "message.sms.handed_over"),
    ),
    "third": (
        *("payments.settling", "jobs.dispatching", "health_licence.sealed", "licensing.issue_renewal.carried_out"),
        *("payments.receipt.stored", "message.email.handed_over", "notifications.deliver.carried_out"),
    ),
}


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.timeout(3600)
def test_a_worker_killed_at_each_step_loses_and_doubles_nothing(steps: str, portal: Portal) -> None:
    for _ in range(size(1, 10)):
        renewals = portal.at_bank(size(1, 3))
        portal.drain()
        portal.arm("worker", *STEPS[steps])
        portal.pay(renewals)
        portal.prove_issued(renewals, seconds=180)
        assert portal.still_armed() == []


@pytest.mark.timeout(3600)
def test_a_whole_worker_killed_during_work_loses_and_doubles_nothing(portal: Portal) -> None:
    chance = random.Random(11)
    for _ in range(size(1, 10)):
        renewals = portal.at_bank(size(2, 6))
        portal.pay(renewals)
        for _ in range(size(1, 2)):
            time.sleep(chance.uniform(1, 4))
            portal.kill("worker", signal.SIGKILL)
            portal.revive()
        portal.prove_issued(renewals, seconds=180)


@pytest.mark.parametrize("point", ["notification.stored", "notification.committed"])
def test_a_web_process_killed_over_a_notification_costs_nobody_money(point: str, portal: Portal) -> None:
    """No acknowledgement arrives, so the bank gives the money back; nothing is issued until the person pays again."""
    (renewal,) = portal.at_bank(1)
    portal.arm("web", point)
    portal.pay([renewal])
    assert portal.still_armed() == []
    assert portal.bank(f"book?trackid={renewal['trackid']}")["transactions"][0]["voided"]
    portal.ask("hurry", trackid=renewal["trackid"])
    wait_until(lambda: portal.outcome([renewal])[0]["attempts"][renewal["trackid"]] == "declined", 60, "bank response")
    assert portal.outcome([renewal])[0]["receipts"] == 0

    again = renewal | portal.ask("pay_again", case=renewal["case"])
    assert again["trackid"] != renewal["trackid"]
    portal.visit(again)
    portal.pay([again])
    assert list(portal.prove_issued([again])[0]["attempts"].values()) == ["declined", "paid"]


def test_a_web_process_killed_between_commit_and_dispatch_does_its_job_all_the_same(portal: Portal) -> None:
    with Citizen(portal) as noura:
        noura.sign_in("Noura Al-Marsa")
        noura.file(noura.renewable())
        bill = noura.address
        noura.go_to_bank()
        noura.get(bill)
        portal.arm("web", "jobs.dispatching")
        with pytest.raises(requests.ConnectionError):
            noura.post(f"{bill}left/")
        assert portal.still_armed() == []
        wait_until(lambda: _status(portal) == 200, 30, "a new web process")
        inquiry = "SELECT state FROM jobs_job WHERE kind = 'payments.inquire' AND key LIKE 'attempt:%%:given_up:%%'"
        wait_until(lambda: portal.sql(inquiry) == [("done",)], 60, "the inquiry about the payment")


def _status(portal: Portal) -> int:
    try:
        return requests.get(f"{portal.base_url}/healthz", timeout=5).status_code
    except requests.ConnectionError:
        return 0


def test_a_killed_clock_is_reported_and_what_waited_is_done_when_it_is_back(portal: Portal) -> None:
    portal.kill("beat", signal.SIGKILL)
    renewals = portal.at_bank(1)
    portal.pay(renewals)
    time.sleep(2.5)
    assert [book["receipts"] for book in portal.outcome(renewals)] == [0]  # the inquiry is due and nothing dispatches it
    portal.ask("time_passes", minutes=1)
    status, told = portal.readyz()
    assert (status, told["status"], told["checks"]["beat"]["status"]) == (200, "degraded", "degraded")
    assert told["checks"]["beat"]["reason"]["ar"] and told["checks"]["beat"]["reason"]["en"]
    portal.revive()
    portal.prove_issued(renewals)
    wait_until(lambda: portal.ready("beat"), 60, "a clock that is well")


def test_a_bank_killed_before_its_notification_and_before_its_answer_ends_as_its_book_says(portal: Portal) -> None:
    before_notice, before_answer = portal.at_bank(2)
    portal.behave(before_notice, "delayed_notification:2")
    portal.pay([before_notice, before_answer])
    portal.kill("knet", signal.SIGKILL)
    time.sleep(2)
    portal.revive()
    wait_until(lambda: portal.notifications(before_notice), 30, "the notification that was due")
    portal.ask("hurry")
    portal.prove_issued([before_notice, before_answer])


def test_a_killed_message_gateway_gets_each_message_once(portal: Portal) -> None:
    (renewal,) = portal.at_bank(1)
    portal.drain()
    portal.kill("sms", signal.SIGKILL)
    portal.pay([renewal])
    wait_until(lambda: portal.outcome([renewal])[0]["state"] == "issued", 60, "the licence")
    states = {delivery["state"] for delivery in portal.outcome([renewal])[0]["deliveries"] if delivery["channel"] == "sms"}
    assert "waiting" in states
    portal.revive()
    portal.ask("hurry")
    portal.prove_issued([renewal])
