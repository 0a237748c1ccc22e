"""Claiming a shop: at once by the register, by documents before an officer, and the dispute of its present holder."""

from __future__ import annotations

import datetime as dt
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, connection, transaction

from licensing.health import queries as licensing
from licensing.health.services import submit_renewal
from licensing.health.states import RENEWAL
from municipality.accounts.models import User
from municipality.audit.models import AuditEvent
from municipality.cases.models import Block, Case
from municipality.drafts import services as drafts
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.models import Message
from municipality.review import queries as review
from municipality.review.models import CorrectionRound, Decision
from municipality.review.services import desk
from municipality.review.services.desk import CorrectionRequest
from municipality.uploads.models import Upload
from shops.claims import matching
from shops.claims import review as desk_review
from shops.claims import services as claims
from shops.claims.states import ClaimState
from shops.models import Claim, RegisterChange, RegisteredOwner, Shop
from shops.register import queries as shops
from shops.registry import FOLLOWING
from tests import desk_acts
from tests.browsers import signed_in
from tests.conftest import NOON
from tests.database_guards import without_guards
from tests.factories.accounts import PersonFactory, StaffFactory
from tests.factories.claims import ClaimCaseFactory
from tests.factories.licensing import RenewalCaseFactory
from tests.factories.review import OfficerFactory
from tests.factories.uploads import UploadFactory

pytestmark = pytest.mark.django_db
OWNER, CLAIMANT, STRANGER = "290010100046", "290010100054", "290010100062"


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Any) -> None:
    settings.VAR_DIR = tmp_path


@pytest.fixture
def owner(db: Any) -> User:
    return PersonFactory(civil_id=OWNER)


@pytest.fixture
def claimant(db: Any) -> User:
    return PersonFactory(civil_id=CLAIMANT, name_ar="نورة الرشيدي", name_en="Noura Al-Rashidi")


def named(shop: Shop, somebody: User) -> None:
    """The commercial register names somebody as the owner."""
    RegisteredOwner.objects.create(
        commercial_license_no=shop.commercial_license_no, owner_digest=somebody.civil_id_digest or "", source="moci", as_of=NOON
    )


def test_a_claim_that_the_register_supports_is_granted_at_once_and_the_holder_is_told(make_shop: Any, owner: User, claimant: User) -> None:
    shop = make_shop()
    named(shop, claimant)
    client = signed_in(claimant)
    page = client.post("/en/claims/", {"number": shop.commercial_license_no}).content.decode()
    assert "The register names you as the owner" in page and owner.name_en not in page
    client.post(f"/en/claims/shop/{shop.public_id}/")
    case = Case.objects.get()
    assert case.state == ClaimState.MATCHED and list(shops.held_by(claimant)) == [shop] and not shops.held_by(owner).exists()
    assert Message.objects.get(person=owner).kind == "shops.shop_claimed"
    trace = RegisterChange.objects.get(shop=shop)
    assert (trace.before, trace.after) == ({"holder": owner.key}, {"holder": claimant.key})
    with clock.at(NOON + dt.timedelta(days=15)):
        assert claims.settle_due() == 1
    assert Case.objects.get().state == ClaimState.GRANTED


def test_a_claim_that_cannot_be_settled_holds_no_other_up(make_shop: Any, claimant: User, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = []
    for number in ("111111/2020", "222222/2020"):
        shop = make_shop(commercial_license_no=number)
        named(shop, claimant)
        cases.append(claims.claim_by_register(shop=shop, person=claimant))
    advance = claims.advance

    def fails_for_one(case: Case, *given: Any, **named: Any) -> Any:
        if case.pk == cases[0].pk:
            raise ZeroDivisionError
        return advance(case, *given, **named)

    monkeypatch.setattr(claims, "advance", fails_for_one)
    with clock.at(NOON + dt.timedelta(days=15)):
        assert claims.settle_due() == 1
    assert [Case.objects.get(pk=case.pk).state for case in cases] == [ClaimState.MATCHED, ClaimState.GRANTED]


def test_the_holder_reads_at_home_until_when_a_claim_can_be_disputed(make_shop: Any, owner: User, claimant: User) -> None:
    shop = make_shop()
    named(shop, claimant)
    case = claims.claim_by_register(shop=shop, person=claimant)
    until, dispute = Claim.objects.get().dispute_until, f"/en/claims/{case.public_id}/dispute/"
    assert until is not None

    def reads(path: str) -> bool:
        page = signed_in(owner).get(path).content.decode().partition("<main")[2]
        return dispute in page and f'datetime="{until}"' in page

    with clock.at(NOON + dt.timedelta(days=(until - clock.today()).days)):
        assert reads("/en/") and reads("/en/my-shops/")
    with clock.at(NOON + dt.timedelta(days=(until - clock.today()).days + 1)):
        assert not reads("/en/") and not reads("/en/my-shops/"), "the control: it cannot be disputed any more"


def test_without_a_match_nothing_passes_at_once(make_shop: Any, owner: User, claimant: User) -> None:
    shop = make_shop()
    named(shop, owner)
    with pytest.raises(Refused, match="no_match"):
        claims.claim_by_register(shop=shop, person=claimant)
    assert signed_in(claimant).post(f"/en/claims/shop/{shop.public_id}/").status_code == 404
    assert Shop.objects.get().owner == owner
    RegisteredOwner.objects.update(owner_digest=claimant.civil_id_digest)  # the red control: nothing but the register was in the way
    claims.claim_by_register(shop=shop, person=claimant)
    assert Shop.objects.get().owner == claimant


def test_a_disputed_match_is_frozen_and_an_officer_decides(make_shop: Any, owner: User, claimant: User) -> None:
    shop = make_shop()
    named(shop, claimant)
    case = claims.claim_by_register(shop=shop, person=claimant)
    claim = Claim.objects.get()
    with pytest.raises(NotPermitted):
        claims.dispute(claim=claim, person=PersonFactory(civil_id=STRANGER), text="x")
    client = signed_in(owner)
    assert "Somebody claims a shop of yours" in client.get("/en/my-shops/").content.decode()
    client.post(f"/en/claims/{case.public_id}/dispute/", {"dispute": "لم أبع المحل."})
    case = Case.objects.get(pk=case.pk)
    assert case.state == ClaimState.IN_REVIEW and review.position(case) is not None
    assert Shop.objects.get().owner == owner  # back until the decision
    assert {m.person for m in Message.objects.filter(kind="shops.claim_disputed")} == {owner, claimant}
    assert not licensing.offer(shop).may_renew  # its services wait
    stopped = client.get(f"/en/health-licence/{shop.public_id}/renew/").content.decode()
    assert "A claim to this shop is disputed" in stopped and "Both sides get a message" in stopped and "Whoever placed it" not in stopped
    with pytest.raises(Refused):
        submit_renewal(shop=shop, applicant=owner)
    desk_acts.approve(OfficerFactory(skills=["health", "claims"]))
    assert Shop.objects.get().owner == owner, "one person takes a shop from nobody"
    desk.sign(decision=Decision.objects.get(), supervisor=StaffFactory(supervisor=True))
    assert Case.objects.get(pk=case.pk).state == ClaimState.GRANTED and Shop.objects.get().owner == claimant
    assert not Block.objects.filter(lifted_at__isnull=True).exists()
    assert Message.objects.filter(person=owner, kind="shops.claim_decided").exists()
    told = Message.objects.get(person=claimant, kind="shops.claim_approved")
    assert shop.name_en in told.title_en and not Message.objects.filter(kind="review.accepted").exists()


def test_without_the_freeze_the_shop_could_be_renewed_in_the_middle_of_the_dispute(make_shop: Any, owner: User, claimant: User) -> None:
    """The red control of the block."""
    shop = make_shop()
    named(shop, claimant)
    claims.claim_by_register(shop=shop, person=claimant)
    claims.dispute(claim=Claim.objects.get(), person=owner, text="x")
    Block.objects.update(lifted_at=NOON)
    assert submit_renewal(shop=Shop.objects.get(), applicant=owner).service == RENEWAL


def test_a_claim_by_documents_goes_through_the_same_queue_and_a_refusal_leaves_the_shop(
    make_shop: Any, owner: User, claimant: User
) -> None:
    shop = make_shop()
    client = signed_in(claimant)
    page = client.post("/en/claims/", {"number": shop.commercial_license_no})["Location"]
    assert client.post(page, {"statement": "Mine."}).status_code == 409  # no document yet
    draft = drafts.begin(person=claimant, service="shops.claim", subject=shop.key)
    UploadFactory(owner=claimant, subject=claims.files_key(draft), slot="ownership")
    client.post(page, {"statement": "I bought the shop."})
    case = Case.objects.get()
    assert case.state == ClaimState.IN_REVIEW and case.due_on is not None
    assert Message.objects.get(person=owner).kind == "shops.shop_claimed"
    claims.dispute(claim=Claim.objects.get(), person=owner, text="It is mine.")
    found = desk_acts.refuse(OfficerFactory(skills=["health", "claims"]), StaffFactory(supervisor=True), "ownership_not_shown")
    assert found.state == ClaimState.REFUSED and Shop.objects.get().owner == owner
    assert not Block.objects.filter(lifted_at__isnull=True).exists()


def test_the_desk_reads_both_sides_and_no_contact_details(make_shop: Any, owner: User, claimant: User) -> None:
    ClaimCaseFactory(shop=make_shop(), applicant=claimant)
    user = OfficerFactory(skills=["health", "claims"])
    assignment = desk_acts.assigned(user)
    page = signed_in(user).get(f"/admin/desk/{assignment.place.case.public_id}/").content.decode()
    for words in ("اشتريت المحل في يناير", owner.name_ar, claimant.name_ar):
        assert words in page
    for secret in (owner.email, owner.phone, claimant.email, claimant.phone):
        assert secret not in page


def test_the_desk_names_what_follows_the_shop(make_shop: Any, owner: User, claimant: User, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_shop()
    renewal = RenewalCaseFactory(shop=shop, applicant=owner, changed=["area_m2"])
    case = ClaimCaseFactory(shop=shop, applicant=claimant)
    monkeypatch.setitem(FOLLOWING, "tests", lambda shop: ["VIO-2026-000001-A"])
    shown = {item.name: str(item.value) for item in desk_review.items(case)}
    assert renewal.reference in shown["open_requests"] and case.reference not in shown["open_requests"]
    assert "VIO-2026-000001-A" in shown["open_violations"]


def test_asked_documents_are_sent_again_and_nothing_else(make_shop: Any, owner: User, claimant: User) -> None:
    case = ClaimCaseFactory(shop=make_shop(), applicant=claimant)
    user = OfficerFactory(skills=["health", "claims"])
    assignment = desk_acts.assigned(user)
    desk.ask_corrections(assignment=assignment, items=[CorrectionRequest("file_unreadable", "ownership", "", "")])
    case = Case.objects.get(pk=case.pk)
    client = signed_in(claimant)
    step = client.get(f"/en/cases/{case.public_id}/").content.decode().partition('class="kp-next"')[2].partition("</section>")[0]
    assert "You can answer until" in step and f"/en/claims/{case.public_id}/corrections/" in step
    assert client.get(f"/en/claims/{case.public_id}/corrections/").status_code == 200
    assert client.post(f"/en/claims/{case.public_id}/corrections/").status_code == 409
    key = Claim.objects.get().files_key
    with clock.at(NOON + dt.timedelta(minutes=5)):
        with pytest.raises(Refused):
            UploadFactory(owner=claimant, subject=key, slot="commercial_licence")
        UploadFactory(owner=claimant, subject=key, slot="ownership")
        client.post(f"/en/claims/{case.public_id}/corrections/")
    assert Case.objects.get().state == ClaimState.IN_REVIEW and review.assignment_of(case) is not None


def test_files_of_a_claim_are_nobody_elses(make_shop: Any, owner: User, claimant: User) -> None:
    ClaimCaseFactory(shop=make_shop(), applicant=claimant)
    upload = Upload.objects.get()
    for somebody in (owner, PersonFactory(civil_id=STRANGER)):
        assert signed_in(somebody).get(f"/en/uploads/file/{upload.public_id}/look/").status_code == 404
    assert signed_in(claimant).get(f"/en/uploads/file/{upload.public_id}/look/").status_code == 200


def test_the_page_of_a_claim_shows_what_was_sent(make_shop: Any, owner: User, claimant: User) -> None:
    case = ClaimCaseFactory(shop=make_shop(), applicant=claimant)
    page = signed_in(claimant).get(f"/en/cases/{case.public_id}/").content.decode()
    sent = page.partition('id="sent"')[2].partition("</section>")[0]
    assert "اشتريت المحل في يناير" in sent and f"/en/uploads/file/{Upload.objects.get().public_id}/look/" in sent
    assert "اشتريت المحل في يناير" not in page.replace(sent, "")


def test_one_shop_has_one_open_claim_and_its_owner_claims_nothing(make_shop: Any, owner: User, claimant: User) -> None:
    shop = make_shop()
    ClaimCaseFactory(shop=shop, applicant=claimant)
    with pytest.raises(Refused, match="claimed_already"):
        claims.begin(shop=shop, person=PersonFactory(civil_id=STRANGER))
    with pytest.raises(Refused, match="yours_already"):
        claims.begin(shop=make_shop(), person=owner)


def test_a_claimant_withdraws_and_the_shop_stays(make_shop: Any, owner: User, claimant: User) -> None:
    case = ClaimCaseFactory(shop=make_shop(), applicant=claimant)
    signed_in(claimant).post(f"/en/claims/{case.public_id}/withdraw/")
    assert Case.objects.get().state == ClaimState.WITHDRAWN and Shop.objects.get().owner == owner
    assert Message.objects.filter(person=owner, kind="shops.claim_decided").exists()


def test_a_claimant_whose_claim_was_closed_without_an_answer_is_told(make_shop: Any, owner: User, claimant: User) -> None:
    case = ClaimCaseFactory(shop=make_shop(), applicant=claimant)
    assignment = desk_acts.assigned(OfficerFactory(skills=["health", "claims"]))
    asked = desk.ask_corrections(assignment=assignment, items=[CorrectionRequest("file_unreadable", "ownership", "", "")])
    assert isinstance(asked, CorrectionRound)
    with clock.at(clock.end_of(asked.answer_by) + dt.timedelta(hours=12)):
        assert (claims.settle_due(), claims.settle_due()) == (1, 0)
        page = signed_in(claimant).get(f"/en/cases/{case.public_id}/").content.decode()
    told = Message.objects.get(person=claimant, kind="shops.claim_lapsed")
    assert "not answered in time" in told.body_en and "لم يصل الرد" in told.body_ar and Shop.objects.get().owner == owner
    assert "The steps of the request say why it was closed." in page
    assert "not answered; last day" in page and "answer until" not in page


def test_a_dispute_comes_in_its_days_or_not_at_all(make_shop: Any, owner: User, claimant: User) -> None:
    shop = make_shop()
    named(shop, claimant)
    claims.claim_by_register(shop=shop, person=claimant)
    with clock.at(NOON + dt.timedelta(days=15)), pytest.raises(Refused, match="not_disputable"):
        claims.dispute(claim=Claim.objects.get(), person=owner, text="x")


def test_numbers_of_licences_are_not_to_be_read_through(make_shop: Any, claimant: User) -> None:
    make_shop()
    client = signed_in(claimant)
    for _ in range(10):
        assert client.post("/en/claims/", {"number": "1"}).status_code == 409
    assert client.post("/en/claims/", {"number": "1"}).status_code == 429


def test_owners_are_taken_in_from_the_register_without_keeping_a_civil_number(make_shop: Any, claimant: User, tmp_path: Path) -> None:
    shop = make_shop()
    file = tmp_path / "owners.csv"
    file.write_text(f"commercial_license_no,civil_id\n{shop.commercial_license_no},{CLAIMANT}\n2020/1,290010100055\n,{CLAIMANT}\n")
    out = StringIO()
    call_command("load_registered_owners", str(file), stdout=out)
    assert "1 owners taken in, 2 lines left out" in out.getvalue() and "3, 4" in out.getvalue() and "29001" not in out.getvalue()
    assert matching.matches(claimant, shop)
    assert CLAIMANT not in str(list(RegisteredOwner.objects.values()))
    file.write_text("number,owner\n")
    with pytest.raises(CommandError, match="needs the columns"):
        call_command("load_registered_owners", str(file))


def test_the_database_keeps_a_claim_as_it_was_made(make_shop: Any, owner: User, claimant: User) -> None:
    ClaimCaseFactory(shop=make_shop(), applicant=claimant)

    def strike() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE shops_claim SET statement = 'other'")

    with pytest.raises(IntegrityError, match="guard:frozen"):
        strike()
    without_guards()
    strike()
    assert AuditEvent.objects.filter(action="case.send_to_officer").exists()
