"""The gateway's pages, Arabic or English as the order asks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from html import escape
from typing import Any

from .. import serving
from .behaviours import KNOWN
from .protocol import amount_text

TEXTS = {
    "ar": {
        "title": "صفحة الدفع التجريبية – كي نت",
        "amount": "المبلغ",
        "currency": "د.ك",
        "trackid": "رقم التتبع",
        "paymentid": "رقم الدفع",
        "choose": "اختيار نتيجة العملية",
        "CAPTURED": "دفع",
        "NOT CAPTURED": "رفض البنك للعملية",
        "CANCELED": "إلغاء العملية",
        "HOST TIMEOUT": "عدم رد البنك",
        "DENIED BY RISK": "رفض لدواعي المخاطر",
        "close": "دفع ثم إغلاق المتصفح",
        "error": "خطأ في بوابة الدفع",
        "knobs": "ظروف غير معتادة",
        "number": "القيمة",
        "waiting": "العملية قيد المعالجة",
        "waiting_text": "يُرجى الانتظار؛ تُحدَّث هذه الصفحة تلقائياً إلى حين رد الجهة.",
        "closed": "إغلاق المتصفح",
        "closed_text": "بقي المتصفح هنا كأنه أُغلق، وأُرسل إشعار الدفع إلى الجهة. يمكن إغلاق هذه النافذة.",
        "void": "إلغاء العملية",
        "void_text": "لم ترد الجهة على إشعار الدفع، فأُلغيت العملية ولم يُخصم أي مبلغ.",
        "refused": "تعذر فتح صفحة الدفع",
        "code": "رمز الخطأ",
        "statements": "ملفات التسوية التجريبية – كي نت",
    },
    "en": {
        "title": "KNET payment page, simulated",
        "amount": "Amount",
        "currency": "KD",
        "trackid": "Track ID",
        "paymentid": "Payment ID",
        "choose": "Choose the outcome",
        "CAPTURED": "Pay",
        "NOT CAPTURED": "Bank declines",
        "CANCELED": "Cancel",
        "HOST TIMEOUT": "Bank does not answer",
        "DENIED BY RISK": "Denied by risk rules",
        "close": "Pay, then close the browser",
        "error": "Gateway error",
        "knobs": "Bad days",
        "number": "Value",
        "waiting": "The payment is being processed",
        "waiting_text": "Please wait. This page renews itself until the merchant has answered.",
        "closed": "Browser closed",
        "closed_text": "The browser stays here as if closed. The notification has been sent to the merchant. You can close this window.",
        "void": "Payment reversed",
        "void_text": "The merchant did not acknowledge the payment. It has been reversed; no money was taken.",
        "refused": "The payment page cannot be opened",
        "code": "Error code",
        "statements": "KNET settlement files, simulated",
    },
}
BANNER = ("محاكاة – لا نقود حقيقية", "Simulation: no real money")
CHOICES = ("CAPTURED", "NOT CAPTURED", "CANCELED", "HOST TIMEOUT", "DENIED BY RISK", "close", "error")


def _page(language: str, title: str, body: str, refresh: int = 0) -> str:
    return serving.page(language, title, body, BANNER, refresh=refresh)


def _knob(language: str, name: str) -> str:
    known = KNOWN[name]
    label = escape(known.arabic if language == "ar" else known.english)
    number = ""
    if known.number:
        number = (
            f'<input type="text" inputmode="decimal" dir="ltr" name="number:{name}" value="{known.number:.0f}" '
            f'aria-label="{label}: {TEXTS[language]["number"]}">'
        )
    return f'<li><label><input type="checkbox" name="behaviour" value="{name}"> <span>{label}</span></label>{number}</li>'


def payment_page(payment: dict[str, Any]) -> str:
    """Amount, buttons for every outcome, and a fold-out with the bad days."""
    language = payment["language"]
    text = TEXTS[language]
    looks = {"CAPTURED": "kp-main", "error": "kp-no"}
    buttons = "".join(
        f'<button name="result" value="{choice}" class="{looks.get(choice, "kp-plain")}">{text[choice]}</button>' for choice in CHOICES
    )
    knobs = "".join(_knob(language, name) for name, known in KNOWN.items() if not known.result)
    return _page(
        language,
        text["title"],
        f'<dl><dt>{text["amount"]}</dt><dd class="kp-amount"><bdi dir="ltr">{amount_text(payment["amt"])}</bdi> {text["currency"]}</dd>'
        f'<dt>{text["trackid"]}</dt><dd><bdi dir="ltr">{payment["trackid"]}</bdi></dd>'
        f'<dt>{text["paymentid"]}</dt><dd><bdi dir="ltr">{payment["paymentid"]}</bdi></dd></dl>'
        f'<form method="post" action="/kpg/decide"><input type="hidden" name="paymentid" value="{payment["paymentid"]}">'
        f"<h2>{text['choose']}</h2>{buttons}<details><summary>{text['knobs']}</summary><ul>{knobs}</ul></details></form>",
    )


def statements_page(language: str, days: Sequence[dt.date]) -> str:
    """The settlement files of some days, to download."""
    rows = "".join(
        f'<li><a href="/control/statement?day={day}" download="knet-{day}.csv"><bdi dir="ltr">knet-{day}.csv</bdi></a></li>' for day in days
    )
    return _page(language, TEXTS[language]["statements"], f"<ul>{rows}</ul>")


def outcome_page(payment: dict[str, Any], kind: str) -> str:
    """The page of a browser that has nowhere to go: kind is waiting, closed or void."""
    language = payment["language"]
    text = TEXTS[language]
    code = f'<p>{text["code"]}: <bdi dir="ltr">IPAY0100249</bdi></p>' if kind == "void" else ""
    facts = f'<dl><dt>{text["paymentid"]}</dt><dd><bdi dir="ltr">{payment["paymentid"]}</bdi></dd></dl>'
    return _page(language, text[kind], f"<p>{text[f'{kind}_text']}</p>{code}{facts}", refresh=2 if kind == "waiting" else 0)


def refusal_page(language: str, code: str, sentence: str) -> str:
    """The gateway's own error page, for orders that leave nowhere to send the browser."""
    text = TEXTS[language]
    body = f'<p>{text["code"]}: <bdi dir="ltr" lang="en">{escape(code)}</bdi></p><p lang="en" dir="ltr"><bdi>{escape(sentence)}</bdi></p>'
    return _page(language, text["refused"], body)
