"""A refused claim as a sealed paper: its reason, its article, the way to object; the kept bytes, and what anybody may check."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from municipality.accounts.models import Signatory, User
from municipality.cases.models import Case
from municipality.documents import seal, store
from municipality.documents.models import Document
from municipality.documents.rendering import RendererMissing
from municipality.documents.verification import check
from municipality.jobs.models import Job
from municipality.jobs.services import run
from municipality.notifications.models import Message
from municipality.review.services import desk
from shops.claims import refusals
from shops.claims import services as claims
from shops.claims.states import ClaimState
from shops.models import Claim, Shop
from tests import desk_acts, poppler
from tests.browsers import signed_in
from tests.conftest import TODAY
from tests.database_guards import without_guards
from tests.factories.accounts import OrganisationFactory, PersonFactory, StaffFactory
from tests.factories.claims import ClaimCaseFactory
from tests.factories.review import OfficerFactory
from tests.factories.uploads import UploadFactory
from tests.killed_issue import assert_ends_as_undisturbed

OWNER, CLAIMANT, STRANGER = "290010100046", "290010100054", "290010100062"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sealed(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    settings.SIGNER_KEY_FILE = str(tmp_path / "seal.p12")
    seal.make_seal(tmp_path / "seal.p12", settings.SIGNER_PASSPHRASE)


@pytest.fixture
def owner(db: Any) -> User:
    return PersonFactory(civil_id=OWNER)


@pytest.fixture
def claimant(db: Any) -> User:
    return PersonFactory(civil_id=CLAIMANT, name_ar="نورة الرشيدي", name_en="Noura Al-Rashidi")


def refused(note_ar: str = "العقد بلا توقيع.", note_en: str = "The contract bears no signature.") -> Case:
    return desk_acts.refuse(
        OfficerFactory(skills=["health", "claims"]), StaffFactory(supervisor=True), "ownership_not_shown", note_ar=note_ar, note_en=note_en
    )


def work() -> None:
    for job in Job.objects.filter(kind="shops.refusal_document"):
        run(job.pk)


def test_a_signed_refusal_becomes_a_sealed_paper_with_reason_article_and_the_way_to_object(
    make_shop: Any, owner: User, claimant: User, settings: Any
) -> None:
    shop = make_shop()
    ClaimCaseFactory(shop=shop, applicant=claimant)
    case = refused()
    page = signed_in(claimant).get(f"/en/cases/{case.public_id}/").content.decode()
    assert "The decision is being prepared and sealed" in page
    work()
    document = Claim.objects.select_related("refusal__file").get().refusal
    assert document is not None and document.file is not None and document.state == "active"
    content = store.read(document.file)
    verdict = check(content, root_pem=seal.root_pem(Path(settings.SIGNER_KEY_FILE)))
    assert verdict.accepted and verdict.covers_whole_file
    assert document.file.sha256 == hashlib.sha256(content).hexdigest()
    assert b"Pages:           1" in poppler.run("pdfinfo", "-", pdf=content)
    text = " ".join(poppler.text(content).split())
    reason = document.facts
    for words in ("Claim of a shop", case.reference, shop.name_en, "Noura Al-Rashidi", "The contract bears no signature.", "How to appeal"):
        assert words in text
    assert reason["reason_en"] and reason["article_en"] in text and reason["reason_en"] in text
    until = dt.date.fromisoformat(reason["object_until"])
    assert until > TODAY and str(until.year) in text
    assert owner.name_en not in text  # the holder is nobody's business on the claimant's paper
    page = signed_in(claimant).get(f"/en/cases/{case.public_id}/").content.decode()
    assert "Download the decision" in page and document.number in page
    assert Message.objects.get(person=claimant, kind="shops.claim_refusal_ready").title_en == f"Decision on claim {case.reference}"
    assert document.number.startswith(f"CRF-{case.branch_id}-")


@pytest.mark.parametrize("job", ["never promised", "given up"])
def test_a_refusal_whose_paper_is_not_rendered_says_so_and_promises_nothing(job: str, make_shop: Any, owner: User, claimant: User) -> None:
    ClaimCaseFactory(shop=make_shop(), applicant=claimant)
    case = refused()
    waiting = Job.objects.filter(kind="shops.refusal_document")
    if job == "never promised":  # as those that were refused before such decisions became papers
        waiting.delete()
    else:
        waiting.update(state="dead")
    page = signed_in(claimant).get(f"/en/cases/{case.public_id}/").content.decode()
    assert "no paper of this decision to download" in page and "being drawn up" not in page and "Look again" not in page


def test_only_the_claimant_fetches_it_and_the_check_page_names_nobody(make_shop: Any, owner: User, claimant: User) -> None:
    ClaimCaseFactory(shop=make_shop(), applicant=claimant)
    refused()
    work()
    document = Document.objects.get(kind=refusals.ClaimRefusalFacts.kind)
    path = f"/documents/{document.number}.pdf"
    assert signed_in(claimant).get(path).status_code == 200
    for somebody in (owner, PersonFactory(civil_id=STRANGER)):
        assert signed_in(somebody).get(path).status_code == 404
    for language, kind in (("en", "Decision refusing a request"), ("ar", "قرار رفض طلب")):
        page = Client().get(f"/verify/{document.code}", headers={"Accept-Language": language}).content.decode()
        assert document.number in page and kind in page
        for secret in (owner.name_ar, owner.name_en, claimant.name_ar, claimant.name_en, CLAIMANT, "CL-2026"):
            assert secret not in page


def test_it_is_rendered_once_and_a_missing_renderer_loses_nothing(
    make_shop: Any, owner: User, claimant: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ClaimCaseFactory(shop=make_shop(), applicant=claimant)
    case = refused()

    def away(*_: Any, **__: Any) -> bytes:
        raise RendererMissing("away")

    with monkeypatch.context() as patch:
        patch.setattr("municipality.documents.services.render_and_seal", away)
        with pytest.raises(RendererMissing):
            refusals.write_refusal(case=case)
    assert Document.objects.get(kind=refusals.ClaimRefusalFacts.kind).state == "draft" and Claim.objects.get().refusal is None
    for _ in range(2):
        refusals.write_refusal(case=case)
    assert Document.objects.filter(kind=refusals.ClaimRefusalFacts.kind).count() == 1
    assert Message.objects.filter(kind="shops.claim_refusal_ready").count() == 1


def test_nothing_is_rendered_before_the_second_signature(make_shop: Any, owner: User, claimant: User) -> None:
    ClaimCaseFactory(shop=make_shop(), applicant=claimant)
    decision = desk.propose_refusal(
        assignment=desk_acts.checked(desk_acts.assigned(OfficerFactory(skills=["health", "claims"]))), code="ownership_not_shown"
    )
    case = Case.objects.get()
    refusals.write_refusal(case=case)
    assert (
        not Document.objects.filter(kind=refusals.ClaimRefusalFacts.kind).exists()
        and not Job.objects.filter(kind="shops.refusal_document").exists()
    )
    desk.sign(decision=decision, supervisor=StaffFactory(supervisor=True), answers=desk_acts.ALL_YES)
    assert Case.objects.get().state == ClaimState.REFUSED and Job.objects.filter(kind="shops.refusal_document").exists()


def test_an_organisation_that_was_refused_is_named_and_its_signatory_fetches_the_paper(make_shop: Any, owner: User, claimant: User) -> None:
    company = OrganisationFactory()
    Signatory.objects.create(organisation=company, person=claimant, first_day=TODAY)
    draft = claims.begin(shop=make_shop(), person=claimant, organisation=company)
    UploadFactory(owner=claimant, subject=claims.files_key(draft), slot="ownership")
    claims.join_heard(claims.send_claim(draft=draft, person=claimant, statement="x").pk)
    refused()
    work()
    document = Document.objects.select_related("file").get(kind=refusals.ClaimRefusalFacts.kind)
    assert document.facts["applicant_en"] == "Nakheel Company" and "applicant" not in document.public_facts
    assert signed_in(claimant).get(f"/documents/{document.number}.pdf").status_code == 200


def test_the_database_keeps_the_paper_on_its_claim(make_shop: Any, owner: User, claimant: User) -> None:
    ClaimCaseFactory(shop=make_shop(), applicant=claimant)
    refused()
    work()

    def strike() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE shops_claim SET refusal_id = NULL")

    with pytest.raises(IntegrityError, match="guard:frozen"):
        strike()
    without_guards()
    strike()
    assert Shop.objects.get().owner == owner


def test_a_worker_that_dies_leaves_one_refusal(make_shop: Any, owner: User, claimant: User) -> None:
    ClaimCaseFactory(shop=make_shop(), applicant=claimant)
    case = refused()
    assert_ends_as_undisturbed(lambda: refusals.write_refusal(case=case), refusals.ClaimRefusalFacts)
