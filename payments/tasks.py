"""Jobs of payments."""

from __future__ import annotations

from municipality.jobs.registry import every, job
from payments.services import inquiries, messages, receipts, reconciliation, returns, settlement

job("payments.inquire", queue="urgent", time_limit=30)(inquiries.inquire)
job("payments.hand_over", queue="urgent", time_limit=60)(settlement.hand_over)
job("payments.confirm", queue="urgent", time_limit=30)(inquiries.confirm)
job("payments.tell_void", queue="urgent", time_limit=60)(settlement.notify_void)
job("payments.receipt_document", queue="documents", time_limit=90)(receipts.write_document)
job("payments.tell_paid", queue="messages", time_limit=30)(messages.notify_paid)
job("payments.tell_owed_attempt", queue="messages", time_limit=30)(messages.notify_owed_attempt)
job("payments.tell_owed_bill", queue="messages", time_limit=30)(messages.notify_owed_bill)


@job("payments.tell_not_taken", queue="messages", time_limit=30)
def tell_not_taken(*, attempt_id: int, due: list[int] | None = None) -> None:
    messages.notify_not_taken(attempt_id=attempt_id, due=due or [])


job("payments.tell_paid_out", queue="messages", time_limit=30)(messages.notify_paid_out)
job("payments.send_refund", queue="urgent", time_limit=60)(returns.send_refund)
job("payments.ask_refund", queue="urgent", time_limit=60)(returns.ask_refund)
every("payments.sweep", seconds=60)(inquiries.sweep)
every("payments.rematch", seconds=3600)(reconciliation.rematch)
