"""Faults on command. A behaviour is a name with a number; a payment can have several."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Behaviour:
    """A behaviour in both languages, with the default of its number."""

    english: str
    arabic: str
    number: float = 0
    result: str = ""  # forced result; on the page these are buttons


KNOWN: dict[str, Behaviour] = {
    "declined": Behaviour("The bank declines", "رفض البنك للعملية", result="NOT CAPTURED"),
    "cancelled": Behaviour("The customer cancels", "إلغاء العملية من العميل", result="CANCELED"),
    "host_timeout": Behaviour("The card's bank does not answer", "عدم رد بنك البطاقة", result="HOST TIMEOUT"),
    "denied_by_risk": Behaviour("Denied by a limit", "رفض لدواعي المخاطر", result="DENIED BY RISK"),
    "never_returns": Behaviour("The browser never returns", "عدم عودة المتصفح"),
    "duplicate_notification": Behaviour("Several equal notifications at once (how many)", "إشعارات مكررة في اللحظة نفسها (عددها)", 3),
    "delayed_notification": Behaviour("Notification comes late (seconds)", "إشعار متأخر (ثوانٍ)", 60),
    "never_notified": Behaviour("No notification, money stays taken", "لا إشعار مع بقاء المبلغ مخصوماً"),
    "notification_before_browser": Behaviour(
        "Browser returns long after the notification (seconds)", "عودة المتصفح بعد الإشعار بمدة (ثوانٍ)", 3
    ),
    "notification_after_browser": Behaviour("Browser returns first, notification later (seconds)", "عودة المتصفح قبل الإشعار (ثوانٍ)", 2),
    "wrong_amount": Behaviour("Notification names one dinar more", "مبلغ الإشعار يزيد ديناراً"),
    "wrong_payment_id": Behaviour("Notification names another payment number", "رقم دفع آخر في الإشعار"),
    "garbage_hex": Behaviour("Notification is noise", "إشعار بلا معنى"),
    "spliced": Behaviour("Notification joined from two ciphertexts", "إشعار مركب من نصين مشفرين"),
    "bit_flipped": Behaviour("One bit of the notification flipped", "إشعار تغيرت فيه بتّة واحدة"),
    "reflected": Behaviour("The order itself sent back as a result", "إعادة الطلب نفسه كأنه نتيجة"),
    "replayed": Behaviour("An older notification of another payment follows", "إعادة إشعار قديم لعملية أخرى"),
    "out_of_order": Behaviour("A stale HOST TIMEOUT follows the result", "إشعار قديم يصل بعد النتيجة"),
    "error_notification": Behaviour("Notification with error fields only", "إشعار بحقول الخطأ فقط"),
    "tls_error": Behaviour(
        "The portal's certificate is refused: no notification, the payment reversed", "رفض شهادة البوابة: لا إشعار وتُلغى العملية"
    ),
    "ack_lost": Behaviour("The portal's acknowledgement is lost, the payment reversed", "ضياع رد البوابة وإلغاء العملية"),
    "void_after_ack": Behaviour("Reversed after a good acknowledgement (seconds)", "إلغاء بعد رد سليم (ثوانٍ)", 5),
    "late_second_capture": Behaviour("HOST TIMEOUT first, captured later (seconds)", "انتهاء المهلة ثم خصم متأخر (ثوانٍ)", 5),
    "tranpipe_500": Behaviour("Inquiry fails with 500 (how many times)", "تعطل الاستعلام (عدد المرات)", 2),
    "tranpipe_dropped": Behaviour(
        "Inquiry: connection cut before the answer (how many times)", "انقطاع الاتصال قبل جواب الاستعلام (عدد المرات)", 2
    ),
    "slow_tranpipe": Behaviour("Inquiry is slow (seconds)", "بطء الاستعلام (ثوانٍ)", 12),
    "suspect": Behaviour("Inquiry says SUSPECT (how many times)", "الاستعلام يجيب بالاشتباه (عدد المرات)", 1_000_000),
    "not_found": Behaviour("Inquiry says not found (how many times)", "الاستعلام لا يجد العملية (عدد المرات)", 3),
    "odd_result": Behaviour(
        "Inquiry answers with an undocumented word (how many times)", "الاستعلام يجيب بكلمة غير معروفة (عدد المرات)", 1_000_000
    ),
    "refund_lost": Behaviour("Refund is done, its answer lost", "تنفيذ رد المبلغ مع ضياع الجواب"),
    "refund_dropped": Behaviour("Refund is not done and not answered (how many times)", "عدم تنفيذ رد المبلغ دون جواب (عدد المرات)", 1),
    "credit_untold": Behaviour("Inquiry does not say what was returned", "الاستعلام لا يذكر ما رُدّ"),
    "refund_disabled": Behaviour("Refund not enabled for the terminal", "رد المبلغ غير مفعّل"),
}


class UnknownBehaviour(ValueError):
    """No such name, or its number is not one."""


def read(items: object) -> dict[str, float]:
    """`["suspect", "delayed_notification:2"]` as names with numbers. Raises UnknownBehaviour."""
    if not isinstance(items, list):
        raise UnknownBehaviour("a list of names is expected")
    chosen: dict[str, float] = {}
    for item in items:
        name, mark, number = str(item).partition(":")
        if name not in KNOWN:
            raise UnknownBehaviour(f"unknown behaviour {name}")
        try:
            value = float(number) if mark else KNOWN[name].number
        except ValueError:
            raise UnknownBehaviour(f"not a number: {item}") from None
        if not 0 <= value <= 1_000_000:
            raise UnknownBehaviour(f"out of range: {item}")
        chosen[name] = value
    return chosen
