"""What a page sends to the database and what it answers, recorded from one real request; PostgreSQL only.

The recorder is the innermost middleware: what the other middleware asks (session, person, limits of the session) is
asked for a floor view too and is not recorded. The request is undone afterwards, so that a floor may insert the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from django.db import connection, transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.template.base import VariableNode

from municipality.documents.models import Counter
from tools.benchmarks.client import COUNT, QUERIES, RECORD, ROWS, VALUES

_FIRST_MADE, _APART = 500_000_000, 1_000_000  # with 200 tables still below 2**30: the words of the register of shops are kept as integers


@dataclass(frozen=True)
class Statement:
    """One statement as the driver got it; `made` holds the numbers of the rows that it made or read, as far as a sequence gave them."""

    sql: str
    params: Any
    rows: int = 0
    made: tuple[int, ...] = ()

    @property
    def writes(self) -> bool:
        return self.sql.lstrip().split(None, 1)[0].upper() in ("INSERT", "UPDATE", "DELETE")


@dataclass
class Recording:
    """Statements of a page in order, without BEGIN and COMMIT, and its answer."""

    statements: list[Statement] = field(default_factory=list)
    body: bytes = b""
    status: int = 200
    content_type: str = ""
    location: str = ""
    values: int = 0  # variables that the page's template put in

    @property
    def has_token(self) -> bool:
        """Whether the page holds a form, for which the middleware makes a token."""
        return b"csrfmiddlewaretoken" in self.body

    @property
    def rows(self) -> int:
        """Rows that the page fetched in all."""
        return sum(statement.rows for statement in self.statements)

    @property
    def writes(self) -> bool:
        return any(statement.writes for statement in self.statements)


RECORDINGS: dict[str, Recording] = {}  # of this process: a benchmark's server has one worker


def _is_outermost(sql: str) -> bool:
    """Whether a savepoint statement stands for the page's own BEGIN or COMMIT, the recorder's transaction being round it."""
    return sql.startswith(("SAVEPOINT", "RELEASE SAVEPOINT")) and not connection.savepoint_ids


def _numbers(rows: list[Any]) -> tuple[int, ...]:
    """The first column of rows, as far as it is a number that a sequence gave since `separate_numbers`."""
    return tuple(row[0] for row in rows if isinstance(row[0], int) and row[0] >= _FIRST_MADE)


class Tape:
    """An execute wrapper that writes statements down with the rows they brought."""

    def __init__(self) -> None:
        self.statements: list[Statement] = []

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if many:
            raise NotImplementedError("executemany is not recorded")
        outermost = _is_outermost(sql)
        answer = execute(sql, params, many, context)
        if outermost:
            return answer
        raw = context["cursor"].cursor  # the driver's own: its rows are here already and it can be wound back
        rows = raw.fetchall() if raw.description else []
        if rows:
            raw.scroll(0, mode="absolute")
        self.statements.append(Statement(sql, params, len(rows), _numbers(rows)))
        return answer


@contextmanager
def undone() -> Iterator[None]:
    """Do everything in a transaction, then take it back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@contextmanager
def counted_values() -> Iterator[list[None]]:
    """Grows by one for each variable that a template puts in meanwhile."""
    put: list[None] = []

    def render(node: VariableNode, context: Any, whole: Any = VariableNode.render) -> Any:
        put.append(None)
        return whole(node, context)

    with mock.patch.object(VariableNode, "render", render):
        yield put


def record(answer: Callable[[], HttpResponse]) -> tuple[Recording, HttpResponse]:
    """What `answer` sent and said; what it wrote is undone."""
    tape = Tape()
    with undone(), connection.execute_wrapper(tape), counted_values() as put:
        response = answer()
    told = (response.content, response.status_code, response["Content-Type"], response.get("Location", ""))
    return Recording(tape.statements, *told, values=len(put)), response


def replay(recording: Recording) -> int:
    """Send the recorded statements through a bare cursor and fetch all rows; how many came.

    A page that writes is replayed inside one transaction that is undone, after the checks of foreign keys that a commit would
    make. The number of a row inserted by the replay stands wherever the recorded one stood.
    """
    if not recording.writes:
        return _send(recording.statements)
    with undone():
        count = _send(recording.statements)
        with connection.cursor() as cursor:
            cursor.cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        return count


def _send(statements: list[Statement]) -> int:
    made: dict[int, int] = {}
    count = 0
    for statement in statements:
        params = statement.params
        if made and params:
            params = tuple(_put(value, made) for value in params)
        with connection.cursor() as cursor:
            raw = cursor.cursor
            raw.execute(statement.sql, params)
            rows = raw.fetchall() if raw.description else []
        count += len(rows)
        if statement.made:
            made.update(zip(statement.made, _numbers(rows), strict=True))
    return count


def _put(value: Any, made: dict[int, int]) -> Any:
    """A parameter with the numbers of the replay; many rows at once are given as lists of columns."""
    if type(value) is list:
        return [_put(one, made) for one in value]
    return made.get(value, value) if type(value) is int else value


def separate_numbers() -> None:
    """Let every sequence of the database go on far apart, so that a number tells which row it is."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('%%I.%%I', schemaname, sequencename) FROM pg_sequences"
            " WHERE data_type = 'bigint'::regtype AND coalesce(last_value, 0) < %s ORDER BY 1",
            [_FIRST_MADE],
        )
        for place, (name,) in enumerate(cursor.fetchall()):
            cursor.execute("SELECT setval(%s, %s)", [name, _FIRST_MADE + place * _APART])


class RecordingMiddleware:
    """Innermost: records the request whose header names a recording."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = request.headers.get(RECORD)
        if name is None:
            return self.get_response(request)
        RECORDINGS[name], response = record(lambda: self.get_response(request))
        if RECORDINGS[name].writes:
            Counter.objects.update(last=F("last") + 1)  # numbers that the floor writes again and again are nobody else's
        response[ROWS], response[VALUES] = str(RECORDINGS[name].rows), str(RECORDINGS[name].values)
        return response


class CountingMiddleware:
    """Outermost: counts the statements of the whole request, session and person included, where a header asks for it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if COUNT not in request.headers:
            return self.get_response(request)
        counted: list[str] = []

        def count(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
            counted.append(sql)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(count):
            response = self.get_response(request)
        response[QUERIES] = str(len(counted))
        return response
