"""Two engines that find the shops with a word of each of some sets: PostgreSQL with arrays and a GIN index, SQLite with FTS5."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, NamedTuple, Protocol

from django.db import OperationalError, connection
from django.utils.translation import gettext_lazy as _

from municipality.kernel.errors import Refused

WINDOW = 200  # shops that are ranked at most; others need a narrower query
ENOUGH = 40  # hits in a sample that suffice: two pages, besides names that begin with the text
TIMEOUT_MS = 1_000
BEGINNINGS = ENOUGH  # results by the beginning of the name, in each language
_LAST = "\U0010ffff"
FIELDS = (
    "e.shop_id, e.name_ar, e.name_en, e.words, e.area_id, e.latitude, e.longitude, e.closed_on, e.suspended_on, e.licence, e.licence_end"
)


class Sample(NamedTuple):
    """A sample of the shops: each `one_in`-th shop has its words again as negative numbers, offset by `beyond`, so that common
    words are looked up in few rows.

    Used if the rarest word has more than `rare` shops, and at least `share` of ENOUGH shops are expected in the sample.
    """

    one_in: int
    beyond: int
    rare: int
    share: float

    def holds(self, shop: int) -> bool:
        return shop % self.one_in == 0

    def fits(self, word: int) -> bool:
        """Whether the token of a word in this sample is in the range of PostgreSQL's integers."""
        return word + self.beyond < 1 << 31

    def token(self, word: int) -> int:
        return -(word + self.beyond)

    def is_worth_it(self, rarest: int, expected: float) -> bool:
        return rarest > self.rare and expected > self.share * ENOUGH * self.one_in


SAMPLES = (Sample(64, 0, 6_000, 0.8), Sample(8, 1 << 30, 3_000, 0.4))  # the smallest first


class Candidate(NamedTuple):
    """One entry of the index."""

    shop_id: int
    name_ar: str
    name_en: str
    words: str
    area_id: int
    latitude: float | None
    longitude: float | None
    closed_on: Any
    suspended_on: Any
    licence: str
    licence_end: Any


@dataclass(frozen=True)
class Where:
    """An SQL condition on an entry `e`, with its values."""

    sql: str = ""
    values: tuple[Any, ...] = ()


class SearchBusy(Refused):
    """The query took too long."""

    status = 503

    def __init__(self) -> None:
        super().__init__("search_busy", _("This search takes too long at the moment. Add a word or choose an area, and try again."))


class Engine(Protocol):
    """The interface of both engines."""

    def find_matching(self, sets: Sequence[Sequence[int]], counts: Sequence[int], where: Where, limit: int) -> tuple[list[Candidate], bool]:
        """Up to `limit` shops with a word of every set, and whether there are more; `counts` are the shops of each set, the lowest
        first.
        """
        ...

    def find_beginning(self, key: str, where: Where, limit: int = BEGINNINGS) -> list[Candidate]:
        """Up to `limit` shops by each of their names whose folded one begins with `key`, in the order of the names."""
        ...

    def find_numbered(self, number: str, where: Where, limit: int) -> list[Candidate]:
        """Shops with a number that begins with `number`, the shortest number first."""
        ...


class _BTreeQueries:
    """The queries that both engines answer by a B-tree index."""

    def run(self, sql: str, values: Sequence[Any]) -> list[Candidate]:
        with connection.cursor() as cursor:
            cursor.execute(sql, list(values))
            return list(map(Candidate._make, cursor.fetchall()))

    def find_beginning(self, key: str, where: Where, limit: int = BEGINNINGS) -> list[Candidate]:
        template = (
            "SELECT * FROM (SELECT {fields} FROM shops_searchentry e WHERE e.{column} >= %s AND e.{column} < %s{where}"
            " ORDER BY e.{column} LIMIT {most}) AS {column}"
        )
        sql = " UNION ALL ".join(
            template.format(fields=FIELDS, column=column, where=where.sql, most=limit) for column in ("name_ar", "name_en")
        )
        return self.run(sql, (key, key + _LAST, *where.values) * 2)

    def find_numbered(self, number: str, where: Where, limit: int) -> list[Candidate]:
        return self.run(
            f"SELECT {FIELDS} FROM (SELECT number, shop_id FROM shops_searchnumber WHERE number >= %s AND number < %s"  # noqa: S608
            f" ORDER BY number LIMIT {limit}) n JOIN shops_searchentry e ON e.shop_id = n.shop_id WHERE 1=1{where.sql}"
            " ORDER BY length(n.number), n.number",
            (number, number + _LAST, *where.values),
        )


_size_cache: dict[str, tuple[float, int]] = {}  # by name of database: time of the estimate, and number of shops


def _size() -> int:
    """PostgreSQL's estimate of the number of shops, cached for an hour."""
    name = str(connection.settings_dict["NAME"])
    read_at, size = _size_cache.get(name, (0.0, 0))
    if not read_at or monotonic() - read_at > 3600:
        with connection.cursor() as cursor:
            cursor.execute("SELECT GREATEST(reltuples, 0)::bigint FROM pg_class WHERE oid = 'shops_searchentry'::regclass")
            size = int(cursor.fetchone()[0])
        _size_cache[name] = (monotonic(), size)
    return size


class Postgres(_BTreeQueries):
    def run(self, sql: str, values: Sequence[Any]) -> list[Candidate]:
        """Run without sequential scans and JIT, with a timeout of one second."""
        limits = f"SET LOCAL statement_timeout = {TIMEOUT_MS}; SET LOCAL enable_seqscan = off; SET LOCAL jit = off; "
        try:
            return super().run(limits + sql, values)
        except OperationalError as error:
            if getattr(error.__cause__, "pgcode", "") == "57014":
                raise SearchBusy from error
            raise
        finally:
            if connection.in_atomic_block and not connection.needs_rollback:
                self._reset_limits()

    def _reset_limits(self) -> None:
        """Reset the limits inside a transaction of the caller."""
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout TO DEFAULT; SET LOCAL enable_seqscan TO DEFAULT; SET LOCAL jit TO DEFAULT")
        except Exception as error:  # the transaction is broken; its owner gets the error
            if getattr(error.__cause__, "pgcode", "") != "25P02":
                raise

    def find_matching(self, sets: Sequence[Sequence[int]], counts: Sequence[int], where: Where, limit: int) -> tuple[list[Candidate], bool]:
        expected = self._expected(counts) if counts[0] > SAMPLES[-1].rare else 0.0
        for sample in SAMPLES:
            if sample.is_worth_it(counts[0], expected) and all(sample.fits(word) for words in sets for word in words):
                found = self._run_matching([[sample.token(word) for word in words] for words in sets], where, limit)
                if len(found) >= ENOUGH:
                    return found, True
        found = self._run_matching(sets, where, limit + 1)
        return found[:limit], len(found) > limit

    def _expected(self, counts: Sequence[int]) -> float:
        """How many shops have a word of all sets if the sets are independent."""
        size = max(_size(), *counts)
        expected = float(counts[0])
        for count in counts[1:]:
            expected *= count / size
        return expected

    def _run_matching(self, sets: Sequence[Sequence[int]], where: Where, limit: int) -> list[Candidate]:
        tests = " AND ".join(["e.tokens && %s::int[]"] * len(sets))
        arrays = ["{" + ",".join(map(str, words)) + "}" for words in sets]
        return self.run(
            f"SELECT {FIELDS} FROM shops_searchentry e WHERE {tests}{where.sql} LIMIT {limit}",  # noqa: S608 - our own text
            [*arrays, *where.values],
        )


class Sqlite(_BTreeQueries):
    def find_matching(self, sets: Sequence[Sequence[int]], counts: Sequence[int], where: Where, limit: int) -> tuple[list[Candidate], bool]:
        # The rarest set first: FTS5 iterates over it and looks up the others.
        question = " AND ".join("(" + " OR ".join(f'"{word}"' for word in words) + ")" for words in sets)
        found = self.run(
            f"SELECT {FIELDS} FROM shops_searchtext CROSS JOIN shops_searchentry e ON e.shop_id = shops_searchtext.rowid"  # noqa: S608
            f" WHERE shops_searchtext MATCH %s{where.sql} LIMIT {limit + 1}",
            [question, *where.values],
        )
        return found[:limit], len(found) > limit


def engine() -> Engine:
    """The engine for the database."""
    return Postgres() if connection.vendor == "postgresql" else Sqlite()
