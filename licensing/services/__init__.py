"""The verbs of licensing."""

from licensing.services.issuing import case_of_bill, hold_licence, issue_renewal, supersede_previous, take_payment
from licensing.services.renewals import close_unpaid, submit, submit_renewal, withdraw_renewal

__all__ = [
    "case_of_bill",
    "close_unpaid",
    "hold_licence",
    "issue_renewal",
    "submit",
    "submit_renewal",
    "supersede_previous",
    "take_payment",
    "withdraw_renewal",
]
