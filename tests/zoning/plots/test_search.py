"""The box for addresses: one plot is opened, several are listed, and what is not known is named."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

import pytest
from django.test import Client

from municipality.places.models import Area
from tests.factories.zoning import PlotFactory
from zoning.models import Plot, PlotAddress, PlotChange, PlotSuccession

pytestmark = pytest.mark.django_db
FIND = "/en/zoning/"


@pytest.fixture
def salmiya(rules: None) -> Area:
    """Block 4 with plots 30, 31 and a former 12; two plots lie on streets that have an address."""
    area = Area.objects.get(name_en="Salmiya")
    thirty, other = (PlotFactory(area=area, block="4", number=number, shape=None) for number in ("30", "31"))
    PlotAddress.objects.create(plot=thirty, paci_number="10229888", street="شارع 12", building="7")
    PlotAddress.objects.create(plot=other, paci_number="10229889", street="سالم المبارك", building="12")
    return area


def succeed(old: Plot, *new: Plot) -> None:
    Plot.objects.filter(pk=old.pk).update(valid_to=dt.date(2020, 1, 1))
    change = PlotChange.objects.create(kind="split", day=dt.date(2020, 1, 1), instrument_ar="قرار", instrument_en="Decision")
    for one in new:
        PlotSuccession.objects.create(change=change, predecessor=old, successor=one)


def opened(client: Client, text: str) -> str:
    """The number of the plot that a text opens."""
    response = client.get(FIND, {"q": text})
    assert response.status_code == 302, text
    return Plot.objects.get(public_id=response["Location"].split("/")[3]).number


def shown(client: Client, text: str, path: str = FIND, status: int = 200) -> str:
    response = client.get(path, {"q": text})
    assert response.status_code == status, (text, response.status_code)
    return " ".join(response.content.decode().split())


def plain(page: str) -> str:
    """A page without its tags."""
    return re.sub("<[^>]+>", "", page)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("السالمية قطعة 4 شارع 12 قسيمة 30", "30"),
        ("Salmiya block 4 plot 30", "30"),
        ("salmiya 4 30", "30"),
        ("salmiya plot 31", "31"),
        ("السالمية ق4 ش سالم المبارك م 12", "31"),
        ("Salmiya, Block 4, Street 12, House 7", "30"),
        ("Salmiya, Salem Al Mubarak Street, building 12", "31"),
        ("سالمية 4 12 7", "30"),
        ("10229889", "31"),
        ("الرقم الآلي ١٠٢٢٩٨٨٨", "30"),
    ],
)
def test_a_text_opens_its_plot(client: Client, salmiya: Area, text: str, number: str) -> None:
    assert opened(client, text) == number


def test_a_former_number_leads_to_what_the_plot_became(client: Client, salmiya: Area) -> None:
    old, first, second = (PlotFactory(area=salmiya, block="4", number=number, shape=None) for number in ("12", "12A", "12B"))
    PlotAddress.objects.create(plot=old, paci_number="10229890")
    succeed(old, first)
    assert (opened(client, "Salmiya 4 12"), opened(client, "10229890")) == ("12A", "12A")
    PlotSuccession.objects.create(change=PlotChange.objects.get(), predecessor=old, successor=second)
    text = shown(client, "Salmiya 4 12")
    assert "Several plots fit" in text and first.public_id in text and second.public_id in text and old.public_id not in text


def test_several_plots_are_listed_with_their_streets(client: Client, salmiya: Area) -> None:
    for number in range(100, 130):
        plot = PlotFactory(area=salmiya, block="5", number=str(number), shape=None)
        PlotAddress.objects.create(plot=plot, paci_number=f"10230{number}", street="15")
    text = shown(client, "Salmiya street 15")
    assert text.count("<span>Plot <bdi") == 20 and "There are more" in text
    assert 'block <bdi dir="ltr">5</bdi>' in text and "Street <bdi" in text


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Salmiya block 40 plot 3", ("Block 40 is not in Salmiya.", "Understood: Salmiya")),
        ("Salmiya block 4 plot 99", ("Plot 99 is not in block 4 of Salmiya.", "Understood: Salmiya · Block 4")),
        ("salmiya 4 99", ("Plot 99 is not in block 4 of Salmiya.",)),
        ("Salmiya plot 99", ("Plot 99 is not in Salmiya.",)),
        ("Salmiya 4 street 77", ("Street 77 is not known there.",)),
        ("Salmiya 4 street 12 house 99", ("Building 99 is not known there.", "Understood: Salmiya · Block 4 · Street 12")),
        ("block 4 plot 30", ("The area is missing.", "Begin with the area")),
        ("xyzzyx block 4", ("“xyzzyx” is not an area in the list.",)),
        ("12345", ("A PACI number has 8 digits.",)),
        ("99999999", ("No plot has the PACI number 99999999.",)),
    ],
)
def test_what_is_not_known_is_named_and_the_text_is_kept(client: Client, salmiya: Area, text: str, sentences: tuple[str, ...]) -> None:
    page = shown(client, text)
    assert f'value="{text}"' in page and "No plot was found" in page
    for sentence in sentences:
        assert sentence in plain(page), (text, sentence)
    assert "No plot was found" not in shown(client, text, "/ar/zoning/")


def test_a_missing_plot_of_a_known_block_leads_to_the_plots_of_the_block(client: Client, salmiya: Area) -> None:
    link = f'href="/en/zoning/?area={salmiya.pk}&amp;block=4#on-map"'
    for text in ("Salmiya block 4 plot 99", "Salmiya 4 street 77"):
        assert link in shown(client, text) and "All plots of block 4 of Salmiya" in plain(shown(client, text))
    assert link not in shown(client, "Salmiya block 40 plot 3") and link not in shown(client, "Salmiya plot 99")
    typed = client.get(FIND, {"area": salmiya.pk, "block": "4", "number": "99"}).content.decode()
    assert (
        link in typed and "All plots of block" not in client.get(FIND, {"area": salmiya.pk, "block": "77", "number": "9"}).content.decode()
    )


def test_the_example_beside_the_search_is_a_plot_that_it_opens(client: Client, salmiya: Area) -> None:
    page = plain(client.get(FIND).content.decode())
    found = re.search(r"as you would write it: ([^.]+)\.", page)
    assert found is not None and opened(client, found[1]) == "30"
    arabic = plain(client.get("/ar/zoning/").content.decode())
    assert "السالمية قطعة 4 قسيمة 30" in arabic
    Plot.objects.update(valid_to="2020-01-01")
    assert "area, block and plot" in client.get(FIND).content.decode()


def test_a_doubt_is_shown_before_a_plot_is_opened(client: Client, salmiya: Area) -> None:
    for text, doubt in (("South Salmiya 4 30", "Not understood: south"), ("Salmiya 4 street 99 plot 30", "Street 99 is not known for it.")):
        page = shown(client, text)
        assert "Is it this plot?" in page and doubt in plain(page)


def test_an_area_or_block_alone_opens_the_map_there(client: Client, salmiya: Area) -> None:
    assert client.get(FIND, {"q": "السالمية"})["Location"] == f"/en/zoning/?area={salmiya.pk}#on-map"
    assert client.get(FIND, {"q": "Salmiya block 4"})["Location"] == f"/en/zoning/?area={salmiya.pk}&block=4#on-map"
    assert "Blocks of Shuwaikh" in shown(client, "Shuwaikh")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", 400),
        ("   ", 400),
        ("x" * 201, 400),
        ("a\x00b", 400),
        ("ق4 " * 60, 200),
        ("\x01\x1f", 200),
        ("\u200f\u202e", 200),
        ("<b>'\"", 200),
    ],
)
def test_bad_texts_get_a_sentence(client: Client, salmiya: Area, text: str, status: int) -> None:
    for path in (FIND, "/ar/zoning/"):
        page = shown(client, text, path, status)
        assert ("kp-errors" in page) == (status == 400 and "\x00" not in text) and "<b>'" not in page


def test_a_text_is_found_with_few_statements(client: Client, salmiya: Area, django_assert_max_num_queries: Any) -> None:
    for text in ("Salmiya block 4 street 12 house 99", "Salmiya 4 street 99 plot 30", "Salmiya block 40", "Shuwaikh 3 5"):
        with django_assert_max_num_queries(12):
            page = shown(client, text)
        assert text in page


def test_the_api_finds_by_text(client: Client, salmiya: Area) -> None:
    def asked(text: str, language: str = "en", status: int = 200) -> dict[str, Any]:
        response = client.get("/api/v1/plots/", {"q": text}, headers={"accept-language": language})
        assert response.status_code == status
        body: dict[str, Any] = json.loads(response.content)
        return body

    found = asked("السالمية قطعة 4 قسيمة 30")
    assert ([one["number"] for one in found["results"]], found["notes"]) == (["30"], [])
    assert asked("Salmiya block 40")["notes"][0] == "Block 40 is not in Salmiya."
    assert asked("Salmiya block 40", "ar")["notes"][0] == "القطعة 40 ليست في السالمية."
    assert [one["number"] for one in asked("Salmiya block 4")["results"]] == ["30", "31"]
    assert asked("x" * 201, status=400)["errors"][0]["parameter"] == "q"
