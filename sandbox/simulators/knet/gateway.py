"""The gateway: opens payments, takes decisions, notifies, reads acknowledgements, reverses, answers inquiries and refunds."""

from __future__ import annotations

import json
import os
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from .. import serving
from ..storage import now
from . import behaviours, protocol
from .book import AlreadyDecided, Book, TrackIdUsed
from .protocol import PAID, ProtocolError, Terminal

FORM = "application/x-www-form-urlencoded"
PAGE_SECONDS = 1800
ACK_SECONDS = 5
# Identifier of a payment in an inquiry or refund (`udf5`) → column.
IDENTIFIERS = {
    "trackid": "trackid",
    "paymentid": "paymentid",
    "": "tranid",
    "transid": "tranid",
    "transactionid": "tranid",
    "refid": "ref",
    "seqnum": "ref",
}
DEFAULTS: dict[str, Any] = {
    "shape": "alternate",
    "paid_word": PAID,
    "page_seconds": PAGE_SECONDS,
    "ack_seconds": ACK_SECONDS,
    "tranpipe": "ok",
}


class Dropped(Exception):
    """The connection is dropped before the answer."""


class Unavailable(Exception):
    """The server-to-server side answers 500."""


@dataclass(frozen=True)
class Outcome:
    """Where the customer's browser goes: a URL, or a page (waiting, closed, void)."""

    url: str = ""
    page: str = ""


def error_url(target: str, error: ProtocolError, fields: dict[str, str] | None = None) -> str:
    """The merchant's error page with the gateway's plain, unauthenticated fields."""
    return f"{target}?{urlencode({'Error': error.code, 'ErrorText': error.text, **(fields or {})})}"


class Gateway:
    """The gateway of a book and a terminal, with a worker thread for later jobs."""

    def __init__(self, book: Book, terminal: Terminal) -> None:
        self.book, self.terminal = book, terminal
        self._wake = threading.Condition()
        self._stopped = False
        self._threads: list[threading.Thread] = []
        self._worker = threading.Thread(target=self._run_worker, daemon=True)
        self._worker.start()

    def stop(self) -> None:
        """Stop the worker and wait for running jobs; due jobs stay in the book."""
        with self._wake:
            self._stopped = True
            self._wake.notify_all()
        self._worker.join(timeout=5)
        for thread in self._threads:
            thread.join(timeout=5)

    def setting(self, name: str) -> Any:
        """A setting of the simulator, by default that of DEFAULTS."""
        return self.book.setting(name, DEFAULTS[name])

    # The customer's side

    def open(self, outer: dict[str, str]) -> str:
        """The payment id of a new order. Raises ProtocolError."""
        order = protocol.read_order(self.terminal, outer)
        try:
            return self.book.open(order, outer["trandata"])
        except TrackIdUsed as used:
            raise ProtocolError(55 if used.open else 114) from None

    def payment(self, paymentid: str) -> dict[str, Any]:
        """The transaction of a page. Raises ProtocolError 39."""
        payment = self.book.by_paymentid(paymentid)
        if payment is None:
            raise ProtocolError(39)
        return payment

    def fail(self, paymentid: str, number: int = 38) -> Outcome:
        """Fail a payment: the browser goes to the error page, without a notification or a later decision."""
        payment = self.payment(paymentid)
        with self.book.transaction() as connection:
            connection.execute("UPDATE transactions SET dead = 1 WHERE paymentid = ? AND result IS NULL", (paymentid,))
        fields = {"paymentid": paymentid, "trackid": payment["trackid"], "amt": protocol.amount_text(payment["amt"])}
        return Outcome(error_url(payment["error_url"], ProtocolError(number), fields))

    def decide(self, paymentid: str, result: str, browser_stays: bool = True) -> Outcome:
        """Take the decision, notify the merchant and say where the browser goes.

        With `browser_stays` false the customer has closed the window; the notification is sent.
        Raises ProtocolError 39 (unknown).
        """
        payment = self.payment(paymentid)
        if now() - payment["created_at"] > self.setting("page_seconds"):
            return self.fail(paymentid, 42)
        chosen = self.book.behaviours(payment["trackid"])
        forced_results = [behaviours.KNOWN[name].result for name in chosen if behaviours.KNOWN[name].result]
        first = "HOST TIMEOUT" if "late_second_capture" in chosen else (forced_results or [result])[0]
        try:
            with self.book.transaction():
                payment = self.book.decide(paymentid, first)
                jobs = self._add_jobs(payment, chosen)
        except AlreadyDecided:
            fields = {"paymentid": paymentid, "trackid": payment["trackid"]}
            return Outcome(error_url(payment["error_url"], ProtocolError(47), fields))
        self._send_together(jobs)
        self._wake_worker()
        if not browser_stays or "never_returns" in chosen:
            return Outcome(page="closed")
        if "notification_after_browser" in chosen:
            return Outcome(f"{payment['response_url']}?{urlencode(self._outer(payment) | {'trandata': self._trandata(payment)})}")
        if "notification_before_browser" in chosen:
            time.sleep(chosen["notification_before_browser"])
        return self.browser_target(paymentid)

    def browser_target(self, paymentid: str) -> Outcome:
        """The outcome for the browser of a decided payment."""
        payment = self.payment(paymentid)
        if payment["redirect_url"]:
            return Outcome(payment["redirect_url"])
        if payment["voided"]:
            return Outcome(page="void")
        return Outcome(page="waiting")

    # Notifications

    def _trandata(self, payment: dict[str, Any], **changed: str) -> str:
        udfs = json.loads(payment["udfs"])
        fields = {
            "paymentid": payment["paymentid"],
            "result": payment["result"],
            "auth": payment["auth"],
            "avr": "N" if payment["tranid"] else "",
            "ref": payment["ref"],
            "tranid": payment["tranid"],
            "postdate": payment["postdate"],
            "trackid": payment["trackid"],
            "amt": protocol.amount_text(payment["amt"]),
            "authRespCode": payment["resp_code"],
            **udfs,
            **changed,
        }
        return protocol.encrypt(self.terminal.key, protocol.result_text(fields)).upper()

    def _outer(self, payment: dict[str, Any]) -> dict[str, str]:
        plain = {name: str(payment[name]) for name in ("paymentid", "trackid", "tranid", "ref")}
        udfs: dict[str, str] = json.loads(payment["udfs"])
        return plain | {"amt": protocol.amount_text(payment["amt"])} | udfs

    def _body(self, payment: dict[str, Any], trandata: str) -> bytes:
        shape = self.setting("shape")
        if shape == "alternate":
            shape = 1 if self.book.setting("last_shape", 2) == 2 else 2
            self.book.set_setting("last_shape", shape)
        return protocol.body_of(int(shape), trandata, self._outer(payment))

    def _spliced_trandata(self, payment: dict[str, Any], genuine: str) -> str:
        """The head of an earlier captured result, or else of the customer's own order, before the tail of this one."""
        earlier = self.book.row(
            "SELECT j.trandata FROM jobs j JOIN transactions t USING (paymentid) "
            "WHERE t.result = ? AND t.paymentid != ? AND j.trandata != '' ORDER BY j.id DESC LIMIT 1",
            PAID,
            payment["paymentid"],
        )
        head = str(earlier["trandata"] if earlier else payment["trandata"])
        return head[:96].upper() + genuine[96:]

    def _add_jobs(self, payment: dict[str, Any], chosen: dict[str, float]) -> list[int]:
        """Add the jobs of a decision. Returns the ids of those to run at once, the binding one first."""
        paymentid, genuine = payment["paymentid"], self._trandata(payment)
        trandata = genuine
        if "wrong_amount" in chosen:
            trandata = self._trandata(payment, amt=protocol.amount_text(payment["amt"] + 1000))
        if "wrong_payment_id" in chosen:
            trandata = self._trandata(payment, paymentid=str(int(paymentid) + 1))
        if "garbage_hex" in chosen:
            trandata = os.urandom(len(genuine) // 2).hex().upper()
        if "spliced" in chosen:
            trandata = self._spliced_trandata(payment, genuine)
        if "bit_flipped" in chosen:
            middle = len(genuine) // 64 * 32
            trandata = genuine[:middle] + f"{int(genuine[middle], 16) ^ 1:X}" + genuine[middle + 1 :]
        if "reflected" in chosen:
            trandata = payment["trandata"].upper()
        body = self._body(payment, trandata)
        if "error_notification" in chosen:
            error = ProtocolError(38)
            body = protocol.body_of(3, "", {"Error": error.code, "ErrorText": error.text, **self._outer(payment)})
        if "late_second_capture" in chosen:
            self.book.add_job(paymentid, "late_capture", chosen["late_second_capture"])
        if "never_notified" in chosen:
            return []
        delay = max(chosen.get("delayed_notification", 0), chosen.get("notification_after_browser", 0))
        copies = int(chosen.get("duplicate_notification", 1)) or 1
        at_once = delay == 0 and "delayed_notification" not in chosen and "notification_after_browser" not in chosen
        jobs = [self.book.add_job(paymentid, "notify", delay, body, trandata, binding=n == 0, claimed=at_once) for n in range(copies)]
        if "out_of_order" in chosen:
            stale = self._trandata(payment, result="HOST TIMEOUT", auth="000000", authRespCode="91")
            self.book.add_job(paymentid, "notify", delay + 0.2, self._body(payment, stale), stale)
        if "replayed" in chosen:
            old = self.book.row(
                "SELECT body, trandata FROM jobs WHERE kind = 'notify' AND done = 1 AND paymentid != ? ORDER BY id DESC LIMIT 1", paymentid
            )
            if old:
                self.book.add_job(paymentid, "notify", delay + 0.2, old["body"], old["trandata"])
        return jobs if at_once else []

    def notify_again(self, payment: dict[str, Any], count: int) -> list[dict[str, Any]]:
        """Send the genuine result `count` times at once. Returns the jobs with their answers."""
        trandata = self._trandata(payment)
        jobs = [
            self.book.add_job(payment["paymentid"], "notify", 0, self._body(payment, trandata), trandata, claimed=True)
            for _ in range(count)
        ]
        self._send_together(jobs)
        return [job for number in jobs if (job := self.book.job(number))]

    def _send_together(self, jobs: list[int]) -> None:
        threads = [threading.Thread(target=self._run_job, args=(number,), daemon=True) for number in jobs[1:]]
        for thread in threads:
            thread.start()
        for number in jobs[:1]:
            self._run_job(number)
        for thread in threads:
            thread.join()

    def _run_job(self, number: int) -> None:
        job = self.book.job(number)
        payment = self.book.by_paymentid(job["paymentid"]) if job else None
        if job is None or payment is None:
            return
        if job["kind"] == "void":
            self.book.void(payment["paymentid"])
            self.book.finish_job(number)
        elif job["kind"] == "late_capture":
            with self.book.transaction():
                payment = self.book.capture_late(payment["paymentid"])
                trandata = self._trandata(payment)
                self.book.add_job(payment["paymentid"], "notify", 0, self._body(payment, trandata), trandata, binding=True)
                self.book.finish_job(number)
        else:
            self._notify(job, payment)

    def _notify(self, job: dict[str, Any], payment: dict[str, Any]) -> None:
        chosen = self.book.behaviours(payment["trackid"])
        if "tls_error" in chosen:
            answer = serving.Answer(0, error="SSLError: certificate not imported")
        else:
            answer = serving.call(payment["response_url"], bytes(job["body"]), FORM, self.setting("ack_seconds"))
        try:
            if not answer.status:
                raise protocol.BadAcknowledgement(answer.error)
            url = protocol.read_acknowledgement(answer.status, answer.body)
            if "ack_lost" in chosen and job["binding"]:
                raise protocol.BadAcknowledgement("lost on the way")
        except protocol.BadAcknowledgement as error:
            with self.book.transaction():
                self.book.finish_job(job["id"], answer.status, error=str(error))
                if job["binding"]:
                    self.book.void(payment["paymentid"])
            return
        with self.book.transaction():
            self.book.finish_job(job["id"], answer.status, acknowledged=True)
            if job["binding"]:
                self.book.set_redirect(payment["paymentid"], url)
                if "void_after_ack" in chosen:
                    self.book.add_job(payment["paymentid"], "void", chosen["void_after_ack"])

    def _wake_worker(self) -> None:
        with self._wake:
            self._wake.notify_all()

    def _run_worker(self) -> None:
        # Claimed under the lock of the wait, so that no job added in between is missed.
        with self._wake:
            while not self._stopped:
                due, seconds = self.book.claim_due()
                self._threads = [thread for thread in self._threads if thread.is_alive()]
                for number in due:
                    self._threads.append(threading.Thread(target=self._run_job_and_wake, args=(number,), daemon=True))
                    self._threads[-1].start()
                if not due:
                    self._wake.wait(None if seconds is None else min(seconds, 3600))

    def _run_job_and_wake(self, number: int) -> None:
        self._run_job(number)
        self._wake_worker()

    # The merchant's server: inquiry and refund

    def tranpipe(self, body: bytes) -> bytes:
        """Answer an inquiry (action 8) or a refund (action 2). Raises Unavailable, Dropped (behaviours)."""
        if self.setting("tranpipe") != "ok":
            raise Unavailable
        try:
            call = protocol.read_call(body)
            if call.get("id") != self.terminal.id:
                raise ProtocolError(6)
            if call.get("password") != self.terminal.password:
                raise ProtocolError(15)
            if call.get("action") not in ("2", "8"):
                raise ProtocolError(20)
            amount = protocol.fils(call.get("amt", ""))
            payment = self._original(call)
            chosen = self.book.behaviours(payment["trackid"])
            if self.book.use_behaviour(payment["trackid"], "tranpipe_500"):
                raise Unavailable
            if self.book.use_behaviour(payment["trackid"], "tranpipe_dropped"):
                raise Dropped
            if "slow_tranpipe" in chosen:
                time.sleep(chosen["slow_tranpipe"])
                payment = self.payment(payment["paymentid"])
            return self._inquiry(call, payment, amount) if call["action"] == "8" else self._refund(call, payment, amount, chosen)
        except ProtocolError as error:
            return protocol.error_reply(error)

    def _original(self, call: dict[str, str]) -> dict[str, Any]:
        column = IDENTIFIERS.get(call.get("udf5", "").lower())
        transid = call.get("transid", "")
        if not transid:
            raise ProtocolError(115)
        if column is None or len(transid) > 19:
            raise ProtocolError(116)
        if not call.get("trackid"):
            raise ProtocolError(27)
        payment = self.book.find(column, transid)
        if payment is None:
            raise ProtocolError(263)
        return payment

    def _inquiry(self, call: dict[str, str], payment: dict[str, Any], amount: int) -> bytes:
        trackid = payment["trackid"]
        if payment["result"] is None or self.book.use_behaviour(trackid, "not_found"):
            raise ProtocolError(263)
        if self.book.use_behaviour(trackid, "suspect") or amount != payment["amt"] or call["trackid"] != trackid:
            result = "FAILURE(SUSPECT)"
        elif self.book.use_behaviour(trackid, "odd_result"):
            result = "FAILURE(VOIDED)"
        elif payment["result"] == PAID and not payment["voided"]:
            result = self.setting("paid_word")
        else:
            result = f"FAILURE({'NOT CAPTURED' if payment['result'] == PAID else payment['result']})"
        credited = {} if "credit_untold" in self.book.behaviours(trackid) else {"creditedamt": protocol.amount_text(payment["refunded"])}
        return self._reply(call, payment, result, payment["amt"] if result != "FAILURE(SUSPECT)" else amount, **credited)

    def _reply(self, call: dict[str, str], payment: dict[str, Any], result: str, amount: int, **changed: str) -> bytes:
        names = ("auth", "ref", "postdate", "tranid", "trackid")
        fields = {"result": result} | {name: payment[name] for name in names} | {"payid": payment["paymentid"], "avr": "N"}
        fields |= json.loads(payment["udfs"]) | {"udf5": call.get("udf5", "")} | {f"udf{n}": "" for n in range(6, 11)}
        return protocol.write_reply(fields | {"amt": protocol.amount_text(amount), "authRespCode": payment["resp_code"]} | changed)

    def _refund(self, call: dict[str, str], payment: dict[str, Any], amount: int, chosen: dict[str, float]) -> bytes:
        if "refund_disabled" in chosen:
            raise ProtocolError(33)
        if self.book.use_behaviour(payment["trackid"], "refund_dropped"):
            raise Dropped
        if call["trackid"] != payment["trackid"]:
            raise ProtocolError(116)
        with self.book.transaction():
            payment = self.payment(payment["paymentid"])
            if payment["result"] != PAID or payment["voided"]:
                raise ProtocolError(136)
            if payment["refunded"] == payment["amt"]:
                raise ProtocolError(199)
            if payment["refunded"] + amount > payment["amt"]:
                raise ProtocolError(137)
            numbers = self.book.refund(payment["paymentid"], amount)
        if "refund_lost" in chosen:
            raise Dropped
        return self._reply(call, payment, PAID, amount, **numbers)
