"""Violations for those who act for the holder of a shop: what they see, what they may do, what stays with the party, and its end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from licensing.health.states import RENEWAL
from municipality.accounts.models import Signatory, User
from municipality.audit.models import AuditEvent
from municipality.cases.models import CaseEvent
from municipality.delegation import registry
from municipality.delegation.authorization import authorize
from municipality.delegation.models import Delegation, Role
from municipality.delegation.services import delegations
from municipality.documents import queries as papers
from municipality.documents import seal
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.review.services import desk, queue
from municipality.rulebook import queries as rulebook
from municipality.uploads import services as uploads
from municipality.uploads.models import Upload
from payments import queries as payments
from payments.models import Attempt, Bill
from payments.services import pay_basket, redirect_url, start_attempt
from shops.models import Shop
from tests.bank import Bank
from tests.browsers import signed_in
from tests.database_guards import without_guards
from tests.due_jobs import run_due
from tests.factories.accounts import NOURA, OrganisationFactory, PersonFactory
from violations import queries, review, rules
from violations.models import Objection, Violation, ViolationEvent
from violations.services import documents, notices, objections, settlements, terms
from violations.states import SERVICE

pytestmark = pytest.mark.django_db
OBJECTION = {"ground": "facts_wrong", "words": "لم تكن الأكياس للمحل"}
THIRD = "290010100062"  # synthetic, with its check digit


@pytest.fixture(autouse=True)
def plain(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


@pytest.fixture
def delegate(stranger: Any) -> Any:
    return stranger


def let(giver: User, delegate: User, subject: str, *, number: str = NOURA, service: str = SERVICE, **more: Any) -> Delegation:
    row = delegations.give(
        giver=giver, number=number, subject=subject, service=service, last_day=clock.today() + dt.timedelta(days=60), **more
    )
    return delegations.accept(delegation=row, person=delegate)


def end(row: Delegation) -> None:
    delegations.end(delegation=row, person=row.giver)


def url(row: Violation, rest: str = "") -> str:
    return f"/en/violations/{row.public_id}/{rest}"


def fresh(row: Violation) -> Violation:
    return Violation.objects.get(pk=row.pk)


@pytest.fixture
def served(write: Callable[..., Violation], owner: Any) -> Violation:
    row = write()
    notices.record_opening(violation=row, person=owner)
    return fresh(row)


def test_the_basket_of_a_delegate_offers_no_sum_of_the_owner(served: Violation, owner: Any, delegate: Any) -> None:
    """A sum that has no bill is its holder's to put into a basket; a delegate pays on the page of the violation."""
    let(owner, delegate, served.shop.key)  # type: ignore[union-attr]
    key = f"due:{settlements.BILL}:{served.public_id}"
    assert any(item.value.startswith(key) for item in payments.basket_of(owner))
    assert queries.visible_to(delegate).filter(pk=served.pk).exists()
    assert not any(item.value.startswith(key) for item in payments.basket_of(delegate))
    shown = next(item.value for item in payments.basket_of(owner) if item.value.startswith(key))
    with pytest.raises(Refused) as refusal:
        pay_basket(payer=delegate, chosen=[shown], language="en", session_key="s")
    assert refusal.value.code == "not_in_basket" and not Bill.objects.exists()


# --- Seeing -------------------------------------------------------------------------------------------------------------------


def test_a_delegate_sees_what_was_found_at_that_shop_and_nothing_else_of_its_holder(
    served: Violation, write: Callable[..., Violation], make_shop: Callable[..., Shop], owner: Any, delegate: Any
) -> None:
    other = write(shop=make_shop())
    client = signed_in(delegate)
    assert client.get(url(served)).status_code == 404
    let(owner, delegate, served.shop.key)  # type: ignore[union-attr]
    assert list(queries.visible_to(delegate)) == [served]
    page = client.get(url(served)).content.decode()
    assert "You act by delegation" in page and owner.name_en in page
    assert page.count("Only the party may do this, not a delegate.") == sum(not rules.DELEGATES[option] for option in rules.OPTIONS) == 2
    listed = client.get("/en/violations/mine/").content.decode()
    assert served.number in listed and "by delegation, for" in listed and owner.name_en in listed  # type: ignore[operator]
    assert other.number not in listed and client.get(url(other)).status_code == 404  # type: ignore[operator]
    assert "1 open violation" in client.get("/en/my-shops/").content.decode()


def test_a_delegation_in_another_service_shows_no_violation(served: Violation, owner: Any, delegate: Any) -> None:
    let(owner, delegate, served.shop.key, service=RENEWAL)  # type: ignore[union-attr]
    client = signed_in(delegate)
    assert not queries.visible_to(delegate).exists() and client.get(url(served)).status_code == 404
    assert "open violation" not in client.get("/en/my-shops/").content.decode()
    with pytest.raises(NotPermitted):
        terms.extend(violation=served, person=delegate)
    let(owner, delegate, served.shop.key)  # type: ignore[union-attr] - the red control: only the service was missing
    assert terms.extend(violation=served, person=delegate)


def test_opening_the_notice_as_a_delegate_serves_nobody(write: Callable[..., Violation], owner: Any, delegate: Any) -> None:
    row = write()
    let(owner, delegate, row.shop.key)  # type: ignore[union-attr]
    assert signed_in(delegate).get(url(row)).status_code == 200
    assert signed_in(delegate).post(url(row, "open/")).status_code == 302
    assert fresh(row).settle_until is None
    signed_in(owner).post(url(row, "open/"))
    assert fresh(row).settle_until is not None


def test_a_right_reaches_no_further_than_its_givers_own(served: Violation, owner: Any, delegate: Any) -> None:
    let(owner, delegate, served.shop.key)  # type: ignore[union-attr]
    bill = settlements.bill_for(violation=served, person=delegate)
    Shop.objects.filter(pk=served.shop_id).update(owner=PersonFactory(civil_id=THIRD))
    assert not queries.visible_to(delegate).exists()
    assert not payments.visible_to(delegate).filter(pk=bill.pk).exists()
    with pytest.raises(NotPermitted):
        start_attempt(bills=[bill], payer=delegate, language="en", session_key="s")


def test_a_clerk_sees_the_shops_of_the_organisation_while_its_giver_signs_for_it(
    write: Callable[..., Violation], make_shop: Callable[..., Shop], owner: Any, delegate: Any
) -> None:
    company = OrganisationFactory()
    signs = Signatory.objects.create(organisation=company, person=owner, first_day=clock.today())
    row = write(shop=make_shop(owner=None, organisation=company))
    private = write(shop=make_shop())
    notices.record_opening(violation=row, person=owner)
    clerk = let(owner, delegate, f"organisation:{company.public_id}", service="", role=Role.CLERK)
    assert list(queries.visible_to(delegate)) == [row] and private.shop.owner == owner  # type: ignore[union-attr]
    assert terms.extend(violation=row, person=delegate)
    event = ViolationEvent.objects.get(move="extend")
    assert (event.actor_role, event.actor_key, event.data["for"]) == ("delegate", delegate.key, owner.key)
    Signatory.objects.filter(pk=signs.pk).update(last_day=clock.today() - dt.timedelta(days=1), first_day=dt.date(2020, 1, 1))
    assert clerk.is_in_force and not queries.visible_to(delegate).exists()


# --- Delegates -------------------------------------------------------------------------------------------------------------------


def test_every_way_and_step_says_whether_a_delegate_may(served: Violation) -> None:
    assert set(rules.OPTIONS) <= rules.DELEGATES.keys()
    standing = queries.status_of(served, is_party=True, by_delegate=True)
    assert {option.code for option in rules.option_statuses(standing) if option.closed == "party_only"} == {"instalments", "not_mine"}


def test_a_delegate_pays_for_the_party_and_the_receipt_is_the_partys(served: Violation, owner: Any, delegate: Any) -> None:
    let(owner, delegate, served.shop.key)  # type: ignore[union-attr]
    bill = settlements.bill_for(violation=served, person=delegate)
    assert bill.payer == owner
    page = signed_in(delegate).get("/en/basket/").content.decode()
    assert served.reference in page and owner.name_en in page
    (item,) = payments.basket_of(delegate)
    attempt = pay_basket(payer=delegate, chosen=[item.value], language="en", session_key="s")
    answer = signed_in(delegate).post(url(served, "pay/"), {"fils": str(bill.total_fils)})
    assert answer.status_code == 303 and Attempt.objects.get() == attempt, "the page of the violation leads on to the same payment"
    act = AuditEvent.objects.get(action="payment.started")
    assert (act.actor_key, act.data["for"]) == (delegate.key, owner.key) and attempt.started_by == delegate
    assert settle_open(bill).state == "paid" and fresh(served).state == "paid"
    assert payments.receipts_visible_to(delegate).count() == payments.receipts_visible_to(owner).count() == 1
    end(Delegation.objects.get())
    assert not payments.receipts_visible_to(delegate).exists() and payments.receipts_visible_to(owner).exists()


def settle_open(bill: Bill) -> Bill:
    """Finish the payment that is open for a bill."""
    attempt = Attempt.objects.get(allocations__bill=bill)
    redirect_url(attempt)
    Bank.book.decide(attempt)
    with clock.at(clock.now() + dt.timedelta(minutes=3)):
        run_due()
    return Bill.objects.get(pk=bill.pk)


def test_a_delegate_objects_answers_and_does_not_withdraw(
    served: Violation, owner: Any, delegate: Any, decider: Callable[..., Any]
) -> None:
    let(owner, delegate, served.shop.key)  # type: ignore[union-attr]
    client = signed_in(delegate)
    page = client.get(url(served, "object/")).content.decode()
    assert 'value="facts_wrong"' in page and 'value="not_mine"' not in page
    answer = client.post(url(served, "object/"), OBJECTION)
    objection = Objection.objects.get()
    case = objection.case
    assert case.applicant == owner and case.filed_by == "delegate" and case.held_under == served.shop.key  # type: ignore[union-attr]
    assert answer["Location"] == f"/en/cases/{case.public_id}/"
    page = client.get(answer["Location"]).content.decode()
    assert "Withdraw the objection" not in page and "Noura Al-Rashidi" in page
    assert "Withdraw the objection" in signed_in(owner).get(answer["Location"]).content.decode()
    acted = {(e.actor_role, e.actor_key, e.data.get("for")) for e in CaseEvent.objects.filter(subject=case, move="send")}
    assert acted == {("delegate", delegate.key, owner.key)}
    moved = ViolationEvent.objects.get(move="object")
    assert (moved.actor_role, moved.actor_key, moved.data["for"]) == ("delegate", delegate.key, owner.key)
    assert AuditEvent.objects.get(action="objection.filed").data["for"] == owner.key
    assert ("delegate", delegate.key) in review.parties(case)  # whoever is tied to the delegate does not decide
    assert client.post(url(served, "withdraw/")).status_code == 403 and fresh(served).state == "objected"
    with pytest.raises(NotPermitted, match="party_only"):
        objections.withdraw(objection=objection, person=delegate)
    assignment = queue.next_case(officer=decider(case.branch_id))
    assert assignment is not None
    screen = signed_in(assignment.officer).get(f"/admin/desk/{case.public_id}/").content.decode()
    for name in (owner.name_ar, delegate.name_ar, owner.name_en, delegate.name_en):
        assert name not in screen  # whoever decides sees neither
    desk.ask_corrections(assignment=assignment, items=[desk.CorrectionRequest(_question(), "words")])
    assert client.post(url(served, "answer/"), {"words": "الصورة لمحل آخر"}).status_code == 302
    assert objection.additions.get().words == "الصورة لمحل آخر"


def _question() -> str:
    return rulebook.edition(queries.REPLIES, clock.today()).reasons_of("correction")[0].code


def test_what_is_the_partys_alone_is_refused_on_the_page_and_by_the_service(served: Violation, owner: Any, delegate: Any) -> None:
    let(owner, delegate, served.shop.key)  # type: ignore[union-attr]
    client = signed_in(delegate)
    for rest, body in (("instalments/", {"count": "3"}), ("not-mine/", OBJECTION)):
        for answer in (client.get(url(served, rest)), client.post(url(served, rest), body)):
            assert answer.status_code == 403 and "Only the party may do this, not a delegate" in answer.content.decode()
    with pytest.raises(NotPermitted, match="party_only"):
        terms.agree_plan(violation=served, person=delegate, count=3)
    with pytest.raises(NotPermitted, match="party_only"):
        objections.file(violation=served, person=delegate, ground="not_mine", words="x")
    with pytest.raises(NotPermitted):
        documents.clearance(person=delegate, shop=served.shop)
    assert fresh(served).state == "ordered"
    assert terms.agree_plan(violation=served, person=owner, count=3)  # the red control: open to the party


def test_a_delegates_own_certificate_does_not_ask_about_the_givers_violations(
    served: Violation, owner: Any, delegate: Any, tmp_path: Path, settings: Any
) -> None:
    settings.SIGNER_KEY_FILE = str(tmp_path / "seal.p12")
    seal.make_seal(tmp_path / "seal.p12", settings.SIGNER_PASSPHRASE)
    let(owner, delegate, served.shop.key)  # type: ignore[union-attr]
    assert documents.clearance(person=delegate).state == "active"
    with pytest.raises(Refused, match="owes"):
        documents.clearance(person=owner)


def test_a_photo_of_what_was_put_right_is_the_partys_and_says_who_sent_it(
    write: Callable[..., Violation], owner: Any, delegate: Any
) -> None:
    row = write("SHP-05", quantity_hundredths=200)
    right = let(owner, delegate, row.shop.key)  # type: ignore[union-attr]
    assert signed_in(delegate).get(url(row, "correct/")).status_code == 200
    content = SimpleUploadedFile("done.jpg", b"\xff\xd8\xff\xe0 a picture")
    upload = uploads.receive(owner=delegate, subject=row.key, slot="correction", name="done.jpg", content=content)
    upload = Upload.objects.get(pk=upload.pk)
    assert (upload.owner, upload.sent_by) == (owner, delegate)
    end(right)
    assert signed_in(delegate).get(f"/en/uploads/file/{upload.public_id}/look/").status_code == 404
    with pytest.raises(Refused):
        uploads.receive(owner=delegate, subject=row.key, slot="correction", name="done.jpg", content=content)


# --- The end ------------------------------------------------------------------------------------------------------------------


def test_a_form_that_was_open_is_refused_once_the_delegation_is_revoked(served: Violation, owner: Any, delegate: Any) -> None:
    right = let(owner, delegate, served.shop.key)  # type: ignore[union-attr]
    client = signed_in(delegate)
    forms = {"object/": OBJECTION, "more-time/": {}, "pay/": {}}
    assert all(client.get(url(served, rest)).status_code == 200 for rest in forms)
    bill = settlements.bill_for(violation=served, person=delegate)
    end(right)
    for rest, body in forms.items():
        answer = client.post(url(served, rest), body)
        assert answer.status_code == 403 and "The owner revoked your delegation" in answer.content.decode()
    assert client.get(url(served)).status_code == 403
    assert client.post(f"/en/pay/{bill.public_id}/").status_code == 403
    assert served.number not in client.get("/en/violations/mine/").content.decode()  # type: ignore[operator]
    assert not payments.basket_of(delegate) and not papers.visible_to(delegate).exists()
    assert not Objection.objects.exists() and fresh(served).state == "ordered"


def test_a_right_that_ends_between_the_page_and_the_step_is_seen_under_its_lock(
    served: Violation, owner: Any, delegate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = let(owner, delegate, served.shop.key)  # type: ignore[union-attr]
    held = authorize(delegate, served)
    end(right)
    monkeypatch.setattr("violations.services.delegates.authorize", lambda person, violation: held)  # what a request read a moment before
    with pytest.raises(NotPermitted, match="delegation_over"):
        terms.extend(violation=served, person=delegate)
    monkeypatch.setattr("violations.services.delegates.may", lambda actor, **right: True)  # the red control: the lock
    with transaction.atomic(), pytest.raises(IntegrityError, match="guard:no_delegation"):  # and the database refuses all the same
        terms.extend(violation=served, person=delegate)


def test_the_database_refuses_an_event_of_a_delegate_without_a_right_and_one_that_is_the_partys_alone(
    served: Violation, owner: Any, delegate: Any
) -> None:
    def forge(move: str) -> None:
        states = {"extend": ("ordered", "ordered"), "plan": ("ordered", "instalments")}[move]
        values = {"workflow": "violations.violation", "move": move, "from_state": states[0], "to_state": states[1]}
        with transaction.atomic():
            ViolationEvent.objects.create(
                subject=served, at=clock.now(), actor_role="delegate", actor_key=delegate.key, data={"for": owner.key}, **values
            )

    with pytest.raises(IntegrityError, match="guard:no_delegation"):
        forge("extend")
    let(owner, delegate, served.shop.key)  # type: ignore[union-attr]
    forge("extend")
    with pytest.raises(IntegrityError, match="guard:no_delegation"):
        forge("plan")
    without_guards()
    forge("plan")


def test_the_papers_of_a_violation_open_to_its_delegate_and_close_with_the_right(
    served: Violation, owner: Any, delegate: Any, tmp_path: Path, settings: Any
) -> None:
    settings.SIGNER_KEY_FILE = str(tmp_path / "seal.p12")
    seal.make_seal(tmp_path / "seal.p12", settings.SIGNER_PASSPHRASE)
    documents.write_notice(violation_id=served.pk)
    path = f"/documents/{served.number}.pdf"
    client = signed_in(delegate)
    assert client.get(path).status_code == 404
    right = let(owner, delegate, served.shop.key)  # type: ignore[union-attr]
    assert client.get(path).status_code == signed_in(owner).get(path).status_code == 200
    end(right)
    assert client.get(path).status_code == 404


def test_the_service_stands_among_the_choices_of_a_delegation_and_not_at_the_counter(served: Violation, owner: Any) -> None:
    page = signed_in(owner).get(f"/en/delegations/give/?for={served.shop.key}").content.decode()  # type: ignore[union-attr]
    assert "Violations of the shop" in page and f'value="{SERVICE}"' in page
    assert not registry.SERVICES[SERVICE].is_assisted and SERVICE not in [
        code for code, entry in registry.SERVICES.items() if entry.waits_in_dispute
    ]
