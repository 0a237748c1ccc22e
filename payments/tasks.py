"""Jobs of payments."""

from __future__ import annotations

from municipality.jobs.registry import every, job
from payments.services import inquiries, messages, receipts, reconciliation, returns, settlement


@job("payments.inquire", queue="urgent", time_limit=30)
def inquire(*, attempt_id: int, step: int = 0, why: str = "", turn: int = 0) -> None:
    inquiries.inquire(attempt_id=attempt_id, step=step, why=why, turn=turn)


@job("payments.hand_over", queue="urgent", time_limit=60)
def hand_over(*, allocation_id: int) -> None:
    settlement.hand_over(allocation_id=allocation_id)


@job("payments.confirm", queue="urgent", time_limit=30)
def confirm(*, attempt_id: int, turn: int = 0) -> None:
    inquiries.confirm(attempt_id=attempt_id, turn=turn)


@job("payments.tell_void", queue="urgent", time_limit=60)
def tell_void(*, allocation_id: int) -> None:
    settlement.notify_void(allocation_id=allocation_id)


@job("payments.receipt_document", queue="documents", time_limit=90)
def receipt_document(*, receipt_id: int) -> None:
    receipts.write_document(receipt_id=receipt_id)


@job("payments.tell_paid", queue="messages", time_limit=30)
def tell_paid(*, receipt_id: int) -> None:
    messages.notify_paid(receipt_id=receipt_id)


@job("payments.tell_owed_attempt", queue="messages", time_limit=30)
def tell_owed_attempt(*, attempt_id: int) -> None:
    messages.notify_owed_attempt(attempt_id=attempt_id)


@job("payments.tell_owed_bill", queue="messages", time_limit=30)
def tell_owed_bill(*, allocation_id: int) -> None:
    messages.notify_owed_bill(allocation_id=allocation_id)


@job("payments.tell_not_taken", queue="messages", time_limit=30)
def tell_not_taken(*, attempt_id: int, due: list[int] | None = None) -> None:
    messages.notify_not_taken(attempt_id=attempt_id, due=due or [])


@job("payments.tell_paid_out", queue="messages", time_limit=30)
def tell_paid_out(*, refund_id: int) -> None:
    messages.notify_paid_out(refund_id=refund_id)


@job("payments.send_refund", queue="urgent", time_limit=60)
def send_refund(*, refund_id: int) -> None:
    returns.send_refund(refund_id=refund_id)


@job("payments.ask_refund", queue="urgent", time_limit=60)
def ask_refund(*, refund_id: int) -> None:
    returns.ask_refund(refund_id=refund_id)


@every("payments.sweep", seconds=60)
def sweep() -> None:
    inquiries.sweep()


@every("payments.rematch", seconds=3600)
def rematch() -> None:
    reconciliation.rematch()
