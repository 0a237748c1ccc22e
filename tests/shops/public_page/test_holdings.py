"""My shops of somebody with many: narrowed down on the page and in the workbook."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from typing import Any
from zipfile import ZipFile

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.safestring import SafeString

from municipality.accounts.models import User
from municipality.cases.panels import PanelLine
from municipality.kernel import clock
from municipality.places.models import Area
from shops.models import Shop
from shops.public_page import holdings
from shops.public_page.cells import Cells
from shops.public_page.views.holder import PAGE
from shops.register import name_lists
from tests import serving
from tests.browsers import signed_in
from tests.factories.accounts import PersonFactory


@pytest.fixture
def many(make_licensed_shop: Callable[..., Shop]) -> list[Shop]:
    """Seven shops, of which the second and third can be renewed now; the last one lies in another area."""
    elsewhere = Area.objects.filter(governorate="JA").order_by("pk")[0]
    ends = (200, 20, 10, 180, 200, 200, 200)
    rows = [make_licensed_shop(ends_in=days) for days in ends]
    Shop.objects.filter(pk=rows[-1].pk).update(area=elsewhere, name_ar="مغسلة النسيم", name_en="Naseem Laundry")
    return rows


def listed(client: Any, query: str = "") -> str:
    page = client.get(f"/en/my-shops/{query}")
    assert page.status_code == 200
    return str(page.content.decode())


def test_a_long_list_has_pages_and_what_reaches_all_shops_is_not_limited_to_one(
    owner: User, make_licensed_shop: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixty shops on one page were some 38,000 pixels on a phone."""
    by_day = [make_licensed_shop(ends_in=days) for days in range(5, 5 + PAGE + 2)]
    client = signed_in(owner)
    serving.warm(monkeypatch)
    with CaptureQueriesContext(connection) as asked:
        first = listed(client)
    assert len(asked) <= 12
    second = listed(client, "?sort=&page=2")
    for place, shop in enumerate(by_day):
        on_first = place < PAGE
        link = f"/shops/{shop.public_id}/"
        assert (link in first, link in second) == (on_first, not on_first), "those that end first stand on the first page"
    assert f"Listed here: 1 to {PAGE} of {len(by_day)}." in first and 'href="?page=2#shops" rel="next"' in first
    assert f"Listed here: {PAGE + 1} to {len(by_day)} of {len(by_day)}." in second and 'href="?sort=&amp;page=1#shops" rel="prev"' in second
    for page in (first, second):
        assert "are not limited to this page" in page and f"{len(by_day)} shops" in page
    assert 'list.xlsx?sort="' in second and 'codes/?sort="' in second, "the page is no part of what they are asked for"
    assert client.get("/en/my-shops/codes/?page=2").content.decode().count('class="doc-qr"') == len(by_day)
    renewals = client.get("/en/renewals/").content.decode()
    assert all(shop.name_en in renewals for shop in by_day)
    assert listed(client, "?page=x").count("/door/") == PAGE and listed(client, "?page=99").count("/door/") == 2
    assert "Listed here" not in listed(client, f"?q={by_day[-1].commercial_license_no}")


def test_what_has_to_be_done_comes_first(owner: User, many: list[Shop]) -> None:
    text = listed(signed_in(owner))
    first, second = text.index(many[2].name_en), text.index(many[1].name_en)
    assert first < second < text.index(many[3].name_en) < min(text.index(shop.name_en) for shop in (many[0], many[4]))
    assert "2 with something to do" in text and "7 shops" in text


def test_a_long_list_is_narrowed_down_by_name_number_area_and_what_is_due(owner: User, many: list[Shop]) -> None:
    client = signed_in(owner)
    for query in ("?q=naseem", "?q=النسيم", f"?area={Shop.objects.get(pk=many[-1].pk).area_id}", f"?q={many[-1].commercial_license_no}"):
        text = listed(client, query)
        assert "Naseem Laundry" in text and many[0].name_en not in text, query
    due = listed(client, "?due=on")
    assert many[1].name_en in due and many[2].name_en in due and many[0].name_en not in due
    assert "No shop of yours matches." in listed(client, "?q=nothing like it")


def test_the_card_of_boards_leads_to_the_list_with_the_step_of_boards_alone(owner: User, many: list[Shop]) -> None:
    client = signed_in(owner)
    assert 'href="/en/my-shops/?only=boards"' in client.get("/en/boards/").content.decode()
    text = listed(client, "?only=boards")
    assert "Choose the shop" in text and text.count("Ask for boards") == len(many) and "/renew/" not in text
    assert '<input type="hidden" name="only" value="boards">' in text and "?only=boards&amp;due=on" in text
    everything = listed(client)
    assert "/renew/" in everything and "Choose the shop" not in everything
    assert "Choose the shop" not in listed(client, "?only=x")


def test_a_long_list_is_sorted_by_day_name_or_area(owner: User, many: list[Shop]) -> None:
    client = signed_in(owner)
    names = sorted(Shop.objects.filter(pk__in=[shop.pk for shop in many]).values_list("name_en", flat=True))
    by_name = listed(client, "?sort=name")
    places = [by_name.index(f">{name}") if f">{name}" in by_name else by_name.index(name) for name in names]
    assert places == sorted(places)
    by_day = listed(client, "?sort=")
    assert by_day.index(many[2].name_en) < by_day.index(many[1].name_en)
    by_area = listed(client, "?sort=area")
    laundry, others = by_area.index("Naseem Laundry"), [by_area.index(shop.name_en) for shop in many[:6]]
    assert all(place < laundry for place in others) or all(place > laundry for place in others), "the shop of the other area stands apart"


def test_the_codes_of_the_narrowed_list_stand_on_sheets_to_print(owner: User, many: list[Shop]) -> None:
    client = signed_in(owner)
    text = str(client.get("/en/my-shops/codes/").content.decode())
    assert text.count('class="doc-qr"') == len(many)
    due = str(client.get("/en/my-shops/codes/?due=on").content.decode())
    assert due.count('class="doc-qr"') == 2 and many[1].name_en in due and many[0].name_en not in due
    stranger = str(signed_in(PersonFactory(noura=True)).get("/en/my-shops/codes/").content.decode())
    assert "doc-qr" not in stranger and many[0].name_en not in stranger


@pytest.mark.parametrize("query", ["?area=x", "?area=999999", "?q=" + "a" * 500])
def test_a_filter_that_is_none_shows_the_whole_list(owner: User, many: list[Shop], query: str) -> None:
    assert many[0].name_en in listed(signed_in(owner), query)


def test_a_short_list_has_no_filter(owner: User, make_licensed_shop: Callable[..., Shop]) -> None:
    make_licensed_shop()
    assert "Only shops with something to do" not in listed(signed_in(owner))


def test_the_workbook_has_the_narrowed_list(owner: User, many: list[Shop]) -> None:
    client = signed_in(owner)
    response = client.get("/en/my-shops/list.xlsx?due=on")
    assert response.status_code == 200 and response["Content-Disposition"] == 'attachment; filename="my-shops.xlsx"'
    text = _text(response.content)
    last_day = clock.today() + dt.timedelta(days=10)
    assert many[2].name_en in text and last_day.isoformat() in text and many[0].name_en not in text
    assert many[0].name_en in _text(client.get("/en/my-shops/list.xlsx").content)
    assert many[0].name_en not in _text(signed_in(PersonFactory(noura=True)).get("/en/my-shops/list.xlsx").content)


def _text(content: bytes) -> str:
    with ZipFile(io.BytesIO(content)) as book:
        return "".join(book.read(name).decode() for name in book.namelist() if name.endswith(".xml"))


def test_formulas_in_names_stay_text(owner: User, make_licensed_shop: Callable[..., Shop]) -> None:
    make_licensed_shop(name_en="=1+1", name_ar="=1+1")
    rows, _more = holdings.holdings_of(owner)
    assert "<f>" not in _text(holdings.workbook(rows))


HOSTILE = '<b>&"'


def test_every_text_of_a_line_is_escaped_once(make_shop: Callable[..., Shop]) -> None:
    """The cells are put together as HTML, from texts of officers and registers too."""
    shop = make_shop(name_ar=HOSTILE, name_en=HOSTILE)
    data = {"page": f"/page/{HOSTILE}", "file": f"/file/{HOSTILE}", "workers": f"/workers/{HOSTILE}"}
    texts = dict.fromkeys(("title", "label", "note", "reference", "action", "url"), HOSTILE)
    safe = PanelLine(title="x", state="ok", label=SafeString("<i>safe</i>"))
    lines = [PanelLine(state="bad", data=data, **texts), safe, PanelLine(title="x", state="ok", label="<i>plain</i>")]
    name_lists.attach_names([shop])
    (row,) = Cells().rows([holdings.Holding(shop, None, lines, may_state_hours=True)])
    first, second, third = (line["cells"] for line in row["lines"])
    for text in (first, row["links"], row["name"]):
        assert "<b>" not in text and "&amp;amp;" not in text and "&lt;b&gt;&amp;&quot;" in text
    assert first.count("&lt;b&gt;&amp;&quot;") == 13
    assert "<i>safe</i>" in second and "&lt;i&gt;plain&lt;/i&gt;" in third


def test_the_way_to_delegations_stands_above_the_shops(owner: User, make_licensed_shop: Callable[..., Shop]) -> None:
    shops = [make_licensed_shop() for _ in range(3)]
    page = signed_in(owner).get("/en/my-shops/").content.decode()
    main = page[page.index("<main") : page.index("</main>")]
    assert main.count('href="/en/delegations/"') == 1
    assert main.index('href="/en/delegations/"') < min(main.index(shop.name_en) for shop in shops)
