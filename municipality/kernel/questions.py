"""Questions to the database that are asked again and again: worded once a process, only their values are put in.

Django's mapper puts every statement together anew, which takes three times as long as asking it and making objects of the rows.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from itertools import count, islice
from typing import Any, Generic, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import QuerySet

Row = TypeVar("Row")
Value = int | str | dt.date  # an instant is a date too
_LONGEST = 1024  # of a list whose wording is kept
_BASES = (28_000, 24_000)  # of stand-ins
_SINGLE = -1
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class _Wording:
    """A statement as the database gets it. `places` says of each of its parameters which value it is, or None for `constants`' own."""

    queryset: Any
    compiler: Any
    sql: str
    places: tuple[int | None, ...]
    constants: tuple[Any, ...]


class Question(Generic[Row]):
    """A queryset of some values, as a function that answers with its rows: `Question(lambda owner: Shop.objects.filter(owner=owner))`.

    Values are whole numbers, texts, days, instants, and lists of one of these. Whatever else the wording reads is fixed at its first
    use: it may depend on nothing but its values, and on the length of a list only by `…__in`. A day or an instant that it fixes is
    refused (ValueError), since tomorrow it would be wrong; so are a locking statement, which asks about its transaction, and one that
    prefetches. None is no value (TypeError): it would need another statement.
    """

    def __init__(self, word: Callable[..., Iterable[Row]]) -> None:
        self._word = word
        self._wordings: dict[tuple[Any, ...], _Wording | None] = {}

    def __call__(self, *values: Value | Sequence[Value]) -> list[Row]:
        """The rows for these values, by one statement; none where the database need not be asked (`__in` an empty list)."""
        flat: list[Value] = []
        lengths = []
        for value in values:
            if isinstance(value, list | tuple):
                if len(value) > _LONGEST:
                    return list(self._word(*values))
                length = _room(len(value))
                lengths.append(length)
                flat += [*value, *value[-1:] * (length - len(value))]  # what is asked for twice is found once
            else:
                lengths.append(_SINGLE)
                flat.append(value)  # type: ignore[arg-type]
        for one in flat:
            if isinstance(one, bool) or not isinstance(one, int | str | dt.date):
                raise TypeError(f"{one!r} is no value of a question")
        connection = connections[DEFAULT_DB_ALIAS]
        shape = (connection.vendor, *lengths)
        if shape not in self._wordings:
            self._wordings[shape] = self._worded(connection, lengths, flat)
        wording = self._wordings[shape]
        return [] if wording is None else _rows(wording, connection, [_adapted(connection, one) for one in flat])

    def one(self, *values: Value | Sequence[Value]) -> Row | None:
        """The first of the rows, for questions that have at most one."""
        return next(iter(self(*values)), None)

    def _worded(self, connection: Any, lengths: Sequence[int], like: Sequence[Value]) -> _Wording | None:
        """The statement, worded twice with other stand-ins for the values: what changes with them is theirs, and the rest is not."""
        try:
            first, second = (self._stood_in(connection, lengths, like, base) for base in _BASES)
        except EmptyResultSet:
            if 0 in lengths:
                return None
            raise ValueError("a question that never finds anything") from None
        if first.sql != second.sql or first.places != second.places or first.constants != second.constants:
            raise ValueError(f"the statement depends on its values otherwise than by holding them: {first.sql}")
        return first

    def _stood_in(self, connection: Any, lengths: Sequence[int], like: Sequence[Value], base: int) -> _Wording:
        stand_ins = [_stand_in(one, number) for one, number in zip(like, count(base), strict=False)]
        rest = iter(stand_ins)
        queryset: Any = self._word(*[next(rest) if length == _SINGLE else list(islice(rest, length)) for length in lengths])
        is_plain = isinstance(queryset, QuerySet) and not queryset.query.select_for_update
        if not is_plain or getattr(queryset, "_prefetch_related_lookups", None):
            raise ValueError("a question is a queryset that neither locks nor prefetches")
        compiler = queryset.query.get_compiler(using=DEFAULT_DB_ALIAS)
        sql, params = compiler.as_sql()
        known = {_adapted(connection, stand_in): place for place, stand_in in enumerate(stand_ins)}
        places = tuple(known.get(param) if isinstance(param, int | str | dt.date) else None for param in params)
        missing = set(range(len(stand_ins))) - set(places)
        if missing:
            raise ValueError(f"the statement changes or leaves out its values {sorted(missing)}: {sql}")
        constants = tuple(None if place is not None else param for place, param in zip(places, params, strict=True))
        for constant in constants:
            if _is_dated(constant):
                raise ValueError(f"{constant} is fixed in the statement: {sql}")
        return _Wording(queryset, compiler, sql, places, constants)


def _is_dated(constant: Any) -> bool:
    """Whether it is a day or an instant, or reads as one: some databases take them as text."""
    return isinstance(constant, dt.date) or (isinstance(constant, str) and _DAY.match(constant) is not None)


def _room(length: int) -> int:
    """The next power of two, so that lists of all lengths need few wordings."""
    return 1 << (length - 1).bit_length() if length else 0


def _stand_in(like: Value, number: int) -> Value:
    """A value of the same kind; a whole number within the smallest column, beyond which the mapper asks for nothing."""
    if isinstance(like, dt.datetime):
        return dt.datetime(9000, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=number)
    if isinstance(like, dt.date):
        return dt.date(9000, 1, 1) + dt.timedelta(days=number)
    return number if isinstance(like, int) else f"stand-in {number}"


def _adapted(connection: Any, value: Value) -> Any:
    """As the database's driver gets it."""
    if isinstance(value, dt.datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return connection.ops.adapt_datefield_value(value) if isinstance(value, dt.date) else value


def _rows(wording: _Wording, connection: Any, values: Sequence[Any]) -> list[Any]:
    """Read as the queryset itself would, by a compiler that has its statement already."""
    params = tuple(constant if place is None else values[place] for place, constant in zip(wording.places, wording.constants, strict=True))
    compiler = copy(wording.compiler)
    compiler.connection = connection  # each thread has its own
    compiler.as_sql = lambda *_arguments, **_options: (wording.sql, params)
    query = copy(wording.queryset.query)
    query.get_compiler = lambda *_arguments, **_options: compiler
    asked: Any = QuerySet(model=wording.queryset.model, query=query, using=DEFAULT_DB_ALIAS)
    asked._fields = wording.queryset._fields
    return list(wording.queryset._iterable_class(asked))
