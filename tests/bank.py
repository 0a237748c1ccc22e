"""A bank at the port: it speaks KNET's cipher with the test key, and answers inquiries from a book in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import quote_plus

from municipality.kernel import money
from payments.models import Attempt
from payments.providers.knet import Knet, codec
from payments.providers.port import BankReply, GatewayUnreachable
from payments.rules import InquiryAnswer

KEY = b"1234567890ABCDEF"


@dataclass
class Entry:
    result: str
    fils: int
    payment_id: str
    tran_id: str


@dataclass
class Book:
    entries: dict[str, Entry] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    is_down: bool = False
    number: int = 100202632900000000
    # Refunds: what the bank does with the next one (done, lost, dropped, refused, odd), and what it returned so far.
    refund_day: str = "done"
    returned: dict[str, int] = field(default_factory=dict)
    called: list[tuple[str, int]] = field(default_factory=list)
    tells_credit: bool = True

    def decide(self, attempt: Attempt, result: str = "CAPTURED", *, fils: int | None = None, payment_id: str = "") -> Entry:
        """The bank's decision on an attempt."""
        self.number += 1
        known = self.entries.get(attempt.trackid)
        entry = Entry(
            result,
            attempt.fils if fils is None else fils,
            payment_id or (known.payment_id if known else str(self.number)),
            known.tran_id if known else str(self.number + 10**15),
        )
        self.entries[attempt.trackid] = entry
        return entry


class Bank(Knet):
    """Named by the setting PAYMENT_PROVIDER; the book is shared by all instances and emptied for each test."""

    book: ClassVar[Book] = Book()

    def inquire(self, *, trackid: str, fils: int) -> BankReply:
        self.book.asked.append(trackid)
        if self.book.is_down:
            raise GatewayUnreachable("ConnectTimeout", request="<id>999901</id>")
        entry = self.book.entries.get(trackid)
        if entry is None:
            text = "!ERROR!-IPAY0100263-Transaction not found."
            return BankReply(InquiryAnswer(text, error_code="IPAY0100263"), "<q/>", f"<result>{text}</result>", {"result": text})
        decoded = {
            "result": entry.result,
            "trackid": trackid,
            "payid": entry.payment_id,
            "tranid": entry.tran_id,
            "ref": "632912000123",
            "auth": "999554",
            "postdate": "1124",
            "authrespcode": "00",
            "amt": money.to_text(entry.fils),
        }
        answer = InquiryAnswer(
            entry.result,
            trackid=trackid,
            payment_id=entry.payment_id,
            tran_id=entry.tran_id,
            ref="632912000123",
            auth="999554",
            postdate="1124",
            auth_resp_code="00",
            fils=entry.fils,
            credited_fils=self.book.returned.get(trackid, 0) if self.book.tells_credit else None,
        )
        return BankReply(answer, "<q/>", "<a/>", decoded)

    def refund(self, *, trackid: str, fils: int) -> BankReply:
        book = self.book
        book.called.append((trackid, fils))
        if book.refund_day in ("done", "lost", "odd"):
            book.returned[trackid] = book.returned.get(trackid, 0) + fils
        if book.refund_day in ("lost", "dropped"):
            raise GatewayUnreachable("ReadTimeout", request="<action>2</action>")
        if book.refund_day == "refused":
            text = "!ERROR!-IPAY0100033-Action not enabled."
            return BankReply(InquiryAnswer(text, error_code="IPAY0100033"), "<q/>", f"<result>{text}</result>", {"result": text})
        word = "CAPTURED" if book.refund_day == "done" else "PROCESSED"
        return BankReply(
            InquiryAnswer(word, trackid=trackid, fils=fils, ref="632999000777"), "<q/>", "<a/>", {"result": word, "trackid": trackid}
        )


def result_text(attempt: Attempt, result: str = "CAPTURED", *, amt: str = "", payment_id: str = "100202632912345678", **more: str) -> str:
    """The plain text of a notification, as the bank writes it."""
    fields = {
        "paymentid": payment_id,
        "result": result,
        "auth": "999554",
        "avr": "N",
        "ref": "632912000123",
        "tranid": "202632987654321",
        "postdate": "1124",
        "trackid": attempt.trackid,
        "udf1": "",
        "amt": amt or money.to_text(attempt.fils),
        "authRespCode": "00",
        **more,
    }
    return "&".join(f"{name}={quote_plus(value)}" for name, value in fields.items())


def notification(attempt: Attempt, result: str = "CAPTURED", **more: str) -> str:
    """Its ciphertext, upper-case hex as the bank sends it."""
    return codec.encrypt(KEY, result_text(attempt, result, **more)).upper()
