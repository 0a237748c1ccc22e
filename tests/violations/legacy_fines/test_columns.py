"""What offices send: encodings, separators, headers, damage. Each is read, or refused with a sentence that says what to do."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from municipality.kernel.sheets import Layout
from tests.violations.legacy_fines.sheets import GOOD, sheet, text
from violations.legacy_fines.columns import COLUMNS, LAYOUT, MAX_BYTES
from violations.legacy_fines.problems import FILE, NotReadable

NOTE = {"note": "أكياس مفتوحة"}


def read(content: bytes, layout: Layout = LAYOUT) -> list[tuple[int, dict[str, str], bool]]:
    return list(layout.rows(content))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1256", "utf-16"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_every_encoding_and_separator_gives_the_same_cells(encoding: str, separator: str) -> None:
    ((line, cells, extra),) = read(sheet(NOTE, encoding=encoding, separator=separator))
    assert (line, cells, extra) == (2, {name: str(value) for name, value in (GOOD | NOTE).items()}, False)


def test_the_columns_may_be_named_in_arabic_and_stand_in_any_order() -> None:
    named = [COLUMNS[code][0] for code in GOOD]
    assert read(sheet(NOTE, columns=named, encoding="cp1256"))[0][1]["note"] == NOTE["note"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \r\n", "empty"),
        (sheet(), "empty"),
        (b"PK\x03\x04rest", "workbook"),
        (b"\xd0\xcf\x11\xe0rest", "workbook"),
        (b"%PDF-1.7", "binary"),
        (b"a;b\x00c", "binary"),
        (b"\xff\xfea", "broken_text"),
        (sheet(NOTE)[:-3] + b"\xd8\r\n", "broken_text"),
        (b"name;sum\r\n1;2\r\n", "no_columns"),
        (sheet({}, columns=[*list(GOOD)[:-1], "paper_no"]), "column_twice"),
        (sheet({}) + b'"1;2;3', "open_quote"),
        (b"x" * (MAX_BYTES + 1), "too_big"),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_a_file_that_cannot_be_read_says_what_to_do(content: bytes, code: str) -> None:
    with pytest.raises(NotReadable, match=code) as refusal:
        read(content)
    assert refusal.value.sentence and "%(" not in refusal.value.sentence
    assert code in FILE


@pytest.mark.parametrize("newline", ["\r\n", "\n", "\r"])
def test_a_sheet_with_nul_names_its_line(newline: str) -> None:
    """UTF-16 gives a byte of nought to every Latin letter, so NUL is looked for after decoding."""
    found = text({}, {"note": "a\x00b"}).replace("\r\n", newline).encode("utf-16")
    with pytest.raises(NotReadable, match="nul") as refusal:
        read(found)
    assert refusal.value.facts == {"line": 3} and "3" in refusal.value.sentence


def test_a_sheet_with_half_a_sign_is_damaged() -> None:
    with pytest.raises(NotReadable, match="broken_text"):
        read(text({"note": "\ud800"}).encode("utf-16", "surrogatepass"))


def test_too_many_lines_are_refused() -> None:
    with pytest.raises(NotReadable, match="too_many_lines"):
        read(sheet({}, {}, {}), replace(LAYOUT, max_lines=2))


def test_lines_are_counted_as_a_sheet_counts_them() -> None:
    """A cell over two lines, an empty line, and a line with a cell too many."""
    content = (
        text({"note": "سطر\nثان"}, {}).replace("\r\n\r\n", "\r\n") + ";" * (len(GOOD) - 1) + "\r\n" + text({}).splitlines()[1] + ";x\r\n"
    )
    assert [(line, extra) for line, _cells, extra in LAYOUT.lines(content)] == [(2, False), (4, False), (6, True)]


@given(st.binary(max_size=400))
def test_no_bytes_at_all_bring_anything_but_lines_or_a_refusal(content: bytes) -> None:
    for whole in (b"paper_no;date;amount;state\r\n" + content, content):
        with contextlib.suppress(NotReadable):
            assert all(line > 1 and cells.keys() <= set(COLUMNS) for line, cells, _extra in read(whole))
