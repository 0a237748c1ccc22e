"""Reading a settlement file by a mapping of its columns. See docs/reconciliation.md; every default is an assumption."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from municipality.kernel import money
from municipality.kernel.sheets import line_of_nul
from payments.models import LineKind

MAX_BYTES = 5 * 1024 * 1024
MAX_ROWS = 50_000
MAX_ERRORS = 50
WANTED = ("kind", "trackid", "amount", "day")  # payment_id and ref are welcome, and may be absent
_IDENTIFIER = re.compile(r"[A-Za-z0-9]{1,40}")


@dataclass(frozen=True)
class StatementMapping:
    """Column names of the bank's file by what we call them; `kinds` turns its words into ours, others are left out if named so."""

    columns: Mapping[str, str] = field(
        default_factory=lambda: {
            "kind": "Transaction Type",
            "trackid": "Merchant Track ID",
            "payment_id": "Payment ID",
            "ref": "Reference Number",
            "amount": "Amount",
            "day": "Transaction Date",
        }
    )
    kinds: Mapping[str, str] = field(
        default_factory=lambda: {"PURCHASE": LineKind.CAPTURE, "REFUND": LineKind.REFUND, "CREDIT": LineKind.REFUND}
    )
    ignored_kinds: tuple[str, ...] = ("FEE", "TOTAL")
    delimiter: str = ","
    encoding: str = "utf-8-sig"
    date_format: str = "%Y-%m-%d"
    unit: str = "dinar"  # or fils


def mapping() -> StatementMapping:
    """The mapping of the settings (BANK_STATEMENT_MAPPING) over the default. Raises ValueError for a name it does not know."""
    given: dict[str, Any] = dict(settings.BANK_STATEMENT_MAPPING)
    unknown = given.keys() - StatementMapping.__dataclass_fields__.keys()
    if unknown:
        raise ValueError(f"BANK_STATEMENT_MAPPING does not know {', '.join(sorted(unknown))}")
    if "ignored_kinds" in given:
        given["ignored_kinds"] = tuple(given["ignored_kinds"])
    default = StatementMapping()
    for name in ("columns", "kinds"):
        if name in given:
            given[name] = {**getattr(default, name), **given[name]} if name == "columns" else given[name]
    return StatementMapping(**given)


@dataclass(frozen=True)
class StatementRow:
    """One line as we understand it; `fils` above nought."""

    number: int
    kind: str
    trackid: str
    payment_id: str
    ref: str
    fils: int
    day: dt.date


class NotReadable(Exception):
    """The file cannot be taken; `errors` are pairs of the line's number (0: the file) and a sentence."""

    def __init__(self, errors: list[tuple[int, Any]]) -> None:
        super().__init__("not readable")
        self.errors = errors


def read(content: bytes, how: StatementMapping | None = None) -> list[StatementRow]:
    """All lines of a settlement file. Raises NotReadable with every error, of the first 50 lines that have one."""
    how = how or mapping()
    if len(content) > MAX_BYTES:
        raise NotReadable([(0, _("The file is larger than 5 megabytes."))])
    try:
        text = content.decode(how.encoding)
    except (UnicodeDecodeError, LookupError):
        raise NotReadable([(0, _("The file is not in the encoding that is expected."))]) from None
    if nul := line_of_nul(text):
        raise NotReadable([(nul, _("The line holds a character that cannot be used (NUL). Please get the file from the bank anew."))])
    try:
        lines = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=how.delimiter, strict=True))
    except csv.Error:
        raise NotReadable([(0, _("The file is not a table of the kind that is expected."))]) from None
    present = set(lines[0]) if lines else set()
    if not lines or any(how.columns[name] not in present for name in WANTED):
        raise NotReadable([(0, _("The file has no lines, or a column is missing. The columns expected are in the documentation."))])
    if len(lines) > MAX_ROWS:
        raise NotReadable([(0, _("The file has too many lines."))])
    rows, errors = [], []
    for number, line in enumerate(lines, start=2):
        try:
            row = _row(number, line, how)
        except ValueError as error:
            errors.append((number, error.args[0]))
            if len(errors) >= MAX_ERRORS:
                break
        else:
            rows += [row] if row else []
    if errors or not rows:
        raise NotReadable(errors or [(0, _("The file has no movement of money."))])
    return rows


def _row(number: int, line: dict[str, Any], how: StatementMapping) -> StatementRow | None:
    def cell(name: str) -> str:
        value = line.get(how.columns.get(name, ""), "")
        return value.strip() if isinstance(value, str) else ""

    word = cell("kind").upper()
    if word in how.ignored_kinds:
        return None
    if word not in how.kinds:
        raise ValueError(_("The kind of movement is not known."))
    trackid = cell("trackid")
    if not _IDENTIFIER.fullmatch(trackid):
        raise ValueError(_("The track ID cannot be read."))
    if any(cell(name) and not _IDENTIFIER.fullmatch(cell(name)) for name in ("payment_id", "ref")):
        raise ValueError(_("The payment ID or the reference cannot be read."))
    try:
        day = dt.datetime.strptime(cell("day"), how.date_format).date()  # noqa: DTZ007 - a bank's day, Kuwait's
    except ValueError:
        raise ValueError(_("The day cannot be read.")) from None
    return StatementRow(number, str(how.kinds[word]), trackid, cell("payment_id"), cell("ref"), _fils(cell("amount"), how.unit), day)


def _fils(text: str, unit: str) -> int:
    """Fils of an amount; a bank may write a refund with a minus. Raises ValueError for more than three decimals, and for nought."""
    try:
        amount = Decimal(text.replace(",", "")) * (1 if unit == "fils" else money.FILS_PER_DINAR)
    except InvalidOperation:
        raise ValueError(_("The amount cannot be read.")) from None
    if not text.isascii() or not amount.is_finite() or amount != amount.to_integral_value() or not 0 < abs(amount) <= money.MAX_FILS:
        raise ValueError(_("The amount cannot be read."))
    return abs(int(amount))
