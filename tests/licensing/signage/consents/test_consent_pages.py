"""The pages of signatures under boards: asking, the link, signing, and what stands of it afterwards, in both languages."""

from __future__ import annotations

from io import BytesIO

import pikepdf
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from licensing.models import BoardConsent, ConsentRole
from licensing.signage.consents import views
from licensing.signage.consents.labels import PRINTED
from licensing.signage.review import items
from licensing.signage.services import issue
from municipality.accounts.models import User
from municipality.documents import store as stored
from municipality.drafts.models import Draft
from shops.models import Shop
from tests import desk_acts
from tests.browsers import signed_in
from tests.factories import boards
from tests.factories.accounts import PersonFactory
from tests.factories.board_consents import agreed, asked, link_on
from tests.factories.drawings import drawn

pytestmark = pytest.mark.django_db
LANGUAGES = pytest.mark.parametrize("language", ["ar", "en"])
SAID = {
    "asked": {"ar": "طلب توقيع مالك العقار", "en": "Ask the landlord for a signature"},
    "open": {"ar": "لم يُجَب عنه بعد", "en": "Not answered yet"},
    "once": {"ar": "لا يظهر الرابط إلا الآن", "en": "The link is shown only now"},
    "agreed": {"ar": "تمت الموافقة على هذه اللوحات", "en": "You have agreed to these boards"},
    "refused": {"ar": "لم تتم الموافقة", "en": "You have not agreed"},
    "reason": {"ar": "يُرجى كتابة سبب عدم الموافقة", "en": "Write why you do not agree"},
    "used": {"ar": "استُعمل هذا الرابط", "en": "This link was used already"},
    "own": {"ar": "صادر عن صاحب هذا الحساب", "en": "You are asking for these boards yourself"},
    "signed": {"ar": "موافقة مالك العقار", "en": "Agreed by the landlord"},
}


@pytest.fixture
def draft(shop: Shop, owner: User) -> Draft:
    return boards.begun(shop, owner)


@pytest.fixture
def signer() -> User:
    return PersonFactory(noura=True)


def text_of(client: Client, path: str, status: int = 200) -> str:
    page = client.get(path)
    assert page.status_code == status
    return page.content.decode()


@LANGUAGES
def test_a_signature_is_asked_for_signed_and_shown(language: str, draft: Draft, shop: Shop, owner: User, signer: User) -> None:
    mine, theirs = signed_in(owner), signed_in(signer)
    send = f"/{language}/boards/new/{shop.public_id}/send/"
    assert SAID["asked"][language] in text_of(mine, send)
    link = link_on(mine, f"/{language}/boards/new/{shop.public_id}/consents/", "landlord")
    assert SAID["open"][language] in (page := text_of(mine, send)) and link not in page
    path = f"/{language}{link}"
    page = text_of(theirs, path)
    for fact in (
        shop.name_ar if language == "ar" else shop.name_en,
        owner.name_ar if language == "ar" else owner.name_en,
        "Door",
        "6.00" if language == "en" else "0.80",
    ):
        assert fact in page
    done = theirs.post(path, {"answer": "agreed"})
    assert done.status_code == 200 and SAID["agreed"][language] in done.content.decode()
    assert SAID["used"][language] in text_of(theirs, path, 410)
    name = signer.name_ar if language == "ar" else signer.name_en
    assert name in text_of(mine, send)
    request = boards.sent_of(shop, owner, Draft.objects.get(pk=draft.pk))
    case = text_of(mine, f"/{language}/cases/{request.case.public_id}/")
    assert SAID["signed"][language] in case and name in case


@LANGUAGES
def test_a_refusal_needs_a_reason_and_ends_the_request(language: str, draft: Draft, shop: Shop, owner: User, signer: User) -> None:
    path = f"/{language}/boards/consents/{asked(draft)[1]}/"
    client = signed_in(signer)
    missing = client.post(path, {"answer": "refused", "reason": " "})
    assert missing.status_code == 400 and SAID["reason"][language] in missing.content.decode()
    assert client.post(path, {}).status_code == 400
    assert client.post(path, {"answer": "refused", "reason": "ا" * 501}).status_code == 400
    assert client.post(path, {"answer": "perhaps"}).status_code == 400
    assert not BoardConsent.objects.get().answer
    refused = client.post(path, {"answer": "refused", "reason": "لا أوافق على المكان"})
    assert SAID["refused"][language] in refused.content.decode()
    send = signed_in(owner).get(f"/{language}/boards/new/{shop.public_id}/send/")
    assert send["Location"] == f"/{language}/boards/new/{shop.public_id}/"


@LANGUAGES
def test_the_link_leads_through_the_sign_in_and_back(language: str, draft: Draft, client: Client) -> None:
    path = f"/{language}/boards/consents/{asked(draft)[1]}/"
    answer = client.get(path)
    assert answer.status_code == 302 and answer["Location"] == f"/{language}/sign-in/?next={path}"


def test_the_link_has_the_language_of_its_reader(draft: Draft, signer: User) -> None:
    link = f"/boards/consents/{asked(draft)[1]}/"
    assert signed_in(signer).get(link, headers={"accept-language": "en"})["Location"] == f"/en{link}"


@LANGUAGES
def test_who_asks_gets_a_sentence_and_signs_nothing(language: str, draft: Draft, owner: User) -> None:
    path, client = f"/{language}/boards/consents/{asked(draft)[1]}/", signed_in(owner)
    assert SAID["own"][language] in text_of(client, path, 403)
    assert client.post(path, {"answer": "agreed"}).status_code == 403
    assert not BoardConsent.objects.get().answer


def test_the_link_is_shown_once_and_in_the_other_language(draft: Draft, shop: Shop, owner: User, signer: User) -> None:
    client, page = signed_in(owner), f"boards/new/{shop.public_id}/consents/"
    link = link_on(client, f"/ar/{page}", "trademark_owner")
    token = link.rstrip("/").rpartition("/")[2]
    other = client.post(f"/en/{page}", {"token": token, "_language": "en"})
    assert SAID["once"]["en"] in other.content.decode() and link in other.content.decode()
    assert BoardConsent.objects.count() == 1
    for given in ({"token": "guessed", "_language": "en"}, {"ask": "mayor"}, {}):
        assert client.post(f"/en/{page}", given)["Location"] == f"/en/boards/new/{shop.public_id}/send/"
    assert client.get(f"/en/{page}").status_code == 302
    client.post(f"/en/{page}", {"withdraw": "trademark_owner"})
    assert signed_in(signer).get(f"/en{link}").status_code == 410


def test_a_signature_that_cannot_be_asked_for_says_why(draft: Draft, shop: Shop, owner: User, signer: User) -> None:
    agreed(draft, signer)
    client, page = signed_in(owner), f"/en/boards/new/{shop.public_id}/"
    client.post(f"{page}consents/", {"ask": "landlord"})
    assert "This signature is given already" in text_of(client, f"{page}send/")


def test_an_unknown_link_is_not_there_and_guessing_is_limited(signer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "LINKS", views.AttemptLimit("board_consents", 3, 600))
    client = signed_in(signer)
    assert [client.get("/en/boards/consents/nothing/").status_code for _try in range(4)] == [404, 404, 404, 429]


def test_the_signer_sees_the_board_alone_of_the_photo(shop: Shop, owner: User, signer: User) -> None:
    draft = drawn(boards.begun(shop, owner, boards.FRONT))
    path, client = f"/en/boards/consents/{asked(draft)[1]}/", signed_in(signer)
    assert "data:image/jpeg;base64," in text_of(client, path) and "/files/" not in text_of(client, path)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.get(path)
    assert len(queries) <= 12


def test_the_desk_shows_the_role_and_hides_the_name_until_the_decision(
    draft: Draft, shop: Shop, owner: User, signer: User, officer: User
) -> None:
    agreed(draft, signer)
    request = boards.sent_of(shop, owner, Draft.objects.get(pk=draft.pk))
    desk_acts.assigned(officer)
    page = text_of(signed_in(officer), f"/admin/desk/{request.case.public_id}/")
    assert SAID["signed"]["ar"] in page and signer.name_ar not in page
    (item,) = [one for one in items(request.case) if one.name == "consent_landlord"]
    assert signer.name_ar in str(item.value)


@pytest.mark.usefixtures("sealed")
@pytest.mark.parametrize(("count", "pages"), [(2, 1), (3, 2)])
def test_the_sealed_licence_names_the_signers(shop: Shop, owner: User, signer: User, officer: User, count: int, pages: int) -> None:
    draft = boards.begun(shop, owner, *[boards.BOX] * count)
    for role in ConsentRole:
        agreed(draft, signer, role)
    boards.sent_of(shop, owner, Draft.objects.get(pk=draft.pk))
    request = boards.paid_of(desk_acts.approve(officer))
    issue.issue_licence(case=request.case)
    document = boards.fresh(request.case).document
    assert document is not None and document.file is not None
    rows = {row["label_en"]: (row["ar"], row["en"]) for row in document.facts["rows"]}
    assert [rows[english] for _arabic, english in PRINTED.values()] == [(signer.name_ar, signer.name_en)] * 2
    with pikepdf.open(BytesIO(stored.read(document.file))) as pdf:
        assert len(pdf.pages) == pages
