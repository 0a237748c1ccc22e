"""Reading a settlement file by a mapping of its columns (docs/reconciliation.md). Every default is an assumption."""

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
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from municipality.kernel import money
from municipality.kernel.sheets import line_of_nul
from municipality.ui.texts import Text
from payments.models import LineKind

MAX_BYTES = 5 * 1024 * 1024
MAX_ROWS = 50_000
MAX_ERRORS = 50
REQUIRED = ("kind", "trackid", "amount", "day")  # payment_id and ref are optional
_IDENTIFIER = re.compile(r"[A-Za-z0-9]{1,40}")


@dataclass(frozen=True)
class StatementMapping:
    """Columns of the bank's file by our names, and our kinds by the bank's codes; lines of `ignored_kinds` are skipped."""

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
    """The default mapping with the setting BANK_STATEMENT_MAPPING. Raises ValueError for an unknown name."""
    overrides: dict[str, Any] = dict(settings.BANK_STATEMENT_MAPPING)
    unknown = overrides.keys() - StatementMapping.__dataclass_fields__.keys()
    if unknown:
        raise ValueError(f"BANK_STATEMENT_MAPPING does not know {', '.join(sorted(unknown))}")
    if "ignored_kinds" in overrides:
        overrides["ignored_kinds"] = tuple(overrides["ignored_kinds"])
    if "columns" in overrides:
        overrides["columns"] = {**StatementMapping().columns, **overrides["columns"]}
    return StatementMapping(**overrides)


@dataclass(frozen=True)
class StatementRow:
    """A parsed line; `fils` > 0."""

    number: int
    kind: str
    trackid: str
    payment_id: str
    ref: str
    fils: int
    day: dt.date


class StatementNotReadable(Exception):
    """The file is invalid; `errors` are pairs of a line number (0: the file) and a sentence."""

    def __init__(self, errors: list[tuple[int, Text]]) -> None:
        super().__init__("not readable")
        self.errors = errors


def read(content: bytes, layout: StatementMapping | None = None) -> list[StatementRow]:
    """All lines of a settlement file. Raises StatementNotReadable with the errors of the first 50 invalid lines."""
    layout = layout or mapping()
    if len(content) > MAX_BYTES:
        raise StatementNotReadable([(0, _("The file is larger than 5 megabytes."))])
    try:
        text = content.decode(layout.encoding)
    except (UnicodeDecodeError, LookupError):
        raise StatementNotReadable([(0, _("The file is not in the encoding that is expected."))]) from None
    if nul := line_of_nul(text):
        raise StatementNotReadable(
            [(nul, _("The line holds a character that cannot be used (NUL). Please get the file from the bank anew."))]
        )
    try:
        lines = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=layout.delimiter, strict=True))
    except csv.Error:
        raise StatementNotReadable([(0, _("The file is not a table of the kind that is expected."))]) from None
    present = set(lines[0]) if lines else set()
    if not lines:
        raise StatementNotReadable([(0, _("The file has no lines."))])
    if missing := [layout.columns[name] for name in REQUIRED if layout.columns[name] not in present]:
        names = format_html_join(gettext(", "), '<bdi dir="ltr">{}</bdi>', ((name,) for name in missing))
        raise StatementNotReadable([(0, format_html(gettext("These columns are missing: {names}"), names=names))])
    if len(lines) > MAX_ROWS:
        raise StatementNotReadable([(0, _("The file has too many lines."))])
    rows, errors = [], []
    for number, line in enumerate(lines, start=2):
        try:
            row = _row(number, line, layout)
        except ValueError as error:
            errors.append((number, error.args[0]))
            if len(errors) >= MAX_ERRORS:
                break
        else:
            rows += [row] if row else []
    if errors or not rows:
        raise StatementNotReadable(errors or [(0, _("The file has no movement of money."))])
    return rows


def _row(number: int, line: dict[str, Any], layout: StatementMapping) -> StatementRow | None:
    def cell(name: str) -> str:
        value = line.get(layout.columns.get(name, ""), "")
        return value.strip() if isinstance(value, str) else ""

    kind = cell("kind").upper()
    if kind in layout.ignored_kinds:
        return None
    if kind not in layout.kinds:
        raise ValueError(_("The kind of movement is not known."))
    trackid = cell("trackid")
    if not _IDENTIFIER.fullmatch(trackid):
        raise ValueError(_("The track ID cannot be read."))
    if any(cell(name) and not _IDENTIFIER.fullmatch(cell(name)) for name in ("payment_id", "ref")):
        raise ValueError(_("The payment ID or the reference cannot be read."))
    try:
        day = dt.datetime.strptime(cell("day"), layout.date_format).date()  # noqa: DTZ007 - a bank's day, Kuwait's
    except ValueError:
        raise ValueError(_("The day cannot be read.")) from None
    fils = _fils(cell("amount"), layout.unit)
    if fils < 0 and layout.kinds[kind] == LineKind.CAPTURE:  # taken back, perhaps: counted as income it would be wrong twice over
        raise ValueError(_("A payment has a minus, which only a refund may have. Please ask the bank what this line means."))
    return StatementRow(number, str(layout.kinds[kind]), trackid, cell("payment_id"), cell("ref"), abs(fils), day)


def _fils(text: str, unit: str) -> int:
    """Parse an amount to fils, with its sign: never zero. Raises ValueError."""
    try:
        amount = Decimal(text.replace(",", "")) * (1 if unit == "fils" else money.FILS_PER_DINAR)
    except InvalidOperation:
        raise ValueError(_("The amount cannot be read.")) from None
    if not text.isascii() or not amount.is_finite() or amount != amount.to_integral_value() or not 0 < abs(amount) <= money.MAX_FILS:
        raise ValueError(_("The amount cannot be read."))
    return int(amount)
