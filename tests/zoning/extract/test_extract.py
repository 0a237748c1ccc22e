"""An extract: the same facts in three formats, kept as issued, found by its code."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import pikepdf
import pytest
from bs4 import BeautifulSoup
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from shapely.affinity import translate
from shapely.geometry import box

from municipality.accounts.models import actor_of
from municipality.documents import store as documents_store
from municipality.documents.seal import make_seal
from municipality.kernel import clock
from municipality.rulebook import services as rulebook
from municipality.rulebook.models import RuleSet
from municipality.ui.templatetags.portal import bilingual
from tests import poppler
from tests.database_guards import without_guards
from tests.due_jobs import run_due
from tests.factories.accounts import StaffFactory
from tests.factories.zoning import SQUARE, PlotFactory, make_layer, repeal_layer
from tests.killed_issue import assert_ends_as_undisturbed
from zoning.answer.queries import ActivityQuestion
from zoning.extract import services as extracts
from zoning.extract.facts import ExtractFacts
from zoning.extract.formats import NAMESPACE
from zoning.geometry import shapes
from zoning.models import Layer, Plot, PlotAddress, PlotExtract, PlotShape
from zoning.plots.drawing import cut_square

pytestmark = pytest.mark.django_db
WEST, SOUTH, EAST, NORTH = SQUARE.bounds
AROUND = SQUARE.buffer(0.02)
SALON = {"activity": "WSAL", "floor": "0"}


@pytest.fixture
def plot(rules: None, store: Path, settings: Any) -> Plot:
    """A plot of two uses with neighbours and an address; a school lies some 180 m away, the heritage is known nowhere."""
    settings.SIGNER_KEY_FILE = str(store / "seal.p12")
    make_seal(store / "seal.p12", settings.SIGNER_PASSPHRASE)
    row = PlotFactory(number="12")
    PlotFactory(number="13", shape=translate(SQUARE, EAST - WEST, 0))
    PlotAddress.objects.create(plot=row, paci_number="20000001")
    middle = WEST + 0.7 * (EAST - WEST)
    halves = (("INVESTMENT", box(WEST, SOUTH, middle, NORTH)), ("COMMERCIAL", box(middle, SOUTH, EAST, NORTH)))
    make_layer("land_use", *halves, kind="land_use", covers=AROUND)
    make_layer("heritage")
    Layer.objects.update(office_en="Survey Department")
    make_layer("schools", ("school", translate(SQUARE, 0.0021, 0)), kind="objects", covers=AROUND)
    return row


def made(client: Client, plot: Plot, **question: str) -> PlotExtract:
    response = client.post(f"/en/plots/{plot.public_id}/extract/", question)
    assert response.status_code == 302, response.content.decode()[-2000:]
    row = PlotExtract.objects.get(uuid=response["Location"].split("/")[-2])
    run_due(("zoning.extract_document",))
    return row


def files(client: Client, row: PlotExtract) -> tuple[bytes, dict[str, Any], Element]:
    base = f"/en/zoning/extracts/{row.uuid}/extract"
    contents = [client.get(f"{base}.{ending}") for ending in ("pdf", "json", "xml")]
    assert [one.status_code for one in contents] == [200] * 3
    return contents[0].content, json.loads(contents[1].content), fromstring(contents[2].content)


def land_use(data: dict[str, Any]) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = next(layer for layer in data["layers"] if layer["code"] == "land_use")["parts"]
    return parts


def values(data: Any) -> list[str]:
    """The values of the JSON in order, as the text of the XML."""
    if isinstance(data, dict):
        return [text for value in data.values() for text in values(value)]
    if isinstance(data, list) and len(data) == 2 and all(isinstance(one, float) for one in data):
        return [f"{data[0]} {data[1]}"]
    if isinstance(data, list):
        return [text for value in data for text in values(value)]
    return ["" if data is None else str(data)]


def leaves(element: Element) -> list[str]:
    if len(element):
        return [text for child in element for text in leaves(child)]
    return [element.text or ""]


def test_three_formats_hold_the_same_facts(client: Client, plot: Plot) -> None:
    row = made(client, plot, **SALON)
    pdf, data, xml = files(client, row)
    with pikepdf.open(BytesIO(pdf)) as opened:
        (attached,) = opened.attachments.values()
        in_pdf = json.loads(attached.get_file().read_bytes())
    assert {key: in_pdf[key] for key in data} == data
    assert xml.tag == f"{{{NAMESPACE}}}extract"
    assert [text for text in leaves(xml) if text] == [text for text in values(data) if text]
    printed = " ".join(poppler.text(pdf).translate({ord("("): None, ord(")"): None}).split())  # poppler mirrors brackets
    for layer in data["layers"]:
        assert layer["name_en"] in printed and layer["office_en"] in printed
        for part in layer["parts"]:
            assert f"{part['square_metres']} m² {part['percent']}%" in printed
    for limit in data["limits"]:
        assert f"at most {limit['floors_square_metres']} m²" in printed or limit["ratio_percent"] is None
    for text in (data["number"], data["uuid"], data["answers"][0]["outcome_en"], "20000001"):
        assert text in printed


def test_each_layer_that_applies_has_its_map_with_the_surfaces_around_the_plot(client: Client, plot: Plot) -> None:
    """Half of the plot is investment land; a road that touches its eastern edge reaches 20 m beyond what the map shows."""
    make_layer("road", ("road", box(EAST - 0.00001, SOUTH - 0.01, EAST + 0.002, NORTH + 0.01)), covers=AROUND)
    row = made(client, plot)
    pdf, data, _xml = files(client, row)
    drawn = {layer["code"]: [part["outlines"] for part in layer["parts"]] for layer in data["layers"] if layer["standing"] == "applies"}
    assert {code: [len(rings) for rings in parts] for code, parts in drawn.items()} == {"land_use": [1, 1], "road": [1]}
    xs, ys = zip(*drawn["road"][0][0], strict=True)
    square = cut_square(SQUARE).bounds
    assert (min(xs), min(ys), max(xs), max(ys)) == pytest.approx((EAST - 0.00001, square[1], square[2], square[3]), abs=1e-6)
    shown = BeautifulSoup(client.get(f"/en/zoning/extracts/{row.uuid}/").content, "html.parser")
    assert [len(cut.select("path[fill-opacity]")) for cut in shown.select(".kp-cut svg")] == [2, 1]
    assert "dark outline the plot, north is up, the bar is 20 m" in " ".join(poppler.text(pdf).split())


def test_an_extract_of_earlier_times_has_no_maps_and_is_read_all_the_same(client: Client, plot: Plot) -> None:
    facts = made(client, plot).document.facts
    for layer in facts["layers"]:
        for part in layer["parts"]:
            del part["outlines"]
    assert all(cut is None for _layer, cut in ExtractFacts.load(facts).standing("applies"))


def test_the_paper_says_what_is_not_known_of_a_layer_that_applies_and_what_is_announced(client: Client, plot: Plot) -> None:
    middle = (WEST + EAST) / 2
    make_layer("road", ("road", box(WEST, SOUTH, middle, NORTH)), covers=box(WEST - 0.01, SOUTH - 0.01, middle, NORTH + 0.01))
    make_layer("road", ("road", AROUND), covers=AROUND, status="pending", valid_from=dt.date(2030, 1, 1))
    row = made(client, plot)
    printed = " ".join(poppler.text(files(client, row)[0]).split())
    shown = client.get(f"/en/zoning/extracts/{row.uuid}/").content.decode()
    for text in (printed, shown):
        assert "50.0%" in text and "A change is announced for" in text and "2030-01-01" in text


def test_the_paper_names_the_edition_as_the_rules_applied(client: Client, plot: Plot) -> None:
    row = made(client, plot)
    (edition,) = ExtractFacts.load(row.document.facts).editions
    printed = " ".join(poppler.text(files(client, row)[0]).split())
    assert "Rules applied" in printed and f"{edition.name_en} {edition.version}" in printed, "not as the use of the land"
    assert printed.count(edition.version) == 1, "no Latin letter in Arabic"


def test_the_paper_says_that_a_repeal_is_decided(client: Client, plot: Plot) -> None:
    make_layer("road", ("road", AROUND), covers=AROUND, valid_to=dt.date(2030, 1, 1), status="repealed")
    row = made(client, plot)
    printed = " ".join(poppler.text(files(client, row)[0]).split())
    for text in (printed, client.get(f"/en/zoning/extracts/{row.uuid}/").content.decode()):
        assert "Its repeal is decided" in text and "2030-01-01" in text
    assert "Its repeal is decided" in client.get(f"/en/plots/{plot.public_id}/").content.decode()


def test_a_layer_that_does_not_cover_the_plot_is_said_without_version_and_day(client: Client, plot: Plot) -> None:
    make_layer("power_line", covers=translate(SQUARE, 0.1, 0), valid_from=dt.date(2011, 6, 1), article_en="Unsaid")
    row = made(client, plot)
    for text in (" ".join(poppler.text(files(client, row)[0]).split()), client.get(f"/en/zoning/extracts/{row.uuid}/").content.decode()):
        assert "does not cover this plot" in text and "Unsaid" not in text and "2011-06-01" not in text


def test_until_it_is_sealed_the_page_offers_neither_files_nor_a_check(client: Client, plot: Plot) -> None:
    sent = client.post(f"/en/plots/{plot.public_id}/extract/", {})
    text, row = client.get(sent["Location"]).content.decode(), PlotExtract.objects.get()
    assert "being sealed" in text and row.document.code not in text and "extract.json" not in text
    run_due(("zoning.extract_document",))
    text = client.get(sent["Location"]).content.decode()
    assert f"/verify/{row.document.code}" in text and "extract.json" in text and "extract.pdf" in text


@pytest.mark.parametrize(
    ("began", "ended", "words"), [("2006-07-01", "2020-01-01", "has not existed since"), ("2026-12-01", None, "did not exist before")]
)
def test_the_extract_of_a_plot_that_does_not_exist_says_so(client: Client, plot: Plot, began: str, ended: str | None, words: str) -> None:
    assert words not in poppler.text(files(client, made(client, plot))[0])
    without_guards()
    Plot.objects.filter(pk=plot.pk).update(valid_from=began, valid_to=ended)
    row = made(client, plot, **SALON)
    assert words in " ".join(poppler.text(files(client, row)[0]).split())
    assert words in client.get(f"/en/zoning/extracts/{row.uuid}/").content.decode()


def test_facts_are_those_of_the_page(client: Client, plot: Plot) -> None:
    data = files(client, made(client, plot, **SALON))[1]
    page = client.get(f"/en/plots/{plot.public_id}/", SALON).content.decode()
    (answer,) = data["answers"]
    assert answer["outcome"] == "not_permitted"
    for text in (answer["outcome_en"], *(ground["sentence_en"] for ground in answer["grounds"])):
        assert text in page
    by_standing = {layer["code"]: layer["standing"] for layer in data["layers"]}
    assert by_standing == {"land_use": "applies", "heritage": "no_data"}
    assert sum(part["percent"] for part in land_use(data)) == pytest.approx(100, abs=0.1)
    measured = next(ground for ground in answer["grounds"] if ground["metres"])
    assert len(measured["line"]) == 2
    assert (measured["metres"], measured["limit_metres"]) == (pytest.approx(184, abs=2), 200)


def test_an_extract_stays_as_issued_and_the_day_of_then_gives_it_again(client: Client, plot: Plot) -> None:
    """A change of the layers changes tomorrow's extract, not this one; asked for the earlier day, the answer is the same."""
    today = clock.today()
    before = files(client, made(client, plot, **SALON))[1]
    with clock.at(clock.now() + dt.timedelta(days=30)):
        repeal_layer("land_use", clock.today())
        make_layer("land_use", ("PRIVATE", AROUND), covers=AROUND, valid_from=clock.today())
        stored = files(client, PlotExtract.objects.get())[1]
        after = files(client, made(client, plot, **SALON))[1]
        then = files(client, made(client, plot, on=today.isoformat(), **SALON))[1]
    assert stored == before
    assert [part["code"] for part in land_use(after)] == ["PRIVATE"]
    own = ("uuid", "number", "verification_code", "verification_url", "issued_at")
    assert {key: value for key, value in then.items() if key not in own} == {key: value for key, value in before.items() if key not in own}


def test_the_page_says_that_a_layer_was_changed_for_a_day_after_the_extract_was_issued(client: Client, plot: Plot) -> None:
    row = made(client, plot, **SALON)

    def changed() -> list[str]:
        return [bilingual(layer, "name") for layer in client.get(f"/en/zoning/extracts/{row.uuid}/").context["changes"].since]

    assert changed() == [] and "Since this extract was issued" not in client.get(f"/en/zoning/extracts/{row.uuid}/").content.decode()
    with clock.at(clock.now() + dt.timedelta(days=30)):
        make_layer("flood", ("flood", AROUND), covers=AROUND, valid_from=clock.today())
        assert changed() == [], "a version of a later day says nothing else about the day of the extract"
        repeal_layer("land_use", row.day)
        make_layer("land_use", ("PRIVATE", AROUND), covers=AROUND, valid_from=row.day)
        repeal_layer("heritage", row.day)
        assert changed() == ["Land_Use", "Heritage"]
        assert "Since this extract was issued" in client.get(f"/en/zoning/extracts/{row.uuid}/").content.decode()


def test_the_page_names_what_has_another_version_today_than_on_its_day(client: Client, plot: Plot) -> None:
    rows = made(client, plot, **SALON), made(client, plot)
    pages = [f"/en/zoning/extracts/{row.uuid}/" for row in rows]

    def later(page: str) -> list[str]:
        return [bilingual(layer, "name") for layer in client.get(page).context["changes"].later]

    assert [later(page) for page in pages] == [[], []] and "Another version applies today" not in client.get(pages[0]).content.decode()
    with clock.at(clock.now() + dt.timedelta(days=30)):
        make_layer("flood", ("flood", AROUND), covers=AROUND, valid_from=clock.today())
        make_layer("power_line", ("power_line", AROUND), covers=AROUND, valid_from=clock.today() + dt.timedelta(days=1))
        for code in ("land_use", "heritage", "schools"):
            repeal_layer(code, clock.today())
        make_layer("land_use", ("PRIVATE", AROUND), covers=AROUND, valid_from=clock.today())
        answer, plain = (later(page) for page in pages)
        assert sorted(plain) == ["Flood", "Heritage", "Land_Use"] and sorted(answer) == sorted([*plain, "Schools"])
        shown = " ".join(BeautifulSoup(client.get(pages[0]).content, "html.parser").get_text().split())
        assert "Another version applies today than on 24 November 2026" in shown and "Since this extract was issued" not in shown


def _ended(plot: Plot) -> None:
    Plot.objects.filter(pk=plot.pk).update(valid_to=clock.today())


def _undone(plot: Plot) -> None:
    without_guards()
    Plot.objects.filter(pk=plot.pk).update(valid_to=plot.valid_from)


def _corrected(plot: Plot) -> None:
    Plot.objects.filter(pk=plot.pk).update(official_area=41_000)


def _reshaped(plot: Plot) -> None:
    plot.shapes.update(valid_to=clock.today())
    row = PlotShape(plot=plot, valid_from=clock.today())
    row.put(shapes.take(box(WEST, SOUTH, EAST, NORTH + 0.0001), "wgs84"), "wgs84")
    row.save()


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (_ended, "ended", "The plot has not existed since 24 December 2026."),
        (_undone, "undone", "The plot is no longer in the register."),
        (_corrected, "official_area", "Its official area is another one now."),
        (_reshaped, "shape", "Its outline is another one now."),
    ],
)
def test_the_page_says_that_the_plot_has_changed_since_and_offers_a_new_one(
    client: Client, plot: Plot, change: Callable[[Plot], None], code: str, words: str
) -> None:
    row = made(client, plot, **SALON)
    page, sealed = f"/en/zoning/extracts/{row.uuid}/", documents_store.read(row.document.file)
    assert client.get(page).context["plot_changes"] == []
    with clock.at(clock.now() + dt.timedelta(days=30)):
        change(plot)
        answer = client.get(page)
        shown = " ".join(BeautifulSoup(answer.content, "html.parser").get_text().split())
        assert answer.context["plot_changes"] == [code] and words in shown and "The extract stays as issued." in shown
        order = BeautifulSoup(answer.content, "html.parser").select_one("main form[method=post]")
        assert (order is None) == (code in ("ended", "undone"))
        if order is not None:
            typed = {str(one["name"]): str(one["value"]) for one in order.select("input") if one["name"] != "csrfmiddlewaretoken"}
            new = made(client, plot, **typed)
            assert typed == SALON and new != row and client.get(f"/en/zoning/extracts/{new.uuid}/").context["plot_changes"] == []
        assert documents_store.read(PlotExtract.objects.get(pk=row.pk).document.file) == sealed


def test_an_extract_of_a_day_before_the_present_outline_says_of_no_change(client: Client, plot: Plot) -> None:
    day = clock.today()
    with clock.at(clock.now() + dt.timedelta(days=30)):
        _reshaped(plot)
        past = made(client, plot, on=day.isoformat())
    with clock.at(clock.now() + dt.timedelta(days=60)):
        assert client.get(f"/en/zoning/extracts/{past.uuid}/").context["plot_changes"] == []


def test_the_page_says_that_an_outline_of_its_day_was_taken_back(client: Client, plot: Plot) -> None:
    with clock.at(clock.now() + dt.timedelta(days=30)):
        _reshaped(plot)
        page = f"/en/zoning/extracts/{made(client, plot).uuid}/"
        assert client.get(page).context["plot_changes"] == []
    with clock.at(clock.now() + dt.timedelta(days=60)):
        without_guards()
        plot.shapes.filter(valid_to=None).update(valid_to=F("valid_from"))  # as the undoing of a load leaves it
        plot.shapes.filter(valid_to__gt=F("valid_from")).update(valid_to=None)
        assert client.get(page).context["plot_changes"] == ["shape"]


def test_the_page_says_that_a_plot_that_had_ended_is_in_the_register_again(client: Client, plot: Plot) -> None:
    _ended(plot)
    page = f"/en/zoning/extracts/{made(client, plot).uuid}/"
    assert client.get(page).context["plot_changes"] == []
    without_guards()
    Plot.objects.filter(pk=plot.pk).update(valid_to=None)
    answer = client.get(page)
    assert answer.context["plot_changes"] == ["again"] and "The plot is in the register again." in answer.content.decode()


def test_the_page_says_that_the_rules_of_its_day_were_published_anew(client: Client, plot: Plot) -> None:
    row = made(client, plot, **SALON)
    page = f"/en/zoning/extracts/{row.uuid}/"
    with clock.at(clock.now() + dt.timedelta(days=30)):
        assert client.get(page).context["changes"].since == []
        maker, checker = (StaffFactory(groups=[f"rule_{role}"], login=f"land-rules-{role}") for role in ("maker", "publisher"))
        before = RuleSet.objects.get(subject="zoning.uses")
        draft = rulebook.copy_as_draft(ruleset=before, maker=maker, actor=actor_of(maker, "rule_maker"))
        RuleSet.objects.filter(pk=draft.pk).update(first_day=row.day)
        draft.refresh_from_db()
        rulebook.publish(ruleset=draft, publisher=checker, actor=actor_of(checker, "rule_publisher"))
        shown = client.get(page).content.decode()
    assert "Since this extract was issued" in shown and "Rules on land use" in shown


def test_the_code_leads_to_the_extract_also_in_a_year(client: Client, plot: Plot) -> None:
    row = made(client, plot)
    with clock.at(clock.now() + dt.timedelta(days=366)):
        check = client.get(f"/verify/{row.document.code}?_language=en").content.decode()
        assert f"/en/zoning/extracts/{row.uuid}/" in check
        assert "Valid" in check
        assert row.document.number in client.get(f"/en/zoning/extracts/{row.uuid}/").content.decode()


def test_the_same_question_of_a_day_gives_the_same_extract(client: Client, plot: Plot) -> None:
    first = made(client, plot, **SALON)
    assert made(client, plot, **SALON) == first
    assert made(client, plot) != first
    assert made(client, plot, activity="LAUN", floor="0") != first


def test_the_page_says_that_the_pdf_is_not_there_yet(client: Client, plot: Plot) -> None:
    response = client.post(f"/en/plots/{plot.public_id}/extract/", {})
    waiting = client.get(response["Location"]).content.decode()
    assert "being sealed" in waiting
    assert client.get(response["Location"] + "extract.pdf").status_code == 404
    assert client.get(response["Location"] + "extract.json").status_code == 200
    run_due(("zoning.extract_document",))
    ready = client.get(response["Location"]).content.decode()
    assert "being sealed" not in ready
    assert client.get(response["Location"] + "extract.pdf")["Content-Type"] == "application/pdf"


@pytest.mark.parametrize("question", [{"activity": "NONE"}, {"activity": "WSAL", "floor": "99"}, {"on": "31/02/2026"}])
def test_a_question_that_is_none_keeps_what_was_typed(client: Client, plot: Plot, question: dict[str, str]) -> None:
    response = client.post(f"/ar/plots/{plot.public_id}/extract/", question)
    assert response.status_code == 400
    assert not PlotExtract.objects.exists()
    if "on" in question:
        assert question["on"] in response.content.decode()


def test_a_plot_without_a_shape_has_none(client: Client, plot: Plot) -> None:
    bare = PlotFactory(number="77", shape=None)
    response = client.post(f"/en/plots/{bare.public_id}/extract/", {})
    assert (response.status_code, PlotExtract.objects.count()) == (409, 0)


def test_making_is_limited(client: Client, plot: Plot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoning.extract.views.MADE", 1)
    made(client, plot)
    assert client.post(f"/en/plots/{plot.public_id}/extract/", SALON).status_code == 429


def test_an_unknown_extract_is_not_found(client: Client, plot: Plot) -> None:
    for ending in ("", "extract.pdf", "extract.json", "extract.xml"):
        assert client.get(f"/en/zoning/extracts/{'0' * 8}-0000-4000-8000-{'0' * 12}/{ending}").status_code == 404


def test_the_page_reads_with_few_statements(client: Client, plot: Plot) -> None:
    row = made(client, plot, **SALON)
    client.get(f"/en/zoning/extracts/{row.uuid}/")
    with CaptureQueriesContext(connection) as statements:
        client.get(f"/en/zoning/extracts/{row.uuid}/")
    assert len(statements) <= 5


def test_an_extract_is_never_changed_or_deleted(client: Client, plot: Plot) -> None:
    row = made(client, plot)
    for act in (lambda: PlotExtract.objects.filter(pk=row.pk).update(day=dt.date(2020, 1, 1)), PlotExtract.objects.all().delete):
        with pytest.raises(IntegrityError, match="insert_only"), transaction.atomic():
            act()
    assert documents_store.read(PlotExtract.objects.get().document.file)[:5] == b"%PDF-"


def test_a_worker_that_dies_leaves_one_extract(plot: Plot) -> None:
    row = extracts.make(plot, clock.today(), ActivityQuestion("WSAL", 0))
    assert row is not None
    assert_ends_as_undisturbed(lambda: extracts.write_document(extract_id=row.pk), ExtractFacts)
