"""Reading CSV files that offices send: bytes to text, text to cells by the code of their column. Uses no database."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from municipality.kernel import arabic, digits

_ARABIC = re.compile("[\u0621-\u064a]")
ROUNDED_NUMBER = re.compile(r"\d(?:[.,]\d+)?e\+?\d+", re.IGNORECASE)  # 1.23E+11, as spreadsheets round long numbers
DASH = "-"
_DASHES = ("-", "--", "—", "–")
_FORMULA = ("=", "+", "-", "@")
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_DAY_FIRST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")


class NotReadable(ValueError):
    """The file cannot be read at all; `code` is the reason, `facts` the values for its sentence."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code, self.facts = code, facts


@dataclass(frozen=True)
class Layout:
    """The layout of a kind of file: `columns` maps the code of each column to its names in the header, compared folded; `needed` are
    the codes of the required ones.
    """

    columns: Mapping[str, Sequence[str]]
    needed: Sequence[str]
    max_bytes: int
    max_lines: int
    error: type[NotReadable] = NotReadable
    media: str = "text/csv"
    accept: str = ".csv,text/csv,text/plain"
    _names: dict[str, str] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        for code, names in self.columns.items():
            self._names.update(dict.fromkeys(map(_normalise, (code, *names)), code))

    def inspect(self, content: bytes) -> tuple[str, int]:
        """The encoding of a file and its number of lines. Raises NotReadable."""
        text, encoding = self.decode(content)
        return encoding, sum(1 for _line in self.lines(text))

    def rows(self, content: bytes, skip: int = 0) -> Iterator[tuple[int, dict[str, str], bool]]:
        """The lines of a file, without the first `skip`."""
        return islice(self.lines(self.decode(content)[0]), skip, None)

    def decode(self, content: bytes) -> tuple[str, str]:
        """The text of a file and its encoding: UTF-8 with or without a byte order mark, UTF-16 with one, or Windows-1256.

        Raises NotReadable: too_big, workbook, binary, broken_text, nul (with `line`), empty.
        """
        if len(content) > self.max_bytes:
            raise self.error("too_big")
        if content[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
            raise self.error("workbook")
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            try:
                return self._checked(content.decode("utf-16")), "utf-16"
            except UnicodeDecodeError:
                raise self.error("broken_text") from None
        if b"\x00" in content or content[:4] == b"%PDF":
            raise self.error("binary")
        try:
            return self._checked(content.decode("utf-8-sig")), "utf-8"
        except UnicodeDecodeError:
            # Windows-1256 decodes every byte, so it never fails. Arabic letters in what decodes as UTF-8 mean that the file is
            # damaged UTF-8, which Windows-1256 would turn into nonsense.
            if _ARABIC.search(content.decode("utf-8", errors="ignore")):
                raise self.error("broken_text") from None
            return self._checked(content.decode("cp1256")), "windows-1256"

    def _checked(self, text: str) -> str:
        if not text.strip("\ufeff \t\r\n"):
            raise self.error("empty")
        if line := line_of_nul(text):
            raise self.error("nul", line=line)
        return text

    def lines(self, text: str) -> Iterator[tuple[int, dict[str, str], bool]]:
        """Each line that is not empty: its number as spreadsheets count, its cells by the code of the column, and whether it has
        cells beyond the last column.

        Raises NotReadable: no_columns, column_twice, open_quote, empty, too_many_lines.
        """
        text = text.lstrip("\ufeff")
        offset = len(text) - len(text.lstrip("\r\n"))
        skipped = text[:offset].replace("\r\n", "\n").count("\n")
        text = text[offset:]
        first = io.StringIO(text).readline()
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(";\t,", key=first.count), strict=True)
        previous_line = 0
        try:
            header = self._header(next(reader))
            count, previous_line = 0, reader.line_num
            for cells in reader:
                number, previous_line = previous_line + 1 + skipped, reader.line_num
                if not any(cell.strip() for cell in cells):
                    continue
                count += 1
                if count > self.max_lines:
                    raise self.error("too_many_lines")
                has_extra = len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :])
                yield number, {code: cell for code, cell in zip(header, cells, strict=False) if code}, has_extra
        except csv.Error:
            raise self.error("open_quote", line=previous_line + 1 + skipped) from None
        if not count:
            raise self.error("empty")

    def _header(self, cells: list[str]) -> list[str]:
        codes = [self._names.get(_normalise(cell.strip("\ufeff '\"")), "") for cell in cells]
        missing = [code for code in self.needed if code not in codes]
        if missing:
            raise self.error("no_columns", columns=", ".join(missing))
        repeated = sorted({code for code in codes if code and codes.count(code) > 1})
        if repeated:
            raise self.error("column_twice", columns=", ".join(repeated))
        return codes


def line_of_nul(text: str) -> int:
    """The number of the line with the first NUL, which no text column of the database takes; 0 if there is none."""
    position = text.find("\x00")
    return 0 if position < 0 else 1 + text[:position].replace("\r\n", "\n").replace("\r", "\n").count("\n")


def _normalise(text: str) -> str:
    return arabic.fold(text).replace(" ", "_")


def text_of(cell: str, max_length: int) -> tuple[str, str]:
    """The text of a cell and an empty code, or an empty text and the code of what is wrong: control, formula, too_long.

    Zero-width characters are removed, and a lone dash of any kind becomes `DASH`.
    """
    if cell.isascii() and cell.isprintable():
        text = " ".join(cell.split()) if " " in cell else cell
    else:
        text = " ".join(digits.clean(cell).split())
        if any((ord(character) < 32 and character not in "\t\r\n") or ord(character) == 127 for character in cell):
            return "", "control"
    if text in _DASHES:
        return DASH, ""
    if text.startswith(_FORMULA):
        return "", "formula"
    return ("", "too_long") if len(text) > max_length else (text, "")


def day_of(typed: str, *, oldest: dt.date, today: dt.date | None = None) -> tuple[dt.date | None, str]:
    """The day of a cell (2024-05-31 or 31/05/2024), or None and the code of what is wrong: date, too_old, future (after `today`)."""
    iso, day_first = _ISO.fullmatch(typed), _DAY_FIRST.fullmatch(typed)
    parts = [int(part) for part in iso.groups()] if iso else [int(part) for part in day_first.groups()[::-1]] if day_first else []
    try:
        day = dt.date(*parts)
    except (TypeError, ValueError):
        return None, "date"
    if day < oldest:
        return None, "too_old"
    if today is not None and day > today:
        return None, "future"
    return day, ""
