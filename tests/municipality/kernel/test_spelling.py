"""Words of a text, sounds across Arabic and Latin letters, and errors of typing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from municipality.kernel import arabic, spelling

ARABIC = st.text("ابتثجحخدذرزسشصضطظعغفقكلمنهوي", min_size=1, max_size=12)
LATIN = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("صالونُ الأنَاقَةِ ٢٣", ["صالون", "الاناقه", "23"]),
        ("Al-Nour Café's ۴", ["al", "nour", "cafes", "4"]),
        ("أبو\u200fـحليفة/ب", ["ابوحليفه", "ب"]),
        ("گهوة پاریس", ["كهوه", "باريس"]),
        ("  ---  ", []),
    ],
)
def test_words_are_folded_and_cut(text: str, words: list[str]) -> None:
    assert arabic.words(text) == words


@pytest.mark.parametrize(
    ("word", "bare"),
    [("النور", "نور"), ("والمقاولات", "مقاولات"), ("بالجمله", "جمله"), ("للتجاره", "تجاره"), ("ال", "ال"), ("بالون", "بالون"),
     ("وال", "وال"),
     ("alshallal", "shallal"), ("alum", "alum"), ("nour", "nour"), ("", "")],
)  # fmt: skip
def test_articles_and_particles_go(word: str, bare: str) -> None:
    assert arabic.bare(word) == bare


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("نور", "noor"), ("نور", "nur"), ("خليج", "khaleej"), ("خليج", "khalij"), ("ذهبي", "thahabi"), ("ذهبي", "dhahabi"),
        ("واحه", "waha"),
        ("لمسه", "lamsat"), ("عبدالله", "abdullah"), ("حسين", "hussain"), ("قهوه", "gahwa"), ("قهوه", "kahwa"), ("ياسمين", "yasmeen"),
        ("جوهره", "jawharat"), ("شيخه", "shaikha"), ("فيرا", "vera"), ("سعود", "soud"), ("كوت", "coat"),
    ],
)  # fmt: skip
def test_the_same_name_in_both_scripts_has_a_sound_in_common(one: str, other: str) -> None:
    assert spelling.sound_distance(one, other) is not None


@pytest.mark.parametrize(("one", "other"), [("نور", "salam"), ("خليج", "jabriya"), ("نور", "سلام"), ("بيتزا", "pizza")])
def test_other_names_have_none(one: str, other: str) -> None:
    assert spelling.sound_distance(one, other) is None


def test_vowels_tell_which_of_one_sound_is_nearer() -> None:
    near, far = spelling.sound_distance("nour", "نور"), spelling.sound_distance("nour", "نوير")
    assert near is not None and far is not None and near < far


@given(st.one_of(ARABIC, LATIN), st.integers(0, 3), st.integers(0, 12), st.sampled_from("بنرسkx"))
def test_one_error_away_shares_a_form_and_counts_one(word: str, kind: int, place: int, letter: str) -> None:
    place %= len(word)
    made = {
        0: word[:place] + letter + word[place:],
        1: word[:place] + word[place + 1 :],
        2: word[:place] + letter + word[place + 1 :],
        3: word[:place] + word[place + 1 : place + 2] + word[place] + word[place + 2 :],
    }[kind]
    assert spelling.errors(word, made) == (0 if word == made else 1)
    if min(len(word), len(made)) > 2:
        assert spelling.deletions(word) & spelling.deletions(made)


@given(ARABIC, ARABIC)
def test_unlikeness_is_the_same_from_both_sides_and_nought_for_one_word(one: str, other: str) -> None:
    assert spelling.spoken_distance(one, one) == 0
    assert spelling.spoken_distance("NwR", "NaR") == pytest.approx(0.3)
    assert (spelling.errors(one, other) == 0) == (one == other)


@given(st.text(max_size=30))
def test_no_text_breaks_the_reading(text: str) -> None:
    for word in arabic.words(text):
        assert arabic.bare(word)
        assert len(spelling.sounds(word)) <= spelling.MAX_SOUNDS
