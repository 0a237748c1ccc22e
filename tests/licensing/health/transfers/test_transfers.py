"""A transfer: asked for, agreed to by the named person, decided, paid, and issued to the new holder with the same last day."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils.translation import override

from licensing.health import invariants, outcomes, review, services
from licensing.health.appeals import services as appeals
from licensing.health.services import reminders
from licensing.health.states import CHANGE, RENEWAL, TRANSFER
from licensing.health.transfers import queries
from licensing.health.transfers import services as transfers
from licensing.models import HealthLicence, LicenceTransfer, Renewal
from municipality.accounts import civil_ids
from municipality.accounts.models import Signatory, User
from municipality.audit.models import AuditEvent
from municipality.cases.models import Case
from municipality.cases.services import place_block
from municipality.delegation.authorization import NotYours
from municipality.delegation.models import Role
from municipality.delegation.services import delegations
from municipality.documents import services as documents
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.models import Message
from payments import queries as payments
from payments.models import Bill, RefundDue
from shops.models import EventKind, Shop, ShopEvent
from shops.register.services import transfer
from tests import desk_acts
from tests.browsers import signed_in
from tests.database_guards import without_guards
from tests.factories.accounts import NOURA, OrganisationFactory, PersonFactory, StaffFactory
from tests.factories.licensing import RenewalCaseFactory
from tests.factories.review import OfficerFactory

pytestmark = pytest.mark.django_db
BY = system("tests")
OTHER = "290010100046"


@pytest.fixture
def noura(db: None) -> User:
    return PersonFactory(noura=True)


@pytest.fixture
def asked(shop: Shop, owner: User) -> LicenceTransfer:
    return transfers.ask(shop=shop, person=owner, number=NOURA)


def told(person: User) -> set[str]:
    return set(Message.objects.filter(person=person, kind__contains="transfer").values_list("kind", flat=True))


def holder_of(shop: Shop) -> Any:
    return Shop.objects.select_related("owner", "organisation").get(pk=shop.pk).licensee


def is_as_before(shop: Shop, owner: User) -> bool:
    return holder_of(shop) == owner and HealthLicence.objects.get(shop=shop, is_current=True).document.live_state == "valid"


def test_it_is_agreed_decided_paid_and_issued_to_the_new_holder(
    shop: Shop, owner: User, noura: User, officer: User, pay_and_issue: Any
) -> None:
    old = HealthLicence.objects.get(shop=shop)
    row = transfers.ask(shop=shop, person=owner, number=NOURA)
    assert told(noura) == {"licensing.transfer_asked"} and list(queries.waiting(noura)) == [row]
    case = transfers.agree(transfer=row, user=noura)
    assert (case.service, case.state, case.applicant) == (TRANSFER, "in_review", noura)
    assert told(owner) == {"licensing.transfer_agreed"}
    desk_acts.approve(officer)
    bill = payments.bill_of(case.key)
    assert bill is not None and bill.payer == noura
    assert [(line.code, line.fils) for line in bill.lines.all()] == [("health.transfer", 15_000)]
    assert is_as_before(shop, owner), "nothing is written before it is paid"
    new = pay_and_issue(case)
    old.refresh_from_db()
    old.document.refresh_from_db()
    assert holder_of(shop) == noura and new.document.holder_key == noura.key
    assert (new.first_day, new.last_day) == (clock.today(), old.last_day)
    assert (new.document.live_state, old.document.state, old.document.replaced_by) == ("valid", "superseded", new.document)
    assert new.document.facts["licensee_en"] == noura.name_en
    event = ShopEvent.objects.get(shop=shop, kind=EventKind.TRANSFERRED)
    assert (event.source, event.actor_key) == (case.key, officer.key)
    assert "licensing.licence_transferred" in told(owner) and not list(invariants.findings())
    shown = outcomes.outcome(bill)
    assert shown is not None and shown.is_done
    with override("en"):
        opens = outcomes.outcome(bill).steps[-1]  # type: ignore[union-attr]
        assert "The next renewal opens." in str(opens.text) and str(clock.today()) not in str(opens.title)
        with clock.at(clock.start_of(new.last_day - dt.timedelta(days=20))):
            soon = outcomes.outcome(bill).steps[-1]  # type: ignore[union-attr]
        assert soon.title == "Now" and "can be renewed until" in str(soon.text) and f"/{shop.public_id}/" in str(soon.text)
    page = Client().get(f"/verify/{old.document.code}", headers={"accept-language": "en"}).content.decode()
    assert "Replaced by" in page and new.document.number in page


def test_a_number_without_an_account_is_answered_as_one_with_it(shop: Shop, owner: User, make_shop: Any, noura: User) -> None:
    known = transfers.ask(shop=shop, person=owner, number=NOURA)
    unknown = transfers.ask(shop=make_shop(ends_in=200), person=owner, number=OTHER)
    assert (known.outcome, unknown.outcome) == ("", "") and known.expires_at.date() == unknown.expires_at.date()
    later = PersonFactory(civil_id=OTHER)
    assert list(queries.waiting(later)) == [unknown], "whoever joins later sees it"


@pytest.mark.parametrize("end", ["take_back", "decline", "lapse"])
def test_without_agreement_nothing_changes(
    shop: Shop, owner: User, noura: User, asked: LicenceTransfer, frozen_clock: Any, end: str
) -> None:
    if end == "take_back":
        transfers.take_back(transfer=asked, person=owner)
    elif end == "decline":
        transfers.decline(transfer=asked, user=noura)
    else:
        frozen_clock.set(asked.expires_at + dt.timedelta(minutes=1))
        with pytest.raises(transfers.TransferOver):
            transfers.agree(transfer=asked, user=noura)
        assert transfers.end_due() == 1 and transfers.end_due() == 0
    assert is_as_before(shop, owner) and not Case.objects.filter(service=TRANSFER).exists()
    assert told(owner) == (set() if end == "take_back" else {"licensing.transfer_ended"})
    assert ("licensing.transfer_ended" in told(noura)) == (end == "take_back")
    with pytest.raises(transfers.TransferOver):
        transfers.agree(transfer=LicenceTransfer.objects.get(pk=asked.pk), user=noura)
    assert transfers.ask(shop=shop, person=owner, number=NOURA).outcome == ""


def test_only_the_named_person_answers(owner: User, asked: LicenceTransfer, noura: User) -> None:
    for user in (owner, PersonFactory(civil_id=OTHER), StaffFactory()):
        with pytest.raises(NotPermitted):
            transfers.agree(transfer=asked, user=user)


def test_a_signatory_takes_it_over_for_the_company(shop: Shop, noura: User, asked: LicenceTransfer, approve_and_issue: Any) -> None:
    company = OrganisationFactory()
    with pytest.raises(Refused) as refused:
        transfers.agree(transfer=asked, user=noura, organisation=company)
    assert refused.value.code == "not_signatory"
    Signatory.objects.create(organisation=company, person=noura, first_day=clock.today())
    new = approve_and_issue(transfers.agree(transfer=asked, user=noura, organisation=company))
    assert holder_of(shop) == company and new.document.facts["licensee_en"] == company.name_en


def test_what_may_become_payable_stops_it_until_its_end(
    shop: Shop, owner: User, noura: User, asked: LicenceTransfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shops.registry.OPEN_SUMS", {"tests": lambda _rows: {shop.pk}})
    with pytest.raises(Refused) as refused:
        transfers.agree(transfer=asked, user=noura)
    assert refused.value.code == "not_possible" and queries.lost_condition(asked, shop) == "nothing_owed"
    transfers.take_back(transfer=asked, person=owner)
    assert (
        "A violation of this shop is still open" in signed_in(owner).get(f"/en/health-licence/{shop.public_id}/transfer/").content.decode()
    )
    monkeypatch.setattr("shops.registry.OPEN_SUMS", {})
    assert transfers.ask(shop=shop, person=owner, number=NOURA).outcome == "", "what is over stops nothing"


@pytest.mark.parametrize("reason", ["no_block", "no_open_case", "licence_valid", "nothing_owed", "own_number", "asked_already"])
def test_what_prevents_it(make_shop: Any, owner: User, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_shop(ends_in=-2 if reason == "licence_valid" else 200)
    if reason == "no_block":
        words = {"sentence_ar": "وقف", "sentence_en": "Stop", "ground": "unpaid_violation", "source": "violation:1"}
        place_block(subject=shop.key, stops=RENEWAL, actor=BY, **words)
    if reason == "no_open_case":
        RenewalCaseFactory(shop=shop, applicant=owner, changed=["area_m2"], service=CHANGE)
    if reason == "nothing_owed":
        item = payments.BasketItem("due:violation:1", "مخالفة", "Violation", 5_000, "due", shop=shop.key)
        monkeypatch.setattr(payments, "basket_of", lambda user, without: [item])
    if reason == "asked_already":
        transfers.ask(shop=shop, person=owner, number=OTHER)
    with pytest.raises(Refused) as refused:
        transfers.ask(shop=shop, person=owner, number=owner_number(owner) if reason == "own_number" else NOURA)
    assert refused.value.code == reason


def owner_number(owner: User) -> str:
    return civil_ids.decrypt(owner.civil_id_cipher)


def test_the_present_holder_calls_it_off_until_it_is_paid(
    shop: Shop, owner: User, noura: User, asked: LicenceTransfer, officer: User, pay_and_issue: Any
) -> None:
    case = transfers.agree(transfer=asked, user=noura)
    desk_acts.approve(officer)
    transfers.take_back(transfer=asked, person=owner)
    case.refresh_from_db()
    assert case.state == "withdrawn" and is_as_before(shop, owner) and "licensing.transfer_ended" in told(noura)
    assert AuditEvent.objects.get(action="transfer.called_off").actor_key == owner.key and payments.bill_of(case.key) is None
    assert transfers.end_due() == 0, "the present holder knows"
    again = transfers.ask(shop=shop, person=owner, number=NOURA)
    case = transfers.agree(transfer=again, user=noura)
    desk_acts.approve(officer)
    pay_and_issue(case)
    with pytest.raises(NotYours):
        transfers.take_back(transfer=again, person=owner)


@pytest.mark.parametrize("end", ["withdrawn", "unpaid", "refused"])
def test_a_request_that_ends_leaves_all_as_it_was_and_the_present_holder_is_told(
    shop: Shop, owner: User, noura: User, asked: LicenceTransfer, officer: User, pay_and_issue: Any, end: str
) -> None:
    case = transfers.agree(transfer=asked, user=noura)
    if end == "refused":
        case = desk_acts.refuse(officer, OfficerFactory(login="signer", branch_id=shop.branch_id, groups=["supervisor"]))
    elif end == "withdrawn":
        services.withdraw_renewal(case=case, person=noura)
    else:
        desk_acts.approve(officer)
        services.close_unpaid(case=Case.objects.get(pk=case.pk))
        lapsed = Message.objects.get(person=noura, kind="licensing.renewal_lapsed")
        assert "Only the present holder" in lapsed.body_en and "new request" not in lapsed.body_en
    assert is_as_before(shop, owner)
    assert transfers.end_due() == 1 and transfers.end_due() == 0 and "licensing.transfer_ended" in told(owner)
    if end == "refused":
        OfficerFactory(login="elsewhere", branch_id="JA" if shop.branch_id != "JA" else "HA", skills=["objections"])
        appeal = appeals.file(case=Case.objects.get(pk=case.pk), person=noura, words="The lease is here.")
        assert Renewal.objects.get(case=appeal.refusal.case).act == "transfer"


@pytest.fixture
def appealed(shop: Shop, asked: LicenceTransfer, noura: User, officer: User) -> Case:
    """A transfer that was refused and of whose end the present holder was told; the appeal against the refusal is under way."""
    transfers.agree(transfer=asked, user=noura)
    case = desk_acts.refuse(officer, OfficerFactory(login="signer", branch_id=shop.branch_id, groups=["supervisor"]))
    assert transfers.end_due() == 1
    OfficerFactory(login="elsewhere", branch_id="JA" if shop.branch_id != "JA" else "HA", skills=["objections"])
    appeals.file(case=Case.objects.get(pk=case.pk), person=noura, words="The lease is here.")
    return Case.objects.get(pk=case.pk)


def test_the_present_holder_hears_that_a_transfer_goes_on_after_an_appeal_and_of_its_second_end(
    shop: Shop, owner: User, noura: User, appealed: Case
) -> None:
    desk_acts.approve(User.objects.get(login="elsewhere"))
    appealed.refresh_from_db()
    assert appealed.state == "awaiting_payment" and "licensing.transfer_goes_on" in told(owner)
    found = queries.open_of(shop)
    assert found is not None and found.case == appealed
    services.withdraw_renewal(case=appealed, person=noura)
    assert (transfers.end_due(), transfers.end_due()) == (1, 0)
    ends = Message.objects.filter(person=owner, kind="licensing.transfer_ended").order_by("pk")
    assert ["withdrew" in message.body_en for message in ends] == [False, True]


def test_an_allowed_appeal_does_not_go_on_beside_another_person_who_was_named(shop: Shop, owner: User, appealed: Case) -> None:
    other = transfers.ask(shop=shop, person=owner, number=OTHER)
    desk_acts.approve(User.objects.get(login="elsewhere"))
    appealed.refresh_from_db()
    assert appealed.state == "refused" and queries.open_of(shop) == other and "licensing.transfer_goes_on" not in told(owner)


@pytest.mark.parametrize("code", ["other_holder", "nothing_owed", "licence_over"])
def test_what_is_lost_before_the_payment_is_paid_back(
    shop: Shop, owner: User, noura: User, asked: LicenceTransfer, officer: User, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = transfers.agree(transfer=asked, user=noura)
    desk_acts.approve(officer)
    if code == "other_holder":
        Shop.objects.filter(pk=shop.pk).update(owner=PersonFactory(civil_id=OTHER))
    elif code == "licence_over":
        documents.revoke(HealthLicence.objects.get(shop=shop).document, reason="tests", actor=BY)
    else:
        item = payments.BasketItem("due:violation:1", "مخالفة", "Violation", 5_000, "due", shop=shop.key)
        monkeypatch.setattr(payments, "basket_of", lambda user, without: [item])
    monkeypatch.setattr("licensing.health.services.issue.owe_back", lambda **facts: None)
    assert Bill.objects.filter(subject=case.key).exists() and not RefundDue.objects.exists()
    services.take_payment(case=Case.objects.get(pk=case.pk))
    case.refresh_from_db()
    assert (case.state, case.last_event and case.last_event.reason) == ("refused", code)
    assert holder_of(shop) != noura


@pytest.mark.parametrize("is_drawn", [False, True])
@pytest.mark.parametrize("code", ["other_holder", "shop_closed"])
def test_what_is_lost_between_payment_and_issue_is_paid_back(
    shop: Shop, noura: User, asked: LicenceTransfer, officer: User, code: str, is_drawn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = transfers.agree(transfer=asked, user=noura)
    desk_acts.approve(officer)
    services.take_payment(case=Case.objects.get(pk=case.pk))
    facts = {"owner": PersonFactory(civil_id=OTHER)} if code == "other_holder" else {"closed_on": clock.today()}
    owed: list[str] = []
    monkeypatch.setattr("licensing.health.services.issue.owe_back", lambda *, reason, **_facts: owed.append(reason))
    draw = documents.render_and_seal

    def drawn_meanwhile(*given: Any) -> bytes:
        Shop.objects.filter(pk=shop.pk).update(**facts)
        return draw(*given)

    if is_drawn:
        monkeypatch.setattr(documents, "render_and_seal", drawn_meanwhile)
        with pytest.raises(Refused):
            services.issue_renewal(case=Case.objects.get(pk=case.pk))
    else:
        Shop.objects.filter(pk=shop.pk).update(**facts)
    services.issue_renewal(case=Case.objects.get(pk=case.pk))
    case.refresh_from_db()
    assert (case.state, case.last_event and case.last_event.reason, owed) == ("refused", code, [code])
    assert holder_of(shop) != noura and HealthLicence.objects.filter(shop=shop).count() == 1


@pytest.mark.parametrize("service", [TRANSFER, RENEWAL, "every service"])
def test_a_delegate_asks_only_by_a_delegation_that_names_this(make_shop: Any, owner: User, service: str) -> None:
    delegate, company = PersonFactory(civil_id=OTHER), OrganisationFactory()
    Signatory.objects.create(organisation=company, person=owner, first_day=clock.today())
    shop = make_shop(ends_in=200, owner=None, organisation=company)
    role = Role.CLERK if service == "every service" else Role.DELEGATE
    until = clock.today() + dt.timedelta(days=30)
    row = delegations.give(
        giver=owner, number=OTHER, subject=f"organisation:{company.public_id}", service=service, last_day=until, role=role
    )
    delegations.accept(delegation=row, person=delegate)
    if service == TRANSFER:
        with pytest.raises(Refused) as refused:
            transfers.ask(shop=shop, person=delegate, number=OTHER)
        assert refused.value.code == "own_number" and not told(owner)
        assert transfers.ask(shop=shop, person=delegate, number=NOURA).asked_by == owner
        message = Message.objects.get(person=owner, kind="licensing.transfer_asked_for")
        assert delegate.name_en in message.body_en and delegate.name_ar in message.body_ar
        transfers.take_back(transfer=LicenceTransfer.objects.get(), person=delegate)
        assert "a delegate took it back" in Message.objects.get(person=owner, kind="licensing.transfer_ended").body_en
        return
    with pytest.raises(NotYours):
        transfers.ask(shop=shop, person=delegate, number=NOURA)


def test_the_other_signatories_of_a_company_hear_what_one_of_them_asks_for_and_that_it_is_done(
    make_shop: Any, owner: User, noura: User, officer: User, pay_and_issue: Any
) -> None:
    company, other = OrganisationFactory(), PersonFactory(civil_id=OTHER)
    for person in (owner, other, noura):
        Signatory.objects.create(organisation=company, person=person, first_day=clock.today())
    shop = make_shop(ends_in=200, owner=None, organisation=company)
    first = transfers.ask(shop=shop, person=noura, number=NOURA)
    asked_for = Message.objects.filter(kind="licensing.transfer_asked_by_signatory")
    assert {message.person for message in asked_for} == {owner, other} and noura.name_en in asked_for[0].body_en
    transfers.take_back(transfer=first, person=other)
    taken_back = Message.objects.filter(kind="licensing.transfer_ended")
    assert {message.person for message in taken_back} == {owner, noura}
    assert all("another signatory took it back" in message.body_en for message in taken_back)
    row = transfers.ask(shop=shop, person=noura, number=NOURA)
    assert asked_for.all().count() == 4 and told(noura) == {"licensing.transfer_asked", "licensing.transfer_ended"}
    case = transfers.agree(transfer=row, user=noura)
    desk_acts.approve(officer)
    pay_and_issue(case)
    assert holder_of(shop) == noura
    assert set(Message.objects.filter(kind="licensing.licence_transferred").values_list("person", flat=True)) == {
        one.pk for one in (owner, other, noura)
    }


@pytest.mark.parametrize("end", ["take_back", "decline", "lapse", "call_off", "withdraw"])
def test_all_who_were_told_of_its_beginning_hear_how_a_transfer_ended(
    make_shop: Any, owner: User, noura: User, frozen_clock: Any, end: str
) -> None:
    company, other, late = OrganisationFactory(), PersonFactory(civil_id=OTHER), PersonFactory(civil_id="290010100054")
    for person in (owner, other):
        Signatory.objects.create(organisation=company, person=person, first_day=clock.today())
    row = transfers.ask(shop=make_shop(ends_in=200, owner=None, organisation=company), person=owner, number=NOURA)
    Signatory.objects.create(organisation=company, person=late, first_day=clock.today())
    if end == "decline":
        transfers.decline(transfer=row, user=noura)
    elif end == "lapse":
        frozen_clock.set(row.expires_at + dt.timedelta(minutes=1))
        transfers.end_due()
    elif end == "withdraw":
        services.withdraw_renewal(case=transfers.agree(transfer=row, user=noura), person=noura)
        transfers.end_due()
    else:
        if end == "call_off":
            transfers.agree(transfer=row, user=noura)
        transfers.take_back(transfer=row, person=owner)
    how = {"decline": "declined", "lapse": "the time to answer passed", "withdraw": "the new holder withdrew"}
    ended = Message.objects.get(person=other, kind="licensing.transfer_ended")
    assert how.get(end, "another signatory took it back") in ended.body_en and not told(late)
    assert ("licensing.transfer_ended" in told(owner)) == (end in how)


@pytest.mark.parametrize("is_person", [True, False])
def test_an_offer_ends_where_the_shop_has_another_holder_by_now(
    shop: Shop, owner: User, noura: User, asked: LicenceTransfer, is_person: bool
) -> None:
    buyer = PersonFactory(civil_id=OTHER)
    company = OrganisationFactory()
    Signatory.objects.create(organisation=company, person=buyer, first_day=clock.today())
    transfer(shop=shop, to=buyer if is_person else company, source="tests", actor=BY)
    assert not queries.waiting(noura) and not queries.asked_by(owner) and queries.open_of(shop) is None
    page = signed_in(buyer).get(f"/en/health-licence/{shop.public_id}/transfer/").content.decode()
    assert "Check the civil number" in page and "Not answered yet" not in page
    page = signed_in(noura).get(f"/en/health-licence/transfers/{asked.public_id}/")
    assert page.status_code == 410 and "The shop has another holder by now." in page.content.decode()
    for answer in (transfers.agree, transfers.decline):
        with pytest.raises(transfers.TransferOver):
            answer(transfer=asked, user=noura)
    again = transfers.ask(shop=shop, person=buyer, number=NOURA)
    assert list(queries.waiting(noura)) == [again] and list(queries.asked_by(buyer)) == [again] and transfers.end_due() == 0
    ended = Message.objects.get(person=owner, kind="licensing.transfer_ended").body_en
    assert "the shop has another holder by now" in ended and "nothing has changed" not in ended
    transfer(shop=shop, to=owner, source="tests:back", actor=BY)
    assert transfers.end_due() == 1 and told(buyer) == {"licensing.transfer_ended"}


def test_an_offer_ends_where_the_shop_was_merged(make_shop: Any, shop: Shop, owner: User, noura: User, asked: LicenceTransfer) -> None:
    without_guards()  # of the two people who merge
    Shop.objects.filter(pk=shop.pk).update(merged_into=make_shop(ends_in=200))
    assert not queries.waiting(noura) and not queries.asked_by(owner)
    with pytest.raises(transfers.TransferOver) as refused:
        transfers.agree(transfer=LicenceTransfer.objects.get(pk=asked.pk), user=noura)
    assert "دُمج المحل" in str(refused.value.sentence)
    assert (transfers.end_due(), transfers.end_due()) == (1, 0)
    ended = Message.objects.get(person=owner, kind="licensing.transfer_ended").body_en
    assert "was merged into another one" in ended and "nothing has changed" not in ended


@pytest.mark.guards
def test_too_many_numbers_are_not_tried(make_shop: Any, owner: User) -> None:
    for _number in range(transfers.ASKS.amount):
        transfers.ask(shop=make_shop(ends_in=200), person=owner, number=OTHER)
    with pytest.raises(Refused) as refused:
        transfers.ask(shop=make_shop(ends_in=200), person=owner, number=OTHER)
    assert (refused.value.code, refused.value.status) == ("too_many", 429)


def test_the_new_holder_is_asked_for_no_facts_of_the_shop(noura: User, asked: LicenceTransfer) -> None:
    found = review.items(transfers.agree(transfer=asked, user=noura))
    assert not [item.name for item in found if item.may_correct and not item.is_file] and any(item.name == "area_m2" for item in found)


def test_the_new_holder_is_reminded_of_the_end_as_the_one_before_was(
    asked: LicenceTransfer, shop: Shop, noura: User, officer: User, pay_and_issue: Any
) -> None:
    case = transfers.agree(transfer=asked, user=noura)
    desk_acts.approve(officer)
    HealthLicence.objects.filter(shop=shop).update(reminded_days=7)
    new = pay_and_issue(case)
    day = new.last_day - dt.timedelta(days=5)
    assert list(reminders.due(day, [60, 30, 7])) == [new]
    HealthLicence.objects.filter(pk=new.pk).update(reminded_days=7)
    assert not reminders.due(day, [60, 30, 7]), "the control: what the former holder was told counted as told"
