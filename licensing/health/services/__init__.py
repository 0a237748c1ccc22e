"""Services of health licences."""

from licensing.health.services.cancel import cancel_licence
from licensing.health.services.issue import hold_licence, issue_renewal, supersede_previous, take_payment
from licensing.health.services.officer import answer_corrections, bill_fils, lapse_unanswered, send_to_officer
from licensing.health.services.refusals import write_refusal
from licensing.health.services.reminders import remind
from licensing.health.services.renewals import close_unpaid, submit, submit_renewal, withdraw_renewal

__all__ = [
    "answer_corrections",
    "bill_fils",
    "cancel_licence",
    "close_unpaid",
    "hold_licence",
    "issue_renewal",
    "lapse_unanswered",
    "remind",
    "send_to_officer",
    "submit",
    "submit_renewal",
    "supersede_previous",
    "take_payment",
    "withdraw_renewal",
    "write_refusal",
]
