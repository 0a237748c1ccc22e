"""Shapes go into the table of rows by COPY."""

from __future__ import annotations

from municipality.kernel import bulk_copy


def test_bytes_are_written_as_postgresql_reads_them_in_copy() -> None:
    assert bulk_copy._line((b"\x01\xff\\", "a\\b", None)) == "\\\\x01ff5c\ta\\\\b\t\\N\n"
