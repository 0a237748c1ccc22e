"""Tables as CSV and XLSX, without cells that a spreadsheet evaluates as formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

import xlsxwriter

# What spreadsheets take for the beginning of a formula (OWASP, CSV injection; line feed since August 2025).
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
Cell = str | int


def harmless(cell: Cell) -> str:
    """The text of a CSV cell, with an apostrophe before what a spreadsheet could evaluate as a formula."""
    if isinstance(cell, int):
        return str(cell)
    return f"'{cell}" if cell.lstrip(" ").startswith(_DANGEROUS) else cell


def as_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]], *, separator: str = ",") -> bytes:
    """CSV in UTF-8 with a byte order mark, which spreadsheets need for Arabic."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\r\n")
    writer.writerow([harmless(cell) for cell in header])
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def as_xlsx(sheets: Iterable[tuple[str, Sequence[str], Iterable[Sequence[Cell]]]]) -> bytes:
    """A workbook of (name, header, rows), right to left; texts are written as strings, whole numbers as numbers."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        bold = book.add_format({"bold": True})
        for name, header, rows in sheets:
            sheet = book.add_worksheet(name[:31])
            sheet.right_to_left()
            sheet.freeze_panes(1, 0)
            for column, title in enumerate(header):
                sheet.write_string(0, column, title, bold)
            for number, row in enumerate(rows, start=1):
                for column, cell in enumerate(row):
                    if isinstance(cell, int):
                        sheet.write_number(number, column, cell)
                    else:
                        sheet.write_string(number, column, cell)
            sheet.set_column(0, max(len(header) - 1, 0), 18)
    return out.getvalue()
