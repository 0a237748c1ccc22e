"""The verbs of payments."""

from payments.services.attempts import give_up, paid_by_delegate, redirect_url, session_digest, start_attempt, started_by_visitor
from payments.services.basket import pay_basket
from payments.services.bills import held_by_payment, issue_bill, void_bill, void_bill_of
from payments.services.callbacks import note_error, take_notice, take_notification
from payments.services.inquiries import confirm, inquire
from payments.services.refunds import owe_back, owe_deposit, owe_part
from payments.services.returns import (
    approve_refund,
    ask_refund,
    confirm_finding,
    look_up_refund,
    propose_refund,
    send_back_refund,
    send_refund,
)
from payments.services.reviews import ask_again, decide_finding, record_finding
from payments.services.settlement import hand_over, settle, void_attempt

__all__ = [
    "approve_refund",
    "ask_again",
    "ask_refund",
    "confirm",
    "confirm_finding",
    "decide_finding",
    "give_up",
    "hand_over",
    "held_by_payment",
    "inquire",
    "issue_bill",
    "look_up_refund",
    "note_error",
    "owe_back",
    "owe_deposit",
    "owe_part",
    "paid_by_delegate",
    "pay_basket",
    "propose_refund",
    "record_finding",
    "redirect_url",
    "send_back_refund",
    "send_refund",
    "session_digest",
    "settle",
    "start_attempt",
    "started_by_visitor",
    "take_notice",
    "take_notification",
    "void_attempt",
    "void_bill",
    "void_bill_of",
]
