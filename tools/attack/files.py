"""Hostile files: pictures, papers, archives and sheets, and hostile names for them."""

from __future__ import annotations

import csv
import io
import zipfile
from functools import cache
from itertools import cycle

from tests.municipality.uploads import hostile, seeds
from tools.attack.corpus import SHORT

NAMES = (
    "../../etc/passwd", "a\x00b.jpg", "a" * 300 + ".png", "con.jpg", '"; x="', "\u202egpj.exe", "صورة.jpg", ".htaccess",
    "<svg onload=x>.svg", "%00.pdf",
    "a.jpg.php", "\ud800.png", "", " ", "x\r\ny.jpg", "photo.jpg", "paper.pdf", "picture.webp",
)  # fmt: skip
_TYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
    "png": "image/png",
}
WRONG = '<c><v>1e999</v></c><c s="9"><v>-1</v></c><c t="d"><v>9999-99-99</v></c><c t="e"><v>#REF!</v></c>'
SHEET_PLACES = ("/register/sheets/", "/office/paper/", "/bankstatement/load/")


def takes_sheets(address: str) -> bool:
    """Whether the form at the address takes sheets, not pictures."""
    return any(place in address for place in SHEET_PLACES)


def content_type(name: str) -> str:
    """As a browser would guess it from the name."""
    return _TYPES.get(name.rpartition(".")[2], "image/jpeg")


@cache
def pictures() -> list[tuple[str, str, bytes]]:
    """What it is, name, content."""
    names = cycle(NAMES)
    found = [(note, next(names), content) for note, content in hostile.bombs().items()]
    found += [(f"polyglot {name}", name, content) for name, content in list(hostile.polyglots())[:60]]
    found += [(f"active {name}", name, content) for name, content in list(hostile.active_papers())[:40]]
    found += [(f"named {name[:20]!r}", name, seeds.photo()) for name in NAMES]
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><image href="file:///etc/passwd"/></svg>'
    odd = {
        "svg": svg,
        "empty": b"",
        "nul": b"\x00" * 5000,
        "html": b"<script>alert(1)</script>",
        "half jpeg": seeds.photo()[:400],
        "half pdf": seeds.pdf()[:300],
    }
    return found + [(note, f"{note}.jpg", content) for note, content in odd.items()]


@cache
def sheets() -> list[tuple[str, str, bytes]]:
    """What it is, name, content: CSV and XLSX of hostile cells, encodings and sizes."""
    cells = ["a", "2024/1", *SHORT[:40]]
    formulas = ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3", "\t=1", '=HYPERLINK("https://evil.example.test")']
    plain = "a,b,c\n1,2,3\n"
    texts = {
        "formulas": _csv([formulas] * 20),
        "nul": "a,b\x00,c\n1,\x002,3\n",
        "hostile cells": _csv([[value.encode("utf8", "replace").decode() for value in cells]] * 5),
        "ten thousand columns": ",".join(f"c{n}" for n in range(10_000)) + "\n" + ",".join("1" * 10_000),
        "a huge cell": f"a,b\n{'x' * 900_000},1\n",
        "open quotes": 'a,b\n"1,2\n' * 200,
        "no line end": "x" * 200_000,
        "carriage returns": "a,b\r1,2\r" * 50,
        "semicolons": "a;b;c\n1;2;3\n",
        "the same heading twice": "a,a,a\n1,2,3\n",
        "only heading": "a,b,c\n",
        "quotes in quotes": 'a,b\n"""""""""",""\n',
    }
    found = [(note, "sheet.csv", text.encode("utf8", "surrogatepass")) for note, text in texts.items()]
    found += [
        ("utf-16", "sheet.csv", plain.encode("utf-16")),
        ("utf-16 with nul", "sheet.csv", "a,b\n\x00,2\n".encode("utf-16")),
        ("utf-16 be", "sheet.csv", plain.encode("utf-16-be")),
        ("utf-32", "sheet.csv", plain.encode("utf-32")),
        ("utf-7", "sheet.csv", b"+AGE-,b\n"),
        ("windows-1256", "sheet.csv", "اسم,رقم\nمحل,1\n".encode("cp1256")),
        ("broken utf-8", "sheet.csv", b"a,b\n\xff\xfe\xed\xa0\x80,1\n"),
        ("empty", "sheet.csv", b""),
        ("bom alone", "sheet.csv", b"\xef\xbb\xbf"),
        ("binary", "sheet.csv", bytes(range(256)) * 40),
        ("csv called xlsx", "sheet.xlsx", plain.encode()),
        ("xlsx called csv", "sheet.csv", _xlsx("<row><c t=\"inlineStr\"><is><t>a</t></is></c></row>")),
        ("picture called xlsx", "sheet.xlsx", seeds.photo()),
        ("archive in an archive", "sheet.xlsx", hostile.archive()),
        ("bomb", "sheet.xlsx", _xlsx("<row><c><v>1</v></c></row>" * 2_000_000)),
        ("xlsx of shared strings that are not there", "sheet.xlsx", _xlsx('<row><c t="s"><v>99999</v></c></row>')),
        ("xlsx of a formula", "sheet.xlsx", _xlsx("<row><c><f>WEBSERVICE(\"https://evil.example.test\")</f><v>1</v></c></row>")),
        ("xlsx of far cells", "sheet.xlsx", _xlsx('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')),
        ("xlsx of wrong numbers", "sheet.xlsx", _xlsx(f"<row>{WRONG}</row>")),
        ("xlsx with entities", "sheet.xlsx", _xlsx("<row/>", head='<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>')),
        ("xlsx without sheets", "sheet.xlsx", _zip({"[Content_Types].xml": "<Types/>"})),
        ("xlsx with paths", "sheet.xlsx", _zip({"../../etc/passwd": "x", "xl/workbook.xml": "<workbook/>"})),
        ("half an archive", "sheet.xlsx", _xlsx("<row/>")[:200]),
    ]  # fmt: skip
    return found + [(f"named {name[:20]!r}", name, plain.encode()) for name in NAMES]


def _csv(rows: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def _zip(members: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return out.getvalue()


def _xlsx(rows: str, head: str = "") -> bytes:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    types = (
        f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>'
    )
    book = f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>'

    def leads(kind: str, target: str) -> str:
        one = f'<Relationship Id="r1" Type="{office}/{kind}" Target="{target}"/>'
        return f'<Relationships xmlns="{package}/relationships">{one}</Relationships>'

    return _zip(
        {
            "[Content_Types].xml": types,
            "_rels/.rels": leads("officeDocument", "xl/workbook.xml"),
            "xl/workbook.xml": book,
            "xl/_rels/workbook.xml.rels": leads("worksheet", "worksheets/sheet1.xml"),
            "xl/worksheets/sheet1.xml": f'<?xml version="1.0"?>{head}<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>',
        }
    )
