"""What is exported is read by spreadsheets: no cell becomes a formula."""

from __future__ import annotations

import html
import io
import re
import zipfile

import pytest

from municipality.ui.tables import as_csv, as_xlsx, harmless

DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", '=HYPERLINK("http://x")', "\uff1d1"]


@pytest.mark.parametrize("cell", DANGEROUS)
def test_a_cell_that_a_spreadsheet_would_compute_begins_with_an_apostrophe(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"
    assert f"'{cell.strip()[:2]}" in as_csv(["head"], [[cell]]).decode("utf-8-sig").replace('"', "") or cell.strip() != cell


def test_ordinary_cells_stay_as_they_are() -> None:
    assert [harmless(cell) for cell in ("نص", "10.000", "BIL-2026", "", 5, -5)] == ["نص", "10.000", "BIL-2026", "", "5", "-5"]
    assert as_csv(["أ"], [["ب", 1]]).decode("utf-8-sig") == "أ\r\nب,1\r\n"


@pytest.mark.parametrize("cell", DANGEROUS)
def test_a_workbook_holds_texts_and_numbers_and_no_formula(cell: str) -> None:
    content = as_xlsx([("فروق", ["أ", "ب"], [[cell, 15_000]])])
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        strings = book.read("xl/sharedStrings.xml").decode()
    assert "<f>" not in sheet and "<hyperlink" not in sheet
    assert re.search(r"<v>15000</v>", sheet)
    assert cell.strip() in html.unescape(strings)
