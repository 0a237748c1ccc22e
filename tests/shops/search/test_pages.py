"""The page of the search, and its interface for machines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from municipality.accounts.limits import allow_read
from shops.models import Shop
from shops.search.queries import search_shops
from shops.search.views import pages

pytestmark = pytest.mark.django_db
Make = Callable[..., Shop]
HOSTILE = [
    "'", '"', "%", "_", "\\", "(", ")", "*", "OR", "NEAR(", "a OR b", '"; DROP TABLE shops_shop; --', "\x00", "\ufffd", "ـ", "ًٌٍ",
    "ال", "وال", "al", "-", "--", "1", "1" * 200, "ص" * 200, "ص ا ل و ن " * 20, "{}", "{1,2}", "a:1", "g:HA", "😀", "\u202e", "٠", "=NR",
    "~ab", "0/0/0", "HLT-", "عبد", "أبو", " ", "\t\n", "صالون " * 8, "é", "ß", "ﷺ", "ﻻ",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _counted_anew() -> None:
    cache.clear()


def ask(client: Client, **given: Any) -> Any:
    return client.get("/api/v1/shops/", given)


def test_results_name_the_public_id_and_nobody(client: Client, make_shop: Make) -> None:
    shop = make_shop(manager_name_ar="طلال البيرق", manager_name_en="Talal Al-Bairaq")
    answer = ask(client, q="الموج")
    body = answer.json()
    assert [row["id"] for row in body["results"]] == [shop.public_id]
    assert (body["total"], body["more_than_total"], body["next"]) == (1, False, None)
    text = answer.content.decode()
    for secret in ("شركة السجل", "Register Company", "88001", "طلال", "Talal", shop.organisation.public_id):
        assert secret not in text
        assert secret not in client.get(f"/en/shops/{shop.public_id}/", follow=True).content.decode()


def test_the_next_page_is_a_link(client: Client, make_shop: Make) -> None:
    made = [make_shop(name_ar="صالون النور").public_id for _ in range(23)]
    first = ask(client, q="النور").json()
    second = client.get(first["next"].partition("portal.example.test")[2]).json()
    assert [row["id"] for row in first["results"] + second["results"]] == made
    assert second["next"] is None


def test_more_shops_than_were_counted_are_named_in_the_right_number(
    client: Client, make_shop: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_shop(name_ar="صالون النور")
    for total, said in ((63, "63 محلاً"), (200, "200 محل"), (5, "5 محلات")):
        monkeypatch.setattr(pages, "search_shops", lambda query, total=total: replace(search_shops(query), total=total, is_more=True))
        assert f"أكثر من {said}." in client.get("/ar/shops/", {"q": "النور"}).content.decode()


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("name", ["q", "governorate", "area", "activity", "licence", "open", "near", "after"])
def test_no_query_breaks_anything(client: Client, make_shop: Make, name: str, text: str) -> None:
    if name == "q":
        make_shop()
    for path in ("/api/v1/shops/", "/ar/shops/"):
        answer = client.get(path, {"q": "الموج", name: text})
        assert answer.status_code in (200, 400)


def test_a_filter_that_is_none_says_what_to_do(client: Client) -> None:
    answer = client.get("/api/v1/shops/", {"q": "x", "governorate": "ZZ"}, headers={"accept-language": "ar"})
    assert answer.status_code == 400 and answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert "القائمة" in body["detail"] and [one["parameter"] for one in body["errors"]] == ["governorate"]
    page = client.get("/en/shops/", {"q": "typed text", "near": "here"}).content.decode()
    assert "typed text" in page and "Write the place as latitude and longitude" in page


def test_what_was_typed_is_marked_and_never_markup(client: Client, make_shop: Make) -> None:
    make_shop(name_ar="صالون <b>النور</b>", name_en="<i>Nour</i> Salon")
    page = client.get("/ar/shops/", {"q": "النور <script>alert(1)</script>"}).content.decode()
    assert "<script>alert" not in page and "<b>" not in page.split("kp-hits")[1] and "<i>" not in page.split("kp-hits")[1]
    assert "<mark>" in page


def test_the_list_alone_is_a_part_of_the_page(client: Client, make_shop: Make) -> None:
    make_shop()
    part = client.get("/en/shops/", {"q": "mouj"}, headers={"X-Part": "results"})
    whole = client.get("/en/shops/", {"q": "mouj"})
    assert part.content.decode().strip() in whole.content.decode()
    assert "<html" not in part.content.decode() and "X-Part" in part["Vary"]


def test_statements_do_not_grow_with_what_is_found(client: Client, make_shop: Make) -> None:
    make_shop(name_ar="صالون النور")
    counts = []
    for more in (0, 18):
        for _ in range(more):
            make_shop(name_ar="صالون النور")
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/ar/shops/", {"q": "صالون النور"}).status_code == 200
        counts.append(len(queries))
    # 13 on PostgreSQL, five of them lists that a process keeps for a minute outside of tests.
    assert counts[0] == counts[1] <= 13


def test_a_client_that_asks_without_end_is_told_to_wait(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "SEARCHES", 3)
    answers = [client.get("/ar/shops/", {"q": "x"}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1]["Retry-After"] == "60"


def test_a_cache_that_is_away_holds_nobody_back(rf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: Any, **kwargs: Any) -> None:
        raise ConnectionError

    assert [allow_read(rf.get("/"), "x", limit=1, seconds=60) for _ in range(2)] == [True, False]
    monkeypatch.setattr("municipality.accounts.limits.cache.add", away)
    assert allow_read(rf.get("/"), "x", limit=1, seconds=60)


def test_the_lists_of_the_form_are_cached_and_yet_as_they_stand(client: Client, make_shop: Make) -> None:
    area = make_shop().area

    def form(language: str = "en", **given: Any) -> str:
        return client.get(f"/{language}/shops/", given).content.decode().partition('id="results"')[0]

    def chosen(name: str) -> str:
        return f'<option value="{area.pk}" selected>{name}</option>'

    assert [chosen("Salmiya") in form(area=area.pk) for _ in range(2)] == [True, True]
    assert chosen("Salmiya") not in form() and chosen("السالمية") in form("ar", area=area.pk)
    assert 'aria-invalid="true"' in form(area="x") and 'aria-invalid="true"' not in form(area=area.pk)
    type(area).objects.filter(pk=area.pk).update(name_en="Salmiyah")
    assert chosen("Salmiyah") in form(area=area.pk) and "Salmiya<" not in form()
