"""Fields fold what people type and say how to mend it."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup
from django import forms
from django.contrib.admin.widgets import AdminDateWidget
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import translation

from municipality.ui.forms import CivilIdField, DigitsField, PhoneField, ReferenceField


@pytest.mark.parametrize(
    ("field", "typed", "kept"),
    [
        (CivilIdField(), "٢٩٠٠١٠١١٢٣٤٦", "290010112346"),
        (CivilIdField(), "۲۹۰۰۱۰۱۱۲۳۴۶", "290010112346"),
        (CivilIdField(), "\u200e2900 1011 2346\u200f", "290010112346"),
        (PhoneField(), "99887766", "+96599887766"),
        (PhoneField(), "+965 9988 7766", "+96599887766"),
        (PhoneField(), "٠٠٩٦٥٩٩٨٨٧٧٦٦", "+96599887766"),
        (PhoneField(), "965-9988-7766", "+96599887766"),
        (PhoneField(), "96512345", "+96596512345"),
        (PhoneField(), "41234567", "+96541234567"),
        (PhoneField(), "55512345", "+96555512345"),
        (PhoneField(), "66612345", "+96566612345"),
        (PhoneField(mobile=False), "22223333", "+96522223333"),
        (DigitsField(length=4), "٠٠٤٢", "0042"),
        (DigitsField(length=8), "1022 9888", "10229888"),
        (ReferenceField(), " hl–2026—٠٠٤٢١٧ ", "HL-2026-004217"),
        (ReferenceField(), "HLT-HW-2026-004217-K\u200f", "HLT-HW-2026-004217-K"),
        (ReferenceField(required=False), "", ""),
    ],
)
def test_what_people_type_is_folded(field: forms.Field, typed: str, kept: str) -> None:
    assert field.clean(typed) == kept


@pytest.mark.parametrize(
    ("field", "typed", "code"),
    [
        (CivilIdField(), "", "required"),
        (CivilIdField(), "29001011234", "length"),
        (CivilIdField(), "290130112346", "date"),
        (CivilIdField(), "290010112347", "check"),
        (PhoneField(), "9988776", "phone"),
        (PhoneField(), "+44 20 7946 0000", "phone"),
        (PhoneField(), "22223333", "mobile"),
        (PhoneField(), "40234567", "mobile"),
        (PhoneField(), "+965 4512 3456", "mobile"),
        (DigitsField(length=4), "12a4", "letters"),
        (DigitsField(length=4), "123", "digits"),
        (ReferenceField(), "طلب 12", "reference"),
    ],
)
def test_each_mistake_has_a_sentence_of_its_own_in_both_languages(field: forms.Field, typed: str, code: str) -> None:
    with pytest.raises(ValidationError) as caught:
        field.clean(typed)
    assert caught.value.code == code
    said = set()
    for language in ("ar", "en"):
        with translation.override(language):
            said.add(caught.value.messages[0])
    assert len(said) == 2


def test_widgets_of_the_admin_are_drawn_as_well() -> None:
    class Staff(forms.Form):
        day = forms.DateField(widget=AdminDateWidget)

    assert "vDateField" in Staff().as_p()


def page(client: Client, data: dict[str, str]) -> BeautifulSoup:
    return BeautifulSoup(client.post("/en/probe/", data).content, "html.parser")


def test_each_control_is_tied_to_label_hint_and_error(client: Client) -> None:
    got = page(client, {"civil_id": "1"})
    control = got.select_one("#id_civil_id")
    assert control is not None
    assert control["aria-describedby"] == "id_civil_id_helptext id_civil_id_error"
    assert control["aria-invalid"] == "true"
    assert control["dir"] == "ltr"
    for name in str(control["aria-describedby"]).split():
        assert got.select_one(f"#{name}") is not None
    assert got.select_one("label[for=id_civil_id]") is not None


def test_every_link_of_the_error_summary_leads_to_a_control(client: Client) -> None:
    got = page(client, {})
    links: list[Any] = got.select(".kp-errors a")
    assert len(links) == 5
    for link in links:
        target = got.select_one(str(link["href"]))
        assert target is not None and target.name in {"input", "textarea", "select"}
    summary = got.select_one(".kp-errors")
    assert summary is not None and summary["tabindex"] == "-1" and summary.has_attr("autofocus")
    assert "5 things need a correction" in summary.text


def test_no_id_occurs_twice_and_no_style_or_handler_stands_in_the_page(
    client: Client,
) -> None:
    got = page(client, {})
    names = [tag["id"] for tag in got.find_all(id=True)]
    assert len(names) == len(set(names))
    for tag in got.find_all(True):
        assert not [name for name in tag.attrs if name == "style" or name.startswith("on")]
