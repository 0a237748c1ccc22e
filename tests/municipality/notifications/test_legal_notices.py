"""The page of the preferences names every legal notice, from what the messages say of themselves."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils.html import escape
from django.utils.translation import override

from municipality.notifications.registry import MESSAGE_KINDS, MessageKind
from tests.browsers import signed_in
from tests.municipality.notifications.conftest import GREETING, Make

pytestmark = pytest.mark.django_db
LEGAL = sorted(name for name, message in MESSAGE_KINDS.items() if message.is_legal)


def line_of(kind: str, language: str) -> str:
    with override(language):
        return f"<li>{escape(str(MESSAGE_KINDS[kind].legal))}</li>"


def page_of(person: Any, language: str) -> str:
    return signed_in(person).get(f"/{language}/messages/channels/").content.decode()


@pytest.mark.parametrize("language", ["ar", "en"])
def test_it_names_what_each_legal_notice_is_about_once(owner: Any, language: str) -> None:
    assert len(LEGAL) > 40
    page = page_of(owner, language)
    assert {page.count(line_of(name, language)) for name in LEGAL} == {1}


def test_each_is_named_in_both_languages_and_nothing_else_makes_a_message_legal() -> None:
    assert [name for name in LEGAL if line_of(name, "ar") == line_of(name, "en")] == []
    assert {type(message).is_legal for message in MESSAGE_KINDS.values()} == {MessageKind.is_legal}


def test_a_new_legal_notice_is_named_and_another_message_is_not(make_kind: Make, owner: Any) -> None:
    make_kind("testing.greeting", GREETING)
    before = page_of(owner, "en")
    make_kind("testing.notice", GREETING, legal="comets over the city")
    assert "comets over the city" not in before and "<li>comets over the city</li>" in page_of(owner, "en")
