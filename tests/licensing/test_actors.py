"""Nobody is named as who must act in a request for a licence where its state does not tell it alone."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.utils import translation

from licensing.health import services
from licensing.health.new_licence.states import NEW_LICENCE
from licensing.health.states import DUPLICATE
from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.cases.timeline import must_act
from municipality.kernel.actors import system
from municipality.kernel.transitions import transition
from municipality.places.models import Branch
from payments.models import Bill
from tests.browsers import signed_in
from tests.factories.accounts import PersonFactory
from tests.factories.claims import ClaimCaseFactory
from tests.factories.payments import AttemptFactory

pytestmark = pytest.mark.django_db


def test_an_inspection_names_nobody_and_the_study_its_officer() -> None:
    branch = Branch(name_ar="فرع حولي", name_en="Hawalli branch")
    assert must_act(Case(service=NEW_LICENCE, state="inspection", branch=branch)) == ""
    for language, said in (("en", "Officer, Hawalli branch"), ("ar", "موظف، فرع حولي")):
        with translation.override(language):
            assert must_act(Case(service=NEW_LICENCE, state="in_review", branch=branch)) == said


def test_who_has_paid_is_not_told_to_act_while_the_bank_is_asked(make_shop: Any, owner: User) -> None:
    case = services.submit(shop=make_shop(ends_in=200), applicant=owner, service=DUPLICATE)[0]
    page = f"/en/cases/{case.public_id}/"
    assert "Must act now: The applicant" in " ".join(signed_in(owner).get(page).content.decode().split())
    attempt = AttemptFactory(bills=[Bill.objects.get(subject=case.key)])
    with transaction.atomic():
        transition(attempt, "acknowledge", actor=system("tests"))
    checked = signed_in(owner).get(page).content.decode()
    assert "We are checking with the bank" in checked and "Must act now" not in checked


def test_a_claim_names_its_officer_once_it_waits_for_one(make_shop: Any, owner: User) -> None:
    case = ClaimCaseFactory(shop=make_shop(), applicant=PersonFactory(noura=True), heard=False)
    assert must_act(case) == ""
    assert must_act(Case(service=case.service, state="matched", branch=case.branch)) == ""
