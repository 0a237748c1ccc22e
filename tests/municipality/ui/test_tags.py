"""What the tags and filters write, in both languages."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from django.template import engines
from django.utils import translation
from django.utils.formats import localize

from municipality.ui.plurals import COUNTED, WITHIN, counted, within, within_span


def write(source: str, language: str, **context: Any) -> str:
    with translation.override(language):
        return engines["django"].from_string(source).render(context)


def test_an_amount_has_three_decimals_and_its_place_in_the_sentence() -> None:
    assert write("{{ n|kwd }}", "ar", n=10_000) == '<span class="kp-num"><bdi dir="ltr">10.000</bdi>\u00a0د.ك</span>'
    assert write("{{ n|kwd }}", "en", n=1_234_500) == '<bdi dir="ltr" class="kp-num">KD\u00a01,234.500</bdi>'


def test_days_are_written_with_the_months_of_kuwait_and_ascii_digits() -> None:
    day = dt.date(2026, 11, 24)
    assert write("{{ d|day }}", "ar", d=day) == '<time datetime="2026-11-24">24\u00a0نوفمبر\u00a02026</time>'
    assert write("{{ d|day }}", "en", d=day) == '<time datetime="2026-11-24">24\u00a0November\u00a02026</time>'
    assert "الثلاثاء 24" in write("{{ d|day:'weekday' }}", "ar", d=day)
    assert write("{{ d|day }}", "ar", d=None) == ""


@pytest.mark.parametrize(
    ("day", "arabic", "english"),
    [
        (
            dt.date(2026, 11, 24),
            "14\u00a0جمادى الآخرة\u00a01448\u00a0هـ",
            "14\u00a0Jumada II\u00a01448\u00a0AH",
        ),
        (
            dt.date(2026, 2, 18),
            "1\u00a0رمضان\u00a01447\u00a0هـ",
            "1\u00a0Ramadan\u00a01447\u00a0AH",
        ),
    ],
)
def test_the_hijri_day_stands_beside(day: dt.date, arabic: str, english: str) -> None:
    assert f"الموافق {arabic}" in write("{{ d|day_hijri }}", "ar", d=day)
    assert f"({english})" in write("{{ d|day_hijri }}", "en", d=day)


def test_a_day_outside_the_hijri_table_stands_alone() -> None:
    assert write("{{ d|day_hijri }}", "en", d=dt.date(1900, 1, 1)) == '<time datetime="1900-01-01">1\u00a0January\u00a01900</time>'


def test_an_instant_is_told_in_kuwait_time() -> None:
    instant = dt.datetime(2026, 11, 23, 22, 30, tzinfo=dt.UTC)
    assert write("{{ i|moment }}", "en", i=instant) == (
        '<time datetime="2026-11-24T01:30+03:00">24\u00a0November\u00a02026 at <bdi dir="ltr">01:30</bdi></time>'
    )
    assert '2026، <bdi dir="ltr">01:30</bdi>' in write("{{ i|moment }}", "ar", i=instant)


def test_references_are_escaped_and_read_left_to_right() -> None:
    assert write("{{ r|ref }}", "ar", r="HL-1<b>") == '<bdi dir="ltr" class="kp-ref">HL-1&lt;b&gt;</bdi>'


def test_a_name_is_marked_as_data_only_where_the_other_language_had_to_be_used() -> None:
    both, one = (
        SimpleNamespace(name_ar="نسمة", name_en="Nasmat"),
        SimpleNamespace(name_ar="نسمة <i>", name_en=""),
    )
    assert write("{{ o|bilingual:'name' }}", "en", o=both) == "Nasmat"
    assert write("{{ o|bilingual:'name' }}", "en", o=one) == '<bdi lang="ar" data-term>نسمة &lt;i&gt;</bdi>'
    assert write("{{ o|bilingual:'name' }}", "en", o={"name_ar": "", "name_en": ""}) == ""


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "لا أيام"),
        (1, "يوم واحد"),
        (2, "يومان"),
        (3, "3 أيام"),
        (10, "10 أيام"),
        (11, "11 يوماً"),
        (99, "99 يوماً"),
        (100, "100 يوم"),
        (103, "103 أيام"),
    ],
)
def test_arabic_counts_with_its_six_forms(number: int, said: str) -> None:
    with translation.override("ar"):
        assert counted(number, "day") == said


def test_every_counted_phrase_has_arabic() -> None:
    with translation.override("ar"):
        for phrases, say in ((COUNTED, counted), (WITHIN, within)):
            for noun in phrases:
                for number in (0, 1, 2, 5, 20, 100):
                    assert not any("a" <= letter <= "z" for letter in say(number, noun)), (noun, number)


def test_a_span_is_told_in_the_unit_people_use() -> None:
    with translation.override("en"):
        assert [within_span(m) for m in (0, 40, 60, 61, 2879, 2880, 5000)] == [
            "within 1 minute",
            "within 40 minutes",
            "within 1 hour",
            "within 2 hours",
            "within 48 hours",
            "within 2 days",
            "within 4 days",
        ]


def test_numbers_have_a_decimal_point_in_both_languages() -> None:
    for language in ("ar", "en"):
        with translation.override(language):
            assert localize(1234.5) == "1234.5"
            assert localize(1234.5, use_l10n=True) == "1234.5"


def test_a_state_has_word_and_shape_and_an_unknown_state_is_an_error() -> None:
    shapes = set()
    for state in ("ok", "warn", "bad", "wait"):
        html = write("{% tag state 'word' %}", "en", state=state)
        assert "word</span>" in html
        shapes.add(html.split("#i-")[1].split('"')[0])
    assert len(shapes) == 4
    with pytest.raises(KeyError):
        write("{% tag 'green' 'word' %}", "en")


def test_the_promise_line_stays_honest_when_reality_is_longer() -> None:
    html = write("{% promise promise=100 half=50 ninety=200 %}", "en")
    assert 'class="kp-line__tick" d="M116.0 1v12"' in html
    assert 'cx="224.0"' in html
    assert "circle" not in write("{% promise promise=100 %}", "en")


def test_a_page_that_does_not_exist_falls_back() -> None:
    assert write("{% url_or '-' 'no:such' %}|{% url_or '-' 'gallery' %}", "en") == "-|/en/gallery/"
