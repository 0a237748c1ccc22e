"""Organisations claim shops by one who signs or works for them, and dispute claims likewise; who acted for whom stays on record."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from licensing.health.states import RENEWAL
from municipality.accounts.models import Organisation, Signatory, User
from municipality.audit.models import AuditEvent
from municipality.cases.models import Block, Case, CaseEvent
from municipality.delegation.models import Delegation, Role
from municipality.delegation.services import delegations
from municipality.drafts import services as drafts
from municipality.drafts.models import Draft
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.models import Message
from municipality.uploads.models import Upload
from shops.claims import matching
from shops.claims import services as claims
from shops.claims.states import CLAIM, ClaimState
from shops.commercial_register import owners
from shops.models import Claim, RegisterChange, RegisteredOwner, Shop
from shops.register import queries as shops
from tests import desk_acts
from tests.browsers import signed_in
from tests.conftest import NOON, TODAY
from tests.factories.accounts import OrganisationFactory, PersonFactory, StaffFactory
from tests.factories.review import OfficerFactory
from tests.factories.uploads import UploadFactory

pytestmark = pytest.mark.django_db
OWNER, SIGNS, CLERK, STRANGER = "290010100046", "290010100054", "290010100062", "290010100070"


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Any) -> None:
    settings.VAR_DIR = tmp_path


@pytest.fixture
def owner(db: Any) -> User:
    return PersonFactory(civil_id=OWNER)


@pytest.fixture
def signs(db: Any) -> User:
    return PersonFactory(civil_id=SIGNS, name_ar="نورة الرشيدي", name_en="Noura Al-Rashidi")


@pytest.fixture
def clerk(db: Any) -> User:
    return PersonFactory(civil_id=CLERK, name_ar="عادل الراشد", name_en="Adel Al-Rashed")


@pytest.fixture
def company(signs: User) -> Organisation:
    found = OrganisationFactory()
    Signatory.objects.create(organisation=found, person=signs, first_day=TODAY - dt.timedelta(days=30))
    return found


def let(giver: User, clerk: User, subject: str, *, service: str = "", role: str = Role.CLERK) -> Delegation:
    until = TODAY + dt.timedelta(days=60)
    row = delegations.give(giver=giver, number=CLERK, subject=subject, service=service, last_day=until, role=role)
    return delegations.accept(delegation=row, person=clerk)


def key(company: Organisation) -> str:
    return f"organisation:{company.public_id}"


def named(shop: Shop, company: Organisation) -> None:
    RegisteredOwner.objects.create(
        commercial_license_no=shop.commercial_license_no, organisation_no=company.commercial_register_no, source="moci", as_of=NOON
    )


def sent(shop: Shop, by: User, company: Organisation) -> Case:
    draft = claims.begin(shop=shop, person=by, organisation=company)
    UploadFactory(owner=by, subject=claims.files_key(draft), slot="ownership")
    return claims.send_claim(draft=draft, person=by, statement="اشترت الشركة المحل.")


def test_a_clerk_claims_a_shop_of_which_the_register_names_the_organisation(
    make_shop: Any, owner: User, signs: User, clerk: User, company: Organisation
) -> None:
    shop = make_shop()
    named(shop, company)
    let(signs, clerk, key(company))
    client = signed_in(clerk)
    form = client.get("/en/claims/").content.decode()
    assert "Nakheel Company" in form and "For myself" in form
    asked = {"number": shop.commercial_license_no, "organisation": company.public_id}
    page = client.post("/en/claims/", asked).content.decode()
    assert "The register names the organisation as the owner" in page and "You act by delegation" in page
    answer = client.post(f"/en/claims/shop/{shop.public_id}/", {"organisation": company.public_id})
    case = Case.objects.get()
    assert answer["Location"] == f"/en/cases/{case.public_id}/" and client.get(answer["Location"]).status_code == 200
    assert case.state == ClaimState.MATCHED and case.applicant == signs and case.held_under == key(company)
    shop = Shop.objects.get()
    assert shop.organisation == company and shop.owner is None
    assert shop.name_en in client.get("/en/my-shops/").content.decode()
    event = CaseEvent.objects.get(subject=case, move="match")
    assert (event.actor_role, event.actor_key, event.data["for"]) == ("delegate", clerk.key, signs.key)
    passed = AuditEvent.objects.get(action="shop.transferred")
    assert (passed.actor_key, passed.data["for"], passed.data["to"]) == (clerk.key, signs.key, key(company))
    assert Message.objects.get(person=owner).kind == "shops.shop_claimed"


def test_nobody_claims_for_an_organisation_without_a_right_over_all_of_it(
    make_shop: Any, owner: User, signs: User, clerk: User, company: Organisation
) -> None:
    shop = make_shop()
    named(shop, company)
    of_company = make_shop(owner=None, organisation=company)
    let(signs, clerk, of_company.key, service=CLAIM, role=Role.DELEGATE)  # one shop of it is not the organisation
    let(signs, clerk, key(company), service=RENEWAL, role=Role.DELEGATE)  # nor is another service
    for somebody in (clerk, PersonFactory(civil_id=STRANGER), owner):
        assert "Nakheel Company" not in signed_in(somebody).get("/en/claims/").content.decode()
        answer = signed_in(somebody).post(f"/en/claims/shop/{shop.public_id}/", {"organisation": company.public_id})
        assert answer.status_code == 403
        with pytest.raises(NotPermitted):
            claims.begin(shop=shop, person=somebody, organisation=company)
    assert not Case.objects.exists() and Shop.objects.get(pk=shop.pk).owner == owner
    let(signs, clerk, key(company), service=CLAIM, role=Role.DELEGATE)  # the red control
    assert claims.claim_by_register(shop=shop, person=clerk, organisation=company).state == ClaimState.MATCHED


def test_a_right_of_somebody_who_signs_no_more_claims_nothing(
    make_shop: Any, owner: User, signs: User, clerk: User, company: Organisation
) -> None:
    shop = make_shop()
    named(shop, company)
    row = let(signs, clerk, key(company))
    Signatory.objects.update(last_day=TODAY - dt.timedelta(days=1))
    assert row.is_in_force
    with pytest.raises(NotPermitted):
        claims.claim_by_register(shop=shop, person=clerk, organisation=company)
    assert "Nakheel Company" not in signed_in(clerk).get("/en/claims/").content.decode()


def test_without_a_match_the_clerks_documents_go_to_an_officer_and_the_shop_to_the_organisation(
    make_shop: Any, owner: User, signs: User, clerk: User, company: Organisation
) -> None:
    shop = make_shop()
    let(signs, clerk, key(company))
    with pytest.raises(Refused, match="no_match"):
        claims.claim_by_register(shop=shop, person=clerk, organisation=company)
    client = signed_in(clerk)
    page = client.post("/en/claims/", {"number": shop.commercial_license_no, "organisation": company.public_id})["Location"]
    assert "Nakheel Company" in client.get(page).content.decode()
    draft = Draft.objects.get()
    assert (draft.person, draft.held_under) == (signs, key(company))
    UploadFactory(owner=clerk, subject=claims.files_key(draft), slot="ownership")
    upload = Upload.objects.get()
    assert (upload.owner, upload.sent_by) == (signs, clerk)
    client.post(page, {"statement": "The company bought it."})
    case = Case.objects.get()
    assert case.applicant == signs and case.state == ClaimState.IN_REVIEW and Claim.objects.get().organisation == company
    claims.dispute(claim=Claim.objects.get(), person=owner, text="لم أبعه")
    user = OfficerFactory(skills=["health", "claims"])
    screen = signed_in(user)
    assignment = desk_acts.assigned(user)
    shown = screen.get(f"/admin/desk/{case.public_id}/").content.decode()
    assert "شركة النخيل" in shown and clerk.name_ar in shown
    from municipality.review import queries as review
    from municipality.review.services import desk

    for line in review.checklist(case):
        desk.check_all(assignment=assignment, answers={line.check.code: "yes"})
    desk.sign(decision=desk.accept(assignment=assignment), supervisor=StaffFactory(supervisor=True))
    assert Case.objects.get().state == ClaimState.GRANTED
    assert Shop.objects.get().organisation == company
    assert RegisterChange.objects.get().after == {"holder": key(company)}
    assert list(shops.visible_to(clerk)) == [shop]


def test_a_clerk_whose_delegation_is_revoked_over_an_open_claim_is_refused_and_sees_no_file(
    make_shop: Any, owner: User, signs: User, clerk: User, company: Organisation
) -> None:
    row = let(signs, clerk, key(company))
    draft = claims.begin(shop=make_shop(), person=clerk, organisation=company)
    UploadFactory(owner=clerk, subject=claims.files_key(draft), slot="ownership")
    client, path = signed_in(clerk), f"/en/claims/{draft.public_id}/"
    look = f"/en/uploads/file/{Upload.objects.get().public_id}/look/"
    assert client.get(path).status_code == client.get(look).status_code == 200
    delegations.end(delegation=row, person=signs)
    answer = client.post(path, {"statement": "Mine."})
    assert answer.status_code == 403 and "revoked your delegation" in answer.content.decode()
    assert client.get(look).status_code == 404 and not Case.objects.exists()
    with pytest.raises(NotPermitted, match="delegation_over"):
        claims.send_claim(draft=draft, person=clerk, statement="x")
    assert claims.send_claim(draft=draft, person=signs, statement="x").applicant == signs  # the organisation's own hand goes on


def test_what_was_begun_in_ones_own_name_is_not_read_through_the_organisation(
    make_shop: Any, owner: User, signs: User, clerk: User, company: Organisation
) -> None:
    shop = make_shop()
    let(signs, clerk, key(company))
    private = claims.begin(shop=shop, person=signs)
    UploadFactory(owner=signs, subject=claims.files_key(private), slot="ownership")
    assert signed_in(clerk).get(f"/en/claims/{private.public_id}/").status_code == 404
    shared = claims.begin(shop=shop, person=clerk, organisation=company)
    assert shared.pk != private.pk and not Draft.objects.get(pk=private.pk).is_open
    upload = Upload.objects.get()
    assert upload.state == "removed" and signed_in(clerk).get(f"/en/uploads/file/{upload.public_id}/look/").status_code == 404


def test_documents_of_a_claim_that_was_never_sent_go_with_it(make_shop: Any, owner: User, signs: User) -> None:
    kept, given_up = (claims.begin(shop=make_shop(), person=signs) for _ in range(2))
    for draft in (kept, given_up):
        UploadFactory(owner=signs, subject=claims.files_key(draft), slot="ownership")
    assert claims.drop_files() == 0
    drafts.discard(draft=given_up)
    assert claims.drop_files() == 1 and claims.drop_files() == 0
    left = Upload.objects.exclude(state="removed").get()
    assert left.subject == claims.files_key(kept)


def test_a_clerk_disputes_for_the_organisation_that_held_the_shop(
    make_shop: Any, owner: User, signs: User, clerk: User, company: Organisation
) -> None:
    shop = make_shop(owner=None, organisation=company)
    right = let(signs, clerk, key(company))
    RegisteredOwner.objects.create(
        commercial_license_no=shop.commercial_license_no, owner_digest=owner.civil_id_digest or "", source="moci", as_of=NOON
    )
    case = claims.claim_by_register(shop=shop, person=owner)
    claim = Claim.objects.get()
    assert Shop.objects.get().owner == owner
    path = f"/en/claims/{case.public_id}/dispute/"
    assert signed_in(PersonFactory(civil_id=STRANGER)).get(path).status_code == 404
    client = signed_in(clerk)
    assert "Somebody claims a shop of yours" in client.get("/en/my-shops/").content.decode()
    assert "You act by delegation" in client.get(path).content.decode()
    delegations.end(delegation=right, person=signs)
    assert client.post(path, {"dispute": "x"}).status_code == 403
    with pytest.raises(NotPermitted, match="delegation_over"):
        claims.dispute(claim=claim, person=clerk, text="x")
    let(signs, clerk, key(company))
    assert client.post(path, {"dispute": "لم تبع الشركة المحل."}).status_code == 302
    case = Case.objects.get(pk=case.pk)
    assert case.state == ClaimState.IN_REVIEW and Shop.objects.get().organisation == company
    event = CaseEvent.objects.get(subject=case, move="dispute")
    assert (event.actor_role, event.actor_key, event.data["for"]) == ("holder", clerk.key, signs.key)
    assert Claim.objects.get().disputed_by == signs
    assert AuditEvent.objects.get(action="claim.disputed").data["for"] == signs.key
    assert set(Block.objects.values_list("stops", flat=True)) == {RENEWAL, "licensing.boards"}  # neither violations nor claims wait


def test_one_claim_of_a_shop_is_open_at_a_time_whoever_claims_and_the_database_holds_it(
    make_shop: Any, owner: User, signs: User, clerk: User, company: Organisation
) -> None:
    shop = make_shop()
    case = sent(shop, signs, company)
    with pytest.raises(Refused, match="claimed_already"):
        claims.begin(shop=shop, person=PersonFactory(civil_id=STRANGER))
    like = Case.objects.get(pk=case.pk)
    like.pk, like.public_id, like.reference, like.applicant, like.held_under = None, "c" * 26, "CL-2026-999999-X", clerk, ""
    like.last_event, like.state = None, "draft"
    with transaction.atomic(), pytest.raises(IntegrityError, match=r"cases_one_open_case|UNIQUE"):
        like.save()
    with pytest.raises(Refused, match="yours_already"):
        claims.begin(shop=make_shop(owner=None, organisation=company), person=signs, organisation=company)


def test_owners_that_are_organisations_are_taken_in_and_a_line_names_one_owner(make_shop: Any, company: Organisation) -> None:
    shop, somebody = make_shop(), PersonFactory(civil_id=STRANGER)
    lines = [
        "commercial_license_no,civil_id,commercial_register_no",
        f"{shop.commercial_license_no},,{company.commercial_register_no}",
        f"2021/1,{OWNER},{company.commercial_register_no}",
        "2021/2,,",
    ]
    taken = owners.import_owners(lines)
    assert (taken.written, taken.skipped) == (1, [3, 4])
    assert matching.matches(company, shop) and not matching.matches(somebody, shop)
    assert owners.import_owners([lines[0], f"{shop.commercial_license_no},{STRANGER},"]).written == 1  # the licence passed to a person
    assert not matching.matches(company, shop) and matching.matches(somebody, shop)
    row = {"commercial_license_no": "2021/3", "source": "x", "as_of": clock.now()}
    for wrong in ({}, {"owner_digest": "d", "organisation_no": "7"}):
        with transaction.atomic(), pytest.raises(IntegrityError, match="shops_registered_one_owner"):
            RegisteredOwner.objects.create(**row, **wrong)
