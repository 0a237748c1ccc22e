"""From bytes to cells: encoding, separator, header, lines. Plain Python over bytes; knows no database."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from municipality.kernel import arabic
from violations.paper.problems import NotReadable

MOST_BYTES = 12 * 1024 * 1024
MOST_LINES = 50_000
# Code of a column → its names in a first line. Every name is compared folded.
COLUMNS: dict[str, tuple[str, ...]] = {
    "paper_no": ("رقم المحضر",),
    "date": ("تاريخ المحضر", "التاريخ"),
    "offence": ("رمز المخالفة",),
    "offence_text": ("نص المخالفة", "المخالفة"),
    "article": ("المادة",),
    "civil_id": ("الرقم المدني",),
    "licence_no": ("رقم الرخصة", "رقم الترخيص التجاري"),
    "party_name": ("اسم المخالف", "الاسم"),
    "amount": ("المبلغ",),
    "state": ("الحالة",),
    "served_on": ("تاريخ الإعلان",),
    "pay_by": ("آخر يوم للسداد",),
    "ruling_no": ("رقم الحكم",),
    "ruled_on": ("تاريخ الحكم",),
    "area": ("المنطقة",),
    "branch": ("الفرع",),
    "note": ("ملاحظة", "ملاحظات"),
}
NEEDED = ("paper_no", "date", "amount", "state")
_NAMES = {arabic.fold(name).replace(" ", "_"): code for code, names in COLUMNS.items() for name in (code, *names)}
_ARABIC = re.compile("[\u0621-\u064a]")


def decode(content: bytes) -> tuple[str, str]:
    """The text of a file and its encoding: UTF-8 with or without a byte order mark, UTF-16 with one, or Windows-1256.

    Raises NotReadable: too_big, workbook, binary, broken_text, empty.
    """
    if len(content) > MOST_BYTES:
        raise NotReadable("too_big")
    if content[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        raise NotReadable("workbook")
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return _whole(content.decode("utf-16")), "utf-16"
        except UnicodeDecodeError:
            raise NotReadable("broken_text") from None
    if b"\x00" in content or content[:4] == b"%PDF":
        raise NotReadable("binary")
    try:
        return _whole(content.decode("utf-8-sig")), "utf-8"
    except UnicodeDecodeError:
        # Windows-1256 gives a letter to every byte, so it never fails. Arabic letters among what can be read as UTF-8 say that
        # the file is UTF-8 with damage, and reading it as 1256 would bring in nonsense.
        if _ARABIC.search(content.decode("utf-8", errors="ignore")):
            raise NotReadable("broken_text") from None
        return _whole(content.decode("cp1256")), "windows-1256"


def _whole(text: str) -> str:
    if not text.strip("\ufeff \t\r\n"):
        raise NotReadable("empty")
    return text


def _separator(first: str) -> str:
    return max(";\t,", key=first.count)


def lines(text: str) -> Iterator[tuple[int, dict[str, str], bool]]:
    """Each line with anything in it: its number as a sheet counts it, its cells by the code of the column, and whether it has too many.

    Raises NotReadable: no_columns, column_twice, open_quote, empty, too_many_lines.
    """
    text = text.lstrip("\ufeff")
    offset = len(text) - len(text.lstrip("\r\n"))
    skipped = text[:offset].replace("\r\n", "\n").count("\n")
    text = text[offset:]
    separator = _separator(text.splitlines()[0])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    before = 0
    try:
        header = _header(next(reader))
        count, before = 0, reader.line_num
        for cells in reader:
            number, before = before + 1 + skipped, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            count += 1
            if count > MOST_LINES:
                raise NotReadable("too_many_lines")
            extra = any(cell.strip() for cell in cells[len(header) :])
            yield number, {code: cell for code, cell in zip(header, cells, strict=False) if code}, extra
    except csv.Error:
        raise NotReadable("open_quote", line=before + 1 + skipped) from None
    if not count:
        raise NotReadable("empty")


def _header(cells: list[str]) -> list[str]:
    found = [_NAMES.get(arabic.fold(cell.strip("\ufeff '\"")).replace(" ", "_"), "") for cell in cells]
    lacking = [code for code in NEEDED if code not in found]
    if lacking:
        raise NotReadable("no_columns", columns=", ".join(lacking))
    twice = sorted({code for code in found if code and found.count(code) > 1})
    if twice:
        raise NotReadable("column_twice", columns=", ".join(twice))
    return found
