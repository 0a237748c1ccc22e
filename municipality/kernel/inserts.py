"""New rows of tables that every act writes to: worded once a process, as `questions` are; only their values are put in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from django.db import connections, router, transaction
from django.db.models import AutoField, Field, Model
from django.db.models.signals import post_save, pre_save

Row = TypeVar("Row", bound=Model)
_AT_ONCE = 100  # rows in one statement


@dataclass(frozen=True)
class _Wording:
    """How rows of one model are inserted: the statement up to its values, the values of one row, and their fields."""

    head: str
    row: str
    fields: tuple[Field[Any, Any], ...]


_wordings: dict[type[Model], _Wording] = {}


def insert(*rows: Row) -> None:
    """Insert new rows of one model by one statement and give them their numbers, as `bulk_create` does.

    Raises IntegrityError, TypeError for a value that the database would have to work out, and ValueError for a row that has its number
    already and for a model whose rows need more than plain values (a default of the database, a placeholder of its own, a `save` of its
    own, a listener to its saving) or whose number is not given by the database.
    """
    with _together(rows):
        for some in _parts(rows):
            for row, (number,) in zip(some, _written(some, "RETURNING {pk}"), strict=True):
                _is_there(row, number)


def insert_new(rows: Sequence[Row], *, by: str) -> list[Row]:
    """As `insert`, but a row that breaks a unique key, also of one that another transaction is committing, is left out, not refused.

    `by` names the column that tells the rows apart. Returns those that were written.
    """
    new: list[Row] = []
    with _together(rows):
        for some in _parts(rows):
            numbers = {told: number for number, told in _written(some, "ON CONFLICT DO NOTHING RETURNING {pk}, {by}", by)}
            for row in some:
                if getattr(row, by) in numbers:
                    _is_there(row, numbers[getattr(row, by)])
                    new.append(row)
    return new


def _together(rows: Sequence[Model]) -> AbstractContextManager[Any]:
    """One transaction for what takes several statements; no savepoint inside the caller's."""
    return transaction.atomic(savepoint=False) if len(rows) > _AT_ONCE else nullcontext()


def _parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    return (rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE))


def _written(rows: Sequence[Model], tail: str, by: str = "") -> list[Any]:
    model, meta = type(rows[0]), cast(Any, rows[0]._meta)
    connection = connections[router.db_for_write(model)]
    quote = connection.ops.quote_name
    if model not in _wordings:
        _wordings[model] = _worded(model, quote)
    wording = _wordings[model]
    values: list[Any] = []
    for row in rows:
        if row.pk is not None:
            raise ValueError(f"{row!r} has its number already")
        for field in wording.fields:
            value = field.pre_save(row, add=True)
            if hasattr(value, "resolve_expression"):
                raise TypeError(f"{model.__name__}.{field.name} is to be worked out by the database")
            values.append(field.get_db_prep_save(value, connection))
    last = tail.format(by=by and quote(meta.get_field(by).column), pk=quote(meta.pk.column))
    with connection.cursor() as cursor:
        cursor.execute(f"{wording.head} {', '.join([wording.row] * len(rows))} {last}", values)
        return list(cursor.fetchall())


def _worded(model: type[Model], quote: Any) -> _Wording:
    meta = model._meta
    fields = tuple(field for field in meta.local_concrete_fields if field is not meta.pk)
    special = "get_placeholder", "get_placeholder_sql"  # the second from Django 6.1 on
    plain = not any(field.has_db_default() or field.generated or any(hasattr(field, name) for name in special) for field in fields)
    heard = model.save is not Model.save or any(signal.has_listeners(model) for signal in (pre_save, post_save))
    if not isinstance(meta.pk, AutoField) or meta.parents or not plain or heard:
        raise ValueError(f"rows of {meta.label} are inserted by the mapper")
    columns = ", ".join(quote(field.column) for field in fields)
    head = f"INSERT INTO {quote(meta.db_table)} ({columns}) VALUES"
    return _Wording(head, f"({', '.join(['%s'] * len(fields))})", fields)


def _is_there(row: Model, number: int) -> None:
    row.pk = number
    row._state.adding, row._state.db = False, router.db_for_write(type(row))
