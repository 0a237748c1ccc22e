"""A shop that passes to another holder while a request about its licence is under way: the request brings no licence."""

from __future__ import annotations

import ast
import datetime as dt
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction

from licensing.health import services
from licensing.health.appeals import services as appeals
from licensing.health.services import lost
from licensing.health.states import CHANGE, DUPLICATE, RENEWAL
from licensing.health.transfers import queries as transfers
from licensing.models import HealthLicence, Renewal
from municipality.accounts.models import Signatory, User
from municipality.cases.models import Case
from municipality.cases.services import place_block
from municipality.documents import seal
from municipality.documents import services as documents
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.notifications.models import Message
from municipality.rulebook.models import Activity
from payments.models import Bill, RefundDue
from shops.models import RegisterChange, Shop
from shops.register.events import close
from shops.register.services import transfer
from tests import desk_acts
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import OrganisationFactory, PersonFactory, StaffFactory
from tests.factories.licensing import RenewalCaseFactory
from tests.factories.review import OfficerFactory

pytestmark = pytest.mark.django_db
BY = system("tests")


def passes(shop: Shop, to: Any = None) -> None:
    transfer(shop=Shop.objects.get(pk=shop.pk), to=to or PersonFactory(noura=True), source="tests", actor=BY)


def ended(case: Case) -> tuple[str, str]:
    row = Case.objects.select_related("last_event").get(pk=case.pk)
    return row.state, row.last_event.reason if row.last_event is not None else ""


def nothing_is_rewritten(shop: Shop) -> bool:
    """The register has no change, and the shop the one licence that it had."""
    return not RegisterChange.objects.filter(shop=shop).exclude(source="tests").exists() and HealthLicence.objects.get(shop=shop).is_current


@pytest.mark.guards
@pytest.mark.parametrize("service", [CHANGE, RENEWAL])
def test_a_request_of_a_former_holder_is_refused_before_the_bill(make_shop: Any, owner: User, service: str) -> None:
    shop = make_shop(ends_in=200 if service == CHANGE else 20)
    officer = OfficerFactory(login="officer", branch_id=shop.branch_id, skills=["health"])
    case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["trade_name", "manager"], service=service)
    passes(shop)
    desk_acts.approve(officer)
    assert ended(case) == ("refused", "other_holder") and not Bill.objects.exists() and nothing_is_rewritten(shop)
    (told,) = Message.objects.filter(person=owner, kind="licensing.refused_after_payment")
    assert not Message.objects.filter(kind="review.accepted").exists()
    assert "Nothing is to be paid" in told.body_en and "لا رسوم مستحقة" in told.body_ar
    for language, sentence in (("en", "The shop has another holder by now."), ("ar", "أصبح للمحل مرخص له آخر.")):
        assert sentence in signed_in(owner).get(f"/{language}/cases/{case.public_id}/").content.decode()


@pytest.mark.guards
def test_what_a_former_holder_paid_is_owed_back(shop: Shop, owner: User, officer: User) -> None:
    case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["trade_name"], service=CHANGE)
    desk_acts.approve(officer)
    passes(shop)
    owed: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("licensing.health.services.issue.owe_back", lambda *, reason, **_facts: owed.append(reason))
        services.take_payment(case=Case.objects.get(pk=case.pk))
    assert ended(case) == ("refused", "other_holder") and owed == ["other_holder"] and nothing_is_rewritten(shop)
    assert not RefundDue.objects.exists()


@pytest.mark.guards
@pytest.mark.parametrize("service", [CHANGE, DUPLICATE])
def test_a_shop_that_passes_between_payment_and_issue_gets_no_licence(shop: Shop, owner: User, officer: User, service: str) -> None:
    if service == CHANGE:
        case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["area_m2"], service=CHANGE)
        desk_acts.approve(officer)
    else:
        case = services.submit(shop=shop, applicant=owner, service=DUPLICATE)[0]
    services.take_payment(case=Case.objects.get(pk=case.pk))
    passes(shop)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("licensing.health.services.issue.owe_back", lambda **_facts: None)
        services.issue_renewal(case=Case.objects.get(pk=case.pk))
    assert ended(case) == ("refused", "other_holder") and HealthLicence.objects.filter(shop=shop).count() == 1


@pytest.mark.guards
@pytest.mark.parametrize("is_asked", [True, False])
@pytest.mark.parametrize("service", [RENEWAL, DUPLICATE])
def test_a_shop_that_closes_between_payment_and_issue_gets_no_licence(
    make_shop: Any, owner: User, store: Any, service: str, is_asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The red control, not `is_asked`: the licence of a shop that the register says is closed."""
    seal.make_seal(Path(settings.SIGNER_KEY_FILE), settings.SIGNER_PASSPHRASE)
    shop, owed = make_shop(ends_in=20 if service == RENEWAL else 200), []
    monkeypatch.setattr("licensing.health.services.issue.owe_back", lambda *, reason, **_facts: owed.append(reason))
    case = services.submit(shop=shop, applicant=owner, service=service)[0]
    services.take_payment(case=Case.objects.get(pk=case.pk))
    close(shop=shop, source="tests", actor=BY)
    if not is_asked:
        monkeypatch.setattr("licensing.health.services.issue.lost_at_issue", lambda _case: "")
    services.issue_renewal(case=Case.objects.get(pk=case.pk))
    assert ended(case) == (("refused", "shop_closed") if is_asked else ("issued", "")) and owed == ["shop_closed"] * is_asked
    if is_asked:
        assert "The shop is closed in the register." in signed_in(owner).get(f"/en/cases/{case.public_id}/").content.decode()


@pytest.mark.guards
@pytest.mark.parametrize("to_company", [False, True])
def test_the_database_issues_nothing_to_a_former_holder(shop: Shop, owner: User, monkeypatch: pytest.MonkeyPatch, to_company: bool) -> None:
    case = services.submit(shop=shop, applicant=owner, service=DUPLICATE)[0]
    services.take_payment(case=Case.objects.get(pk=case.pk))
    passes(shop, OrganisationFactory() if to_company else None)
    monkeypatch.setattr("licensing.health.services.issue.lost_at_issue", lambda _case: "")
    with pytest.raises(IntegrityError, match="other_holder"), transaction.atomic():
        services.issue_renewal(case=Case.objects.get(pk=case.pk))
    assert Renewal.objects.get(case=case).new_licence is None


@pytest.mark.guards
def test_an_allowed_appeal_of_a_former_holder_does_not_go_on(shop: Shop, owner: User, officer: User) -> None:
    other = OfficerFactory(login="other", branch_id="JA", skills=["objections"])
    case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["trade_name"], service=CHANGE)
    desk_acts.refuse(officer, StaffFactory(supervisor=True, login="head", branch_id=shop.branch_id))
    appeals.file(case=case, person=owner, words="The name is permitted.")
    passes(shop)
    desk_acts.approve(other)
    assert ended(case)[0] == "refused" and not Bill.objects.exists() and nothing_is_rewritten(shop)


@pytest.mark.guards
@pytest.mark.parametrize("code", ["blocked", "shop_closed", "licence_over"])
def test_what_is_lost_during_the_study_is_not_billed(shop: Shop, owner: User, officer: User, code: str) -> None:
    case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["area_m2"], service=CHANGE)
    if code == "blocked":
        place_block(subject=shop.key, ground="fine", source="x:1", stops=RENEWAL, sentence_ar="س", sentence_en="s", actor=BY)
    elif code == "shop_closed":
        Shop.objects.filter(pk=shop.pk).update(closed_on=clock.today())
    else:
        documents.revoke(HealthLicence.objects.get(shop=shop).document, reason="tests", actor=BY)
    desk_acts.approve(officer)
    assert ended(case) == ("refused", code) and not Bill.objects.exists() and nothing_is_rewritten(shop)
    assert "لا رسوم مستحقة." in signed_in(owner).get(f"/ar/cases/{case.public_id}/").content.decode()


@pytest.mark.guards
def test_an_allowed_appeal_brings_no_cancelled_licence_back(make_shop: Any, owner: User) -> None:
    shop = make_shop(ends_in=20)
    officer = OfficerFactory(login="officer", branch_id=shop.branch_id, skills=["health"])
    other = OfficerFactory(login="other", branch_id="JA", skills=["objections"])
    case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["area_m2"])
    desk_acts.refuse(officer, StaffFactory(supervisor=True, login="head", branch_id=shop.branch_id))
    appeals.file(case=case, person=owner, words="The area is right.")
    services.cancel_licence(shop=shop, person=owner)
    desk_acts.approve(other)
    assert ended(case)[0] == "refused" and not Bill.objects.exists()
    assert HealthLicence.objects.get(shop=shop).document.state == "revoked"


def test_an_organisation_gets_its_licence_although_the_signature_of_who_asked_has_ended(
    shop: Shop, owner: User, officer: User, pay_and_issue: Any
) -> None:
    company, today = OrganisationFactory(), clock.today()
    Signatory.objects.create(organisation=company, person=owner, first_day=today - dt.timedelta(days=9))
    Shop.objects.filter(pk=shop.pk).update(owner=None, organisation=company)
    case = RenewalCaseFactory(shop=Shop.objects.get(pk=shop.pk), applicant=owner, changed=["area_m2"], service=CHANGE)
    desk_acts.approve(officer)
    Signatory.objects.update(last_day=today - dt.timedelta(days=1))
    assert pay_and_issue(case).is_current and ended(case)[0] == "issued"


def _codes(*functions: Callable[..., str]) -> set[str]:
    """The texts that functions return."""
    returns = [node for one in functions for node in ast.walk(ast.parse(inspect.getsource(one))) if isinstance(node, ast.Return)]
    found = [node.value for one in returns for node in ast.walk(one) if isinstance(node, ast.Constant)]
    return {code for code in found if isinstance(code, str)} - {""}


def test_every_code_has_a_sentence_on_the_page(shop: Shop, owner: User) -> None:
    assert lost.lost_condition(RenewalCaseFactory(shop=shop, applicant=owner, changed=["area_m2"], service=CHANGE)) == ""
    parts = (lost.lost_holder, lost.lost_licence, lost.lost_period, lost.lost_facts, lost.lost_shop)
    codes = _codes(lost.lost_condition, *parts, transfers.lost_condition)
    assert lost.LOST.keys() == codes


@pytest.mark.parametrize("step", ["payment", "issue"])
@pytest.mark.parametrize(("column", "is_lost"), [("activity_id", True), ("block", True), ("street", False)])
def test_a_renewal_that_nobody_studies_licenses_no_activity_or_place_that_the_register_has_since(
    make_shop: Any, owner: User, store: Any, step: str, column: str, is_lost: bool
) -> None:
    seal.make_seal(Path(settings.SIGNER_KEY_FILE), settings.SIGNER_PASSPHRASE)
    shop, owed = make_shop(ends_in=20), []
    case = services.submit_renewal(shop=shop, applicant=owner)
    other = Activity.objects.exclude(pk=shop.activity_id).values_list("pk", flat=True)[0] if column == "activity_id" else "77"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("licensing.health.services.issue.owe_back", lambda *, reason, **_facts: owed.append(reason))
        for at in ("payment", "issue"):
            if step == at:
                Shop.objects.filter(pk=shop.pk).update(**{column: other})
            (services.take_payment if at == "payment" else services.issue_renewal)(case=Case.objects.get(pk=case.pk))
    assert ended(case) == (("refused", "register_changed") if is_lost else ("issued", ""))
    assert owed == ["register_changed"] * is_lost
    if is_lost:
        page = signed_in(owner).get(f"/en/cases/{case.public_id}/").content.decode()
        assert "The register has another activity or place of the shop by now." in page


@pytest.mark.guards
@pytest.mark.parametrize("step", ["approval", "payment", "issue"])
def test_no_renewal_is_issued_that_has_ended_already(make_shop: Any, owner: User, frozen_clock: Clock, step: str) -> None:
    shop = make_shop(ends_in=5)
    officer = OfficerFactory(login="officer", branch_id=shop.branch_id, skills=["health"])
    case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["area_m2"])
    owed: list[str] = []

    def goes(to: str) -> None:
        """The last day of the new licence is over before one of the steps."""
        if step == to:
            frozen_clock.move(days=(Renewal.objects.get(case=case).last_day - clock.today()).days + 1)

    goes("approval")
    desk_acts.approve(officer)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("licensing.health.services.issue.owe_back", lambda *, reason, **_facts: owed.append(reason))
        if step != "approval":
            goes("payment")
            services.take_payment(case=Case.objects.get(pk=case.pk))
            goes("issue")
            services.issue_renewal(case=Case.objects.get(pk=case.pk))
    assert ended(case) == ("refused", "period_over") and HealthLicence.objects.get(shop=shop).is_current
    assert (owed, Bill.objects.exists()) == (([], False) if step == "approval" else (["period_over"], True))
