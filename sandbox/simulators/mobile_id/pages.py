"""The phone, as pages: choose whose phone it is, see what is asked, approve or decline."""

from __future__ import annotations

from html import escape
from typing import Any
from urllib.parse import urlencode

from .. import serving
from .people import Person

TEXTS: dict[str, dict[str, str]] = {
    "ar": {
        "title": "هويتي – هاتف تجريبي",
        "choose": "اختيار صاحب الهاتف",
        "pending": "طلبات بانتظار الرد",
        "none": "لا طلبات الآن. تُحدَّث الصفحة تلقائياً.",
        "service": "الجهة",
        "reason": "السبب",
        "match": "الرقم المعروض في الموقع",
        "match_hint": "يُرجى الرفض إن اختلف الرقم عن المعروض في الموقع.",
        "approve": "موافقة",
        "decline": "رفض",
        "scan": "مسح رمز الاستجابة",
        "scan_hint": "نص الرمز كما يظهر في الموقع",
        "open": "فتح الطلب",
        "other": "هاتف آخر",
        "again": "تحديث",
        "language": "English",
        "approved": "وصلت الموافقة إلى الجهة.",
        "declined": "وصل الرفض إلى الجهة.",
        "gone": "الطلب غير موجود أو انتهت مدته أو سبق الرد عليه.",
    },
    "en": {
        "title": "Mobile ID, a phone for trying out",
        "choose": "Whose phone is it?",
        "pending": "Requests that wait for an answer",
        "none": "No requests now. The page renews itself.",
        "service": "Service",
        "reason": "Reason",
        "match": "Number shown on the site",
        "match_hint": "Decline if the site shows another number.",
        "approve": "Approve",
        "decline": "Decline",
        "scan": "Scan a QR code",
        "scan_hint": "Text of the code as the site shows it",
        "open": "Open the request",
        "other": "Another phone",
        "again": "Refresh",
        "language": "العربية",
        "approved": "The service has your approval.",
        "declined": "The service has your refusal.",
        "gone": "The request does not exist, has expired or was answered before.",
    },
}

ROLES: dict[str, dict[str, str]] = {
    "ar": {"owner": "صاحب محل", "signatory": "مفوّض بالتوقيع", "resident": "من السكان", "staff": "موظف"},
    "en": {"owner": "Shop owner", "signatory": "Authorised signatory", "resident": "Resident", "staff": "Staff"},
}


def _link(language: str, **query: str) -> str:
    return escape(f"/phone/?{urlencode({'lang': language, **{name: value for name, value in query.items() if value}})}")


def _nav(language: str, text: dict[str, str], person: str = "", qr: str = "") -> str:
    other = "en" if language == "ar" else "ar"
    direction = "ltr" if other == "en" else "rtl"
    links = f'<a href="{_link(other, person=person, qr=qr)}" lang="{other}" dir="{direction}" hreflang="{other}">{text["language"]}</a>'
    if person:
        links = f'<a href="{_link(language, person=person)}">{text["again"]}</a><a href="{_link(language)}">{text["other"]}</a>{links}'
    return f"<nav>{links}</nav>"


def people_page(language: str, people: list[Person], qr: str = "") -> str:
    """The list of phones."""
    text = TEXTS[language]
    items = "".join(
        f'<li><a class="kp-button" href="{_link(language, person=person.key, qr=qr)}">'
        f"<bdi>{escape(person.name_ar if language == 'ar' else person.name_en)}</bdi>"
        f' <span class="kp-soft">{escape(ROLES[language].get(person.role, ""))}</span></a></li>'
        for person in people
    )
    return serving.page(language, text["title"], f"{_nav(language, text, qr=qr)}<h2>{text['choose']}</h2><ul>{items}</ul>")


def _card(language: str, text: dict[str, str], person: Person, request: dict[str, Any]) -> str:
    texts = request["texts"]
    match = ""
    if texts["number_match"]:
        match = (
            f'<p>{text["match"]}</p><p class="kp-match"><bdi dir="ltr">{escape(texts["number_match"])}</bdi></p>'
            f'<p class="kp-soft">{text["match_hint"]}</p>'
        )
    service, reason = escape(texts[f"service_{language}"]), escape(texts[f"reason_{language}"])
    return (
        f'<li class="kp-card" data-request="{request["request_id"]}"><dl><dt>{text["service"]}</dt><dd><bdi>{service}</bdi></dd>'
        f"<dt>{text['reason']}</dt><dd><bdi>{reason}</bdi></dd></dl>{match}"
        f'<form method="post" action="/phone/decide"><input type="hidden" name="lang" value="{language}">'
        f'<input type="hidden" name="person" value="{person.key}"><input type="hidden" name="request_id" value="{request["request_id"]}">'
        f'<button class="kp-main" name="decision" value="approve">{text["approve"]}</button>'
        f'<button class="kp-no" name="decision" value="decline">{text["decline"]}</button></form></li>'
    )


def phone_page(language: str, person: Person, requests: list[dict[str, Any]], notice: str = "") -> str:
    """One person's phone. `notice` is approved, declined, gone or empty. Renews itself while nothing waits."""
    text = TEXTS[language]
    notice_html = f'<p class="kp-notice" role="status">{text[notice]}</p>' if notice in ("approved", "declined", "gone") else ""
    cards = "".join(_card(language, text, person, request) for request in requests)
    body = f"<ul>{cards}</ul>" if cards else f'<p class="kp-soft">{text["none"]}</p>'
    scan = (
        f'<details><summary>{text["scan"]}</summary><form method="get" action="/phone/">'
        f'<input type="hidden" name="lang" value="{language}"><input type="hidden" name="person" value="{person.key}">'
        f'<label for="qr">{text["scan_hint"]}</label>'
        f'<input type="text" id="qr" name="qr" dir="ltr" autocomplete="off" required><button>{text["open"]}</button></form></details>'
    )
    name = f"<p><bdi>{escape(person.name_ar if language == 'ar' else person.name_en)}</bdi></p>"
    page = f"{_nav(language, text, person.key)}{name}{notice_html}<h2>{text['pending']}</h2>{body}{scan}"
    return serving.page(language, text["title"], page, refresh=0 if cards or notice == "gone" else 5)
