"""Whatever takes a number takes it in the digits of each keyboard and stores ASCII ones; Hijri days are those of Umm al-Qura."""

from __future__ import annotations

import datetime as dt
import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import translation

from municipality.cases.admin import CaseAdmin
from municipality.rulebook import calendars
from municipality.rulebook.admin import RuleSetAdmin
from municipality.rulebook.forms import DinarField
from municipality.rulebook.inlines import INLINES, OFFENCE
from municipality.rulebook.models import RuleSet
from municipality.ui import dates
from municipality.ui.forms import CivilIdField, DigitsField, FoldedField, PhoneField, ReferenceField
from payments.admin.bills import BillAdmin
from script.support.packages import SERVICES
from tests.factories.accounts import StaffFactory
from violations.admin.tables import ViolationAdmin

ARABIC, PERSIAN = ("٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹")
# Text in which people write numbers, by the names of the fields.
NUMBERED = {"block", "street", "building", "plot", "floor", "unit", "paci_number", "number", "shop_no", "area_m2"}
TYPED = (CivilIdField, DigitsField, PhoneField, ReferenceField, FoldedField)
NUMERIC = (forms.IntegerField, forms.FloatField, forms.DecimalField, forms.DateField, forms.DateTimeField, forms.TimeField, DinarField)


def _modules() -> Iterator[str]:
    for root in ("municipality", *SERVICES):
        package = importlib.import_module(root)
        for found in pkgutil.walk_packages(package.__path__, f"{root}."):
            if ".settings" not in found.name and ".migrations" not in found.name and found.name.rpartition(".")[2] not in ("wsgi", "asgi"):
                yield found.name


def _subclasses(kind: type) -> Iterator[type]:
    for one in kind.__subclasses__():
        yield one
        yield from _subclasses(one)


def fields() -> dict[str, forms.Field]:
    """The numeric fields of the forms of the portal, and those of the rulebook's tables in the admin, by form and name."""
    for name in _modules():
        if "forms" in name or ".views" in name or ".admin" in name or "holdings" in name:
            importlib.import_module(name)
    found: dict[str, forms.Field] = {}
    for form in _subclasses(forms.BaseForm):
        if form.__module__.partition(".")[0] in ("municipality", *SERVICES):
            for name, field in getattr(form, "base_fields", {}).items():
                found[f"{form.__module__}.{form.__name__}.{name}"] = field
    page, request = RuleSetAdmin(RuleSet, admin.site), HttpRequest()
    request.user = StaffFactory(groups=["rule_maker"])
    made = [page.get_form(request), *(_form_of(row, request) for row in (*page.inlines, OFFENCE, *INLINES[calendars.SUBJECT]))]
    for form in made:
        found |= {f"admin.{form.__name__}.{name}": field for name, field in form.base_fields.items() if isinstance(field, NUMERIC)}
    return {name: field for name, field in found.items() if is_numeric(name, field)}


def _form_of(inline: Any, request: HttpRequest) -> Any:
    return inline(RuleSet, admin.site).get_formset(request, fields=None).form


def is_numeric(name: str, field: forms.Field) -> bool:
    if isinstance(field, (forms.ChoiceField, forms.ModelChoiceField)):
        return False
    return isinstance(field, (*TYPED, *NUMERIC)) or (isinstance(field, forms.CharField) and name.rpartition(".")[2] in NUMBERED)


def sample(name: str, field: forms.Field) -> str:
    """A value that the field accepts, in ASCII digits."""
    last = name.rpartition(".")[2]
    if isinstance(field, CivilIdField):
        return "290010100011"
    if isinstance(field, PhoneField):
        return "51234567"
    if isinstance(field, DigitsField):
        return "1234567890"[: field.length]
    if isinstance(field, forms.TimeField) or type(field).__name__ == "TimeField":
        return "09:30"
    if isinstance(field, forms.DateTimeField):
        return "2026-11-24 09:30"
    if isinstance(field, forms.DateField):
        return "2026-11-24"
    if isinstance(field, forms.FloatField):
        return {"latitude": "29.5", "longitude": "47.9"}.get(last, "12.5")
    if isinstance(field, forms.DecimalField):
        return "12.5" if field.max_value is None or field.max_value > 12 else "2.5"
    return "10220001" if last == "paci_number" else "12"


def in_digits(text: str, digits: str) -> str:
    return text.translate({ord(str(number)): digit for number, digit in enumerate(digits)})


def problems(name: str, field: forms.Field) -> list[str]:
    """What a field does wrong with digits of the two keyboards."""
    typed = sample(name, field)
    plain = field.clean(typed)
    found = [] if str(plain).isascii() else [f"{name} is not stored in ASCII"]
    ways = [in_digits(typed, ARABIC), in_digits(typed, PERSIAN)]
    if isinstance(field, forms.DecimalField):
        ways.append(in_digits(typed, ARABIC).replace(".", "٫"))
    for way in ways:
        try:
            stored = field.clean(way)
        except forms.ValidationError as error:
            found.append(f"{name} refuses {way}: {error.messages}")
        else:
            found += [] if (stored, type(stored)) == (plain, type(plain)) else [f"{name} stores {stored!r} for {way}"]
    return found


# The form as a whole turns its digits into ASCII before its fields read them.
WHOLE = "shops.office.views.changes.EventForm."


@pytest.mark.django_db
def test_every_numeric_field_takes_arabic_and_persian_digits_and_stores_ascii() -> None:
    found = fields()
    names = {name.rpartition(".")[2] for name in found}
    assert len(found) > 40 and {"civil_id", "address", "last_four", "quantity", "area_m2", "code", "last_day", "fils"} <= names
    assert [line for name, field in found.items() if not name.startswith(WHOLE) for line in problems(name, field)] == []


@pytest.mark.django_db
@pytest.mark.parametrize("digits", [ARABIC, PERSIAN])
def test_an_event_of_a_shop_is_read_in_any_digits(digits: str) -> None:
    from shops.office.views.changes import EventForm

    typed = {
        "on": "2026-05-31",
        "reference": "12/2026",
        "block": "3",
        "street": "45",
        "building": "6",
        "unit": "7",
        "paci_number": "10220001",
    }
    form = EventForm({name: in_digits(value, digits) for name, value in typed.items()})
    form.is_valid()
    assert {name: str(form.cleaned_data[name]) for name in typed} == typed


@pytest.mark.parametrize("field", [forms.CharField(), forms.RegexField(r"^[0-9]+$"), forms.DecimalField()])
def test_a_field_that_takes_only_ascii_digits_would_be_found(field: Any) -> None:
    assert problems("a.Form.block", field)


@pytest.mark.django_db
@pytest.mark.parametrize("digits", [ARABIC, PERSIAN])
def test_staff_search_lists_by_a_number_typed_in_any_digits(digits: str) -> None:
    request = RequestFactory().get("/")
    for listed in (page for page in admin.site._registry.values() if isinstance(page, (CaseAdmin, BillAdmin, ViolationAdmin))):
        found, _again = listed.get_search_results(request, listed.model._default_manager.all(), in_digits("VIO-2026-000001-K", digits))
        assert "VIO-2026-000001-K" in str(found.query), listed


# Published days of the Umm al-Qura calendar.
PAIRS = {
    "2020-04-24": "1 Ramadan 1441",
    "2020-05-24": "1 Shawwal 1441",
    "2020-07-31": "10 Dhu al-Hijjah 1441",
    "2020-08-20": "1 Muharram 1442",
    "2021-04-13": "1 Ramadan 1442",
    "2021-05-13": "1 Shawwal 1442",
    "2021-07-20": "10 Dhu al-Hijjah 1442",
    "2022-04-02": "1 Ramadan 1443",
    "2022-05-02": "1 Shawwal 1443",
    "2022-07-09": "10 Dhu al-Hijjah 1443",
    "2022-07-30": "1 Muharram 1444",
    "2023-03-23": "1 Ramadan 1444",
    "2023-04-21": "1 Shawwal 1444",
    "2023-06-28": "10 Dhu al-Hijjah 1444",
    "2023-07-19": "1 Muharram 1445",
    "2024-03-11": "1 Ramadan 1445",
    "2024-04-10": "1 Shawwal 1445",
    "2024-06-16": "10 Dhu al-Hijjah 1445",
    "2024-07-07": "1 Muharram 1446",
    "2025-03-01": "1 Ramadan 1446",
    "2025-03-30": "1 Shawwal 1446",
    "2025-06-06": "10 Dhu al-Hijjah 1446",
    "2025-06-26": "1 Muharram 1447",
}


@pytest.mark.parametrize("day", PAIRS)
def test_hijri_days_are_those_of_the_published_calendar(day: str) -> None:
    with translation.override("en"):
        assert dates.hijri_text(dt.date.fromisoformat(day)).replace("\u00a0", " ") == f"{PAIRS[day]} AH"
    number, _month, year = PAIRS[day].replace("Dhu al-", "Dhu-al-").split()
    with translation.override("ar"):
        said = dates.hijri_text(dt.date.fromisoformat(day)).split("\u00a0")
        assert (said[0], said[-2]) == (number, year)


def test_at_least_twenty_days_are_compared() -> None:
    assert len(PAIRS) >= 20
