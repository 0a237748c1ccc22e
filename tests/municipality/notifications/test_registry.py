"""A message exists in both languages or not at all."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.checks import Tags, run_checks

from municipality.notifications.registry import MESSAGE_KINDS, IncompleteMessage, MessageKind
from municipality.notifications.registry import check as assert_complete
from municipality.notifications.texts import Bilingual
from tests.municipality.notifications.conftest import GREETING, Make, both


def test_a_whole_message_passes(make_kind: Make) -> None:
    assert_complete(make_kind("testing.greeting", GREETING))


@pytest.mark.parametrize("name", sorted(MESSAGE_KINDS))
def test_every_declared_message_has_its_twin(name: str) -> None:
    assert_complete(MESSAGE_KINDS[name])


@pytest.mark.parametrize("part", ["title", "body", "short"])
def test_a_missing_template_is_found(make_kind: Make, part: str) -> None:
    message = make_kind("testing.greeting", {name: text for name, text in GREETING.items() if name != part})
    with pytest.raises(IncompleteMessage, match="no template"):
        assert_complete(message)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (both("The licence is issued", "The licence is issued"), "no Arabic twin"),
        (both("صدرت الرخصة", "صدرت الرخصة"), "no English twin"),
        (both("صدرت رخصة {{ shop }}", "The licence {{ number }} is issued"), "placeholders differ: .*number.*shop"),
        (both("صدرت رخصة {{ shop }}", "The licence is issued"), "placeholders differ"),
        (both("صدرت: https://elsewhere.example/", "Issued: https://elsewhere.example/"), "no Arabic twin|foreign"),
        (both("صدرت", "Issued, see www.elsewhere.example"), "foreign host"),
        (both("ص" * 301, "Issued"), "longer than 300"),
        (both("قيمته {{ bill|date:'d' }}", "costs {{ bill|date:'d' }}"), "needs an example"),
        (both("خلال 5 أيام", "within 50 days"), "figures differ"),
    ],
)
def test_an_unequal_twin_is_found(make_kind: Make, text: str, why: str) -> None:
    with pytest.raises(IncompleteMessage, match=why):
        assert_complete(make_kind("testing.greeting", GREETING | {"short": text}))


def test_the_deployment_check_tells_of_a_missing_twin(make_kind: Make) -> None:
    make_kind("testing.greeting", GREETING | {"title": both("The licence", "The licence")})
    found = run_checks(tags=[Tags.translation], include_deployment_checks=True)
    assert any("testing.greeting title" in error.msg for error in found if error.id == "notifications.E001")


def test_samples_stand_in_for_formatted_values(make_kind: Make) -> None:
    text = both("حتى {{ bill.paid_by|date:'Y' }}", "until {{ bill.paid_by|date:'Y' }}")
    message = make_kind("testing.greeting", GREETING | {"short": text}, samples={"bill.paid_by": dt.date(2027, 11, 24)})
    assert_complete(message)
    with pytest.raises(IncompleteMessage, match="needs an example"):
        assert_complete(make_kind("testing.other", GREETING | {"short": text}))


def test_days_and_instants_are_known_by_their_names(make_kind: Make) -> None:
    text = both("حتى {{ document.valid_to|date:'d' }}", "until {{ document.valid_to|date:'d' }}")
    assert_complete(make_kind("testing.greeting", GREETING | {"short": text}))


def test_rows_are_read_in_the_language_of_the_text(make_kind: Make) -> None:
    text = "{% load message_words %}" + both("{{ shop|words:'name' }} مفتوح", "{{ shop|words:'name' }} is open")
    message = make_kind("testing.greeting", GREETING | {"short": text})
    assert_complete(message)
    assert message.required == {"shop", "number"}


def test_values_with_a_twin_are_written_in_each_language(make_kind: Make) -> None:
    message = make_kind("testing.greeting", GREETING)
    context = {"shop": Bilingual("مطعم & مقهى الخليج", "Gulf Grill & Café"), "number": "HLT-HW-2026-004217-K"}
    assert message.texts(context, "ar").title == "صدرت رخصة مطعم & مقهى الخليج"
    assert message.texts(context, "en").title == "The licence of Gulf Grill & Café is issued"


def test_two_messages_cannot_share_a_name(make_kind: Make) -> None:
    make_kind("testing.greeting", GREETING)
    with pytest.raises(ValueError, match="declared twice"):
        type("Other", (MessageKind,), {"kind": "testing.greeting"})
    with pytest.raises(ValueError, match="not a message kind"):
        type("Other", (MessageKind,), {"kind": "Greeting"})
