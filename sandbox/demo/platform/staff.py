"""The demo's staff, with passwords and second factors derived from the key of the installation."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from dataclasses import dataclass

from allauth.mfa import app_settings as mfa_settings
from allauth.mfa.totp.internal import auth as totp
from django.conf import settings

from municipality.places.seeds import GOVERNORATES


@dataclass(frozen=True)
class Member:
    """`role` is the name of the group that gives the permissions."""

    login: str
    name_ar: str
    name_en: str
    role: str
    number: str
    branch: str = ""


_OFFICERS = {
    "KU": ("وليد العوسج", "Waleed Al-Awsaj"),
    "HA": ("أمل الرمال", "Amal Al-Rimal"),
    "FA": ("ماجد السيف", "Majed Al-Seef"),
    "AH": ("حصة البحر", "Hessa Al-Bahar"),
    "JA": ("عادل الطيب", "Adel Al-Tayeb"),
    "MU": ("نوف الشاطئ", "Nouf Al-Shati"),
}
# A second officer, for absences and conflicts of interest.
_SECOND_OFFICERS = {
    "KU": ("هيفاء المرسى", "Haifa Al-Marsa"),
    "HA": ("فهد النوخذة", "Fahad Al-Nokhatha"),
    "FA": ("دانة الصواري", "Dana Al-Sawari"),
    "AH": ("براك الطلح", "Barrak Al-Talh"),
    "JA": ("شروق الندى", "Shorouq Al-Nada"),
    "MU": ("راشد الغدير", "Rashed Al-Ghadeer"),
}
_SUPERVISORS = {
    "KU": ("منى البندر", "Mona Al-Bandar"),
    "FA": ("عبدالله الكوس", "Abdullah Al-Kous"),
    "AH": ("أنوار الخزامى", "Anwar Al-Khuzama"),
    "JA": ("يعقوب الرمث", "Yaqoub Al-Rimth"),
    "MU": ("وفاء الزبد", "Wafaa Al-Zabad"),
}
_INSPECTORS = {
    "KU": (("حمد الدروازة", "Hamad Al-Darwaza"), ("شيخة اللؤلؤ", "Sheikha Al-Loulou")),
    "HA": (("بدر السنبوك", "Bader Al-Sanbouk"), ("غالية المسك", "Ghalia Al-Misk")),
    "FA": (("طلال العرفج", "Talal Al-Arfaj"), ("مريم الياسمين", "Mariam Al-Yasmeen")),
    "AH": (("خليفة الموج", "Khalifa Al-Mouj"), ("نورة الدانة", "Noura Al-Dana")),
    "JA": (("سالم الرمل", "Salem Al-Raml"), ("عائشة الغزال", "Aisha Al-Ghazal")),
    "MU": (("يوسف الصدف", "Yousef Al-Sadaf"), ("فاطمة الريحان", "Fatma Al-Raihan")),
}
STAFF = (
    *(Member(f"officer.{code.lower()}", *_OFFICERS[code], "officer", f"10{n}", code) for n, code in enumerate(GOVERNORATES, start=1)),
    *(
        Member(f"officer2.{code.lower()}", *_SECOND_OFFICERS[code], "officer", f"11{n}", code)
        for n, code in enumerate(GOVERNORATES, start=1)
    ),
    Member("supervisor", "سعود المنارة", "Saud Al-Manara", "supervisor", "201", "HA"),
    *(
        Member(f"supervisor.{code.lower()}", *_SUPERVISORS[code], "supervisor", f"20{n}", code)
        for n, code in enumerate(_SUPERVISORS, start=2)
    ),
    *(
        Member(f"inspector{'' if index == 0 else '2'}.{code.lower()}", *name, "inspector", f"{6 + index}0{n}", code)
        for n, code in enumerate(_INSPECTORS, start=1)
        for index, name in enumerate(_INSPECTORS[code])
    ),
    Member("violations.clerk", "جاسم الختم", "Jassim Al-Khatm", "violation_clerk", "801", "HA"),
    Member("violations.authority", "نادية المنار", "Nadia Al-Manar", "violation_authority", "802", "HA"),
    Member("violations.authority.ku", "بشاير الدلة", "Bashayer Al-Dalla", "violation_authority", "805", "KU"),
    Member("court.clerk", "عبير القسطاس", "Abeer Al-Qistas", "court_clerk", "803", "HA"),
    Member("court.clerk2", "مشاري السند", "Meshari Al-Sanad", "court_clerk", "804", "HA"),
    Member("register.clerk", "سارة الدفتر", "Sarah Al-Daftar", "register_clerk", "261"),
    Member("register.keeper", "حمود السجل", "Humoud Al-Sijill", "register_keeper", "262"),
    Member("plots.clerk", "دلال الخرائط", "Dalal Al-Kharait", "plot_clerk", "271"),
    Member("planner", "خلود السدو", "Kholoud Al-Sadu", "planner", "272", "HA"),
    Member("planner2", "مبارك الحصباة", "Mubarak Al-Hasbah", "planner", "273", "HA"),
    Member("planner.fa", "ليلى الرحّال", "Layla Al-Rahhal", "planner", "274", "FA"),
    Member("intake", "شيماء الوارد", "Shaima Al-Warid", "intake", "281"),
    Member("intake2", "راشد السطر", "Rashed Al-Satr", "intake", "282"),
    Member("counter", "غدير المرساة", "Ghadeer Al-Marsat", "counter", "251", "HA"),
    Member("call", "نواف الصدى", "Nawaf Al-Sada", "counter", "252", "KU"),
    Member("auditor", "لطيفة البيان", "Latifa Al-Bayan", "auditor", "301"),
    Member("operator", "زياد المرفأ", "Ziad Al-Marfa", "operator", "401"),
    Member("cashier", "شيخة الدانة", "Shaikha Al-Dana", "cashier", "651"),
    Member("finance.checker", "جاسم البوم", "Jasem Al-Boom", "finance_checker", "652"),
    Member("rule.maker", "وضحة الميزان", "Wadha Al-Meezan", "rule_maker", "501"),
    Member("rule.publisher", "عثمان القلم", "Othman Al-Qalam", "rule_publisher", "502"),
)


def _derived(purpose: str, login: str) -> bytes:
    return hmac.new(settings.SECRET_KEY.encode(), f"{purpose}:{login}".encode(), hashlib.sha256).digest()


def password(member: Member) -> str:
    """80 random bits in four groups, different in every installation."""
    text = base64.b32encode(_derived("demo-password", member.login)).decode().lower()[:16]
    return "-".join(text[start : start + 4] for start in range(0, 16, 4))


def password_of(login: str) -> str:
    """The password of a login; "" for an unknown one."""
    return next((password(member) for member in STAFF if member.login == login), "")


def second_factor(member: Member) -> str:
    """The secret of the member's authenticator app (TOTP, RFC 6238), Base32."""
    return base64.b32encode(_derived("demo-second-factor", member.login)[:20]).decode()


def present_code(member: Member) -> str:
    """The code that the authenticator app would show now."""
    counter = int(time.time()) // mfa_settings.TOTP_PERIOD
    return totp.format_hotp_value(totp.hotp_value(second_factor(member), counter))
