"""Inserting many rows at once: COPY on PostgreSQL, one prepared INSERT elsewhere. For demo data, imports and derived tables."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

CHUNK = 20_000
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def copy_rows(connection: Any, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Insert rows into a table in the caller's transaction; its triggers and constraints apply. Returns how many rows.

    Values are texts, numbers, dates, booleans, bytes, None, and lists of integers (PostgreSQL only). The names of the table and of the
    columns become part of the SQL, so they must not be user input.
    """
    written, source = 0, iter(rows)
    column_list = ", ".join(columns)
    with connection.cursor() as cursor:
        while chunk := list(islice(source, CHUNK)):
            if connection.vendor == "postgresql":
                text = io.StringIO("".join(_line(row) for row in chunk))
                with connection.wrap_database_errors:  # the driver's own method: what it raises becomes Django's
                    cursor.copy_expert(f"COPY {table} ({column_list}) FROM STDIN", text)
            else:
                placeholders = ", ".join(["%s"] * len(columns))
                cursor.executemany(f"INSERT INTO {table} ({column_list}) VALUES ({placeholders})", chunk)  # noqa: S608 - names are ours
            written += len(chunk)
    return written


def _line(row: Sequence[Any]) -> str:
    return "\t".join(map(_value, row)) + "\n"


def _value(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value.translate(_ESCAPES)
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, bytes):
        return f"\\\\x{value.hex()}"  # its backslash is escaped in COPY
    if isinstance(value, list):
        return "{" + ",".join(map(str, value)) + "}"
    return str(value)
