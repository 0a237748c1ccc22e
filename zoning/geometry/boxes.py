"""Rows whose box meets another one, by an index of the database: GiST on boxes in PostgreSQL, an R*Tree in SQLite.

A box that meets is a candidate; whether the shapes meet is computed exactly afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from django.db import connection, models
from django.db.models.expressions import RawSQL

M = TypeVar("M", bound=models.Model)
Box = tuple[float, float, float, float]


def meeting(rows: models.QuerySet[M], box: Box) -> models.QuerySet[M]:
    """The rows of a model of saved shapes whose box meets `box` (west, south, east, north in degrees), also one that `halves` divides."""
    parts = [tuple(map(float, half)) for half in halves(box)]  # numbers of numpy are no parameters of PostgreSQL
    table = rows.model._meta.db_table
    if connection.vendor == "postgresql":
        # The planner takes any box to meet 0.5 % of a table, and would read a table that is joined whole; it takes an array to be short.
        meets = "box(point(near.west, near.south), point(near.east, near.north)) && box(point(%s, %s), point(%s, %s))"
        condition = RawSQL(
            f"{table}.id = ANY (ARRAY (SELECT near.id FROM {table} near WHERE {' OR '.join([meets] * len(parts))}))",
            [number for part in parts for number in part],
            output_field=models.BooleanField(),
        )
        return rows.filter(condition)
    meets = "east >= %s AND west <= %s AND north >= %s AND south <= %s"
    values = [number for west, south, east, north in parts for number in (west, east, south, north)]
    return rows.filter(pk__in=RawSQL(f"SELECT id FROM {table}_box WHERE {' OR '.join([meets] * len(parts))}", values))


def halves(box: Box) -> list[Box]:
    """A box, or the two parts of one across the antimeridian, whose west lies above its east (RFC 7946, 5.2)."""
    west, south, east, north = box
    return [(west, south, 180.0, north), (-180.0, south, east, north)] if west > east else [box]


def statements(vendor: str, table: str) -> Iterator[str]:
    """What a migration executes after it made a table of saved shapes."""
    if vendor == "postgresql":
        yield f"CREATE INDEX {table}_box ON {table} USING gist (box(point(west, south), point(east, north)))"
        return
    yield f"CREATE VIRTUAL TABLE {table}_box USING rtree(id, west, east, south, north)"
    yield from triggers(table)


def triggers(table: str) -> Iterator[str]:
    """What keeps the R*Tree of SQLite up to date. A migration that rebuilds the table drops these and has to write them again."""
    columns, values = "id, west, east, south, north", "NEW.id, NEW.west, NEW.east, NEW.south, NEW.north"
    write = f"INSERT OR REPLACE INTO {table}_box ({columns}) VALUES ({values})"
    yield f"CREATE TRIGGER {table}_box_new AFTER INSERT ON {table} BEGIN {write}; END"
    yield f"CREATE TRIGGER {table}_box_moved AFTER UPDATE OF west, south, east, north ON {table} BEGIN {write}; END"
    yield f"CREATE TRIGGER {table}_box_gone AFTER DELETE ON {table} BEGIN DELETE FROM {table}_box WHERE id = OLD.id; END"
