"""The facts that documents state, as plain values, and their texts in Arabic and English.

A document is printed in both languages. Services declare one subclass of `Facts` for each kind of document.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import Any, ClassVar, Self, get_args, get_origin, get_type_hints

from cryptography.x509 import Name, NameOID
from hijridate import Gregorian

from municipality.documents import qr
from municipality.documents.assets import STORED
from municipality.jobs.errors import PermanentFailure
from municipality.kernel import clock
from municipality.ui.dates import hijri_text
from municipality.ui.texts import Text

# Invisible characters and those that change the direction of text. The joiners are allowed: Persian needs them.
_CONTROLS = re.compile(
    "[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u202a-\u202e\u2028\u2029\u2060-\u206f\ufeff\ufff9-\uffff\ud800-\udfff]+"
)
# Longer texts come from a broken source.
MAX_LENGTH = 600
# Fields with a place of fixed height, where more text would be cut off.
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
    """A fact is missing or too long to be printed; `args[0]` names the field. A job fails permanently."""


def single_line(text: str) -> str:
    """The text on one line, without control and direction characters."""
    return " ".join(_CONTROLS.sub(" ", text).split())


@dataclass(frozen=True)
class BilingualText:
    """One text in both languages. `size` is the CSS class for long texts; `single` is True for only one wording."""

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
    """A date in Gregorian and, by the Umm al-Qura tables, in Hijri (for information: the country follows the sighting)."""

    gregorian: BilingualText
    hijri: BilingualText


def day(date: dt.date) -> PrintedDay:
    """A date in both calendars; the Hijri text is empty outside the tables (1924 to 2077)."""
    western = Gregorian(date.year, date.month, date.day)
    gregorian = BilingualText(*(f"{date.day} {western.month_name(language)} {date.year}" for language in ("ar", "en")))
    return PrintedDay(gregorian, BilingualText(*(hijri_text(date, language).replace("\u00a0", " ") for language in ("ar", "en"))))


def local_time(instant: dt.datetime) -> str:
    """`2026-11-29 10:42` in Kuwait."""
    return instant.astimezone(clock.KUWAIT).strftime("%Y-%m-%d %H:%M")


def common_name(subject: str) -> str:
    """The common name of an RFC 4514 subject, or the whole subject where it has none."""
    try:
        names = Name.from_rfc4514_string(subject).get_attributes_for_oid(NameOID.COMMON_NAME)
    except ValueError:
        return subject
    return str(names[0].value) if names else subject


def grouped(code: str) -> str:
    """A code in groups of five characters."""
    return " ".join(code[start : start + 5] for start in range(0, len(code), 5))


@dataclass(frozen=True)
class EditionLabel:
    """An edition of the rules that the document is based on; `version` such as `v12`."""

    name_ar: str
    name_en: str
    version: str

    @property
    def number(self) -> str:
        """The version as pages show it: `12`."""
        return self.version.removeprefix("v")

    @classmethod
    def of(cls, stamp: str, names: Mapping[str, tuple[str, str]]) -> Self:
        """The label of a stamp such as `replies.health v2`; `names` are those of rulebook subjects, in both languages."""
        subject, _space, version = stamp.rpartition(" ")
        return cls(*names.get(subject, (subject, subject)), version)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a document of one kind states. Cleans all texts on creation. Raises FactsRefused.

    A subclass sets its kind (`licensing.refusal`), its name on the check page, its template, the title of the file (before the
    number), the reason in the signature, and the name of the field with the time of issue. The fields below are empty until the
    document is rendered. Facts never hold a civil number.
    """

    kind: ClassVar[str]
    name: ClassVar[Text]
    template: ClassVar[str]
    title: ClassVar[str]
    reason: ClassVar[str]
    issued_field: ClassVar[str] = "issued_at"
    qr_label: ClassVar[str] = "رمز الاستجابة للتحقق من الورقة"
    single_page: ClassVar[bool] = True
    smallest: ClassVar[str] = ""  # the smallest step of type (rendering.DENSITIES); several pages where it does not fit on one

    number: str = ""  # with its check character
    verification_code: str = ""
    verification_url: str = ""  # what the QR code holds
    verification_address: str = ""
    sealed_by: str = ""  # certificate subject of the signer
    demo: bool = False

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            object.__setattr__(self, name, _clean(name, value))

    @property
    def at(self) -> dt.datetime:
        """The time of issue, for the metadata of the file."""
        at: dt.datetime = getattr(self, self.issued_field)
        return at

    @property
    def is_one_page(self) -> bool:
        """Whether the type is made smaller until all is on one page; by default of every document of a kind, or of none."""
        return self.single_page

    @property
    def density(self) -> str:
        """The step of type (rendering.DENSITIES) that a document of one page begins with: each step that does not fit costs a layout."""
        return ""

    def context(self) -> dict[str, Any]:
        """The context of the template."""
        return {
            "facts": self,
            "issued": local_time(self.at),
            "code": grouped(self.verification_code),
            "qr": qr.svg(self.verification_url, label=self.qr_label) if self.verification_url else "",
            "sealer": common_name(self.sealed_by),
            "demo": self.demo,
        }

    @staticmethod
    def public_page(document: Any) -> str:
        """The address of a public page that shows the document, for the check page; empty without one."""
        return ""

    @staticmethod
    def shop_page(document: Any) -> str:
        """The address of the public page of the shop that the document is for, for the check page; empty without one."""
        return ""

    @staticmethod
    def live_state(document: Any) -> str:
        """`Document.live_state`, for the check page; a kind whose subjects may all have ended before its last day says so."""
        state: str = document.live_state
        return state

    @staticmethod
    def public_notes(document: Any) -> Sequence[Text]:
        """Sentences about the present state of the document, for the check page; none where the state says everything."""
        return ()

    def dump(self) -> dict[str, Any]:
        """The facts as JSON values, without the fields of `Facts`: whole fils, ISO 8601 dates."""
        own = {field.name for field in fields(Facts)}
        data: dict[str, Any] = json.loads(json.dumps({k: v for k, v in asdict(self).items() if k not in own}, default=_iso))
        return data

    @classmethod
    def load(cls, data: dict[str, Any], **own: Any) -> Self:
        """The facts from what `dump` returned and the fields of `Facts`."""
        return cls(**_load_fields(cls, {**data, **own}))

    def as_json(self) -> bytes:
        """The facts as JSON, attached to the file: ISO 8601 dates, whole fils, UTF-8."""
        return json.dumps({"document": self.kind, **asdict(self)}, ensure_ascii=False, indent=1, default=_iso).encode()


def _clean(name: str, value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_clean(name, entry) for entry in value)
    if is_dataclass(value) and not isinstance(value, type):
        return type(value)(**{key: _clean(f"{name}.{key}", entry) for key, entry in vars(value).items()})
    if not isinstance(value, str):
        return value
    text = single_line(value)
    if len(text) > (SHORT if name in SHORT_FIELDS else SEALED_BY if name == "sealed_by" else MAX_LENGTH):
        raise FactsRefused(name, f"{len(text)} characters")
    return text


def _iso(value: Any) -> str:
    if isinstance(value, (dt.datetime, dt.date)):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def _load_fields(kind: Any, data: dict[str, Any]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {name: _load_value(hints[name], value) for name, value in data.items()}


def _load_value(kind: Any, value: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, dt.date):
        return kind.fromisoformat(value)
    if get_origin(kind) is tuple:
        return tuple(_load_value(get_args(kind)[0], entry) for entry in value)
    if isinstance(kind, type) and is_dataclass(kind):
        return kind(**_load_fields(kind, value))
    return value


@dataclass(frozen=True)
class LetterRow:
    """A labelled line of a letter; `lead` prints it large."""

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
    """A labelled date of a letter."""

    label_ar: str
    label_en: str
    on: dt.date

    @property
    def day(self) -> PrintedDay:
        return day(self.on)


@dataclass(frozen=True)
class LetterSection:
    """A heading of a letter with sentences under it."""

    heading_ar: str
    heading_en: str
    lines_ar: tuple[str, ...]
    lines_en: tuple[str, ...]


@dataclass(frozen=True)
class LetterPicture:
    """A picture of a letter, by the hash of its JPEG in the private store, and what it shows."""

    sha256: str
    ar: str
    en: str

    @property
    def address(self) -> str:
        return f"{STORED}{self.sha256}"


@dataclass(frozen=True, kw_only=True)
class LetterFacts(Facts):
    """A letter of the Municipality with title, number, dates, rows and sections. Staff are not named."""

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
    pictures: tuple[LetterPicture, ...] = ()
    editions: tuple[EditionLabel, ...]
    issued_at: dt.datetime
