"""The list of candidates walks the register page by page: none is lost or shown twice, and no page costs more in a larger register."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from shops.models import Shop
from shops.office import candidates
from shops.search import index
from tests.browsers import signed_in
from tests.factories.accounts import StaffFactory

pytestmark = pytest.mark.django_db
MERGES = "/admin/register/merges/"
MOST_QUERIES = 15


@pytest.fixture
def register(make_shop: Callable[..., Shop]) -> dict[str, list[tuple[int, int]]]:
    """Sixty shops: each fourth number and each fifth name has a twin, one name in three areas; the pairs by kind."""
    from municipality.places.models import Area

    areas = list(Area.objects.order_by("pk")[:3])
    numbers, names = [], []
    for n in range(12):
        one = make_shop(name_ar=f"مخبز العدد {n}", commercial_license_no=f"{n:03d}/2019")
        if n % 4 == 0:
            numbers.append((one.pk, make_shop(name_ar=f"مخبز آخر {n}", commercial_license_no=f"{n:03d}-2019").pk))
    for n in range(10):
        one = make_shop(name_ar=f"كراج الاسم {n}")
        if n % 5 == 0:
            names.append((one.pk, make_shop(name_ar=f"كراج الاسم {n}").pk))
    for area in areas:
        one, two = (make_shop(name_ar="بقالة الجمعية", area=area) for _ in range(2))
        names.append((one.pk, two.pk))
    return {"numbers": numbers, "names": names}


def walked(list_of: Callable[..., Any], begin: tuple[Any, ...]) -> tuple[list[tuple[int, int]], int]:
    """Every pair of all pages, and how many pages there were."""
    found, after, pages = [], begin, 0
    while True:
        pairs, following = list_of(*after)
        found += [(pair.stays.pk, pair.goes.pk) for pair in pairs]
        after, pages = following if isinstance(following, tuple) else (following,), pages + 1
        if not after[0]:
            return found, pages
        assert pages < 100


@pytest.mark.parametrize(("groups", "looked"), [(40, 30_000), (1, 30_000), (2, 30_000), (40, 1), (40, 3), (1, 1), (2, 7)])
def test_pages_of_any_size_show_each_pair_once(
    register: dict[str, list[tuple[int, int]]], monkeypatch: pytest.MonkeyPatch, groups: int, looked: int
) -> None:
    monkeypatch.setattr(candidates, "GROUPS", groups)
    monkeypatch.setattr(candidates, "MAX_READ", looked)
    by_number, pages = walked(candidates.numbered, ("",))
    assert sorted(by_number) == sorted(register["numbers"])
    by_name, more = walked(candidates.named, ("", 0))
    assert sorted(by_name) == sorted(register["names"])
    assert (pages > 1 and more > 1) == (groups < 40 or looked < 100)


def test_the_page_leads_through_both_lists_and_says_when_a_part_holds_none(
    register: dict[str, list[tuple[int, int]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "MAX_READ", 2)
    client, address, shown, pages = signed_in(StaffFactory(groups=["register_clerk"], login="clerk")), MERGES, set(), []
    by_pk = dict(Shop.objects.values_list("pk", "public_id"))
    while address and len(pages) < 60:
        pages.append(client.get(address).content.decode())
        shown |= {pair for pair in register["numbers"] + register["names"] if all(f"shops/{by_pk[pk]}/" in pages[-1] for pk in pair)}
        query = pages[-1].partition('<p><a href="?')[2].partition('"')[0].replace("&amp;", "&")
        address = f"{MERGES}?{query}" if query else ""
    assert shown == {*register["numbers"], *register["names"]} and address == ""
    assert any("لا شيء في هذا الجزء" in page or "None in this part" in page for page in pages)


@pytest.mark.parametrize("query", ["name=%D9%85&area=x", "name=x&area=99999999999999", "number=%27%22", "area=1", "name=%00", "number=%00"])
def test_addresses_that_nobody_was_led_to_are_no_failure(register: dict[str, list[tuple[int, int]]], query: str) -> None:
    assert signed_in(StaffFactory(groups=["register_clerk"], login="clerk")).get(f"{MERGES}?{query}").status_code in (200, 400)


def test_the_page_asks_as_often_in_a_large_register(register: dict[str, list[tuple[int, int]]], make_shop: Callable[..., Shop]) -> None:
    client = signed_in(StaffFactory(groups=["register_clerk"], login="clerk"))
    client.get(MERGES)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(MERGES).status_code == 200
        return len([q for q in queries if not q["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))])

    few = asked()
    for n in range(40):
        make_shop(name_ar=f"صالون النور {n // 2}")
    assert asked() == few <= MOST_QUERIES


@pytest.mark.postgres
def test_both_lists_are_read_from_their_indexes_alone(make_shop: Callable[..., Shop]) -> None:
    """So that a page costs the same in a register of any size; the red control is the way it was asked before, over the whole table."""
    from sandbox.demo.benchmarks import load_register
    from sandbox.demo.shops.large_register import register

    make_shop()
    load_register(register(3000, "candidates", start=6_000_000))
    index.index_missing()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE shops_shop")
        cursor.execute("ANALYZE shops_searchentry")
        for way in ("seqscan", "bitmapscan", "sort", "hashagg"):  # a small table is read whole otherwise
            cursor.execute(f"SET LOCAL enable_{way} = off")

    def plans(act: Callable[[], object]) -> str:
        with CaptureQueriesContext(connection) as queries:
            act()
        found = []
        with connection.cursor() as cursor:
            for query in queries:
                if "HAVING" in query["sql"] or "OFFSET" in query["sql"]:
                    cursor.execute(f"EXPLAIN {query['sql']}")
                    found += [line for (line,) in cursor.fetchall()]
        return "\n".join(found)

    numbered, named = plans(candidates.numbered), plans(candidates.named)
    assert numbered.count("Index Only Scan using shops_bare_number") == 2 and "Sort" not in numbered
    assert named.count("Index Only Scan using shops_entry_ar") == 2 and "Sort" not in named
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX shops_bare_number")
    assert "Index Only Scan using shops_bare_number" not in plans(candidates.numbered)
