"""A bank in memory that keeps its own truth, so that a test can compare what we believe with what happened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from municipality.kernel import money
from payments.models import Attempt
from payments.providers.knet import Knet
from payments.providers.port import BankReply, GatewayUnreachable
from payments.rules import InquiryAnswer

TAKEN = "CAPTURED"
REFUSALS = ("FAILURE(NOT CAPTURED)", "FAILURE(CANCELED)", "FAILURE(HOST TIMEOUT)", "FAILURE(DENIED BY RISK)")
# How the bank answers an inquiry: truly, not at all, or wrongly in one of the ways that were seen.
DAYS = ("true", "down", "not_found", "suspect", "odd", "wrong_amount", "wrong_track", "foreign")
# What becomes of a refund: done and said, done and not said, neither, refused, done and said in an unknown word.
REFUND_DAYS = ("done", "lost", "dropped", "refused", "odd")
NOT_FOUND = "!ERROR!-IPAY0100263-Transaction not found."


@dataclass
class Deal:
    """One payment as the bank has it. `result` is empty until the customer decided."""

    fils: int
    number: int
    result: str = ""
    was_told: bool = False  # an inquiry was answered, truly, with "captured"
    was_denied: bool = False  # an answer said that there is no such payment, though the bank has said that it took it
    returned: int = 0
    sent: int = 0  # calls of the refund that were carried out

    @property
    def holds(self) -> bool:
        return self.result == TAKEN

    @property
    def payment_id(self) -> str:
        return str(100202632900000000 + self.number)


@dataclass
class Vault:
    deals: dict[str, Deal] = field(default_factory=dict)
    day: str = "true"
    refund_day: str = "done"

    def deal(self, attempt: Attempt) -> Deal:
        """The deal of an attempt, opened with its page."""
        return self.deals.setdefault(attempt.trackid, Deal(attempt.fils, len(self.deals) + 1))


class ModelBank(Knet):
    """Behind the setting PAYMENT_PROVIDER; the vault is that of the present example."""

    vault: ClassVar[Vault] = Vault()

    def inquire(self, *, trackid: str, fils: int) -> BankReply:
        day, deal = self.vault.day, self.vault.deals.get(trackid)
        if day == "down":
            raise GatewayUnreachable("ConnectTimeout", request="<id>999901</id>")
        if deal is not None and deal.was_told:
            # A bank that says twice, minutes apart, that it does not know a payment is believed (decision 0029), also if it takes the
            # payment back in between and keeps it after all: once at most here.
            day = "true" if day == "not_found" and deal.was_denied else day
            deal.was_denied = deal.was_denied or day == "not_found"
        if deal is None or day == "not_found" or (not deal.result and day == "true"):
            return BankReply(
                InquiryAnswer(NOT_FOUND, error_code="IPAY0100263"), "<q/>", f"<result>{NOT_FOUND}</result>", {"result": NOT_FOUND}
            )
        said, amount, name, payment_id = deal.result, deal.fils, trackid, deal.payment_id
        if day == "suspect":
            said = "FAILURE(SUSPECT)"
        elif day == "odd":
            said = "FAILURE(VOIDED)"
        elif day != "true":
            said = TAKEN
            amount += 1000 * (day == "wrong_amount")
            name = "SOMEBODYELSES" if day == "wrong_track" else trackid
            if day == "foreign":
                # Of a payment that our books know. A bank that names an id nobody has heard of, with our track id and amount, is believed.
                known = Attempt.objects.filter(payment_id__isnull=False).exclude(trackid=trackid).order_by("pk")
                payment_id = known.values_list("payment_id", flat=True).first() or ""
        elif deal.holds:
            deal.was_told = True
        decoded = {"result": said, "trackid": name, "payid": payment_id, "tranid": f"T{deal.number}", "amt": money.to_text(amount)}
        answer = InquiryAnswer(
            said, trackid=name, payment_id=payment_id, tran_id=f"T{deal.number}", fils=amount, credited_fils=deal.returned
        )
        return BankReply(answer, "<q/>", "<a/>", decoded)

    def refund(self, *, trackid: str, fils: int) -> BankReply:
        """A bank that pays out as often as it is asked: whoever asks twice is seen."""
        day, deal = self.vault.refund_day, self.vault.deals[trackid]
        if deal.holds and day in ("done", "lost", "odd"):
            deal.returned += fils
            deal.sent += 1
        if day in ("lost", "dropped"):
            raise GatewayUnreachable("ReadTimeout", request="<action>2</action>")
        if day == "refused" or not deal.holds:
            text = "!ERROR!-IPAY0100033-Action not enabled."
            return BankReply(InquiryAnswer(text, error_code="IPAY0100033"), "<q/>", f"<result>{text}</result>", {"result": text})
        word = TAKEN if day == "done" else "PROCESSED"
        return BankReply(
            InquiryAnswer(word, trackid=trackid, fils=fils, ref="632999000777"), "<q/>", "<a/>", {"result": word, "trackid": trackid}
        )
