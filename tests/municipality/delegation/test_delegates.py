"""People who act for others: what a delegate and a clerk may do, and that nothing is left once it is over."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from licensing.health import services
from licensing.health.states import RENEWAL
from licensing.models import HealthLicence
from municipality.accounts.models import Organisation, Signatory, User, actor_for
from municipality.audit.models import AuditEvent
from municipality.cases import queries as cases
from municipality.cases.models import Case, CaseEvent
from municipality.cases.services import advance
from municipality.delegation import queries as delegation
from municipality.delegation import registry
from municipality.delegation.models import Delegation, Role
from municipality.delegation.services import delegations
from municipality.delegation.states import DelegationState
from municipality.documents import queries as documents
from municipality.drafts import queries as drafts
from municipality.drafts.models import Draft, Unsaved
from municipality.kernel import clock, request_cache
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.models import Message
from municipality.uploads.models import Upload
from payments import queries as payments
from payments.models import Bill
from payments.services import start_attempt
from shops.models import Shop
from shops.register import queries as shops
from tests.bank import Bank, Book
from tests.browsers import signed_in
from tests.conftest import NOON, TODAY
from tests.database_guards import without_guards
from tests.due_jobs import run_due
from tests.factories.accounts import PersonFactory
from tests.factories.payments import AttemptFactory
from tests.factories.uploads import UploadFactory
from tests.municipality.delegation.delegates import DELEGATE, OWNER, THIRD, UNTIL, fee, let, main, renew_url

pytestmark = pytest.mark.django_db


# --- Giving -----------------------------------------------------------------------------------------------------------------


def test_a_delegation_is_in_force_only_after_the_named_person_accepted_it(make_shop: Any, owner: User, delegate: User) -> None:
    shop = make_shop()
    row = delegations.give(giver=owner, number=DELEGATE, subject=shop.key, service=RENEWAL, last_day=UNTIL)
    assert list(delegation.offered_to(delegate)) == [row]
    assert not shops.visible_to(delegate).exists() and signed_in(delegate).get(renew_url(shop)).status_code == 404
    delegations.accept(delegation=row, person=delegate)
    assert list(shops.visible_to(delegate)) == [shop] and signed_in(delegate).get(renew_url(shop)).status_code == 200
    assert Message.objects.get(person=owner, kind="delegation.delegation_accepted").title_en == "Noura Al-Rashidi accepted your delegation"


def test_an_offer_is_answered_alike_whether_the_number_has_an_account(make_shop: Any, owner: User, delegate: User) -> None:
    client = signed_in(owner)
    pages = []
    for shop, number in ((make_shop(), DELEGATE), (make_shop(), THIRD)):
        data = {"subject": shop.key, "service": RENEWAL, "civil_id": number, "last_day": UNTIL.isoformat()}
        answer = client.post("/en/delegations/give/", data, follow=True)
        row = Delegation.objects.get(subject=shop.key)
        text = re.sub(r"csrfmiddlewaretoken.*?>", "", main(answer))
        pages.append(text.replace(row.public_id, "").replace(row.delegate_masked, "").replace(shop.name_en, ""))
    assert pages[0] == pages[1] and "If this person uses the portal" in pages[0] and "Noura" not in pages[0]
    newcomer = PersonFactory(civil_id=THIRD)
    assert delegation.offered_to(newcomer).count() == 1  # who joins later finds it


def test_nobody_else_accepts_and_the_database_refuses_it_too(make_shop: Any, owner: User, delegate: User) -> None:
    shop = make_shop()
    row = delegations.give(giver=owner, number=THIRD, subject=shop.key, service=RENEWAL, last_day=UNTIL)
    with pytest.raises(NotPermitted):
        delegations.accept(delegation=row, person=delegate)

    def force() -> None:
        from municipality.kernel.transitions import transition

        with transaction.atomic():
            transition(Delegation.objects.get(pk=row.pk), "accept", actor=actor_for(delegate, delegate), delegate=delegate)

    with pytest.raises(IntegrityError, match="guard:another_person"):
        force()
    without_guards()
    force()
    assert shops.visible_to(delegate).exists()


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("own_number", {"number": OWNER}),
        ("too_long", {"last_day": TODAY + dt.timedelta(days=365)}),
        ("in_the_past", {"last_day": TODAY - dt.timedelta(days=1)}),
        ("no_such_service", {"service": "cases.anything"}),
        ("no_such_service", {"service": "zoning.opinion"}),
        ("not_held", {"subject": "shop:another"}),
    ],
)
def test_what_cannot_be_given_is_refused_with_its_sentence(code: str, change: Any, make_shop: Any, owner: User) -> None:
    values = {"number": DELEGATE, "subject": make_shop().key, "service": RENEWAL, "last_day": UNTIL} | change
    with pytest.raises(Refused) as told:
        delegations.give(giver=owner, **values)
    assert told.value.code == code and str(told.value.sentence)
    assert not Delegation.objects.exists()


def test_the_longest_delegation_is_the_rulebooks(make_shop: Any, owner: User) -> None:
    row = delegations.give(giver=owner, number=DELEGATE, subject=make_shop().key, service=RENEWAL, last_day=TODAY + dt.timedelta(days=364))
    assert row.last_day == delegations.max_last_day() == TODAY + dt.timedelta(days=364)


def test_a_delegate_lets_nobody_else_act(make_shop: Any, owner: User, delegate: User) -> None:
    shop = make_shop()
    let(owner, delegate, shop.key)
    with pytest.raises(NotPermitted):
        delegations.give(giver=delegate, number=THIRD, subject=shop.key, service=RENEWAL, last_day=UNTIL)


def test_offers_are_limited_so_that_nobody_asks_who_has_an_account(make_shop: Any, owner: User) -> None:
    for _ in range(20):
        delegations.OFFERS.take(owner.key)
    with pytest.raises(Refused, match="too_many"):
        delegations.give(giver=owner, number=DELEGATE, subject=make_shop().key, service=RENEWAL, last_day=UNTIL)


# --- Delegates -----------------------------------------------------------------------------------------------------------------


def test_each_act_of_a_delegate_says_who_for_whom(make_shop: Any, owner: User, delegate: User) -> None:
    shop = make_shop()
    let(owner, delegate, shop.key)
    client = signed_in(delegate)
    answer = client.post(renew_url(shop), {"declared": "on", "total": fee(shop)})
    case = Case.objects.get()
    bill = Bill.objects.get()
    assert answer["Location"].endswith(f"/pay/{bill.public_id}/")
    assert (case.applicant, case.filed_by, bill.payer) == (owner, "delegate", owner)
    event = CaseEvent.objects.get()
    assert (event.actor_key, event.actor_role, event.data["for"]) == (delegate.key, "delegate", owner.key)
    for act in AuditEvent.objects.filter(subject=case.key):
        assert (act.actor_key, act.actor_role, act.data["for"]) == (delegate.key, "delegate", owner.key), act.action
    seen = main(signed_in(owner).get(f"/en/cases/{case.public_id}/"))
    assert "Noura Al-Rashidi, for Salim Al-Enezi" in seen and "Sent by a delegate" in seen
    assert Message.objects.get(person=owner, kind="licensing.renewal_submitted").deliveries.exists(), "the owner did not submit it"
    assert not Message.objects.filter(person=delegate, kind="licensing.renewal_submitted").exists()
    own = main(client.get(f"/en/cases/{case.public_id}/"))
    assert "You act by delegation" in own and "Who looked at my file" not in own and "Messages" not in own
    assert "Salim" not in main(Client().post("/en/track/", {"reference": case.reference, "last_four": owner.last_four}))


def test_the_documents_stay_the_owners_and_are_open_to_the_delegate_only_while_it_lasts(
    make_shop: Any, owner: User, delegate: User
) -> None:
    shop = make_shop()
    row = let(owner, delegate, shop.key)
    case, _bill = services.submit(shop=shop, applicant=owner, actor=actor_for(delegate, owner))
    from licensing.models import Renewal

    old = HealthLicence.objects.get(shop=shop).document
    Renewal.objects.filter(case=case).update(new_licence=HealthLicence.objects.get(shop=shop))
    assert old.holder_key == owner.key
    assert list(documents.visible_to(delegate)) == [old]
    delegations.end(delegation=row, person=owner)
    assert not documents.visible_to(delegate).exists() and documents.visible_to(owner).exists()


def test_a_delegate_pays_and_the_payment_says_for_whom(make_shop: Any, owner: User, delegate: User) -> None:
    shop = make_shop()
    row = let(owner, delegate, shop.key)
    _case, bill = services.submit(shop=shop, applicant=owner, actor=actor_for(owner, owner))
    assert "You pay by delegation" in main(signed_in(delegate).get(f"/en/pay/{bill.public_id}/"))
    attempt = start_attempt(bills=[bill], payer=delegate, language="en", session_key="a")
    act = AuditEvent.objects.get(action="payment.started")
    assert (attempt.started_by, act.actor_role, act.data["for"]) == (delegate, "delegate", owner.key)
    delegations.end(delegation=row, person=owner)
    assert not payments.visible_to(delegate).exists()
    answer = signed_in(delegate).post(f"/en/pay/{bill.public_id}/")
    assert answer.status_code == 403 and "revoked your delegation" in answer.content.decode()
    with pytest.raises(NotPermitted):
        start_attempt(bills=[bill], payer=delegate, language="en", session_key="a")
    assert "receipt_page" not in str(signed_in(delegate).get(f"/pay/r/{attempt.token}").context.get("page").rows)


@pytest.mark.parametrize("paid_by", ["delegate", "owner"])
def test_the_request_says_who_paid_it_if_it_was_a_delegate(
    paid_by: str, make_shop: Any, owner: User, delegate: User, settings: Any
) -> None:
    settings.PAYMENT_PROVIDER, settings.PORTAL_URL, Bank.book = "tests.bank.Bank", "https://portal.example.test", Book()
    settings.KNET_PAYMENT_URL = settings.KNET_TRANPIPE_URL = "https://bank.example.test/"
    settings.KNET_TRANPORTAL_ID, settings.KNET_PASSWORD, settings.KNET_RESOURCE_KEY = "999901", "999901pg", "1234567890ABCDEF"
    shop = make_shop()
    let(owner, delegate, shop.key)
    case, bill = services.submit(shop=shop, applicant=owner, actor=actor_for(owner, owner))
    Bank.book.decide(AttemptFactory(bills=[bill], payer=delegate if paid_by == "delegate" else owner))
    with clock.at(clock.now() + dt.timedelta(minutes=3)):
        run_due()
    event = CaseEvent.objects.get(subject=case, move="pay")
    assert event.data == ({"paid_by": delegate.key} if paid_by == "delegate" else {}) and event.actor_role == "system"
    client, address = signed_in(owner), f"/en/cases/{case.public_id}/"
    assert ("Noura Al-Rashidi, a delegate of the applicant" in main(client.get(address))) == (paid_by == "delegate")
    assert ("نورة الرشيدي، مفوَّض عن مقدم الطلب" in main(client.get(f"/ar/cases/{case.public_id}/"))) == (paid_by == "delegate")


def test_a_delegation_reaches_its_shop_and_service_only(make_shop: Any, owner: User, delegate: User) -> None:
    shop, other = make_shop(), make_shop()
    let(owner, delegate, shop.key)
    services.submit_renewal(shop=other, applicant=owner)
    assert list(shops.visible_to(delegate)) == [shop] and not cases.visible_to(delegate).exists()
    assert not shops.visible_to(delegate, "violations.settlement").exists()
    assert not payments.visible_to(delegate).exists()
    with pytest.raises(NotPermitted):
        services.submit_renewal(shop=make_shop(), applicant=owner, actor=actor_for(delegate, owner))
    assert signed_in(delegate).get(renew_url(other)).status_code == 404


def test_a_delegate_of_a_shop_that_was_sold_reaches_nothing_of_the_new_owner(make_shop: Any, owner: User, delegate: User) -> None:
    shop = make_shop()
    let(owner, delegate, shop.key)
    Shop.objects.filter(pk=shop.pk).update(owner=PersonFactory(civil_id=THIRD))
    assert not shops.visible_to(delegate).exists()
    assert signed_in(delegate).get(renew_url(shop)).status_code == 404


def test_what_a_delegate_fills_in_is_the_owners_draft_and_its_files_too(make_shop: Any, owner: User, delegate: User) -> None:
    shop = make_shop()
    row = let(owner, delegate, shop.key)
    client = signed_in(delegate)
    page = f"/en/health-licence/{shop.public_id}/changes/"
    client.post(page)
    client.post(f"{page}what/", {"changed": ["area_m2"], "version": "1"})
    client.post(f"{page}area_m2/", {"area_m2": "85", "version": "2"})
    draft = Draft.objects.get()
    assert draft.person == owner and draft.answers["area_m2"] == {"area_m2": 85}
    assert drafts.open_for(owner, RENEWAL, shop.key) == draft
    begun = AuditEvent.objects.get(action="draft.begun")
    assert (begun.actor_key, begun.data["for"]) == (delegate.key, owner.key)
    upload = UploadFactory(owner=delegate, subject=draft.key, slot="drawing")
    assert (upload.owner, upload.sent_by) == (owner, delegate)
    sent = AuditEvent.objects.get(action="upload.received")
    assert (sent.actor_key, sent.data["for"]) == (delegate.key, owner.key)
    delegations.end(delegation=row, person=owner)
    assert not drafts.visible_to(delegate).exists() and Draft.objects.get().answers["area_m2"] == {"area_m2": 85}
    answer = client.get(f"/en/uploads/file/{upload.public_id}/look/")
    assert answer.status_code == 403 and Upload.objects.get(pk=upload.pk).state == upload.state


# --- Over -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "words"), [("en", "The owner revoked your delegation"), ("ar", "ألغى صاحب المحل تفويضك")])
def test_a_form_that_was_open_when_the_delegation_was_revoked_is_refused_and_keeps_nothing(
    language: str, words: str, make_shop: Any, owner: User, delegate: User
) -> None:
    shop = make_shop()
    row = let(owner, delegate, shop.key)
    client = signed_in(delegate)
    assert client.get(renew_url(shop, language)).status_code == 200
    signed_in(owner).post(f"/en/delegations/{row.public_id}/revoke/")
    answer = client.post(renew_url(shop, language), {"declared": "on", "total": fee(shop)})
    assert answer.status_code == 403 and words in answer.content.decode()
    assert not Case.objects.exists() and not Bill.objects.exists()
    assert shop.name_en not in answer.content.decode() and shop.name_ar not in answer.content.decode()
    assert [act.actor_key for act in AuditEvent.objects.filter(action__in=("delegation.accept", "delegation.revoke")).order_by("pk")] == [
        delegate.key,
        owner.key,
    ]


def test_without_the_check_the_open_form_of_a_revoked_delegate_gets_through(
    make_shop: Any, owner: User, delegate: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The red control: a right that is not asked again at the POST."""
    shop = make_shop()
    row = let(owner, delegate, shop.key)
    before = delegation.grants(delegate)
    delegations.end(delegation=row, person=owner)
    monkeypatch.setattr(delegation, "_grants", lambda user: before if user == delegate else [])
    monkeypatch.setattr(Delegation, "is_in_force", True)
    without_guards()
    client = signed_in(delegate)
    client.post(renew_url(shop), {"declared": "on", "total": fee(shop)})
    assert Case.objects.get().filed_by == "delegate"


def test_a_revocation_between_the_page_and_the_act_is_seen_under_the_lock(make_shop: Any, owner: User, delegate: User) -> None:
    shop = make_shop()
    row = let(owner, delegate, shop.key)
    actor = actor_for(delegate, owner)
    with request_cache.activate():
        assert delegation.grants(delegate)  # what the page had read
        delegations.end(delegation=row, person=owner)
        assert delegation.grants(delegate)
        with pytest.raises(NotPermitted):
            services.submit_renewal(shop=shop, applicant=owner, actor=actor)


def test_an_event_in_the_name_of_a_delegate_needs_a_delegation_in_force(make_shop: Any, owner: User, delegate: User) -> None:
    case = services.submit_renewal(shop=make_shop(), applicant=owner)

    def forge() -> None:
        values = {"workflow": RENEWAL, "move": "withdraw", "from_state": "awaiting_payment", "to_state": "withdrawn"}
        with transaction.atomic():
            CaseEvent.objects.create(
                subject=case, at=NOON, actor_role="delegate", actor_key=delegate.key, data={"for": owner.key}, **values
            )

    with pytest.raises(IntegrityError, match="guard:no_delegation"):
        forge()
    with pytest.raises(NotPermitted):
        advance(case, "withdraw", actor=actor_for(delegate, owner))
    without_guards()
    forge()
    assert CaseEvent.objects.filter(actor_role="delegate").exists()


def test_a_delegation_ends_by_itself_after_its_last_day_and_the_form_says_so(make_shop: Any, owner: User, delegate: User) -> None:
    shop = make_shop()
    let(owner, delegate, shop.key, until=TODAY + dt.timedelta(days=5))
    last = dt.datetime.combine(TODAY + dt.timedelta(days=5), dt.time(20, 30), tzinfo=dt.UTC)  # half past eleven in Kuwait
    with clock.at(last):
        assert shops.visible_to(delegate).exists()
        assert delegations.end_due() == 0
    with clock.at(last + dt.timedelta(hours=1)):
        assert not shops.visible_to(delegate).exists()  # at once, whenever the sweep comes
        answer = signed_in(delegate).post(renew_url(shop), {"declared": "on", "total": fee(shop)})
        assert answer.status_code == 403 and "ended on its last day" in answer.content.decode()
        assert delegations.end_due() == 1
        assert Delegation.objects.get().state == DelegationState.ENDED
        assert Message.objects.filter(kind="delegation.delegation_over").count() == 2


def test_an_offer_that_nobody_accepts_lapses(make_shop: Any, owner: User, delegate: User) -> None:
    row = delegations.give(giver=owner, number=DELEGATE, subject=make_shop().key, service=RENEWAL, last_day=UNTIL)
    with clock.at(NOON + dt.timedelta(days=15)):
        with pytest.raises(Refused, match="too_late"):
            delegations.accept(delegation=row, person=delegate)
        assert delegations.end_due() == 1 and Delegation.objects.get().state == DelegationState.LAPSED


def test_a_delegation_that_cannot_be_ended_holds_no_other_up(
    make_shop: Any, owner: User, delegate: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = [delegations.give(giver=owner, number=DELEGATE, subject=make_shop().key, service=RENEWAL, last_day=UNTIL) for _ in range(2)]
    close = delegations._close

    def fails_for_one(row: Delegation, *given: Any, **named: Any) -> None:
        if row.pk == bad.pk:
            raise ZeroDivisionError
        close(row, *given, **named)

    monkeypatch.setattr(delegations, "_close", fails_for_one)
    with clock.at(NOON + dt.timedelta(days=15)):
        assert delegations.end_due() == 1
    assert [Delegation.objects.get(pk=row.pk).state for row in (bad, good)] == [DelegationState.OFFERED, DelegationState.LAPSED]


def test_what_was_typed_and_not_saved_goes_with_the_delegation(make_shop: Any, owner: User, delegate: User) -> None:
    shop, own = make_shop(), make_shop(owner=delegate)
    row = let(owner, delegate, shop.key)
    for kept in (shop, own):
        Unsaved.objects.create(person=delegate, page=f"/health-licence/{kept.public_id}/changes/area_m2/", cipher="x", at=NOON)
    delegations.end(delegation=row, person=delegate)
    assert Unsaved.objects.get().page.split("/")[2] == own.public_id


def test_the_page_leads_the_delegate_to_what_was_given_and_nobody_else(make_shop: Any, owner: User, delegate: User) -> None:
    shop = make_shop()
    row = delegations.give(giver=owner, number=DELEGATE, subject=shop.key, service=RENEWAL, last_day=UNTIL)
    client = signed_in(delegate)
    address = f"/en/delegations/{row.public_id}/"
    assert renew_url(shop) not in main(client.get(address)), "not accepted yet"
    page = main(client.post(f"{address}accept/", follow=True))
    assert renew_url(shop) in page and client.get(renew_url(shop)).status_code == 200
    assert "Stop acting" in page and "إنهاء نيابتي" in main(client.get(address.replace("/en/", "/ar/")))
    assert renew_url(shop) not in main(signed_in(owner).get(address))
    delegations.end(delegation=row, person=owner)
    assert renew_url(shop) not in main(client.get(address))


def test_each_page_of_a_service_is_one_of_a_shop(db: None) -> None:
    pages = [service.page for service in registry.SERVICES.values() if service.page]
    assert "licensing:renew" in pages and all(reverse(page, args=["0" * 26]) for page in pages)


def test_either_side_ends_it_and_nobody_else(make_shop: Any, owner: User, delegate: User) -> None:
    row = let(owner, delegate, make_shop().key)
    stranger = PersonFactory(civil_id=THIRD)
    with pytest.raises(NotPermitted):
        delegations.end(delegation=row, person=stranger)
    assert signed_in(stranger).get(f"/en/delegations/{row.public_id}/").status_code == 404
    signed_in(delegate).post(f"/en/delegations/{row.public_id}/renounce/")
    assert Delegation.objects.get().state == DelegationState.RENOUNCED
    assert Message.objects.filter(person=owner, kind="delegation.delegation_over").exists()


# --- Organisations ----------------------------------------------------------------------------------------------------------


def test_a_delegate_of_an_organisation_acts_for_all_its_shops_and_no_other(
    make_shop: Any, owner: User, delegate: User, company: Organisation
) -> None:
    first, second, private = make_shop(owner=None, organisation=company), make_shop(owner=None, organisation=company), make_shop()
    let(owner, delegate, f"organisation:{company.public_id}")
    assert set(shops.visible_to(delegate)) == {first, second}
    case = services.submit_renewal(shop=first, applicant=owner, actor=actor_for(delegate, owner))
    services.submit_renewal(shop=private, applicant=owner)
    assert list(cases.visible_to(delegate)) == [case]
    later = make_shop(owner=None, organisation=company)
    assert later in shops.visible_to(delegate)


def test_a_delegate_of_many_shops_waits_no_longer_than_of_one(
    make_shop: Any, owner: User, delegate: User, company: Organisation, django_assert_num_queries: Any
) -> None:
    let(owner, delegate, f"organisation:{company.public_id}")
    client = signed_in(delegate)
    make_shop(owner=None, organisation=company)
    client.get("/en/my-shops/")  # the rulebook is read
    with CaptureQueriesContext(connection) as one:
        assert client.get("/en/my-shops/").status_code == 200
    for _ in range(12):
        make_shop(owner=None, organisation=company)
    with django_assert_num_queries(len(one)):
        assert client.get("/en/my-shops/").content.decode().count("1 to 12 of 13") == 1


def test_a_clerk_works_in_every_service_and_another_signatory_ends_it(
    make_shop: Any, owner: User, delegate: User, company: Organisation
) -> None:
    shop = make_shop(owner=None, organisation=company)
    partner = PersonFactory(civil_id=THIRD)
    Signatory.objects.create(organisation=company, person=partner, first_day=TODAY)
    data = {"subject": f"organisation:{company.public_id}", "civil_id": DELEGATE, "last_day": UNTIL.isoformat()}
    signed_in(owner).post(f"/en/organisations/{company.public_id}/clerk/", data)
    row = Delegation.objects.get(role=Role.CLERK)
    assert row.service == ""
    signed_in(delegate).post(f"/en/delegations/{row.public_id}/accept/")
    assert shop in shops.visible_to(delegate, RENEWAL) and shop in shops.visible_to(delegate, "anything.else")
    assert signed_in(delegate).get(f"/en/organisations/{company.public_id}/").status_code == 404
    assert "Noura Al-Rashidi" in main(signed_in(partner).get(f"/en/organisations/{company.public_id}/"))
    signed_in(partner).post(f"/en/delegations/{row.public_id}/revoke/")
    assert not shops.visible_to(delegate).exists()


def test_a_delegation_falls_with_the_signature_of_its_giver(make_shop: Any, owner: User, delegate: User, company: Organisation) -> None:
    make_shop(owner=None, organisation=company)
    let(owner, delegate, f"organisation:{company.public_id}")
    assert shops.visible_to(delegate).exists()
    Signatory.objects.update(last_day=TODAY - dt.timedelta(days=1))
    assert not shops.visible_to(delegate).exists()


def test_the_pages_do_not_call_a_delegation_in_force_that_gives_nothing(
    make_shop: Any, owner: User, delegate: User, company: Organisation
) -> None:
    make_shop(owner=None, organisation=company)
    row = let(owner, delegate, f"organisation:{company.public_id}")

    def pages() -> list[str]:
        one = f"/en/delegations/{row.public_id}/"
        visits = [(owner, "/en/delegations/"), (owner, one), (delegate, "/en/delegations/"), (delegate, one)]
        return [main(signed_in(person).get(url)) for person, url in visits]

    assert all("In force" in page for page in pages())
    Signatory.objects.update(last_day=TODAY - dt.timedelta(days=1))
    assert not shops.visible_to(delegate).exists()
    assert all("Gives no right now" in page for page in pages())
    assert [page.count("In force") for page in pages()] == [0, 1, 0, 1], "only the course of it says that it was"
    assert signed_in(owner).post(f"/en/delegations/{row.public_id}/revoke/").status_code == 302, "it can still be ended"
