"""What the portal would be if it believed: a bank whose answer to an inquiry is whatever the last notification claimed. For controls."""

from __future__ import annotations

from payments.models import Attempt, GatewayMessage
from payments.providers.knet import Knet, codec, messages
from payments.providers.port import BankReply
from payments.rules import InquiryAnswer
from payments.services.callbacks import trandata_in
from tests.bank import KEY, Bank


def claimed(trackid: str) -> BankReply | None:
    """The last notification about a payment, taken for the bank's answer; None where none came that can be read."""
    told = GatewayMessage.objects.filter(attempt__trackid=trackid, kind="notification").order_by("-pk").first()
    if told is None:
        return None
    try:
        claim = messages.read_result(codec.decrypt(KEY, trandata_in(told.raw.encode(), {})))
    except codec.Undecipherable:
        return None
    amount = Attempt.objects.get(trackid=trackid).fils
    answer = InquiryAnswer(claim.result, trackid=claim.trackid, payment_id=claim.payment_id, fils=amount)
    return BankReply(answer, "<q/>", "<a/>", {"result": claim.result})


class Believing(Bank):
    """Behind PAYMENT_PROVIDER: no question is asked of the bank."""

    def inquire(self, *, trackid: str, fils: int) -> BankReply:
        return claimed(trackid) or super().inquire(trackid=trackid, fils=fils)


class BelievingKnet(Knet):
    """The same before the gateway's simulator: only where no notification is there, the simulator is asked."""

    def inquire(self, *, trackid: str, fils: int) -> BankReply:
        return claimed(trackid) or super().inquire(trackid=trackid, fils=fils)
