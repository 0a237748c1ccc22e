"""Bills of organisations after their payer left: whose they are called, who is told of a payment, and of which bills."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from licensing.health.states import RENEWAL
from municipality.accounts.models import Organisation, Signatory, User
from municipality.cases.models import Case
from municipality.cases.services import open_case
from municipality.delegation.services import delegations
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.notifications.models import Message
from municipality.places.models import Branch
from municipality.places.seeds import load_places
from payments import queries
from payments.models import Attempt, Bill, RefundDue
from payments.services import messages, owe_back
from tests.bank import Book
from tests.browsers import signed_in
from tests.factories.accounts import OrganisationFactory, PersonFactory
from tests.factories.rulebook import publish_rulebook
from tests.payments.conftest import walk

pytestmark = pytest.mark.django_db
BY = system("tests")
DELEGATE = "290010100054"  # synthetic, with its check digit


@pytest.fixture
def partner(payer: User) -> User:
    return PersonFactory(noura=True)


@pytest.fixture
def companies(payer: User, partner: User) -> list[Organisation]:
    """Two companies that the payer signs for; another person signs for the first, a third for the second."""
    load_places()
    found = [OrganisationFactory(name_en=name, commercial_register_no=name) for name in ("Gulf Company", "Bay Company")]
    others = (partner, PersonFactory(civil_id="290010100062"))
    for company, other in zip(found, others, strict=True):
        for person in (payer, other):
            Signatory.objects.create(organisation=company, person=person, first_day=clock.today() - dt.timedelta(days=90))
    return found


def case_of(company: Organisation | None, applicant: User) -> Case:
    name = company.name_en if company is not None else "own"
    return open_case(
        service=RENEWAL,
        subject=f"shop:{name.replace(' ', '')}",
        title_ar="محل",
        title_en=name,
        applicant=applicant,
        organisation=company,
        branch=Branch.objects.get(pk="HA"),
        series="HL",
        editions=[],
        actor=BY,
        held_under=f"organisation:{company.public_id}" if company is not None else "",
    )


@pytest.fixture
def bills(issue: Callable[..., Bill], companies: list[Organisation], payer: User) -> list[Bill]:
    """A bill of the payer's own and one of each company, all issued to the payer."""
    cases = [case_of(company, payer) for company in (None, *companies)]
    return [issue(10_000 * number, subject=case.key, title_en=case.title_en) for number, case in enumerate(cases, start=1)]


def leave(person: User) -> None:
    Signatory.objects.filter(person=person).update(last_day=clock.today() - dt.timedelta(days=1))


def of_kind(kind: str) -> dict[User, Message]:
    """The one message of a kind of each person who got any."""
    rows = list(Message.objects.filter(kind=f"payments.{kind}").select_related("person"))
    found = {row.person: row for row in rows}
    assert len(found) == len(rows)
    return found


def test_a_delegate_reads_the_name_of_the_organisation_not_of_who_left_it(bills: list[Bill], payer: User, partner: User) -> None:
    publish_rulebook("limits.delegation")
    delegate = PersonFactory(civil_id=DELEGATE, name_en="Delegate")
    leave(payer)
    company = Organisation.objects.get(name_en="Gulf Company")
    last_day = clock.today() + dt.timedelta(days=90)
    row = delegations.give(giver=partner, number=DELEGATE, subject=f"organisation:{company.public_id}", service=RENEWAL, last_day=last_day)
    delegations.accept(delegation=row, person=delegate)
    client = signed_in(delegate)
    for page in (f"/en/pay/{bills[1].public_id}/", "/en/basket/"):
        answer = client.get(page)
        text = answer.content.decode()
        assert answer.status_code == 200 and "by delegation" in text and "Gulf Company" in text and payer.name_en not in text, page


def test_a_payment_of_bills_of_two_companies_is_told_to_each_without_the_other(
    bills: list[Bill], at_bank: Callable[..., Attempt], bank: Book, paid_for: Any, payer: User, partner: User
) -> None:
    attempt = at_bank(*bills)
    leave(payer)
    bank.decide(attempt)
    walk(3)
    told = of_kind("payment_received")
    assert len(told) == 3
    own, gulf = told[payer].body_en, told[partner].body_en
    bay = next(row.body_en for person, row in told.items() if person not in (payer, partner))
    for text, bill in ((own, bills[0]), (gulf, bills[1]), (bay, bills[2])):
        assert bill.reference in text and f"{bill.total_fils // 1000}.000" in text
        assert not any(other.reference in text for other in bills if other != bill)
    messages.notify_paid(receipt_id=bills[0].receipts.get().pk)
    assert Message.objects.filter(kind="payments.payment_received").count() == 3, "again it is the same messages"


def test_one_message_is_enough_while_the_payer_signs_for_both(
    bills: list[Bill], at_bank: Callable[..., Attempt], bank: Book, paid_for: Any, payer: User
) -> None:
    bank.decide(at_bank(*bills))
    walk(3)
    (message,) = of_kind("payment_received").values()
    assert message.person == payer and all(bill.reference in message.body_en for bill in bills)


def test_each_reader_of_the_payment_sees_their_own_bills_only(
    bills: list[Bill], at_bank: Callable[..., Attempt], bank: Book, paid_for: Any, payer: User, partner: User
) -> None:
    attempt = at_bank(*bills)
    leave(payer)
    bank.decide(attempt)
    walk(3)
    for person, seen in ((payer, bills[0]), (partner, bills[1])):
        page = signed_in(person).get(f"/pay/r/{attempt.token}").content.decode()
        assert seen.reference in page and not any(other.reference in page for other in bills if other != seen)
        assert "60.000" not in page, "the amount is that of what they may see"


def test_who_may_pay_a_part_of_a_payment_only_is_not_offered_to_give_it_up(
    bills: list[Bill], at_bank: Callable[..., Attempt], payer: User, partner: User
) -> None:
    attempt = at_bank(*bills)
    for person, is_offered in ((payer, True), (partner, False)):
        client = signed_in(person)
        for page in (f"/pay/r/{attempt.token}", f"/en/pay/{bills[1].public_id}/"):
            text = client.get(page, headers={"Accept-Language": "en"}).content.decode()
            assert ("I left the bank" in text) == is_offered, page
        assert ("tell us that you left" in client.get("/en/basket/").content.decode()) == is_offered
        assert client.post(f"/en/pay/{bills[1].public_id}/left/").status_code == (303 if is_offered else 403)
        Attempt.objects.update(hint="")


def test_a_payment_that_was_not_taken_is_told_for_each_company(
    bills: list[Bill], at_bank: Callable[..., Attempt], payer: User, partner: User
) -> None:
    attempt = at_bank(*bills)
    leave(payer)
    for _again in range(2):
        messages.notify_not_taken(attempt_id=attempt.pk, due=[bill.pk for bill in bills])
    told = of_kind("payment_not_taken")
    assert len(told) == 3
    assert bills[1].reference in told[partner].body_en and bills[0].reference in told[payer].body_en


def test_a_refund_is_seen_by_who_signs_and_not_by_who_left(
    bills: list[Bill], at_bank: Callable[..., Attempt], bank: Book, paid_for: Any, payer: User, partner: User
) -> None:
    bank.decide(at_bank(*bills))
    walk(3)
    for bill in bills:
        owe_back(bill=bill, reason="shop_closed", actor=BY)

    def seen(user: User) -> set[str]:
        return set(RefundDue.objects.filter(queries.refunds_of(user)).values_list("subject", flat=True))

    own, gulf, bay = (bill.subject for bill in bills)
    assert seen(payer) == {own, gulf, bay}
    assert seen(partner) == {gulf}, "without the condition on organisations, who signs would not see it"
    leave(payer)
    assert set(RefundDue.objects.filter(payer=payer).values_list("subject", flat=True)) == {own, gulf, bay}, "by the payee alone they would"
    assert seen(payer) == {own} and seen(partner) == {gulf}
    assert seen(PersonFactory(civil_id=DELEGATE)) == set()
