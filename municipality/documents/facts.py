"""The facts that printed documents state, as plain values, and how they read in Arabic and English.

A document is printed in both languages at once, whatever language its reader uses on screen. Each service keeps the facts of a
kind of document as one subclass of `Facts`.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import Any, ClassVar, Self, get_args, get_origin, get_type_hints

from cryptography.x509 import Name, NameOID
from hijridate import Gregorian

from municipality.documents import qr
from municipality.jobs.errors import PermanentFailure
from municipality.kernel import clock

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


class FactsRefused(PermanentFailure, ValueError):
    """A fact is missing or longer than a printed document can hold; `args[0]` names the field. A job that meets it is dead."""


def plain(text: str) -> str:
    """One line of text without controls: nothing in a fact may turn round its neighbours on the page."""
    return " ".join(_CONTROLS.sub(" ", text).split())


@dataclass(frozen=True)
class BilingualText:
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
class PrintedDay:
    """A date as it reads: Gregorian, and Hijri by the Umm al-Qura tables (informational: the country follows sighting)."""

    gregorian: BilingualText
    hijri: BilingualText


def day(date: dt.date) -> PrintedDay:
    """Both calendars of a date; the Hijri words are empty outside the tables (1924 to 2077)."""
    western = Gregorian(date.year, date.month, date.day)
    gregorian = BilingualText(*(f"{date.day} {western.month_name(language)} {date.year}" for language in ("ar", "en")))
    try:
        lunar = western.to_hijri()
    except OverflowError:
        return PrintedDay(gregorian, BilingualText(""))
    return PrintedDay(
        gregorian,
        BilingualText(*(f"{lunar.day} {lunar.month_name(language)} {lunar.year} {lunar.notation(language)}" for language in ("ar", "en"))),
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
class EditionLabel:
    """An edition of rules by which the document was judged: name in both languages and its version, such as `v12`."""

    name_ar: str
    name_en: str
    version: str

    @classmethod
    def of(cls, stamp: str, names: Mapping[str, tuple[str, str]]) -> Self:
        """An edition such as `replies.health v2`; `names` are those of the rulebook's subjects, in both languages."""
        subject, _space, version = stamp.rpartition(" ")
        return cls(*names.get(subject, (subject, subject)), version)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a document of one kind states. Cleans every text when it is made. Raises FactsRefused.

    A subclass names its kind, as `licensing.refusal`; what the check page calls it; its template; the title of the file, before its
    number; the reason that stands in the signature; and the field that holds the moment of issue. The fields below are the
    document's own: they are empty until it is drawn. No civil number, in any form, belongs into facts.
    """

    kind: ClassVar[str]
    name: ClassVar[Any]
    template: ClassVar[str]
    title: ClassVar[str]
    reason: ClassVar[str]
    moment: ClassVar[str] = "issued_at"
    qr_label: ClassVar[str] = "رمز الاستجابة للتحقق من الورقة"
    single_page: ClassVar[bool] = True

    number: str = ""  # with its check character
    verification_code: str = ""
    verification_url: str = ""  # what the QR code holds
    verification_address: str = ""
    sealed_by: str = ""  # certificate subject of the signer
    demo: bool = False

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            object.__setattr__(self, name, _cleaned(name, value))

    @property
    def at(self) -> dt.datetime:
        """The moment of issue, which the file's metadata name."""
        at: dt.datetime = getattr(self, self.moment)
        return at

    def context(self) -> dict[str, Any]:
        """What every template of documents reads."""
        return {
            "facts": self,
            "issued": local_time(self.at),
            "code": grouped(self.verification_code),
            "qr": qr.svg(self.verification_url, label=self.qr_label) if self.verification_url else "",
            "sealer": common_name(self.sealed_by),
            "demo": self.demo,
        }

    def kept(self) -> dict[str, Any]:
        """The facts as they are kept beside the bytes: whole fils, ISO 8601 dates, without the document's own fields."""
        own = {field.name for field in fields(Facts)}
        kept: dict[str, Any] = json.loads(json.dumps({k: v for k, v in asdict(self).items() if k not in own}, default=_iso))
        return kept

    @classmethod
    def read(cls, kept: dict[str, Any], **own: Any) -> Self:
        """The facts again from what `kept` gave, with the document's own fields."""
        return cls(**_read(cls, {**kept, **own}))

    def as_json(self) -> bytes:
        """The same facts for machines, enclosed in the file: ISO 8601 dates, whole fils, UTF-8."""
        return json.dumps({"document": self.kind, **asdict(self)}, ensure_ascii=False, indent=1, default=_iso).encode()


def _cleaned(name: str, value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_cleaned(name, entry) for entry in value)
    if is_dataclass(value) and not isinstance(value, type):
        return type(value)(**{key: _cleaned(f"{name}.{key}", entry) for key, entry in vars(value).items()})
    if not isinstance(value, str):
        return value
    text = plain(value)
    if len(text) > (SHORT if name in SHORT_FIELDS else SEALED_BY if name == "sealed_by" else MAX_LENGTH):
        raise FactsRefused(name, f"{len(text)} characters")
    return text


def _iso(value: Any) -> str:
    if isinstance(value, (dt.datetime, dt.date)):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def _read(kind: Any, kept: dict[str, Any]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {name: _value(hints[name], value) for name, value in kept.items()}


def _value(kind: Any, value: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, dt.date):
        return kind.fromisoformat(value)
    if get_origin(kind) is tuple:
        return tuple(_value(get_args(kind)[0], entry) for entry in value)
    if isinstance(kind, type) and is_dataclass(kind):
        return kind(**_read(kind, value))
    return value


@dataclass(frozen=True)
class LetterRow:
    """One line of a paper: what it is and what it says, in both languages; `lead` prints it large."""

    label_ar: str
    label_en: str
    ar: str
    en: str = ""
    lead: bool = False

    @property
    def words(self) -> BilingualText:
        return BilingualText(self.ar, self.en)

    @property
    def kind(self) -> str:
        return "doc-lead" if self.lead else ""


@dataclass(frozen=True)
class LetterDate:
    """A day that matters, with its name in both languages."""

    label_ar: str
    label_en: str
    on: dt.date

    @property
    def day(self) -> PrintedDay:
        return day(self.on)


@dataclass(frozen=True)
class LetterSection:
    """A heading with sentences under it, in both languages."""

    heading_ar: str
    heading_en: str
    lines_ar: tuple[str, ...]
    lines_en: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class LetterFacts(Facts):
    """A letter of the Municipality: title, number, days, lines and sections, as services of any kind send it.

    Nobody of the staff is named.
    """

    template = "documents/letter.html"
    english_title: ClassVar[str]

    title_ar: str
    title_en: str
    number_label_ar: str = "الرقم"
    number_label_en: str = "Number"
    branch_ar: str
    branch_en: str
    days: tuple[LetterDate, ...]
    rows: tuple[LetterRow, ...]
    sections: tuple[LetterSection, ...]
    editions: tuple[EditionLabel, ...]
    issued_at: dt.datetime
