"""The rendered file: PDF/A-3a, tagged, fonts inside, text in reading order, closed to hostile values."""

from __future__ import annotations

import itertools
import json
import re
import sys
import threading
import time
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from licensing.health.documents import HealthLicenceFacts
from municipality.documents import assets, rendering
from municipality.documents.facts import MAX_LENGTH, BilingualText, EditionLabel, FactsRefused
from municipality.documents.rendering import RendererMissing, RenderingRefused, render
from municipality.rulebook.seeds import read_editions
from payments.documents import ReceiptLine
from tests import poppler
from tests.municipality.documents.conftest import LICENCE, render_licence, render_receipt
from tests.municipality.documents.samples import HOSTILE, licence, receipt


def opened(pdf: bytes) -> pikepdf.Pdf:
    return pikepdf.open(BytesIO(pdf))


def compact(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_a_licence_declares_pdf_a_3a_with_tags_language_and_title(sealed: bytes) -> None:
    with opened(sealed) as pdf:
        assert pdf.Root.Lang == "ar"
        assert pdf.Root.MarkInfo.Marked == True  # noqa: E712  a PDF boolean, not Python's
        assert pdf.Root.StructTreeRoot.K
        assert pdf.Root.OutputIntents[0].S == "/GTS_PDFA1"
        assert pdf.Root.ViewerPreferences.DisplayDocTitle == True  # noqa: E712
        with pdf.open_metadata() as metadata:
            assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "A")
            assert metadata["dc:title"] == f"ترخيص صحي {licence().number}"
        assert pdf.pdf_version == "1.7" and pdf.Root.get("/Version") in (None, "/1.7")
        assert pdf.docinfo["/CreationDate"] == "D:20261129104211+03'00"
    assert len(opened(sealed).pages) == 1


def test_the_tags_hold_one_heading_and_tables_with_heads(unsigned: bytes) -> None:
    kinds: list[str] = []

    def walk(element: Any) -> None:
        if isinstance(element, pikepdf.Array):
            for child in element:
                walk(child)
        elif isinstance(element, pikepdf.Dictionary):
            kinds.append(str(element.get("/S")))
            walk(element.get("/K"))

    with opened(unsigned) as pdf:
        walk(pdf.Root.StructTreeRoot)
    assert kinds.count("/H1") == 1 and kinds.count("/H2") == 2
    assert kinds.count("/TH") >= 8 and "/Figure" in kinds and "/LI" in kinds


def test_the_same_facts_are_enclosed_for_machines(unsigned: bytes) -> None:
    with opened(unsigned) as pdf:
        assert list(pdf.attachments) == ["licence.json"]
        facts = json.loads(pdf.attachments["licence.json"].get_file().read_bytes())
        assert str(pdf.attachments["licence.json"].obj.AFRelationship) == "/Data"
    assert facts["number"] == licence().number
    assert facts["valid_until"] == "2027-11-30" and facts["fee_fils"] == 10_000


def test_all_fonts_are_embedded_and_there_are_only_ours(sealed: bytes, tmp_path: Path) -> None:
    lines = poppler.run("pdffonts", poppler.written(sealed, tmp_path)).decode().splitlines()[2:]
    assert len(lines) == 3
    for line in lines:
        assert "Portal-Document" in line
        assert line.split()[-5:-2] == ["yes", "yes", "yes"]  # embedded, subset, with a Unicode table


def test_text_is_extracted_in_reading_order_in_both_languages(sealed: bytes) -> None:
    text = poppler.text(sealed)
    facts = licence()
    for value in (
        facts.number, facts.trade_name_ar, facts.trade_name_en, facts.activity_ar, facts.activity_en, facts.licensee_ar, facts.licensee_en,
        facts.paci_number, facts.branch_ar, facts.branch_en, "بلدية الكويت", "ترخيص صحي", "Health Licence", "الرقم الآلي للعنوان",
        "الترخيص التجاري", "الاشتراطات", "30 November 2027", "Jumada II", "جمادى الآخرة", "7Q4MZ X2K9T J3HV8 WRB1D",
        *(condition.ar.rstrip(".") for condition in facts.conditions), *(condition.en for condition in facts.conditions),
    ):  # fmt: skip
        assert value in " ".join(text.split()), value
    for word in itertools.chain(facts.address_ar.split(), facts.fee_ground_ar.split(), ["يحل", "محل", "القرى", "للعلم"]):
        assert word.strip("،:") in text, word


def in_force() -> tuple[BilingualText, ...]:
    """The conditions that the rulebook begins with."""
    rows = [row for edition in read_editions() if edition["subject"] == "conditions.health" for row in edition["condition"]]
    return tuple(BilingualText(row["text_ar"], row["text_en"]) for row in rows)


# Long data, as of a company with two-line names in the area with the longest name.
FULL = {
    "conditions": in_force(),
    "trade_name_ar": "مركز الأناقة الحديثة للعناية بالبشرة والشعر",
    "trade_name_en": "Modern Elegance Centre for Skin and Hair Care",
    "activity_ar": "معهد صحي وصالون نسائي",
    "activity_en": "Health institute and women’s salon",
    "licensee_ar": "شركة عبدالرحمن بن عبدالمحسن وشركاه للتجارة العامة",
    "licensee_en": "Abdulrahman bin Abdulmohsen and Partners General Trading Company",
    "address_ar": "ضاحية مبارك العبدالله الجابر، قطعة 12، شارع 305، مبنى 114، قسيمة 77، دور 2، وحدة 14",
    "address_en": "Mubarak Al-Abdullah Al-Jaber, block 12, street 305, building 114, plot 77, floor 2, unit 14",
    "branch_ar": "فرع بلدية محافظة مبارك الكبير",
    "branch_en": "Mubarak Al-Kabeer Governorate Branch",
    "demo": True,
}
FACTS, CONDITIONS, ALL = 9.0, 8.0, 7.0  # least size of type, in points


def too_small(pdf: bytes, facts: HealthLicenceFacts) -> list[tuple[str, float]]:
    """Words below the least size of type for their part of the sheet."""
    conditions = {word for condition in facts.conditions for text in (condition.ar, condition.en) for word in re.findall(r"\w{4,}", text)}
    values = {word for value in vars(facts).values() if isinstance(value, str) for word in re.findall(r"\w{4,}", value)}
    values -= {word for small in (facts.sealed_by, facts.supersedes, facts.case_reference) for word in re.findall(r"\w{4,}", small)}
    found = []
    for word, size in poppler.sizes(pdf):
        bare = word.strip(".,،")
        least = CONDITIONS if bare in conditions else FACTS if bare in values else ALL
        if size < least - 0.05:
            found.append((word, size))
    return found


@pytest.mark.parametrize("changes", [{"conditions": FULL["conditions"], "demo": True}, FULL])
def test_a_real_licence_can_be_read_on_the_wall(changes: dict[str, Any]) -> None:
    pdf = render_licence(**changes)
    assert len(opened(pdf).pages) == 1
    assert too_small(pdf, licence(**changes)) == []


def test_a_licence_set_in_smaller_type_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the test above, with the next smaller steps."""
    monkeypatch.setattr(rendering, "DENSITIES", ("doc-dense",))
    assert len(too_small(render_licence(**FULL), licence(**FULL))) > 60


def test_the_conditions_in_force_are_extracted_as_they_are_written() -> None:
    """Vowel marks would come out of their place: poppler reads a right-to-left line glyph by glyph."""
    text = " ".join(poppler.text(render_licence(conditions=in_force())).split())
    for condition in in_force():
        assert condition.ar.rstrip(".") in text and condition.en in text, condition


def test_a_receipt_states_every_identifier_and_the_sum() -> None:
    pdf = render_receipt()
    text = " ".join(poppler.text(pdf).split())
    facts = receipt()
    for value in (
        facts.number,
        facts.payment_id,
        facts.track_id,
        facts.transaction_id,
        facts.reference,
        facts.auth_code,
        facts.bill_reference,
    ):
        assert value in text
    assert "12.250" in text and "10.000" in text and "إيصال دفع" in text and facts.payer_ar in text
    assert "Bill number" in text and "رقم الفاتورة" in text, "as the pages call it"
    assert "1 shop × 1 year" in text and "محل واحد × سنة" in text


def test_a_civil_number_has_no_place_in_the_facts() -> None:
    assert not [name for name in vars(licence()) if "civil" in name]


FIELDS = (
    "trade_name_ar", "trade_name_en", "activity_ar", "activity_en", "licensee_ar", "licensee_en", "address_ar", "address_en",
    "commercial_licence", "fee_ground_ar",
)  # fmt: skip


@pytest.mark.slow
def test_300_hostile_values_ask_for_nothing_and_enclose_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = assets.asset
    monkeypatch.setattr(assets, "asset", lambda address: (asked.append(address), real(address))[1])
    cases = 0
    for turn in range(len(HOSTILE)):
        values = {field: HOSTILE[(turn + place) % len(HOSTILE)] for place, field in enumerate(FIELDS)}
        cases += len(values)
        began = time.process_time()
        pdf = render_licence(**values)
        assert time.process_time() - began < 20
        with opened(pdf) as document:
            assert list(document.attachments) == ["licence.json"]
            assert len(document.pages) == 1
            assert not [annotation for page in document.pages for annotation in page.get("/Annots", [])]
    assert cases == 300
    assert set(asked) <= set(assets.ASSETS)


def test_an_unescaped_value_would_ask_and_is_refused() -> None:
    """The control of the test above: the values are dangerous once the templates stop escaping them."""
    from django.utils.safestring import SafeString

    facts = licence()
    context = {**facts.context(), "trade_name": BilingualText(SafeString(HOSTILE[1]), SafeString(HOSTILE[3]))}
    with pytest.raises(RenderingRefused, match="may not read"):
        render(LICENCE, context, title="x", at=facts.issued_at)


def test_a_text_of_a_megabyte_is_refused_at_once() -> None:
    with pytest.raises(FactsRefused):
        licence(trade_name_ar="ص" * 1_000_000)
    facts = licence()
    began = time.process_time()
    with pytest.raises(RenderingRefused, match="too many"):
        render(LICENCE, {**facts.context(), "trade_name": BilingualText("ص" * 1_000_000)}, title="x", at=facts.issued_at)
    assert time.process_time() - began < 5


def overlaps(pdf: bytes) -> list[tuple[str, str]]:
    """Pairs of words whose rectangles share more than a quarter of the smaller one."""
    # Of each rectangle the middle half: its height is the font's, not the letters'.
    words = [(w, x1, y1 + (y2 - y1) / 4, x2, y2 - (y2 - y1) / 4) for w, x1, y1, x2, y2 in poppler.boxes(pdf) if x2 - x1 > 1 and y2 - y1 > 1]
    found = []
    for (one, ax1, ay1, ax2, ay2), (two, bx1, by1, bx2, by2) in itertools.combinations(words, 2):
        width, height = min(ax2, bx2) - max(ax1, bx1), min(ay2, by2) - max(ay1, by1)
        smaller = min((ax2 - ax1) * (ay2 - ay1), (bx2 - bx1) * (by2 - by1))
        if width > 0 and height > 0 and width * height > smaller / 4:
            found.append((one, two))
    return found


LONG = {
    "trade_name_ar": ("مؤسسة الأمل الكبرى للعناية والتجميل والتجارة العامة " * 7)[:300],
    "trade_name_en": ("The Great Hope Establishment for Care and General Trading " * 7)[:300],
    "activity_ar": "صالون نسائي للعناية بالشعر والبشرة مع معهد صحي وسبا " * 4,
    "activity_en": "Women’s salon for hair and skin care with a health institute and spa " * 3,
    "licensee_ar": "شركة عبدالرحمن بن عبدالمحسن وشركاه للتجارة العامة والمقاولات " * 3,
    "licensee_en": "Abdulrahman Abdulmohsen and Partners General Trading Company " * 3,
    "address_ar": "ضاحية مبارك العبدالله الجابر، قطعة 12، شارع 305، جادة 7، مجمع الأمل التجاري، الدور الأرضي، محل 14 و15، " * 4,
    "address_en": "Mubarak Al-Abdullah Al-Jaber, block 12, street 305, lane 7, Hope commercial complex, ground floor, shops 14 and 15, "
    * 4,
    "conditions": tuple(BilingualText("التزام " * 20, "an obligation " * 12) for _ in range(8)),
}


@pytest.mark.parametrize("demo", [False, True])
def test_long_values_stay_on_one_page_whole_and_apart(demo: bool) -> None:
    pdf = render_licence(**LONG)
    text = compact(poppler.text(pdf))
    with opened(pdf) as document:
        assert len(document.pages) == 1
    for field in ("trade_name_en", "activity_en", "licensee_en", "address_en"):
        for word in set(LONG[field].split()):  # type: ignore[attr-defined]
            assert word in text, (field, word)
    for word in set(str(LONG["trade_name_ar"]).split()):
        assert word in text, word
    for end in ("Sealedby", "statusshownthereprevails", "forinformation", licence().number, "7Q4MZX2K9TJ3HV8WRB1D"):
        assert end in text, end
    assert overlaps(pdf) == []
    if demo:
        assert "Demo,nolegalforce" in compact(poppler.text(render_licence(demo=True, **LONG)))


@pytest.mark.parametrize("changes", [{}, {"demo": True}, {"trade_name_en": ""}, {"conditions": ()}, {"editions": (), "supersedes": ""}])
def test_the_foot_is_never_lost(changes: dict[str, Any]) -> None:
    text = compact(poppler.text(render_licence(**changes)))
    for end in (
        "Electronicseal",
        "statusshownthereprevails",
        "Sealedby",
        "forinformation",
        "7Q4MZX2K9TJ3HV8WRB1D",
        "https://portal.example/verify/",
    ):
        assert end in text, end


def test_ordinary_values_do_not_overlap(unsigned: bytes) -> None:
    assert overlaps(unsigned) == []


def test_content_that_fits_no_page_is_refused_rather_than_cut() -> None:
    with pytest.raises(RenderingRefused, match="one page"):
        render_licence(conditions=tuple(BilingualText("شرط " * 140, "condition " * 55) for _ in range(40)))


def test_a_long_foot_takes_room_from_the_sheet_above_it() -> None:
    """A demo licence that names many editions and a long issuer."""
    many = tuple(EditionLabel(f"مدد الدراسة والتدقيق {n}", f"Periods of the study {n}", f"v{n}") for n in range(9))
    pdf = render_licence(editions=many, demo=True, conditions=in_force())
    assert len(opened(pdf).pages) == 1


def test_an_edition_has_no_latin_letter_in_arabic() -> None:
    text = poppler.text(render_licence(editions=(EditionLabel("رسوم التجديد", "Fees of renewals", "v37"),)))
    assert text.count("v37") == 1 and text.count("37") == 2, "once in English, and its number alone in Arabic"


def test_a_fact_beyond_the_limit_names_its_field() -> None:
    with pytest.raises(FactsRefused) as refused:
        licence(address_en="x" * (MAX_LENGTH + 1))
    assert refused.value.args[0] == "address_en"


def test_missing_pango_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def find_spec(self, name: str, path: object = None, target: object = None) -> None:
            if name == "weasyprint":
                raise OSError("cannot load library 'libpango-1.0-0'")

    monkeypatch.delitem(sys.modules, "weasyprint", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    with pytest.raises(RendererMissing, match=r"apt-get install.*libpango-1.0-0"):
        render_licence()


def test_the_modules_load_without_weasyprint() -> None:
    import subprocess

    code = (
        "import sys; sys.modules['weasyprint'] = None; import django; django.setup();"
        " import municipality.documents.rendering, municipality.documents.assets"
    )
    loaded = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).resolve().parents[3], capture_output=True, text=True)
    assert loaded.returncode == 0, loaded.stderr


def test_threads_render_the_same_page_at_the_same_time() -> None:
    rendered: list[bytes] = []
    threads = [threading.Thread(target=lambda: rendered.append(render_licence())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(rendered) == 4
    assert len({poppler.picture(pdf, 40).tobytes() for pdf in rendered}) == 1


def test_facts_are_cleaned_of_marks_that_turn_text_round() -> None:
    facts = replace(licence(), trade_name_ar="\u202eصالون\u202c\n\x00 نسمة")
    assert facts.trade_name_ar == "صالون نسمة"


LINE = ReceiptLine(
    "تجديد ترخيص صحي لمحل واحد",
    "Renewal of a health licence of one shop",
    "لائحة الرسوم رقم 12 لسنة 2020، مادة 4 فقرة ب",
    "fee regulation no. 12 of 2020, article 4 (b)",
    1000,
    "المخالفة VIO-HA-2026-004217-K، صالون نسمة بحر. محل واحد × سنة واحدة",
    "Violation VIO-HA-2026-004217-K, Nasmat Bahr Salon. 1 shop × 1 year",
)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_a_receipt_of_up_to_four_long_lines_is_one_page(count: int) -> None:
    assert len(opened(render_receipt(lines=(LINE,) * count, amount_fils=1000 * count)).pages) == 1


def test_the_sentence_and_the_code_of_a_longer_receipt_are_not_alone_on_a_page() -> None:
    pdf = render_receipt(lines=(LINE,) * 5, amount_fils=5000)
    assert len(opened(pdf).pages) == 2
    last = compact(poppler.text(pdf).rstrip("\f").split("\f")[-1])
    assert "Scanthesquare" in last and "KNETpaymentID" in last and "Authorisationcode" in last
