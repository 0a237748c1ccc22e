"""What the portal would be if it believed: a bank whose answer to an inquiry is whatever the last notification claimed. For controls."""

from __future__ import annotations

from payments.models import Attempt, GatewayMessage
from payments.providers.knet import codec, messages
from payments.providers.port import Reply
from payments.rules import Answer
from payments.services.callbacks import trandata_in
from tests.payments.bank import KEY, Bank


class Believing(Bank):
    """Behind PAYMENT_PROVIDER: no question is asked of the bank."""

    def inquire(self, *, trackid: str, fils: int) -> Reply:
        told = GatewayMessage.objects.filter(attempt__trackid=trackid, kind="notification").order_by("-pk").first()
        if told is None:
            return super().inquire(trackid=trackid, fils=fils)
        claim = messages.read_result(codec.decrypt(KEY, trandata_in(told.raw.encode(), {})))
        amount = Attempt.objects.get(trackid=trackid).fils
        answer = Answer(claim.result, trackid=claim.trackid, payment_id=claim.payment_id, fils=amount)
        return Reply(answer, "<q/>", "<a/>", {"result": claim.result})
