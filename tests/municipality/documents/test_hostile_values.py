"""Hostile values in each place of every paper: nothing asked for, nothing enclosed, and no element that a harmless paper has not.

For each template 30 sets of values become HTML, whose tags and attributes are those of a harmless paper; in each set another hostile
value stands in a place. One set of them becomes a PDF. The health licence has a PDF of every set (`test_rendering.py`).
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from html.parser import HTMLParser
from io import BytesIO
from typing import Any

import pikepdf
import pytest
from django.template import Context
from django.template.loader import get_template

from licensing.health.documents import RenewalRefusalFacts
from licensing.signage.documents import BoardLicenceFacts
from municipality.documents import assets, qr, rendering
from municipality.documents.facts import SHORT, EditionLabel, Facts, LetterDate, LetterFacts, LetterRow, LetterSection
from tests.municipality.documents.samples import HOSTILE, ISSUED, licence, receipt
from violations.documents import NoticeFacts
from zoning.extract.facts import ExtractAnswer, ExtractFacts, ExtractGround, ExtractLayer, ExtractLimit, ExtractMap, ExtractPart
from zoning.opinion.documents import OpinionFacts

DAY = dt.date(2026, 12, 1)
# What the portal chooses itself from a few words, and what is no text of a page.
OWN = {"standing", "exists_from", "ended", "sha256", "verification_url"}
Values = Iterator[str]


def filled(fact: Any, values: Values, name: str = "") -> Any:
    """A fact with another value in each of its texts, however deep."""
    if isinstance(fact, str):
        return fact if name in OWN or not fact else next(values)[:SHORT]
    if isinstance(fact, tuple):
        return tuple(filled(one, values, name) for one in fact)
    if is_dataclass(fact) and not isinstance(fact, type):
        return type(fact)(**{field.name: filled(getattr(fact, field.name), values, field.name) for field in fields(fact)})
    return fact


def letter(kind: type[LetterFacts]) -> LetterFacts:
    return kind(
        number="TST-2026-000001",
        verification_code="7Q4MZX2K9TJ3HV8WRB1D",
        verification_url="https://portal.example/verify/7Q4MZX2K9TJ3HV8WRB1D",
        verification_address="portal.example/verify",
        sealed_by="CN=x",
        demo=True,
        title_ar="عنوان",
        title_en="Title",
        branch_ar="فرع",
        branch_en="Branch",
        days=(LetterDate("من", "From", DAY),),
        rows=(LetterRow("الاسم", "Name", "محل", "Shop", lead=True), LetterRow("رقم", "No.", "12")),
        sections=(
            LetterSection("نص", "Text", ("سطر", "سطر آخر"), ("line", "other line")),
            LetterSection("رأي", "View", ("نص",), ("text",)),
        ),
        editions=(EditionLabel("الرسوم", "Fees", "v1"),),
        issued_at=ISSUED,
    )


def extract() -> ExtractFacts:
    square = ((48.0, 29.3), (48.001, 29.3), (48.001, 29.301), (48.0, 29.301), (48.0, 29.3))
    two = ("اسم", "name")
    layer = ExtractLayer(
        "road", *two, *two, "applies", 2, "2011-06-01", *two, *two, (ExtractPart("a", *two, 9.0, 50.0),), 50.0, "2030-01-01", "2026-01-01"
    )
    grounds = (ExtractGround("no", "سبب", "ground", "مادة", "article", 1.0, 2, (), "2026-01-01"),)
    return ExtractFacts(
        number="ZEX-2026-000001",
        verification_code="7Q4MZX2K9TJ3HV8WRB1D",
        verification_address="portal.example/verify",
        sealed_by="CN=x",
        uuid="9b2f",
        plot="plot",
        governorate_ar="حولي",
        governorate_en="Hawalli",
        area_ar="السالمية",
        area_en="Salmiya",
        block="4",
        plot_number="7",
        paci_numbers=("10229888",),
        official_square_metres=400.0,
        measured_square_metres=400.0,
        origins=(LetterRow("مصدر", "Source", "مسح", "survey"),),
        day=DAY,
        system="x",
        system_ar="نظام",
        system_en="system",
        map=ExtractMap((square,), (), ()),
        layers=(layer,),
        limits=(ExtractLimit("a", *two, 9.0, 1, 2.0, 3, 4.0, 5.0, 6.0, 7.0, *two),),
        answers=(ExtractAnswer("s", *two, 0, *two, "no", *two, grounds),),
        editions=(EditionLabel("استعمالات", "Uses", "v1"),),
        issued_at=ISSUED,
    )


def refusal() -> RenewalRefusalFacts:
    texts = ("request", "trade_name", "applicant", "branch", "reason", "article", "note", "object_ground")
    return RenewalRefusalFacts(
        number="HRF-2026-000001",
        verification_code="7Q4MZX2K9TJ3HV8WRB1D",
        verification_address="portal.example/verify",
        sealed_by="CN=x",
        case_reference="HL-2026-000001",
        opened_on=DAY,
        decided_at=ISSUED,
        object_until=DAY,
        editions=(EditionLabel("الردود", "Replies", "v1"),),
        **{f"{name}_{code}": f"{name} {code}" for name in texts for code in ("ar", "en")},
    )


@dataclass(frozen=True)
class Paper:
    """A template, and its context with values in all places; harmless ones where `values` is None."""

    template: str
    context: Callable[[Values | None], dict[str, Any]]


def paper(facts: Facts) -> Paper:
    return Paper(facts.template, lambda values: (facts if values is None else filled(facts, values)).context())


def plate(values: Values | None) -> dict[str, Any]:
    """As licensing.signage.plates has it."""
    words = values or itertools.cycle(["x"])
    return {
        **{name: next(words) for name in ("number", "code", "verify")},
        **{name: (next(words), next(words)) for name in ("kind", "size", "begins", "ends")},
        "qr": qr.svg("https://portal.example/boards/x/", label=next(words)),
        "demo": True,
    }


PAPERS = {
    "health licence": paper(licence(demo=True)),
    "boards licence": paper(letter(BoardLicenceFacts)),
    "opinion": paper(letter(OpinionFacts)),
    "notice of a violation": paper(letter(NoticeFacts)),
    "extract": paper(extract()),
    "refusal": paper(refusal()),
    "receipt": paper(receipt()),
    "plate": Paper("licensing/documents/plate.html", plate),
}


class Skeleton(HTMLParser):
    """The tags of a page with the names of their attributes, and the addresses that it names."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, ...]] = []
        self.addresses: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, *(name for name, _value in attrs)))
        self.addresses |= {value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "data")}

    handle_startendtag = handle_starttag


def own(context: dict[str, Any]) -> dict[str, Any]:
    """A context with what `rendering.render` adds."""
    return {**context, "title": "x", "language": "ar", "created": ISSUED, "density": ""}


@pytest.mark.parametrize("name", PAPERS)
def test_hostile_values_change_nothing_but_the_words(name: str) -> None:
    one = PAPERS[name]
    harmless = Skeleton(rendering._html(one.template, own(one.context(None)), "ar"))
    assert harmless.addresses <= set(assets.ASSETS)
    for turn in range(len(HOSTILE)):
        values = itertools.islice(itertools.cycle(HOSTILE), turn, None)
        found = Skeleton(rendering._html(one.template, own(one.context(values)), "ar"))
        assert (found.tags, found.addresses) == (harmless.tags, harmless.addresses), turn


@pytest.mark.parametrize("name", [name for name in PAPERS if name not in ("health licence", "notice of a violation")])
def test_a_file_with_hostile_values_asks_for_nothing_and_encloses_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = assets.asset
    monkeypatch.setattr(assets, "asset", lambda address: (asked.append(address), real(address))[1])
    one = PAPERS[name]
    pdf = rendering.render(one.template, one.context(itertools.cycle(HOSTILE)), title=HOSTILE[0], at=ISSUED)
    with pikepdf.open(BytesIO(pdf)) as document:
        assert not list(document.attachments)
        assert not [annotation for page in document.pages for annotation in page.get("/Annots", [])]
    assert set(asked) <= set(assets.ASSETS)


@pytest.mark.parametrize("name", PAPERS)
def test_without_escaping_they_change_the_page(name: str) -> None:
    """The control of the tests above: the same templates, which no longer escape."""
    one = PAPERS[name]
    template: Any = get_template(one.template)
    pages = [
        Skeleton(template.template.render(Context(own(one.context(values)), autoescape=False)))
        for values in (None, itertools.cycle(HOSTILE))
    ]
    assert pages[0].tags != pages[1].tags and not pages[1].addresses <= set(assets.ASSETS)
