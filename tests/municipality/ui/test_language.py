"""The language of an address and the switch that keeps what was typed."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client

from tests.municipality.ui import gallery

TYPED = {
    "civil_id": "29001011234",
    "phone": "99887766",
    "last_four": "1234",
    "changed": "yes",
    "agreed": "on",
    "note": "ملاحظة",
}


def soup(response: Any) -> BeautifulSoup:
    return BeautifulSoup(response.content, "html.parser")


def test_the_first_page_follows_the_browser_and_is_arabic_by_default(
    client: Client,
) -> None:
    assert client.get("/").headers["Location"] == "/ar/"
    assert client.get("/", headers={"accept-language": "en-GB,en;q=0.9"}).headers["Location"] == "/en/"
    assert client.get("/", headers={"accept-language": "fr,de"}).headers["Location"] == "/ar/"


def test_a_page_carries_language_and_direction(client: Client) -> None:
    for code, direction in (("ar", "rtl"), ("en", "ltr")):
        html = soup(client.get(f"/{code}/gallery/")).html
        assert html is not None
        assert (html["lang"], html["dir"]) == (code, direction)


def test_the_language_last_seen_holds_outside_the_prefixes(client: Client) -> None:
    client.get("/en/gallery/")
    assert 'lang="en"' in client.get("/outside/", headers={"accept-language": "ar"}).content.decode()


def test_a_page_outside_the_prefixes_can_be_asked_for_in_the_other_language(
    client: Client,
) -> None:
    page = soup(client.get("/outside/?a=1"))
    switch = page.select_one(".kp-lang")
    assert switch is not None
    assert switch["href"] == "/outside/?a=1&_language=en"
    answer = client.get(str(switch["href"]))
    assert 'lang="en"' in answer.content.decode()
    assert answer.cookies["django_language"].value == "en"


def test_an_unknown_language_in_the_query_changes_nothing(client: Client) -> None:
    answer = client.get("/outside/?_language=fr")
    assert 'lang="ar"' in answer.content.decode()
    assert "django_language" not in answer.cookies


def test_the_switch_keeps_path_and_query_also_on_a_missing_page(client: Client) -> None:
    for path in ("/ar/gallery/", "/ar/nothing/here/"):
        link = soup(client.get(f"{path}?q=%D8%B3&page=2")).select_one(".kp-lang")
        assert link is not None
        assert link["href"] == f"{path.replace('/ar/', '/en/')}?q=%D8%B3&page=2"


@pytest.mark.parametrize("path", ["probe/", "probe-view/"])
def test_the_switch_on_an_error_page_keeps_answers_and_errors_and_submits_nothing(client: Client, path: str) -> None:
    wrong = soup(client.post(f"/ar/{path}?step=2", TYPED))
    switch, shown = (
        wrong.select_one("button.kp-lang"),
        wrong.select_one("input[name=_errors]"),
    )
    assert switch is not None and shown is not None
    assert (switch["form"], switch["formaction"], switch["value"], shown["form"]) == (
        "form",
        f"/en/{path}?step=2",
        "en",
        "form",
    )
    there = client.post(str(switch["formaction"]), {**TYPED, "_language": "en", "_errors": "1"})
    page = soup(there)
    assert there.status_code == 200
    assert page.title is not None and page.title.text.startswith("Error: ")
    summary = page.select_one(".kp-errors")
    assert summary is not None and "A civil number has 12 digits" in summary.text
    civil, note, radio = (
        page.select_one("#id_civil_id"),
        page.select_one("#id_note"),
        page.select_one("input[value=yes]"),
    )
    assert civil is not None and civil["value"] == TYPED["civil_id"] and civil["aria-invalid"] == "true"
    assert note is not None and note.text.strip() == TYPED["note"]
    assert radio is not None and radio.has_attr("checked")
    assert gallery.SENT == []


@pytest.mark.parametrize("path", ["probe/", "probe-view/"])
def test_a_half_filled_form_that_was_never_sent_shows_no_errors_after_the_switch(client: Client, path: str) -> None:
    page = soup(client.post(f"/en/{path}", {"phone": "99", "_language": "en"}))
    phone = page.select_one("#id_phone")
    assert phone is not None and phone["value"] == "99"
    assert page.select_one(".kp-errors") is None
    assert page.title is not None and not page.title.text.startswith("Error")


@pytest.mark.parametrize("path", ["probe/", "probe-view/"])
def test_the_same_answers_are_submitted_without_the_switch(client: Client, path: str) -> None:
    """The control of the tests above: complete answers do go through, and only the switch holds them back."""
    complete = {**TYPED, "civil_id": "290010112346"}
    client.post(f"/ar/{path}", {**complete, "_language": "ar"})
    assert gallery.SENT == []
    assert client.post(f"/ar/{path}", complete).status_code == 302
    assert len(gallery.SENT) == 1
