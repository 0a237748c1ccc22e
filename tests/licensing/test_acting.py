"""People who act for others: what a delegate, a clerk and an employee with a code may do, and that nothing is left once it is over."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, ClassVar

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from licensing import services
from licensing.models import HealthLicence
from licensing.states import RENEWAL
from municipality.accounts.models import Organisation, Signatory, User, actor_for
from municipality.acting import queries as acting
from municipality.acting.models import Consent, Delegation, Role
from municipality.acting.services import consents, delegations
from municipality.acting.states import DelegationState
from municipality.audit.models import Act, Look
from municipality.cases import queries as cases
from municipality.cases.models import Case, CaseEvent
from municipality.cases.roles import ensure_roles
from municipality.cases.services import advance
from municipality.documents import queries as documents
from municipality.drafts import queries as drafts
from municipality.drafts.models import Draft, Unsaved
from municipality.jobs.models import Job
from municipality.jobs.services import run
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.guards import install, remove
from municipality.notifications.models import Message
from municipality.places.models import Branch
from municipality.review.models import Skill, Tie
from municipality.review.services import queue
from municipality.uploads.models import Upload
from payments import queries as payments
from payments.models import Bill
from payments.services import start_attempt
from shops import queries as shops
from shops.models import Shop
from tests.licensing import officers
from tests.licensing.conftest import NOW, TODAY
from tests.municipality.people import person, signed_in, staff

pytestmark = pytest.mark.django_db
UNTIL = TODAY + dt.timedelta(days=90)
OWNER, DELEGATE, THIRD = "290010100046", "290010100054", "290010100062"  # synthetic, with their check digits


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Any) -> None:
    settings.VAR_DIR = tmp_path


class Tray:
    """A gateway that keeps what it is given."""

    sent: ClassVar[list[tuple[str, str]]] = []

    def send(self, to: str, text: str, idempotency_key: str) -> str:
        self.sent.append((to, text))
        return str(len(self.sent))


@pytest.fixture
def tray(settings: Any) -> type[Tray]:
    settings.SMS_BACKEND = f"{__name__}.Tray"
    Tray.sent.clear()
    return Tray


@pytest.fixture
def owner(db: Any) -> User:
    return person(OWNER)


@pytest.fixture
def delegate(db: Any) -> User:
    return person(DELEGATE, name_ar="نورة الرشيدي", name_en="Noura Al-Rashidi")


def let(owner: User, delegate: User, subject: str, *, number: str = DELEGATE, until: dt.date = UNTIL, **more: Any) -> Delegation:
    """A delegation in force."""
    row = delegations.give(giver=owner, number=number, subject=subject, service=RENEWAL, last_day=until, **more)
    return delegations.accept(delegation=row, person=delegate)


def renew_url(shop: Shop, language: str = "en") -> str:
    return f"/{language}/health-licence/{shop.public_id}/renew/"


def fee(shop: Shop) -> str:
    from licensing.queries import offer

    return str(offer(shop).total)


def main(answer: Any) -> str:
    return str(answer.content.decode().split("<main")[1].split("</main>")[0])


# --- Giving -----------------------------------------------------------------------------------------------------------------


def test_a_delegation_is_in_force_only_after_the_named_person_accepted_it(make_shop: Any, owner: User, delegate: User) -> None:
    shop = make_shop()
    row = delegations.give(giver=owner, number=DELEGATE, subject=shop.key, service=RENEWAL, last_day=UNTIL)
    assert list(acting.offered_to(delegate)) == [row]
    assert not shops.visible_to(delegate).exists() and signed_in(delegate).get(renew_url(shop)).status_code == 404
    delegations.accept(delegation=row, person=delegate)
    assert list(shops.visible_to(delegate)) == [shop] and signed_in(delegate).get(renew_url(shop)).status_code == 200
    assert Message.objects.get(person=owner, kind="acting.delegation_accepted").title_en == "Noura Al-Rashidi accepted your delegation"


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
    newcomer = person(THIRD)
    assert acting.offered_to(newcomer).count() == 1  # who joins later finds it


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
    remove(connection)
    force()
    assert shops.visible_to(delegate).exists()
    install(connection)


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("own_number", {"number": OWNER}),
        ("too_long", {"last_day": TODAY + dt.timedelta(days=365)}),
        ("in_the_past", {"last_day": TODAY - dt.timedelta(days=1)}),
        ("no_such_service", {"service": "cases.anything"}),
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
    assert row.last_day == delegations.longest_until() == TODAY + dt.timedelta(days=364)


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


# --- Acting -----------------------------------------------------------------------------------------------------------------


def test_each_act_of_a_delegate_says_who_for_whom(make_shop: Any, owner: User, delegate: User) -> None:
    shop = make_shop()
    let(owner, delegate, shop.key)
    client = signed_in(delegate)
    answer = client.post(renew_url(shop), {"changed": "no", "declared": "on", "total": fee(shop)})
    case = Case.objects.get()
    bill = Bill.objects.get()
    assert answer["Location"].endswith(f"/pay/{bill.public_id}/")
    assert (case.applicant, case.filed_by, bill.payer) == (owner, "delegate", owner)
    event = CaseEvent.objects.get()
    assert (event.actor_key, event.actor_role, event.data["for"]) == (delegate.key, "delegate", owner.key)
    for act in Act.objects.filter(subject=case.key):
        assert (act.actor_key, act.actor_role, act.data["for"]) == (delegate.key, "delegate", owner.key), act.action
    seen = main(signed_in(owner).get(f"/en/cases/{case.public_id}/"))
    assert "Noura Al-Rashidi, for Salim Al-Enezi" in seen and "Sent by a delegate" in seen
    assert Message.objects.filter(person=owner, kind="licensing.renewal_submitted").exists()
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
    delegations.end_by(delegation=row, person=owner)
    assert not documents.visible_to(delegate).exists() and documents.visible_to(owner).exists()


def test_a_delegate_pays_and_the_payment_says_for_whom(make_shop: Any, owner: User, delegate: User) -> None:
    shop = make_shop()
    row = let(owner, delegate, shop.key)
    _case, bill = services.submit(shop=shop, applicant=owner, actor=actor_for(owner, owner))
    assert "You pay by delegation" in main(signed_in(delegate).get(f"/en/pay/{bill.public_id}/"))
    attempt = start_attempt(bills=[bill], payer=delegate, language="en", session_key="a")
    act = Act.objects.get(action="payment.started")
    assert (attempt.started_by, act.actor_role, act.data["for"]) == (delegate, "delegate", owner.key)
    delegations.end_by(delegation=row, person=owner)
    assert not payments.visible_to(delegate).exists()
    answer = signed_in(delegate).post(f"/en/pay/{bill.public_id}/")
    assert answer.status_code == 403 and "revoked your delegation" in answer.content.decode()
    with pytest.raises(NotPermitted):
        start_attempt(bills=[bill], payer=delegate, language="en", session_key="a")
    assert "receipt_page" not in str(signed_in(delegate).get(f"/pay/r/{attempt.token}").context.get("page").rows)


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
    Shop.objects.filter(pk=shop.pk).update(owner=person(THIRD))
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
    begun = Act.objects.get(action="draft.begun")
    assert (begun.actor_key, begun.data["for"]) == (delegate.key, owner.key)
    upload = officers.attach(delegate, draft.key, "drawing")
    assert (upload.owner, upload.sent_by) == (owner, delegate)
    sent = Act.objects.get(action="upload.received")
    assert (sent.actor_key, sent.data["for"]) == (delegate.key, owner.key)
    delegations.end_by(delegation=row, person=owner)
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
    answer = client.post(renew_url(shop, language), {"changed": "no", "declared": "on", "total": fee(shop)})
    assert answer.status_code == 403 and words in answer.content.decode()
    assert not Case.objects.exists() and not Bill.objects.exists()
    assert shop.name_en not in answer.content.decode() and shop.name_ar not in answer.content.decode()
    assert [act.actor_key for act in Act.objects.filter(action__in=("delegation.accept", "delegation.revoke")).order_by("pk")] == [
        delegate.key,
        owner.key,
    ]


def test_without_the_check_the_open_form_of_a_revoked_delegate_gets_through(
    make_shop: Any, owner: User, delegate: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The red control: a right that is not asked again at the POST."""
    shop = make_shop()
    row = let(owner, delegate, shop.key)
    before = acting.grants(delegate)
    delegations.end_by(delegation=row, person=owner)
    monkeypatch.setattr(acting, "_grants", lambda user: before if user == delegate else [])
    monkeypatch.setattr(Delegation, "is_in_force", True)
    remove(connection)
    client = signed_in(delegate)
    client.post(renew_url(shop), {"changed": "no", "declared": "on", "total": fee(shop)})
    assert Case.objects.get().filed_by == "delegate"
    install(connection)


def test_a_revocation_between_the_page_and_the_act_is_seen_under_the_lock(make_shop: Any, owner: User, delegate: User) -> None:
    shop = make_shop()
    row = let(owner, delegate, shop.key)
    actor = actor_for(delegate, owner)
    delegate.read_once = {"grants": acting.grants(delegate)}  # what the page had read
    delegations.end_by(delegation=row, person=owner)
    assert acting.grants(delegate)
    with pytest.raises(NotPermitted):
        services.submit_renewal(shop=shop, applicant=owner, actor=actor)


def test_an_event_in_the_name_of_a_delegate_needs_a_delegation_in_force(make_shop: Any, owner: User, delegate: User) -> None:
    case = services.submit_renewal(shop=make_shop(), applicant=owner)

    def forge() -> None:
        values = {"workflow": RENEWAL, "move": "withdraw", "from_state": "awaiting_payment", "to_state": "withdrawn"}
        with transaction.atomic():
            CaseEvent.objects.create(subject=case, at=NOW, actor_role="delegate", actor_key=delegate.key, data={"for": owner.key}, **values)

    with pytest.raises(IntegrityError, match="guard:no_delegation"):
        forge()
    with pytest.raises(NotPermitted):
        advance(case, "withdraw", actor=actor_for(delegate, owner))
    remove(connection)
    forge()
    assert CaseEvent.objects.filter(actor_role="delegate").exists()
    install(connection)


def test_a_delegation_ends_by_itself_after_its_last_day_and_the_form_says_so(make_shop: Any, owner: User, delegate: User) -> None:
    shop = make_shop()
    let(owner, delegate, shop.key, until=TODAY + dt.timedelta(days=5))
    last = dt.datetime.combine(TODAY + dt.timedelta(days=5), dt.time(20, 30), tzinfo=dt.UTC)  # half past eleven in Kuwait
    with clock.at(last):
        assert shops.visible_to(delegate).exists()
        assert delegations.end_due() == 0
    with clock.at(last + dt.timedelta(hours=1)):
        assert not shops.visible_to(delegate).exists()  # at once, whenever the sweep comes
        answer = signed_in(delegate).post(renew_url(shop), {"changed": "no", "declared": "on", "total": fee(shop)})
        assert answer.status_code == 403 and "ended on its last day" in answer.content.decode()
        assert delegations.end_due() == 1
        assert Delegation.objects.get().state == DelegationState.ENDED
        assert Message.objects.filter(kind="acting.delegation_over").count() == 2


def test_an_offer_that_nobody_accepts_lapses(make_shop: Any, owner: User, delegate: User) -> None:
    row = delegations.give(giver=owner, number=DELEGATE, subject=make_shop().key, service=RENEWAL, last_day=UNTIL)
    with clock.at(NOW + dt.timedelta(days=15)):
        with pytest.raises(Refused, match="too_late"):
            delegations.accept(delegation=row, person=delegate)
        assert delegations.end_due() == 1 and Delegation.objects.get().state == DelegationState.LAPSED


def test_what_was_typed_and_not_saved_goes_with_the_delegation(make_shop: Any, owner: User, delegate: User) -> None:
    shop, own = make_shop(), make_shop(owner=delegate)
    row = let(owner, delegate, shop.key)
    for kept in (shop, own):
        Unsaved.objects.create(person=delegate, page=f"/health-licence/{kept.public_id}/changes/area_m2/", cipher="x", at=NOW)
    delegations.end_by(delegation=row, person=delegate)
    assert Unsaved.objects.get().page.split("/")[2] == own.public_id


def test_either_side_ends_it_and_nobody_else(make_shop: Any, owner: User, delegate: User) -> None:
    row = let(owner, delegate, make_shop().key)
    stranger = person(THIRD)
    with pytest.raises(NotPermitted):
        delegations.end_by(delegation=row, person=stranger)
    assert signed_in(stranger).get(f"/en/delegations/{row.public_id}/").status_code == 404
    signed_in(delegate).post(f"/en/delegations/{row.public_id}/renounce/")
    assert Delegation.objects.get().state == DelegationState.RENOUNCED
    assert Message.objects.filter(person=owner, kind="acting.delegation_over").exists()


# --- Organisations ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def company(db: Any, owner: User) -> Organisation:
    found = Organisation.objects.create(name_ar="شركة الخليج", name_en="Gulf Company", commercial_register_no="77001")
    Signatory.objects.create(organisation=found, person=owner, first_day=TODAY - dt.timedelta(days=100))
    return found


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


def test_a_clerk_works_in_every_service_and_another_signatory_ends_it(
    make_shop: Any, owner: User, delegate: User, company: Organisation
) -> None:
    shop = make_shop(owner=None, organisation=company)
    partner = person(THIRD)
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


# --- Assisted ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def clerk(rules: None) -> User:
    return staff("counter", login="counter", branch=Branch.objects.get(pk="HA"))


def code_for(consent: Consent, tray: type[Tray]) -> str:
    run(Job.objects.get(kind="acting.consent_code", key=consent.public_id).pk)
    return re.search(r"\b(\d{6})\b", tray.sent[-1][1]).group(1)  # type: ignore[union-attr]


def ask(clerk: User, number: str = OWNER, desk: str = "counter") -> Consent:
    return consents.ask(staff=clerk, number=number, purpose=RENEWAL, desk=desk)


def test_an_employee_without_a_code_reaches_nothing(make_shop: Any, clerk: User) -> None:
    shop = make_shop()
    client = signed_in(clerk)
    ask(clerk)
    for path in ("/en/my-shops/", "/en/my-requests/", renew_url(shop)):
        assert client.get(path).status_code == 403
    assert client.post(renew_url(shop), {"changed": "no", "declared": "on", "total": fee(shop)}).status_code == 403
    assert not Case.objects.exists()


def test_with_the_persons_code_the_same_forms_lead_to_the_same_queue_and_the_case_says_assisted(
    make_shop: Any, owner: User, clerk: User, tray: type[Tray]
) -> None:
    shop = make_shop()
    client = signed_in(clerk)
    client.post("/en/assist/", {"civil_id": OWNER, "purpose": RENEWAL, "desk": "counter"})
    consent = Consent.objects.get()
    code = code_for(consent, tray)
    assert tray.sent[-1][0] == owner.phone
    answer = client.post(f"/en/assist/{consent.public_id}/", {"code": code})
    assert answer["Location"].endswith("/my-shops/")
    assert "You act for" in main(client.get("/en/my-shops/"))
    client.post(renew_url(shop), {"changed": "no", "declared": "on", "total": fee(shop)})
    case = Case.objects.get()
    event = CaseEvent.objects.get()
    assert (case.applicant, case.filed_by) == (owner, "assistant")
    assert (event.actor_key, event.actor_role, event.data["for"]) == (clerk.key, "assistant", owner.key)
    assert {act.data["for"] for act in Act.objects.filter(subject=case.key)} == {owner.key}
    told = Message.objects.get(person=owner, kind="acting.assisted_act")
    assert case.reference in told.body_en
    seen = main(signed_in(owner).get(f"/en/cases/{case.public_id}/"))
    assert "Assisted" in seen and "An employee of" in seen and clerk.name_en not in seen
    assert Look.objects.filter(person_key=owner.key, viewer_key=clerk.key, purpose="assisted").count() >= 2
    page = main(client.get(f"/en/cases/{case.public_id}/"))
    assert "The person pays" in page and client.get(f"/en/pay/{Bill.objects.get().public_id}/").status_code == 403
    client.post("/en/assist/end/")
    assert client.get(f"/en/cases/{case.public_id}/").status_code == 403


def test_assisted_and_online_requests_stand_in_one_queue(make_shop: Any, owner: User, clerk: User, tray: type[Tray]) -> None:
    numbers = []
    for number in range(3):
        shop = make_shop()
        if number == 1:
            consent = ask(clerk)
            consents.enter(consent=consent, staff=clerk, typed=code_for(consent, tray))
            draft = officers.fill_in(shop, owner, "area_m2")
            case = services.send_to_officer(shop=shop, applicant=owner, draft=draft, version=draft.version, actor=actor_for(clerk, owner))
        else:
            case = officers.send(shop, owner, "area_m2")
        numbers.append(case.place.pk)
    assert numbers == sorted(numbers)
    decider = officers.officer()
    assert officers.drawn(decider).place.pk == numbers[0]


def test_whoever_filed_a_case_at_the_counter_is_never_handed_it(make_shop: Any, owner: User, clerk: User, tray: type[Tray]) -> None:
    consent = ask(clerk)
    consents.enter(consent=consent, staff=clerk, typed=code_for(consent, tray))
    shop = make_shop()
    draft = officers.fill_in(shop, owner, "area_m2")
    services.send_to_officer(shop=shop, applicant=owner, draft=draft, version=draft.version, actor=actor_for(clerk, owner))
    giver = officers.supervisor()
    Skill.objects.create(officer=clerk, code="health", given_by=giver, given_at=clock.now())
    assert queue.next_case(officer=clerk) is None
    remove(connection)
    Tie.objects.all().delete()
    assert queue.next_case(officer=clerk) is not None  # the red control
    install(connection)


def test_the_code_of_another_person_opens_nothing(owner: User, delegate: User, clerk: User, tray: type[Tray]) -> None:
    mine = ask(clerk)
    code = code_for(mine, tray)
    hers = ask(clerk, DELEGATE)
    with pytest.raises(consents.WrongCode):
        consents.enter(consent=hers, staff=clerk, typed=code)
    with pytest.raises(consents.CodeOver):  # asking again closed the first
        consents.enter(consent=mine, staff=clerk, typed=code)
    assert not acting.open_consents().exists()
    assert Act.objects.filter(action="consent.wrong_code").count() == 1


def test_the_code_of_one_purpose_or_employee_serves_no_other(
    owner: User, clerk: User, tray: type[Tray], monkeypatch: pytest.MonkeyPatch
) -> None:
    consent = ask(clerk)
    code = code_for(consent, tray)
    colleague = staff("counter", login="colleague", branch=Branch.objects.get(pk="HA"))
    with pytest.raises(NotPermitted):
        consents.enter(consent=consent, staff=colleague, typed=code)
    consent.purpose = "another.service"
    assert consents._hash(consent, code) != Consent.objects.get().code_hash
    assert consents.enter(consent=Consent.objects.get(), staff=clerk, typed=code).is_open  # the red control: it was the right one


def test_a_consent_for_one_service_does_not_open_another(owner: User, clerk: User, tray: type[Tray], make_shop: Any) -> None:
    make_shop()
    consent = ask(clerk)
    consents.enter(consent=consent, staff=clerk, typed=code_for(consent, tray))
    assert shops.visible_to(clerk, RENEWAL).exists() and not shops.visible_to(clerk, "another.service").exists()


def test_a_code_serves_once_ten_minutes_and_five_tries(owner: User, clerk: User, tray: type[Tray]) -> None:
    consent = ask(clerk)
    code = code_for(consent, tray)
    with clock.at(NOW + dt.timedelta(minutes=10)), pytest.raises(consents.CodeOver):
        consents.enter(consent=consent, staff=clerk, typed=code)
    consents.enter(consent=consent, staff=clerk, typed=code)
    with pytest.raises(consents.CodeOver):
        consents.enter(consent=consent, staff=clerk, typed=code)
    second = ask(clerk)
    right = code_for(second, tray)
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    for _ in range(4):
        with pytest.raises(consents.WrongCode):
            consents.enter(consent=second, staff=clerk, typed=wrong)
    with pytest.raises(consents.CodeOver):
        consents.enter(consent=second, staff=clerk, typed=wrong)
    with pytest.raises(consents.CodeOver):
        consents.enter(consent=second, staff=clerk, typed=right)


def test_an_unknown_number_is_answered_like_a_known_one(owner: User, clerk: User, tray: type[Tray]) -> None:
    client = signed_in(clerk)
    pages = []
    for number in (OWNER, THIRD):
        answer = client.post("/en/assist/", {"civil_id": number, "purpose": RENEWAL, "desk": "call"}, follow=True)
        row = Consent.objects.order_by("-pk")[0]
        pages.append(re.sub(r"csrfmiddlewaretoken.*?>", "", main(answer)).replace(row.public_id, ""))
    assert pages[0] == pages[1]
    nobody = Consent.objects.order_by("-pk")[0]
    with pytest.raises(consents.WrongCode):
        consents.enter(consent=nobody, staff=clerk, typed="000000")


def test_asking_is_limited_for_a_number(owner: User, clerk: User) -> None:
    for _ in range(3):
        ask(clerk)
    with pytest.raises(consents.TooMany):
        ask(clerk)


def test_only_staff_of_the_counter_ask(owner: User, rules: None) -> None:
    officer = staff("officer", login="officer", branch=Branch.objects.get(pk="HA"))
    with pytest.raises(NotPermitted):
        ask(officer)
    assert signed_in(officer).get("/en/assist/").status_code == 403


def test_the_person_takes_the_consent_back_and_the_open_form_is_refused(make_shop: Any, owner: User, clerk: User, tray: type[Tray]) -> None:
    shop = make_shop()
    consent = ask(clerk)
    consents.enter(consent=consent, staff=clerk, typed=code_for(consent, tray))
    client = signed_in(clerk)
    assert client.get(renew_url(shop)).status_code == 200
    signed_in(owner).post(f"/en/delegations/consents/{consent.public_id}/withdraw/")
    assert client.post(renew_url(shop), {"changed": "no", "declared": "on", "total": fee(shop)}).status_code == 403
    assert not Case.objects.exists()


def test_a_step_in_the_name_of_an_assistant_needs_an_open_consent(make_shop: Any, owner: User, clerk: User) -> None:
    case = services.submit_renewal(shop=make_shop(), applicant=owner)

    def forge() -> None:
        values = {"workflow": RENEWAL, "move": "withdraw", "from_state": "awaiting_payment", "to_state": "withdrawn"}
        with transaction.atomic():
            CaseEvent.objects.create(subject=case, at=NOW, actor_role="assistant", actor_key=clerk.key, data={"for": owner.key}, **values)

    with pytest.raises(IntegrityError, match="guard:no_consent"):
        forge()
    with pytest.raises(NotPermitted):
        advance(case, "withdraw", actor=actor_for(clerk, owner))
    remove(connection)
    forge()
    assert CaseEvent.objects.filter(actor_role="assistant").exists()
    install(connection)


@pytest.mark.parametrize(
    ("name", "attack"),
    [
        ("another_person", "UPDATE acting_consent SET person_id = staff_id"),
        ("frozen", "UPDATE acting_consent SET purpose = 'other'"),
        ("tries_taken_back", "UPDATE acting_consent SET tries = tries - 1"),
        ("no_code", "UPDATE acting_consent SET opened_at = code_until, open_until = '2030-01-01', code_cipher = ''"),
    ],
)
def test_the_database_refuses_to_bend_a_consent(name: str, attack: str, owner: User, clerk: User) -> None:
    row = ask(clerk)
    Consent.objects.filter(pk=row.pk).update(tries=2)

    def strike() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(attack)

    with pytest.raises(IntegrityError, match="guard:"):
        strike()
    remove(connection)
    strike()
    install(connection)


# --- Who looked ---------------------------------------------------------------------------------------------------------------


def test_a_person_reads_who_looked_when_why_and_from_which_office_and_no_name(make_shop: Any, owner: User) -> None:
    officers.send(make_shop(), owner, "area_m2")
    user = officers.officer()
    assignment = officers.drawn(user)
    desk_page = signed_in(user).get(f"/admin/desk/{assignment.place.case.public_id}/").content.decode()
    assert owner.email not in desk_page and owner.phone not in desk_page
    supervisor = officers.supervisor()
    ensure_roles()
    signed_in(supervisor).get(f"/admin/accounts/user/{owner.pk}/change/")
    page = main(signed_in(owner).get("/en/profile/looks/"))
    assert "study of a request" in page and "opened your page among the people" in page
    assert "Supervisor" in page and "Officer" in page and user.branch.name_en in page
    for name in (user.name_en, user.name_ar, supervisor.name_en, user.public_id):
        assert name not in page
    assert "Nobody has looked yet" in main(signed_in(person(THIRD)).get("/en/profile/looks/"))
