"""The simulated register as a page: its last changes, buttons that change a licence, and good and bad days."""

from __future__ import annotations

import datetime as dt
from html import escape
from typing import Any

from ..storage import now

CHOICES = ("renew", "expire", "cancel", "restore", "rename", "activity", "move", "forget", "new")
BEHAVIOURS = (
    *("none", "duplicate", "out_of_order", "slow", "error", "garbage", "cut", "short_page", "wrong_key", "cursor_too_old"),
    *("leads_nowhere", "drop", "huge"),
)
TEXTS: dict[str, dict[str, str]] = {
    "ar": {
        "title": "السجل التجاري – سجل تجريبي",
        "change": "تغيير ترخيص",
        "number": "رقم الترخيص",
        "do": "تنفيذ",
        "day": "سلوك السجل",
        "lay": "اعتماد السلوك",
        "now": "السلوك الحالي",
        "last": "آخر التغييرات",
        "count": "عدد التراخيص",
        "version": "النسخة",
        "name": "الاسم",
        "status": "الحالة",
        "until": "حتى",
        "done": "تم.",
        "unknown": "الترخيص غير معروف.",
        "other": "en",
        "language": "English",
        "renew": "تجديد",
        "expire": "انتهاء",
        "cancel": "إلغاء",
        "restore": "إعادة سريان",
        "rename": "تغيير الاسم",
        "activity": "تغيير النشاط",
        "move": "تغيير العنوان",
        "forget": "حذف من السجل",
        "new": "ترخيص جديد",
        "active": "ساري",
        "expired": "منتهٍ",
        "cancelled": "ملغى",
        "none": "سليم",
        "duplicate": "إرسال مكرر",
        "out_of_order": "نسخة أقدم بعد الأحدث",
        "slow": "بطيء",
        "error": "خطأ في الخادم",
        "garbage": "جواب غير مفهوم",
        "cut": "جواب مقطوع",
        "short_page": "صفحة ناقصة",
        "wrong_key": "رفض المفتاح",
        "cursor_too_old": "المؤشر قديم",
        "leads_nowhere": "صفحات لا تتقدم",
        "drop": "قطع الاتصال",
        "huge": "جواب ضخم",
    },
    "en": {
        "title": "Commercial register, simulated",
        "change": "Change a licence",
        "number": "Licence number",
        "do": "Do it",
        "day": "How the register behaves",
        "lay": "Behave so",
        "now": "Now",
        "last": "Last changes",
        "count": "Licences",
        "version": "Version",
        "name": "Name",
        "status": "State",
        "until": "Until",
        "done": "Done.",
        "unknown": "The licence is not known.",
        "other": "ar",
        "language": "العربية",
        "renew": "Renew",
        "expire": "Let it end",
        "cancel": "Cancel",
        "restore": "Make valid again",
        "rename": "Rename",
        "activity": "Other activity",
        "move": "Move",
        "forget": "Delete from the register",
        "new": "New licence",
        "active": "valid",
        "expired": "ended",
        "cancelled": "cancelled",
        "none": "Well",
        "duplicate": "Everything twice",
        "out_of_order": "An older version after the newer",
        "slow": "Slow",
        "error": "Server error",
        "garbage": "An answer that is none",
        "cut": "Answer cut short",
        "short_page": "Page with too few entries",
        "wrong_key": "Key refused",
        "cursor_too_old": "Cursor too old",
        "leads_nowhere": "Pages that lead nowhere",
        "drop": "Connection dropped",
        "huge": "Huge answer",
    },
}


def body(language: str, newest: list[dict[str, Any]], count: int, behaviours: list[str], notice_key: str) -> str:
    """The page below its title. Everything that is data is escaped."""
    labels = TEXTS[language]
    direction = "ltr" if labels["other"] == "en" else "rtl"
    nav = f'<nav><a href="/?lang={labels["other"]}" lang="{labels["other"]}" dir="{direction}">{labels["language"]}</a></nav>'
    notice = f'<p class="kp-notice" role="status">{labels[notice_key]}</p>' if notice_key in ("done", "unknown") else ""
    hidden = f'<input type="hidden" name="lang" value="{language}">'
    return (
        f'{nav}{notice}<h2>{labels["change"]}</h2><form method="post" action="/act">{hidden}<label for="licence">{labels["number"]}</label>'
        '<input type="text" id="licence" name="licence" dir="ltr" autocomplete="off">'
        f'{_radios("what", CHOICES, "renew", labels)}<button class="kp-main">{labels["do"]}</button></form>'
        f'<h2>{labels["day"]}</h2><form method="post" action="/act">{hidden}<p>{labels["now"]}: '
        f"{'، '.join(labels[name] for name in behaviours) or labels['none']}</p>"
        f"{_radios('behaviour', BEHAVIOURS, (behaviours or ['none'])[0], labels)}"
        f"<button>{labels['lay']}</button></form><h2>{labels['last']}</h2>"
        f'<p class="kp-soft">{labels["count"]}: <bdi dir="ltr">{count}</bdi></p>{_table(newest, labels)}'
    )


def _radios(name: str, values: tuple[str, ...], chosen: str, labels: dict[str, str]) -> str:
    return "".join(
        f'<label><input type="radio" name="{name}" value="{value}"{" checked" if value == chosen else ""}> {labels[value]}</label>'
        for value in values
    )


def _table(newest: list[dict[str, Any]], labels: dict[str, str]) -> str:
    head = "".join(f'<th scope="col">{labels[name]}</th>' for name in ("number", "name", "status"))
    rows = "".join(
        f'<tr><td><bdi dir="ltr">{escape(str(licence["licence"]))}</bdi><br><span class="kp-soft">{labels["version"]} '
        f'<bdi dir="ltr">{licence["version"]}</bdi></span></td><td><bdi>{escape(str(licence.get("name_ar", "")))}</bdi></td>'
        f'<td>{labels.get(str(licence.get("status")), "")}<br><span class="kp-soft">{labels["until"]} '
        f'<bdi dir="ltr">{escape(str(licence.get("valid_until", "")))}</bdi></span></td></tr>'
        for licence in newest
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def new_licence(number: str, serial: int) -> dict[str, Any]:
    """The facts of a licence that nobody had before."""
    today = dt.datetime.fromtimestamp(now(), dt.timezone(dt.timedelta(hours=3))).date()
    return {
        "licence": number,
        "status": "active",
        "name_ar": f"صالون الواحة {serial}",
        "name_en": f"Al-Waha Salon {serial}",
        "activity": "WSAL",
        "issued_on": today.isoformat(),
        "valid_until": (today + dt.timedelta(days=365)).isoformat(),
        "registration_no": "300101",
        "owner": {"registration_no": "300101"},
        "address": {
            "governorate": "HA",
            "area_ar": "السالمية",
            "block": "4",
            "street": "شارع سالم المبارك",
            "building": "12",
            "plot": "",
            "floor": "",
            "unit": "3",
            "paci_number": f"{19_000_000 + serial % 900_000:08d}",
        },
    }
