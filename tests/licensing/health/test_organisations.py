"""The requests of an organisation stay with whoever signs for it: their bills, papers and messages too. Others do not reach them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from licensing.health import obligations, services
from licensing.health.notifications import RenewalLapsed
from licensing.health.services import lost
from licensing.health.states import RENEWAL
from licensing.models import HealthLicence
from municipality.accounts.models import Organisation, Signatory, User, actor_for
from municipality.audit.models import AuditEvent
from municipality.cases import queries as cases
from municipality.cases.models import Case, CaseEvent
from municipality.delegation.services import delegations
from municipality.documents import queries as documents
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.models import Message
from municipality.notifications.services import send
from municipality.review.services import desk
from payments import queries as payments
from payments import rights
from payments.models import Bill
from payments.services import basket
from payments.services.attempts import start_attempt
from shops.models import Shop
from shops.register.services import transfer
from tests import desk_acts
from tests.bank import Bank, Book
from tests.browsers import signed_in
from tests.conftest import TODAY
from tests.due_jobs import run_due
from tests.factories.accounts import NOURA, OrganisationFactory, PersonFactory
from tests.factories.licensing import RenewalCaseFactory
from tests.factories.payments import AttemptFactory
from tests.factories.review import OfficerFactory

pytestmark = pytest.mark.django_db
SECOND, THIRD, STRANGER = "290010100046", "290010100054", "290010100062"  # synthetic
AREA = desk.CorrectionRequest("area_differs", "area_m2")


@dataclass
class Company:
    """An organisation with two signatories, of whom `first` sends requests, and its shop, whose licence ends soon."""

    organisation: Organisation
    first: User
    second: User
    shop: Shop

    def leaves(self, person: User) -> None:
        """The signature of a person ended yesterday."""
        rows = Signatory.objects.filter(organisation=self.organisation, person=person)
        rows.update(first_day=TODAY - dt.timedelta(days=30), last_day=TODAY - dt.timedelta(days=1))

    def send(self) -> tuple[Case, Bill]:
        case, bill = services.submit(shop=self.shop, applicant=self.first)
        return case, bill


@pytest.fixture
def company(make_shop: Callable[..., Shop], owner: User) -> Company:
    organisation = OrganisationFactory()
    second = PersonFactory(civil_id=SECOND, name_ar="هند المري", name_en="Hind Al-Marri")
    for person in (owner, second):
        Signatory.objects.create(organisation=organisation, person=person, first_day=TODAY)
    return Company(organisation, owner, second, make_shop(owner=None, organisation=organisation))


@pytest.fixture
def stranger(company: Company) -> User:
    """Somebody who signs for another organisation."""
    person: User = PersonFactory(civil_id=STRANGER)
    other = OrganisationFactory(commercial_register_no="99")
    Signatory.objects.create(organisation=other, person=person, first_day=TODAY)
    return person


def statuses(person: User, *paths: str) -> list[int]:
    return [signed_in(person).get(f"/{language}/{path}").status_code for path in paths for language in ("ar", "en")]


def test_the_other_signatory_finds_the_request_everywhere_and_ends_it(company: Company, stranger: User) -> None:
    case, bill = company.send()
    pages = (f"cases/{case.public_id}/", f"pay/{bill.public_id}/", f"cases/{case.public_id}/withdraw/")
    assert statuses(company.second, *pages) == statuses(company.first, *pages) == [200] * 6
    assert statuses(stranger, *pages) == [404] * 6
    for path in ("", "my-requests/", "my-payments/", "basket/"):
        for person, is_listed in ((company.first, True), (company.second, True), (stranger, False)):
            page = signed_in(person).get(f"/en/{path}").content.decode()
            assert (company.shop.name_en in page) is is_listed, (path, person)
    (found,) = [one for one in obligations.obligations(company.second) if one.subject == company.shop.key]
    assert case.public_id in found.url
    services.withdraw_renewal(case=case, person=company.second)
    step = CaseEvent.objects.get(subject=case, move="withdraw")
    assert (step.actor_role, step.actor_key, step.data.get("for")) == ("applicant", company.second.key, None)
    assert cases.acting_roles(case) == [("applicant", company.second.key)], "an officer who is related to them has a conflict of interest"


def test_the_other_signatory_pays_in_their_own_right(company: Company, stranger: User) -> None:
    _case, bill = company.send()
    for page in (f"pay/{bill.public_id}/", "basket/"):
        assert "by delegation" not in signed_in(company.second).get(f"/en/{page}").content.decode()
    chosen = [item.value for item in payments.basket_of(company.second) if item.bill == bill]
    with pytest.raises(Refused, match="not_in_basket"):
        basket.pay_basket(payer=stranger, chosen=chosen, language="en", session_key="s")
    attempt = basket.pay_basket(payer=company.second, chosen=chosen, language="en", session_key="s")
    act = AuditEvent.objects.get(action="payment.started")
    assert attempt.started_by == company.second
    assert (act.actor_role, act.actor_key, act.data.get("for")) == ("applicant", company.second.key, None)


def test_the_other_signatory_answers_the_corrections(company: Company, stranger: User) -> None:
    case = RenewalCaseFactory(shop=company.shop, applicant=company.first, changed=["area_m2"])
    desk.ask_corrections(assignment=desk_acts.checked(desk_acts.assigned(OfficerFactory())), items=[AREA])
    case = Case.objects.get(pk=case.pk)
    answers = {"area_m2": {"area_m2": 90}}
    company.leaves(company.first)
    for person in (stranger, company.first):
        with pytest.raises(NotPermitted):
            services.answer_corrections(case=case, applicant=person, answers=answers)
    services.answer_corrections(case=case, applicant=company.second, answers=answers)
    assert Case.objects.get(pk=case.pk).state == "in_review"


def test_who_signs_no_more_neither_reads_nor_acts(company: Company) -> None:
    case, bill = company.send()
    company.leaves(company.first)
    pages = (f"cases/{case.public_id}/", f"pay/{bill.public_id}/", f"cases/{case.public_id}/withdraw/")
    assert statuses(company.first, *pages) == [404] * 6 and statuses(company.second, *pages) == [200] * 6
    for path in ("", "my-requests/", "my-payments/", "basket/"):
        assert company.shop.name_en not in signed_in(company.first).get(f"/en/{path}").content.decode()
    assert not cases.visible_to(company.first).exists() and not payments.visible_to(company.first).exists()
    assert not payments.payment_history(company.first)
    with pytest.raises(NotPermitted):
        services.withdraw_renewal(case=case, person=company.first)
    with pytest.raises(NotPermitted):
        start_attempt(bills=[bill], payer=company.first, language="en", session_key="s")
    with transaction.atomic():
        assert not cases.may_act(actor_for(company.first, company.first), case) and not rights.may_pay(company.first, bill)
        assert cases.may_act(actor_for(company.second, company.second), case) and rights.may_pay(company.second, bill)


def test_the_papers_are_the_organisations(company: Company, stranger: User, store: Any, pay_and_issue: Any) -> None:
    from pathlib import Path

    from django.conf import settings

    from municipality.documents import seal

    seal.make_seal(Path(settings.SIGNER_KEY_FILE), settings.SIGNER_PASSPHRASE)
    case, bill = company.send()
    licence: HealthLicence = pay_and_issue(case)
    paper = licence.document
    assert paper.holder_key == rights.holder_key(bill) == f"organisation:{company.organisation.public_id}"
    company.leaves(company.first)
    found = {person: list(documents.visible_to(person)) for person in (company.first, company.second, stranger)}
    assert found == {company.first: [], company.second: [paper], stranger: []}
    path = f"documents/{paper.number}.pdf"
    assert signed_in(company.second).get(f"/{path}").status_code == 200 and signed_in(company.first).get(f"/{path}").status_code == 404


def test_messages_go_to_who_signs_once_the_applicant_does_not(company: Company) -> None:
    case, _bill = company.send()
    company.leaves(company.first)
    services.close_unpaid(case=case)
    assert {row.person for row in Message.objects.filter(kind="licensing.renewal_lapsed")} == {company.second}
    assert not [row for row in cases.messages_of(case, company.second) if row.person_id == company.first.pk]


def test_messages_go_to_the_applicant_while_they_sign_and_where_nobody_does(company: Company) -> None:
    case, _bill = company.send()
    assert cases.recipients(case.key, company.first) == [company.first]
    company.leaves(company.first)
    assert cases.recipients(case.key, company.first) == [company.second]
    assert cases.recipients(case.key, company.second) == [company.second]
    company.leaves(company.second)
    assert cases.recipients(case.key, company.first) == [company.first]


def test_what_two_signatories_are_told_of_one_thing_does_not_become_one_message(company: Company) -> None:
    case, _bill = company.send()
    company.leaves(company.first)
    with transaction.atomic():
        for person in (company.first, company.second):
            send(RenewalLapsed, person=person, key="the same", subject_key=case.key, context={"case": case})
    assert [row.person for row in Message.objects.filter(kind=RenewalLapsed.kind)] == [company.second, company.second]


def test_a_signatory_who_pays_is_no_delegate(company: Company, settings: Any) -> None:
    """Also once the applicant signs no more."""
    case, bill = company.send()
    settings.PAYMENT_PROVIDER, settings.PORTAL_URL, Bank.book = "tests.bank.Bank", "https://portal.example.test", Book()
    settings.KNET_PAYMENT_URL = settings.KNET_TRANPIPE_URL = "https://bank.example.test/"
    settings.KNET_TRANPORTAL_ID, settings.KNET_PASSWORD, settings.KNET_RESOURCE_KEY = "999901", "999901pg", "1234567890ABCDEF"
    company.leaves(company.first)
    Bank.book.decide(AttemptFactory(bills=[bill], payer=company.second))
    with clock.at(clock.now() + dt.timedelta(minutes=3)):
        run_due()
    assert CaseEvent.objects.get(subject=case, move="pay").data == {}


def test_a_shop_that_passes_to_a_signatory_ends_the_request_of_the_organisation(company: Company) -> None:
    """They signed for it; the shop is theirs alone by now."""
    case, _bill = company.send()
    with transaction.atomic():
        transfer(shop=company.shop, to=company.first, source="tests", actor=system("tests"))
    assert lost.lost_holder(case) == "other_holder"


@pytest.mark.guards
def test_a_delegate_of_any_signatory_goes_on_with_it(company: Company) -> None:
    case, bill = company.send()
    delegate = PersonFactory(civil_id=THIRD)
    until = TODAY + dt.timedelta(days=30)
    row = delegations.give(giver=company.second, number=THIRD, subject=company.shop.key, service=RENEWAL, last_day=until)
    delegations.accept(delegation=row, person=delegate)
    company.leaves(company.first)
    assert list(cases.visible_to(delegate)) == list(cases.delegated_to(delegate)) == [case]
    assert list(payments.visible_to(delegate)) == [bill]
    with transaction.atomic():
        assert rights.may_pay(delegate, bill)
    assert "by delegation, for" in signed_in(delegate).get("/en/basket/").content.decode()
    services.withdraw_renewal(case=case, person=delegate)
    step = CaseEvent.objects.get(subject=case, move="withdraw")
    assert (step.actor_role, step.data["for"]) == ("delegate", company.second.key)


@pytest.mark.guards
def test_a_delegate_of_a_former_signatory_does_not(company: Company) -> None:
    case, bill = company.send()
    delegate = PersonFactory(civil_id=THIRD)
    until = TODAY + dt.timedelta(days=30)
    row = delegations.give(giver=company.first, number=THIRD, subject=company.shop.key, service=RENEWAL, last_day=until)
    delegations.accept(delegation=row, person=delegate)
    assert list(cases.visible_to(delegate)) == [case], "while the giver signs"
    company.leaves(company.first)
    assert not cases.visible_to(delegate).exists() and not payments.visible_to(delegate).exists()
    with pytest.raises(NotPermitted):
        services.withdraw_renewal(case=case, person=delegate)
    with transaction.atomic():
        assert not rights.may_pay(delegate, bill)


def test_the_own_request_of_a_signatory_stays_their_own(company: Company, make_shop: Callable[..., Shop]) -> None:
    shop = make_shop()
    case, bill = services.submit(shop=shop, applicant=company.first)
    company.leaves(company.first)
    pages = (f"cases/{case.public_id}/", f"pay/{bill.public_id}/")
    assert case.organisation is None and statuses(company.first, *pages) == [200] * 4 and statuses(company.second, *pages) == [404] * 4
    assert not cases.visible_to(company.second).exists() and not payments.visible_to(company.second).exists()


@pytest.mark.guards
def test_a_request_does_not_pass_to_another_organisation(company: Company, stranger: User) -> None:
    case, _bill = company.send()
    with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(organisation=None)
    company.shop.refresh_from_db()
    assert case.organisation == company.organisation == company.shop.organisation and clock.today() == TODAY
    assert PersonFactory(civil_id=NOURA) not in cases.owners(case)
