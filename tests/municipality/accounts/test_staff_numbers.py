"""No two active members of staff have the same staff number."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.forms import modelform_factory
from django.utils import translation

from municipality.accounts.models import User
from tests.factories.accounts import PersonFactory, StaffFactory

pytestmark = pytest.mark.django_db
FIELDS = ("login", "name_ar", "name_en", "is_staff", "is_active", "staff_number")


def test_the_database_refuses_the_number_of_another_active_member_of_staff() -> None:
    first = StaffFactory(login="first", staff_number="417")
    with pytest.raises(IntegrityError), transaction.atomic():
        StaffFactory(login="second", staff_number="417")
    second = StaffFactory(login="second", staff_number="418")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=second.pk).update(staff_number="417")
    User.objects.filter(pk=first.pk).update(is_active=False)  # whoever left keeps theirs in the record
    assert User.objects.filter(pk=second.pk).update(staff_number="417") == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=first.pk).update(is_active=True)


def test_people_and_staff_without_a_number_are_no_duplicates() -> None:
    StaffFactory(login="first")
    StaffFactory(login="second")
    StaffFactory(login="third", staff_number="417")
    assert PersonFactory(staff_number="417").pk


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Another active member of staff has this staff number."),
        ("ar", "هذا الرقم لموظف آخر حسابه فعّال."),
    ],
)
def test_a_form_says_so_in_both_languages(language: str, sentence: str) -> None:
    StaffFactory(login="first", staff_number="417")
    data = {"login": "second", "name_ar": "هدى", "name_en": "Huda", "is_staff": "on", "is_active": "on", "staff_number": "417"}
    with translation.override(language):
        form = modelform_factory(User, fields=FIELDS)(data)
        assert form.non_field_errors() == [sentence]
        assert modelform_factory(User, fields=FIELDS)(data | {"staff_number": "418"}).is_valid()
