"""The facts that printed documents state, as plain values, and how they read in Arabic and English.

A document is printed in both languages at once, whatever language its reader uses on screen.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from cryptography.x509 import Name, NameOID
from hijridate import Gregorian

from municipality.documents import qr
from municipality.kernel import clock, money

# Controls that change the order of text around them or have no picture at all. The joiners stay: Persian needs them.
_CONTROLS = re.compile(
    "[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u202a-\u202e\u2028\u2029\u2060-\u206f\ufeff\ufff9-\uffff\ud800-\udfff]+"
)
# Longer texts come from a broken source: a licence that cannot be read must not be sealed.
MAX_LENGTH = 600
# These stand in places of fixed height, where more text would be cut off.
SHORT = 64
SHORT_FIELDS = {
    "number",
    "case_reference",
    "supersedes",
    "verification_code",
    "verification_address",
    "branch_ar",
    "branch_en",
    "paci_number",
}
SEALED_BY = 200


class FactsRefused(ValueError):
    """A fact is missing or longer than a printed document can hold; `args[0]` names the field."""


def plain(text: str) -> str:
    """One line of text without controls: nothing in a fact may turn round its neighbours on the page."""
    return " ".join(_CONTROLS.sub(" ", text).split())


@dataclass(frozen=True)
class Words:
    """One text in both languages. `size` names the style for long texts; `single` says there is only one wording."""

    ar: str
    en: str = ""

    @property
    def single(self) -> bool:
        return not self.en or self.en == self.ar

    @property
    def size(self) -> str:
        longest = max(len(self.ar), len(self.en))
        return "doc-longer" if longest > 120 else "doc-long" if longest > 44 else ""


@dataclass(frozen=True)
class Day:
    """A date as it reads: Gregorian, and Hijri by the Umm al-Qura tables (informational: the country follows sighting)."""

    gregorian: Words
    hijri: Words


def day(date: dt.date) -> Day:
    """Both calendars of a date; the Hijri words are empty outside the tables (1924 to 2077)."""
    western = Gregorian(date.year, date.month, date.day)
    gregorian = Words(*(f"{date.day} {western.month_name(language)} {date.year}" for language in ("ar", "en")))
    try:
        lunar = western.to_hijri()
    except OverflowError:
        return Day(gregorian, Words(""))
    return Day(
        gregorian,
        Words(*(f"{lunar.day} {lunar.month_name(language)} {lunar.year} {lunar.notation(language)}" for language in ("ar", "en"))),
    )


def local_time(instant: dt.datetime) -> str:
    """`2026-11-29 10:42` in Kuwait."""
    return instant.astimezone(clock.KUWAIT).strftime("%Y-%m-%d %H:%M")


def common_name(subject: str) -> str:
    """Whose certificate it is: the common name of an RFC 4514 subject, or the whole text where it has none."""
    try:
        names = Name.from_rfc4514_string(subject).get_attributes_for_oid(NameOID.COMMON_NAME)
    except ValueError:
        return subject
    return str(names[0].value) if names else subject


def grouped(code: str) -> str:
    """A code in groups of five, as it is read aloud and typed."""
    return " ".join(code[start : start + 5] for start in range(0, len(code), 5))


@dataclass(frozen=True)
class Edition:
    """An edition of rules by which the document was judged: name in both languages and its version, such as `v12`."""

    name_ar: str
    name_en: str
    version: str


@dataclass(frozen=True)
class _Facts:
    """Cleans every text when the facts are made. Raises FactsRefused."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            object.__setattr__(self, name, self._cleaned(name, value))

    def _cleaned(self, name: str, value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(self._cleaned(name, entry) for entry in value)
        if isinstance(value, (Words, Edition, ReceiptLine, Row, Period, Section)):
            return type(value)(**{key: self._cleaned(f"{name}.{key}", entry) for key, entry in vars(value).items()})
        if not isinstance(value, str):
            return value
        text = plain(value)
        if len(text) > (SHORT if name in SHORT_FIELDS else SEALED_BY if name == "sealed_by" else MAX_LENGTH):
            raise FactsRefused(name, f"{len(text)} characters")
        return text

    def as_json(self) -> bytes:
        """The same facts for machines, enclosed in the file: ISO 8601 dates, whole fils, UTF-8."""
        return json.dumps({"document": type(self).__name__, **asdict(self)}, ensure_ascii=False, indent=1, default=_iso).encode()


def _iso(value: Any) -> str:
    if isinstance(value, (dt.datetime, dt.date)):
        return value.isoformat()
    raise TypeError(type(value).__name__)


@dataclass(frozen=True)
class HealthLicenceFacts(_Facts):
    """What a health licence states. English names may be empty: the Arabic ones then stand alone.

    `number` carries its check character; `fee_fils` is whole fils; `verification_url` is what the QR code holds;
    `sealed_by` is the certificate subject of the signer. No civil number, in any form, belongs here.
    """

    number: str
    case_reference: str
    trade_name_ar: str
    trade_name_en: str
    activity_ar: str
    activity_en: str
    licensee_ar: str
    licensee_en: str
    address_ar: str
    address_en: str
    paci_number: str
    commercial_licence: str
    commercial_licence_until: dt.date
    branch_ar: str
    branch_en: str
    valid_from: dt.date
    valid_until: dt.date
    issued_at: dt.datetime
    fee_fils: int
    fee_ground_ar: str
    fee_ground_en: str
    conditions: tuple[Words, ...]
    editions: tuple[Edition, ...]
    verification_code: str
    verification_url: str
    verification_address: str
    sealed_by: str
    supersedes: str = ""
    demo: bool = False

    def context(self) -> dict[str, Any]:
        """What `licensing/documents/health_licence.html` reads."""
        return {
            "facts": self,
            "trade_name": Words(self.trade_name_ar, self.trade_name_en),
            "activity": Words(self.activity_ar, self.activity_en),
            "licensee": Words(self.licensee_ar, self.licensee_en),
            "address": Words(self.address_ar, self.address_en),
            "valid_from": day(self.valid_from),
            "valid_until": day(self.valid_until),
            "commercial_until": day(self.commercial_licence_until).gregorian,
            "fee": Words(
                f"{money.to_display(self.fee_fils)} د.ك، {self.fee_ground_ar}",
                f"KD {money.to_display(self.fee_fils)}, {self.fee_ground_en}",
            ),
            "issued": local_time(self.issued_at),
            "code": grouped(self.verification_code),
            "qr": qr.svg(self.verification_url, label="رمز الاستجابة للتحقق من الترخيص"),
            "sealer": common_name(self.sealed_by),
            "demo": self.demo,
        }


@dataclass(frozen=True)
class ReceiptLine:
    """One paid line: what for, its legal ground, whole fils."""

    name_ar: str
    name_en: str
    article_ar: str
    article_en: str
    fils: int

    @property
    def amount(self) -> str:
        return money.to_display(self.fils)


@dataclass(frozen=True)
class ReceiptFacts(_Facts):
    """What a receipt states. `amount_fils` must equal the sum of its lines; identifiers are the gateway's own words."""

    number: str
    paid_at: dt.datetime
    amount_fils: int
    payment_id: str
    track_id: str
    transaction_id: str
    reference: str
    auth_code: str
    bill_reference: str
    payer_ar: str
    payer_en: str
    lines: tuple[ReceiptLine, ...]
    verification_url: str = ""
    demo: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if sum(line.fils for line in self.lines) != self.amount_fils:
            raise FactsRefused("amount_fils", "the lines do not add up to the amount")

    def context(self) -> dict[str, Any]:
        """What `payments/documents/receipt.html` reads."""
        return {
            "facts": self,
            "payer": Words(self.payer_ar, self.payer_en),
            "amount": money.to_display(self.amount_fils),
            "paid_on": day(clock.day_of(self.paid_at)),
            "paid": local_time(self.paid_at),
            "qr": qr.svg(self.verification_url, label="رمز الاستجابة للتحقق من الإيصال") if self.verification_url else "",
            "demo": self.demo,
        }


@dataclass(frozen=True)
class RefusalFacts(_Facts):
    """What a refusal states: what was asked for, the reason with its article, the addition, and how to object until when.

    Nobody of the staff is named: the office decided, and a second person of it signed.
    """

    number: str
    case_reference: str
    request_ar: str
    request_en: str
    trade_name_ar: str
    trade_name_en: str
    applicant_ar: str
    applicant_en: str
    branch_ar: str
    branch_en: str
    opened_on: dt.date
    decided_at: dt.datetime
    reason_ar: str
    reason_en: str
    article_ar: str
    article_en: str
    note_ar: str
    note_en: str
    object_until: dt.date
    object_ground_ar: str
    object_ground_en: str
    editions: tuple[Edition, ...]
    verification_code: str
    verification_url: str
    verification_address: str
    sealed_by: str
    demo: bool = False

    def context(self) -> dict[str, Any]:
        """What `documents/refusal.html` reads."""
        return {
            "facts": self,
            "trade_name": Words(self.trade_name_ar, self.trade_name_en),
            "applicant": Words(self.applicant_ar, self.applicant_en),
            "reason": Words(self.reason_ar, self.reason_en),
            "article": Words(self.article_ar, self.article_en),
            "note": Words(self.note_ar, self.note_en),
            "object_ground": Words(self.object_ground_ar, self.object_ground_en),
            "opened_on": day(self.opened_on),
            "decided_on": day(clock.day_of(self.decided_at)),
            "object_until": day(self.object_until),
            "issued": local_time(self.decided_at),
            "code": grouped(self.verification_code),
            "qr": qr.svg(self.verification_url, label="رمز الاستجابة للتحقق من القرار"),
            "demo": self.demo,
        }


@dataclass(frozen=True)
class Row:
    """One line of a paper: what it is and what it says, in both languages; `lead` prints it large."""

    label_ar: str
    label_en: str
    ar: str
    en: str = ""
    lead: bool = False

    @property
    def words(self) -> Words:
        return Words(self.ar, self.en)

    @property
    def kind(self) -> str:
        return "doc-lead" if self.lead else ""


@dataclass(frozen=True)
class Period:
    """A day that matters, with its name in both languages."""

    label_ar: str
    label_en: str
    on: dt.date

    @property
    def day(self) -> Day:
        return day(self.on)


@dataclass(frozen=True)
class Section:
    """A heading with sentences under it, in both languages."""

    heading_ar: str
    heading_en: str
    lines_ar: tuple[str, ...]
    lines_en: tuple[str, ...]


@dataclass(frozen=True)
class PaperFacts(_Facts):
    """A letter of the Municipality: title, number, days, lines and sections, as services of any kind send it.

    Nobody of the staff is named. Raises FactsRefused like every document.
    """

    title_ar: str
    title_en: str
    number: str
    number_label_ar: str
    number_label_en: str
    branch_ar: str
    branch_en: str
    days: tuple[Period, ...]
    rows: tuple[Row, ...]
    sections: tuple[Section, ...]
    editions: tuple[Edition, ...]
    issued_at: dt.datetime
    verification_code: str
    verification_url: str
    verification_address: str
    sealed_by: str
    demo: bool = False

    def context(self) -> dict[str, Any]:
        """What `documents/paper.html` reads."""
        return {
            "facts": self,
            "issued": local_time(self.issued_at),
            "code": grouped(self.verification_code),
            "qr": qr.svg(self.verification_url, label="رمز الاستجابة للتحقق من الورقة"),
            "demo": self.demo,
        }
