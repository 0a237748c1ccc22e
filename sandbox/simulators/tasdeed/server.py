"""Tasdeed, simulated, over HTTP: a payment page, a signed API, and a control desk.

- `GET /pay?…&signature=` the page; `POST /pay/decide` a button of it.
- `GET /api/v1/payments/<reference>`, `POST /api/v1/payments/<reference>/refunds` `{"amount", "currency"}`: signed both ways.
- `POST /control/behaviour` `{"reference": "…" or "", "names": […]}`: never_notified, wrong_amount, forged_notice, duplicate_notice,
  inquiry_down, unsigned_answer, odd_status, refund_lost, refund_refused, refund_untold.
- `POST /control/pay` `{"reference", "status"}`: the customer's decision without the page. `GET /control/book` `?reference=`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import threading
from html import escape
from pathlib import Path
from typing import Any

from .. import serving
from ..serving import Refused, Request, Response, as_html, as_json, redirect
from .book import Book

STATUSES = ("PAID", "FAILED", "CANCELLED")
SIGNED = ("merchant", "reference", "amount", "currency", "language", "bill", "return", "notify")
BEHAVIOURS = frozenset(
    {
        *("never_notified", "wrong_amount", "forged_notice", "duplicate_notice", "inquiry_down", "unsigned_answer", "odd_status"),
        *("refund_lost", "refund_refused", "refund_untold"),
    }
)
TEXTS = {
    "ar": ("صفحة تسديد التجريبية", "المبلغ", "د.ك", {"PAID": "دفع", "FAILED": "رفض العملية", "CANCELLED": "إلغاء"}),
    "en": ("Tasdeed payment page, simulated", "Amount", "KD", {"PAID": "Pay", "FAILED": "Decline", "CANCELLED": "Cancel"}),
}
_AMOUNT = re.compile(r"(\d{1,6})\.(\d{3})")


def text_of(fils: int) -> str:
    """`15.750` for 15,750 fils."""
    return f"{fils // 1000}.{fils % 1000:03d}"


def fils_of(text: str) -> int:
    """Raises Refused(400)."""
    match = _AMOUNT.fullmatch(text)
    if not match:
        raise Refused(400, "An amount has three decimals.")
    return int(match[1]) * 1000 + int(match[2])


class Desk:
    """The routes over one book."""

    def __init__(self, book: Book, merchant: str, secret: str) -> None:
        self.book, self.merchant, self.secret = book, merchant, secret

    def sign(self, *parts: str) -> str:
        """HMAC-SHA-256 over the parts, each on its line."""
        return hmac.new(self.secret.encode(), "\n".join(parts).encode(), hashlib.sha256).hexdigest()

    def page(self, request: Request) -> Response:
        """The payment page of a signed order."""
        fields = {name: request.query.get(name, "") for name in SIGNED}
        signature = request.query.get("signature", "")
        if fields["merchant"] != self.merchant or not hmac.compare_digest(self.sign(*fields.values()), signature):
            raise Refused(400, "The order is not signed.")
        payment = self.book.open(fields, fils_of(fields["amount"]))
        if payment["status"] != "PENDING":
            return redirect(payment["return_url"])
        title, amount, currency, labels = TEXTS["en" if payment["language"] == "en" else "ar"]
        buttons = "".join(f'<button name="status" value="{status}">{escape(labels[status])}</button> ' for status in STATUSES)
        body = (
            f"<p>{amount}: <bdi>{text_of(payment['amount'])}</bdi> {currency}</p>"
            f'<form method="post" action="/pay/decide"><input type="hidden" name="reference" value="{escape(payment["reference"])}">'
            f"{buttons}</form>"
        )
        return as_html(serving.page(payment["language"], title, body))

    def decide(self, request: Request) -> Response:
        """A button of the page: notify, then send the browser back."""
        form = request.form()
        payment = self._payment(form.get("reference", [""])[0])
        self._decide(payment, form.get("status", [""])[0])
        return redirect(payment["return_url"], 303)

    def _payment(self, reference: str) -> dict[str, Any]:
        payment = self.book.payment(reference)
        if payment is None:
            raise Refused(404, "No such payment.")
        return payment

    def _decide(self, payment: dict[str, Any], status: str) -> None:
        if status not in STATUSES:
            raise Refused(400, "Unknown status.")
        if not self.book.decide(payment["reference"], status) or "never_notified" in payment["behaviours"]:
            return
        amount = text_of(payment["amount"] + (1000 if "wrong_amount" in payment["behaviours"] else 0))
        fields = {"reference": payment["reference"], "status": status, "amount": amount, "transaction": payment["tran"]}
        signature = self.sign(self.merchant, *fields.values()) if "forged_notice" not in payment["behaviours"] else "0" * 64
        body = json.dumps(fields | {"signature": signature}).encode()
        threads = [
            threading.Thread(target=self._notify, args=(payment, body), daemon=True)
            for _ in range(3 if "duplicate_notice" in payment["behaviours"] else 1)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _notify(self, payment: dict[str, Any], body: bytes) -> None:
        serving.call(payment["notify_url"], body, "application/json")
        self.book.count_notice(payment["reference"])

    def api(self, request: Request, reference: str, refund: str = "") -> Response:
        """A signed question or refund."""
        stamp, method = request.headers.get("x-timestamp", ""), request.method
        path = request.path.removeprefix("/api/v1")
        expected = self.sign(self.merchant, stamp, method, path, request.body.decode("utf8", errors="replace"))
        if request.headers.get("x-merchant") != self.merchant or not hmac.compare_digest(expected, request.headers.get("x-signature", "")):
            raise Refused(401, "The call is not signed.")
        payment = self.book.payment(reference)
        if payment is None:
            return self._signed_response(stamp, 404, {"error": "not_found"})
        behaviours = payment["behaviours"]
        if "inquiry_down" in behaviours:
            return Response(b"", 500)
        if refund:
            if "refund_refused" in behaviours or not self.book.refund(reference, fils_of(str(request.json().get("amount", "")))):
                return self._signed_response(stamp, 409, {"error": "refused"})
            if "refund_lost" in behaviours:
                return Response(drop=True)
            return self._signed_response(stamp, 200, self._state(self._payment(reference)) | {"amount": str(request.json()["amount"])})
        return self._signed_response(stamp, 200, self._state(payment), is_signed="unsigned_answer" not in behaviours)

    def _state(self, payment: dict[str, Any]) -> dict[str, str]:
        status = "PROCESSING" if "odd_status" in payment["behaviours"] else payment["status"]
        fields = {"reference": payment["reference"], "status": status, "amount": text_of(payment["amount"]), "currency": "KWD"}
        fields |= {"transaction": payment["tran"], "receipt": f"R{payment['tran'][3:]}"}
        return fields if "refund_untold" in payment["behaviours"] else fields | {"refunded": text_of(payment["refunded"])}

    def _signed_response(self, stamp: str, status: int, fields: dict[str, str], is_signed: bool = True) -> Response:
        body = json.dumps(fields)
        signature = self.sign(self.merchant, stamp, str(status), body) if is_signed else ""
        return Response(body.encode(), status, serving.JSON, {"X-Signature": signature})

    # The control desk

    def behaviour(self, request: Request) -> Response:
        """Lay behaviours on a payment or on the next one."""
        data = request.json()
        names = data.get("names", [])
        if not isinstance(names, list) or not set(map(str, names)) <= BEHAVIOURS:
            raise Refused(400, "Unknown behaviour.")
        self.book.set_behaviours(str(data.get("reference", "")), [str(name) for name in names])
        return as_json({"names": names})

    def pay(self, request: Request) -> Response:
        """Act as the customer."""
        data = request.json()
        payment = self._payment(str(data.get("reference", "")))
        self._decide(payment, str(data.get("status", "PAID")))
        return as_json(self._payment(payment["reference"]))

    def list_payments(self, request: Request) -> Response:
        """The book."""
        reference = request.query.get("reference", "")
        row = [self._payment(reference)] if reference else self.book.rows("SELECT * FROM payments ORDER BY at")
        return as_json({"payments": row})


def application(desk: Desk) -> serving.Application:
    """The routes of the simulator."""
    return serving.Application(
        ("GET", r"/style\.css", serving.style),
        ("GET", "/pay", desk.page),
        ("POST", "/pay/decide", desk.decide),
        ("GET", "/api/v1/payments/([A-Za-z0-9]+)", desk.api),
        ("POST", "/api/v1/payments/([A-Za-z0-9]+)/(refunds)", desk.api),
        ("POST", "/control/behaviour", desk.behaviour),
        ("POST", "/control/pay", desk.pay),
        ("GET", "/control/book", desk.list_payments),
    )


def main(argv: list[str] | None = None) -> int:
    """Run the simulator until it is told to stop."""
    arguments = serving.options("tasdeed", 4, argv, keys="JSON file with the merchant's secret")
    path: Path = arguments.keys or arguments.var / "demo-keys.json"
    keys: dict[str, str] = json.loads(path.read_text(encoding="utf8")) if path.exists() else {}
    secret = os.environ.get("TASDEED_SECRET") or keys.get("TASDEED_SECRET") or keys.get("SECRET_KEY", "")
    if not secret:
        serving.refuse("The tasdeed simulator needs TASDEED_SECRET, from the environment or from --keys.")
    desk = Desk(Book(arguments.book), os.environ.get("TASDEED_MERCHANT", "municipality"), secret)
    return serving.run(application(desk), "tasdeed", arguments.port)
