"""Sheets that offices send (CSV): bytes to text, text to cells by the code of their column. Plain Python; looks nothing up."""

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
ROUNDED = re.compile(r"\d(?:[.,]\d+)?e\+?\d+", re.IGNORECASE)  # a number as a spreadsheet rounds it
DASH = "-"
_DASHES = ("-", "--", "—", "–")
_FORMULA = ("=", "+", "-", "@")
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_DAY_FIRST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")


class NotReadable(ValueError):
    """The file as a whole cannot be read; `code` names the reason, `facts` fill its sentence."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code, self.facts = code, facts


@dataclass(frozen=True)
class Layout:
    """What a kind of sheet may hold: code of a column → its names in a first line, compared folded; the columns that must be there;
    and how many bytes and lines it may have."""

    columns: Mapping[str, Sequence[str]]
    needed: Sequence[str]
    most_bytes: int
    most_lines: int
    error: type[NotReadable] = NotReadable
    media: str = "text/csv"
    accept: str = ".csv,text/csv,text/plain"
    _names: dict[str, str] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        for code, names in self.columns.items():
            self._names.update(dict.fromkeys(map(_name, (code, *names)), code))

    def inspect(self, content: bytes) -> tuple[str, int]:
        """The encoding of a file and how many lines it holds. Raises NotReadable."""
        text, encoding = self.decode(content)
        return encoding, sum(1 for _line in self.lines(text))

    def rows(self, content: bytes, skip: int = 0) -> Iterator[tuple[int, dict[str, str], bool]]:
        """The lines of a file behind the first `skip`."""
        return islice(self.lines(self.decode(content)[0]), skip, None)

    def decode(self, content: bytes) -> tuple[str, str]:
        """The text of a file and its encoding: UTF-8 with or without a byte order mark, UTF-16 with one, or Windows-1256.

        Raises NotReadable: too_big, workbook, binary, broken_text, nul (with its line), empty.
        """
        if len(content) > self.most_bytes:
            raise self.error("too_big")
        if content[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
            raise self.error("workbook")
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            try:
                return self._whole(content.decode("utf-16")), "utf-16"
            except UnicodeDecodeError:
                raise self.error("broken_text") from None
        if b"\x00" in content or content[:4] == b"%PDF":
            raise self.error("binary")
        try:
            return self._whole(content.decode("utf-8-sig")), "utf-8"
        except UnicodeDecodeError:
            # Windows-1256 gives a letter to every byte, so it never fails. Arabic letters among what can be read as UTF-8 say that
            # the file is UTF-8 with damage, and reading it as 1256 would bring in nonsense.
            if _ARABIC.search(content.decode("utf-8", errors="ignore")):
                raise self.error("broken_text") from None
            return self._whole(content.decode("cp1256")), "windows-1256"

    def _whole(self, text: str) -> str:
        if not text.strip("\ufeff \t\r\n"):
            raise self.error("empty")
        if line := line_of_nul(text):
            raise self.error("nul", line=line)
        return text

    def lines(self, text: str) -> Iterator[tuple[int, dict[str, str], bool]]:
        """Each line with anything in it: its number as a sheet counts it, its cells by the code of the column, and whether it has too
        many.

        Raises NotReadable: no_columns, column_twice, open_quote, empty, too_many_lines.
        """
        text = text.lstrip("\ufeff")
        offset = len(text) - len(text.lstrip("\r\n"))
        skipped = text[:offset].replace("\r\n", "\n").count("\n")
        text = text[offset:]
        first = io.StringIO(text).readline()
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(";\t,", key=first.count), strict=True)
        before = 0
        try:
            header = self._header(next(reader))
            count, before = 0, reader.line_num
            for cells in reader:
                number, before = before + 1 + skipped, reader.line_num
                if not any(cell.strip() for cell in cells):
                    continue
                count += 1
                if count > self.most_lines:
                    raise self.error("too_many_lines")
                extra = len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :])
                yield number, {code: cell for code, cell in zip(header, cells, strict=False) if code}, extra
        except csv.Error:
            raise self.error("open_quote", line=before + 1 + skipped) from None
        if not count:
            raise self.error("empty")

    def _header(self, cells: list[str]) -> list[str]:
        found = [self._names.get(_name(cell.strip("\ufeff '\"")), "") for cell in cells]
        lacking = [code for code in self.needed if code not in found]
        if lacking:
            raise self.error("no_columns", columns=", ".join(lacking))
        twice = sorted({code for code in found if code and found.count(code) > 1})
        if twice:
            raise self.error("column_twice", columns=", ".join(twice))
        return found


def line_of_nul(text: str) -> int:
    """The line, counted as a sheet does, of the first NUL; 0 where there is none. No column of the database can hold one."""
    at = text.find("\x00")
    return 0 if at < 0 else 1 + text[:at].replace("\r\n", "\n").replace("\r", "\n").count("\n")


def _name(text: str) -> str:
    return arabic.fold(text).replace(" ", "_")


def text_of(cell: str, longest: int) -> tuple[str, str]:
    """The text of a cell, or the code of what is wrong: control, formula, too_long. What has no width goes, a lone dash is `DASH`."""
    if cell.isascii() and cell.isprintable():
        text = " ".join(cell.split()) if " " in cell else cell
    else:
        text = " ".join(digits.clean(cell).split())
        if any((ord(sign) < 32 and sign not in "\t\r\n") or ord(sign) == 127 for sign in cell):
            return "", "control"
    if text in _DASHES:
        return DASH, ""
    if text.startswith(_FORMULA):
        return "", "formula"
    return ("", "too_long") if len(text) > longest else (text, "")


def day_of(typed: str, *, oldest: dt.date, today: dt.date | None = None) -> tuple[dt.date | None, str]:
    """The day of a cell (2024-05-31 or 31/05/2024), or the code of what is wrong: date, too_old, future (where `today` is given)."""
    iso, first = _ISO.fullmatch(typed), _DAY_FIRST.fullmatch(typed)
    parts = [int(part) for part in iso.groups()] if iso else [int(part) for part in first.groups()[::-1]] if first else []
    try:
        found = dt.date(*parts)
    except (TypeError, ValueError):
        return None, "date"
    if found < oldest:
        return None, "too_old"
    if today is not None and found > today:
        return None, "future"
    return found, ""
