"""A signed redirect to the payment page, signed notices and signed inquiries (all assumption)."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import requests
from django.conf import settings

from municipality.kernel import clock, money
from payments import links
from payments.providers.knet.settings import is_allowed
from payments.providers.port import BankReply, GatewayUnreachable, NotConfigured, Notice, Order, Redirection
from payments.providers.tasdeed.signing import agrees, sign
from payments.rules import NOT_FOUND_CODE, InquiryAnswer

CONNECT, READ, TOTAL = 3, 10, 20  # seconds
MAX_ANSWER = 64 * 1024  # bytes
# Results of Tasdeed → of KNET (payments.rules.RESULTS).
RESULTS = {"PAID": "CAPTURED", "REFUNDED": "CAPTURED", "FAILED": "NOT CAPTURED", "CANCELLED": "CANCELED", "EXPIRED": "CANCELED"}


@dataclass(frozen=True)
class Account:
    merchant: str
    secret: str = field(repr=False)
    page_url: str
    api_url: str


def account() -> Account:
    """The configured account. Raises NotConfigured, naming the setting and never its value."""
    required = ("TASDEED_MERCHANT", "TASDEED_SECRET", "TASDEED_PAGE_URL", "TASDEED_API_URL", "PORTAL_URL")
    missing = [name for name in required if not getattr(settings, name, "")]
    if missing:
        raise NotConfigured(", ".join(missing))
    for name in ("TASDEED_PAGE_URL", "TASDEED_API_URL"):
        if not is_allowed(getattr(settings, name)):
            raise NotConfigured(f"{name} is not https")
    return Account(settings.TASDEED_MERCHANT, settings.TASDEED_SECRET, settings.TASDEED_PAGE_URL, settings.TASDEED_API_URL.rstrip("/"))


class Tasdeed:
    """See `payments.providers.port.Provider`."""

    name = "tasdeed"

    def order(self, order: Order) -> Redirection:
        """The signed address of the payment page. Raises NotConfigured, ValueError for an amount that cannot be paid."""
        config = account()
        if not 0 < order.fils <= money.MAX_FILS:
            raise ValueError("not an amount that can be paid")
        fields = {
            "merchant": config.merchant,
            "reference": order.trackid,
            "amount": money.to_text(order.fils),
            "currency": "KWD",
            "language": order.language,
            "bill": order.bill_reference,
            "return": order.return_url,
            "notify": links.absolute(links.TASDEED),
        }
        signed = fields | {"signature": sign(config.secret, *fields.values())}
        return Redirection(f"{config.page_url}?{urlencode(signed)}", urlencode(signed), fields)

    def read_notification(self, text: str) -> Notice | None:
        """The claim in a signed notice; None whatever is wrong with it. Raises NotConfigured."""
        config = account()
        try:
            data: Any = json.loads(text)
        except ValueError:
            return None
        names = ("reference", "status", "amount", "transaction", "signature")
        if not isinstance(data, dict) or not all(isinstance(data.get(name), str) for name in names):
            return None
        *values, signature = (data[name] for name in names)
        if not agrees(config.secret, signature, config.merchant, *values):
            return None
        fingerprint = hashlib.sha256(signature.encode()).hexdigest()
        return Notice(values[0], RESULTS.get(values[1], values[1]), values[3], _fils(values[2]), fingerprint)

    def inquire(self, *, trackid: str, fils: int) -> BankReply:
        """Ask about a payment. Raises GatewayUnreachable, NotConfigured."""
        return self._call("GET", f"/payments/{quote(trackid, safe='')}", trackid, b"")

    def refund(self, *, trackid: str, fils: int) -> BankReply:
        """Return an amount. Raises GatewayUnreachable, NotConfigured."""
        body = json.dumps({"amount": money.to_text(fils), "currency": "KWD"}).encode()
        return self._call("POST", f"/payments/{quote(trackid, safe='')}/refunds", trackid, body)

    def _call(self, method: str, path: str, trackid: str, body: bytes) -> BankReply:
        config = account()
        stamp = str(int(clock.now().timestamp()))
        headers = {
            "X-Merchant": config.merchant,
            "X-Timestamp": stamp,
            "X-Signature": sign(config.secret, config.merchant, stamp, method, path, body.decode()),
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
        }
        request = f"{method} {path} {body.decode()}".strip()
        status, content, signature = _send(method, f"{config.api_url}{path}", headers, body, request)
        text = content.decode("utf8", errors="backslashreplace").replace("\x00", "\\x00")
        if not agrees(config.secret, signature, config.merchant, stamp, str(status), text):
            raise GatewayUnreachable("answer without a good signature", request=request, response=text)
        try:
            data: Any = json.loads(text)
        except ValueError:
            data = None
        if not isinstance(data, dict):
            raise GatewayUnreachable("malformed", request=request, response=text)
        fields = {str(name): value for name, value in data.items() if isinstance(value, str)}
        return BankReply(
            _answer(status, fields), request, text, fields | {"tranid": fields.get("transaction", ""), "ref": fields.get("receipt", "")}
        )


def _send(method: str, url: str, headers: dict[str, str], body: bytes, request: str) -> tuple[int, bytes, str]:
    deadline = time.monotonic() + TOTAL
    try:
        with requests.Session() as session:
            session.trust_env = False
            with session.request(
                method, url, data=body or None, headers=headers, timeout=(CONNECT, READ), allow_redirects=False, stream=True
            ) as answer:
                content = b""
                for chunk in answer.iter_content(8192):
                    content += chunk
                    if len(content) > MAX_ANSWER or time.monotonic() > deadline:
                        raise GatewayUnreachable("answer too long or too slow", request=request)
                if answer.status_code not in (200, 404, 409):
                    raise GatewayUnreachable(f"status {answer.status_code}", request=request)
                return answer.status_code, content, answer.headers.get("X-Signature", "")
    except requests.RequestException as error:
        raise GatewayUnreachable(type(error).__name__, request=request) from None


def _answer(status: int, fields: dict[str, str]) -> InquiryAnswer:
    if status == 404:
        return InquiryAnswer(f"!ERROR!-{NOT_FOUND_CODE}", error_code=NOT_FOUND_CODE)
    if status == 409:
        return InquiryAnswer("!ERROR!", error_code=fields.get("error", "refused")[:40])
    word = fields.get("status", "")
    return InquiryAnswer(
        result=RESULTS.get(word, word),
        trackid=fields.get("reference", ""),
        payment_id=fields.get("transaction", ""),
        tran_id=fields.get("transaction", ""),
        ref=fields.get("receipt", ""),
        fils=_fils(fields.get("amount", "")) if fields.get("currency") == "KWD" else None,
        credited_fils=_fils(fields["refunded"]) if "refunded" in fields else None,
    )


def _fils(text: str) -> int | None:
    try:
        return money.from_text(text)
    except ValueError:
        return None
