"""Writing the index: with a shop in one transaction, in batches, or from scratch."""

from __future__ import annotations

import datetime as dt
import json
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.dispatch import receiver

from municipality.kernel import clock
from municipality.kernel.bulk_copy import copy_rows
from municipality.places.models import Area
from municipality.rulebook.models import Activity
from shops.hours import filters
from shops.models import LicenceState, SearchEntry, SearchForm, SearchNumber, SearchWord, Shop, TradeName
from shops.open_data import feed
from shops.register.signals import shops_changed
from shops.registry import LicenceFact, licences_of
from shops.search.engines import SAMPLES
from shops.search.text import forms_of, key_of, number_of, words_of

BATCH = 1000
CELLS = 100  # a degree: a cell is some 1.1 km high
COLUMNS = (
    "shop_id", "name_ar", "name_en", "words", "area_id", "latitude", "longitude", "closed_on", "suspended_on", "licence", "licence_end",
)  # fmt: skip


@dataclass(frozen=True)
class Described:
    """The index data of one shop; `parts` in the order of SearchEntry.words."""

    values: tuple[Any, ...]  # of COLUMNS, without words
    parts: tuple[tuple[str, ...], ...]
    numbers: tuple[str, ...]


def cell(latitude: float, longitude: float) -> tuple[int, int]:
    """The cell of the map with a point."""
    return int(latitude * CELLS), int(longitude * CELLS)


def cell_word(north: int, east: int) -> str:
    return f"c:{north}:{east}"


class IndexedFacts(NamedTuple):
    """What the index reads of a shop."""

    pk: int
    name_ar: str
    name_en: str
    area: int
    activity: str
    latitude: float | None
    longitude: float | None
    closed_on: dt.date | None
    suspended_on: dt.date | None
    commercial_license_no: str
    commercial_registration_no: str
    paci_number: str
    week: str | None  # texts of the weeks of opening hours
    ramadan: str | None


_COLUMNS = {"area": "area_id", "activity": "activity_id", "week": "hours__week", "ramadan": "hours__ramadan"}
FACTS = tuple(_COLUMNS.get(name, name) for name in IndexedFacts._fields)


@lru_cache(maxsize=16384)
def _place_words(governorate: str, area: int, activity: str, *names: str) -> tuple[str, ...]:
    words = [word for name in names for word in words_of(name).main]
    return tuple(dict.fromkeys([*words, f"a:{area}", f"g:{governorate}", f"t:{activity}"]))


def _state(licence: LicenceFact | None) -> LicenceState:
    """The state of a licence today."""
    if licence is None:
        return LicenceState.NONE
    is_over = licence.state == LicenceState.ACTIVE and licence.end is not None and licence.end < clock.today()
    return LicenceState.ENDED if is_over else licence.state


def describe(
    shop: IndexedFacts,
    place: tuple[str, ...],
    former: Sequence[tuple[str, str]] = (),
    licence: LicenceFact | None = None,
    numbered: Iterable[str] = (),
) -> Described:
    """The words and facts of a shop; `place` are the words and filters of its area and activity, `numbered` are further numbers."""
    arabic, english = words_of(shop.name_ar), words_of(shop.name_en)
    old_words = [words_of(name) for pair in former for name in pair if name]
    if shop.latitude is not None and shop.longitude is not None:
        place = (*place, cell_word(*cell(shop.latitude, shop.longitude)))
    main = {*arabic.main, *english.main}
    also = {*arabic.also, *english.also, *(w for words in old_words for w in words.also)} - main
    state = _state(licence)
    place = (*place, f"l:{state.value}", *filters.of_shop(shop.week, shop.ramadan))
    numbers = {number_of(number) for number in (shop.commercial_license_no, shop.commercial_registration_no, shop.paci_number, *numbered)}
    if licence:
        numbers |= {number_of(number) for number in (licence.number, *licence.before)}
    return Described(
        values=(
            shop.pk, key_of(shop.name_ar)[:170], key_of(shop.name_en)[:170], shop.area, shop.latitude, shop.longitude, shop.closed_on,
            shop.suspended_on, state.value, licence.end if licence else None,
        ),
        parts=(arabic.main, english.main, tuple(sorted({w for words in old_words for w in words.main} - main)), place, tuple(sorted(also))),
        numbers=tuple(sorted(numbers - {""})),
    )  # fmt: skip


def described(shops: Iterable[int]) -> list[Described]:
    """The index data of shops by primary key, with the same number of queries for any number; without merged shops."""
    keys = list(shops)
    rows = [IndexedFacts(*row) for row in Shop.objects.filter(pk__in=keys, merged_into__isnull=True).order_by("pk").values_list(*FACTS)]
    areas = {pk: names for pk, *names in Area.objects.values_list("pk", "governorate_id", "name_ar", "name_en")}
    activities = {code: names for code, *names in Activity.objects.values_list("code", "name_ar", "name_en")}
    former: dict[int, list[tuple[str, str]]] = {}
    for shop_id, *names in TradeName.objects.filter(shop__in=keys).order_by("pk").values_list("shop_id", "name_ar", "name_en"):
        former.setdefault(shop_id, []).append((names[0], names[1]))
    numbered: dict[int, list[str]] = {}
    columns = ("name_ar", "name_en", "commercial_license_no", "commercial_registration_no", "paci_number")
    merged: Any = Shop.objects.filter(merged_into__in=keys).order_by("pk")
    for into, arabic, english, *also in merged.values_list("merged_into_id", *columns):
        former.setdefault(into, []).append((arabic, english))
        numbered.setdefault(into, []).extend(also)
    if numbered:
        older: Any = TradeName.objects.filter(shop__merged_into__in=keys).order_by("pk")
        for into, arabic, english in older.values_list("shop__merged_into_id", "name_ar", "name_en"):
            former[into].append((arabic, english))
    licences = licences_of(keys)
    result = []
    for row in rows:
        governorate, *named = areas[row.area]
        place = _place_words(governorate, row.area, row.activity, *named, *activities[row.activity])
        result.append(describe(row, place, former.get(row.pk, ()), licences.get(row.pk), numbered.get(row.pk, ())))
    return result


def _encoded(row: Described, ids: dict[str, int]) -> str:
    return "|".join(" ".join(str(ids[word]) for word in part) for part in row.parts)


def _tokens(words: str, shop: int) -> list[int]:
    """The tokens of an entry for PostgreSQL: its words, and again for each sample that it is in."""
    found = sorted({int(word) for word in words.replace("|", " ").split()})
    return [*found, *(sample.token(word) for sample in SAMPLES if sample.holds(shop) for word in found if sample.fits(word))]


def _word_ids(words: Iterable[str]) -> dict[str, int]:
    """Ids of words, created if missing; in one order, so that concurrent writers do not deadlock."""
    sorted_words = sorted(set(words))
    ids = dict(SearchWord.objects.filter(word__in=sorted_words).values_list("word", "pk"))
    new = [word for word in sorted_words if word not in ids]
    if new:
        SearchWord.objects.bulk_create([SearchWord(word=word) for word in new], ignore_conflicts=True)
        ids |= dict(SearchWord.objects.filter(word__in=new).values_list("word", "pk"))
        forms = [SearchForm(form=form, word_id=ids[word]) for word in new for form in sorted(forms_of(word))]
        SearchForm.objects.bulk_create(forms, ignore_conflicts=True, batch_size=BATCH)
    return ids


@transaction.atomic
def refresh(shops: Iterable[int]) -> int:
    """Write the entries of some shops, in the caller's transaction. Returns how many were written."""
    keys = list(shops)
    if not keys:
        return 0
    rows = described(keys)
    ids = _word_ids(word for row in rows for part in row.parts for word in part)
    entries = [(*row.values[:3], _encoded(row, ids), *row.values[3:]) for row in rows]
    _delete_text(keys)
    if merged := set(keys) - {row.values[0] for row in rows}:  # merged into others
        SearchEntry.objects.filter(pk__in=merged).delete()
    _write_entries(entries)
    SearchNumber.objects.filter(shop__in=keys).delete()
    copy_rows(connection, "shops_searchnumber", ("number", "shop_id"), ((n, row.values[0]) for row in rows for n in row.numbers))
    feed.mark(keys)
    return len(entries)


@receiver(shops_changed)
def refresh_changed(sender: type[Shop], keys: Sequence[int], **_: Any) -> None:
    """Write the entries of changed shops again."""
    refresh(keys)


def _delete_text(keys: Sequence[int]) -> None:
    """Delete the old words from FTS5, which stores no content and needs them."""
    if connection.vendor != "sqlite":
        return
    old = list(SearchEntry.objects.filter(pk__in=keys).values_list("pk", "words"))
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO shops_searchtext(shops_searchtext, rowid, words) VALUES ('delete', %s, %s)", old)


# The columns of an entry for jsonb_to_recordset, with the words also as an array.
_TYPED = (
    "shop_id bigint, name_ar text, name_en text, words text, area_id bigint, latitude float8, longitude float8, closed_on date,"
    " suspended_on date, licence text, licence_end date, tokens int[]"
)
_WRITE = "INSERT INTO shops_searchentry ({listed}) {values} ON CONFLICT (shop_id) DO UPDATE SET " + ", ".join(
    f"{name} = excluded.{name}" for name in COLUMNS[1:]
)


def _write_entries(entries: Sequence[tuple[Any, ...]]) -> None:
    """Insert or update entries (of COLUMNS) by one statement, with the words of each for the engine."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            marks = f"VALUES ({', '.join(['%s'] * len(COLUMNS))})"
            cursor.executemany(_WRITE.format(listed=", ".join(COLUMNS), values=marks), [tuple(map(_plain, entry)) for entry in entries])
            cursor.executemany("INSERT INTO shops_searchtext(rowid, words) VALUES (%s, %s)", [(entry[0], entry[3]) for entry in entries])
            return
        columns = (*COLUMNS, "tokens")
        rows = [dict(zip(columns, (*map(_plain, entry), _tokens(entry[3], entry[0])), strict=True)) for entry in entries]
        select = f"SELECT {', '.join(columns)} FROM jsonb_to_recordset(%s::jsonb) AS n({_TYPED})"  # noqa: S608 - our own columns
        sql = _WRITE.format(listed=", ".join(columns), values=select)
        cursor.execute(f"{sql}, tokens = excluded.tokens", [json.dumps(rows, ensure_ascii=False)])


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value


def stale(keys: Sequence[int]) -> list[int]:
    """Which entries differ from the register, in a column, a word or a number."""
    rows = described(keys)
    ids = dict(SearchWord.objects.filter(word__in={w for row in rows for part in row.parts for w in part}).values_list("word", "pk"))
    entries = {entry[0]: entry[1:] for entry in SearchEntry.objects.filter(pk__in=keys).values_list(*COLUMNS)}
    numbers: dict[int, set[str]] = {}
    for shop_id, number in SearchNumber.objects.filter(shop__in=keys).values_list("shop_id", "number"):
        numbers.setdefault(shop_id, set()).add(number)
    stale_keys = []
    for row in rows:
        key, *values = row.values
        words = _encoded(row, ids) if all(w in ids for part in row.parts for w in part) else None
        expected = (*values[:2], words, *values[2:])
        entry = entries.get(key)
        if entry and entry[8] == LicenceState.ACTIVE and entry[9] is not None and entry[9] < clock.today():
            continue  # ended within the hour: note_ended_licences will update it
        if entry != expected or numbers.get(key, set()) != set(row.numbers):
            stale_keys.append(key)
    return stale_keys


def some(amount: int) -> list[int]:
    """Keys of entries from a random one on."""
    last = SearchEntry.objects.order_by("-shop").values_list("shop", flat=True).first() or 0
    start = secrets.randbelow(last + 1)
    return list(SearchEntry.objects.filter(shop__gte=start).order_by("shop").values_list("shop", flat=True)[:amount])


def unindexed() -> QuerySet[Shop]:
    """Shops without an entry. By NOT EXISTS: PostgreSQL is quadratic with NOT IN."""
    return Shop.objects.filter(~Exists(SearchEntry.objects.filter(shop=OuterRef("pk"))), merged_into__isnull=True)


def missing(limit: int = BATCH) -> list[int]:
    """Keys of shops without an entry, oldest first."""
    return list(unindexed().order_by("pk").values_list("pk", flat=True)[:limit])


def note_ended_licences() -> int:
    """Write the entries whose licence ended again, in batches. Returns how many."""
    count = 0
    ended = SearchEntry.objects.filter(licence=LicenceState.ACTIVE, licence_end__lt=clock.today()).order_by("pk")
    while batch := list(ended.values_list("pk", flat=True)[:BATCH]):
        count += refresh(batch)
    return count


def index_missing() -> int:
    """Write the missing entries, in batches, each in its own transaction. Returns how many."""
    count = 0
    while batch := missing():
        count += refresh(batch)
    return count


def _batches(size: int = BATCH) -> Iterator[list[int]]:
    last = 0
    while batch := list(Shop.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:size]):
        yield batch
        last = batch[-1]


def refresh_all() -> int:
    """Write all entries again in batches, and renew the counts of the vocabulary. Returns how many."""
    count = sum(refresh(batch) for batch in _batches())
    recount()
    return count


@transaction.atomic
def recount() -> None:
    """Renew the number of shops of each word; delete words without shops."""
    counts: Counter[int] = Counter()
    for (words,) in SearchEntry.objects.values_list("words").iterator(chunk_size=5000):
        counts.update({int(word) for word in words.replace("|", " ").split()})
    changed = []
    for word in SearchWord.objects.all().iterator(chunk_size=5000):
        if word.count != counts[word.pk]:
            word.count = counts[word.pk]
            changed.append(word)
    SearchWord.objects.bulk_update([word for word in changed if word.count], ["count"], batch_size=BATCH)
    for pks in _slices([word.pk for word in changed if not word.count]):
        SearchWord.objects.filter(pk__in=pks).delete()


def _slices(keys: Sequence[int]) -> Iterator[list[int]]:
    source = iter(keys)
    while batch := list(islice(source, BATCH)):
        yield batch


def _run_deferred_checks(cursor: Any) -> None:
    """Run deferred constraint checks now: PostgreSQL neither truncates nor indexes a table while they are pending."""
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    cursor.execute("SET CONSTRAINTS ALL DEFERRED")


@transaction.atomic
def rebuild() -> int:
    """Rebuild the whole index in one transaction; searches wait for it. Returns how many entries were written."""
    vocabulary: dict[str, int] = {}
    counts: Counter[int] = Counter()
    postgres = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        if postgres:
            _run_deferred_checks(cursor)
            cursor.execute("TRUNCATE shops_searchentry, shops_searchnumber, shops_searchform, shops_searchword RESTART IDENTITY")
            cursor.execute("DROP INDEX shops_searchentry_tokens")
        else:
            for model in (SearchEntry, SearchNumber, SearchForm, SearchWord):
                cursor.execute(f"DELETE FROM {model._meta.db_table}")  # noqa: S608 - our own table
            cursor.execute("INSERT INTO shops_searchtext(shops_searchtext) VALUES ('delete-all')")
    written = 0
    for batch in _batches(10 * BATCH):
        rows = [row for keys in _slices(batch) for row in described(keys)]
        for row in rows:
            for part in row.parts:
                for word in part:
                    vocabulary.setdefault(word, len(vocabulary) + 1)
            counts.update({vocabulary[word] for part in row.parts for word in part})
        texts = [(row.values[0], _encoded(row, vocabulary)) for row in rows]
        values = [(*row.values[:3], text, *row.values[3:]) for row, (_, text) in zip(rows, texts, strict=True)]
        if postgres:
            arrays = [(*value, _tokens(text, shop)) for value, (shop, text) in zip(values, texts, strict=True)]
            copy_rows(connection, "shops_searchentry", (*COLUMNS, "tokens"), arrays)
        else:
            copy_rows(connection, "shops_searchentry", COLUMNS, values)
            copy_rows(connection, "shops_searchtext", ("rowid", "words"), texts)
        copy_rows(connection, "shops_searchnumber", ("number", "shop_id"), ((n, row.values[0]) for row in rows for n in row.numbers))
        written += len(rows)
    copy_rows(connection, "shops_searchword", ("id", "word", "count"), ((pk, word, counts[pk]) for word, pk in vocabulary.items()))
    forms = ((form, pk) for word, pk in vocabulary.items() for form in sorted(forms_of(word)))
    copy_rows(connection, "shops_searchform", ("form", "word_id"), forms)
    with connection.cursor() as cursor:
        if postgres:
            _run_deferred_checks(cursor)
            cursor.execute("SELECT setval(pg_get_serial_sequence('shops_searchword', 'id'), %s)", [max(len(vocabulary), 1)])
            cursor.execute("CREATE INDEX shops_searchentry_tokens ON shops_searchentry USING gin (tokens) WITH (fastupdate = off)")
            cursor.execute("ANALYZE shops_searchentry")
            cursor.execute("ANALYZE shops_searchword, shops_searchform, shops_searchnumber")
        else:
            cursor.execute("INSERT INTO shops_searchtext(shops_searchtext) VALUES ('optimize')")
            cursor.execute("ANALYZE")
    return written
