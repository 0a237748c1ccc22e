"""The pages of a transfer: of the holder who asks, of the person who is named, and of those who are neither."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from licensing.health.services import bill_fils
from licensing.health.states import TRANSFER
from licensing.health.transfers import services as transfers
from licensing.models import LicenceTransfer
from municipality.accounts.models import Signatory, User
from municipality.cases.models import Case
from municipality.cases.obligations import OBLIGATIONS, Duty, Obligation
from municipality.kernel import clock
from municipality.review.services import desk
from shops.models import Shop
from tests import desk_acts, serving
from tests.browsers import signed_in
from tests.factories.accounts import OrganisationFactory, PersonFactory
from tests.factories.rulebook import publish_next
from tests.factories.uploads import UploadFactory

pytestmark = pytest.mark.django_db
NUMBER, NOBODY = "290010100046", "290010100089"
LANGUAGES = pytest.mark.parametrize("language", ["ar", "en"])
TYPED = {"understood": "on", "civil_id": NUMBER}
NAMED = TYPED | {"checked": "1"}
TAKEN = {"answer": "agreed", "declared": "on", "total": "15000"}


@pytest.fixture
def noura(db: None) -> User:
    return PersonFactory(name_ar="نورة الرشيدي", name_en="Noura Al-Rashidi", civil_id=NUMBER)


@pytest.fixture(autouse=True)
def proved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("municipality.accounts.services.sessions.is_fresh", lambda _request: True)


def url(shop: Shop, page: str = "transfer/", language: str = "en") -> str:
    return f"/{language}/health-licence/{shop.public_id}/{page}"


def offered(row: LicenceTransfer, language: str = "en") -> str:
    return f"/{language}/health-licence/transfers/{row.public_id}/"


def main_of(answer: Any) -> str:
    """The main part of a page as text."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode().split("<main")[1].split("</main>")[0]).split())


def shown(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, (path, answer.status_code)
    return main_of(answer)


@LANGUAGES
def test_it_goes_from_the_page_of_the_licence_to_the_case_of_the_new_holder(shop: Shop, owner: User, noura: User, language: str) -> None:
    holder, taker = signed_in(owner), signed_in(noura)
    assert url(shop, language=language) in holder.get(url(shop, "", language)).content.decode()
    shown(holder, url(shop, language=language))
    wrong = holder.post(url(shop, language=language), {"civil_id": "123"})
    assert wrong.status_code == 400 and 'value="123"' in wrong.content.decode()
    check = holder.post(url(shop, language=language), TYPED)
    assert check.status_code == 200 and f'<strong><bdi dir="ltr">{NUMBER}</bdi></strong>' in check.content.decode()
    assert not LicenceTransfer.objects.exists(), "the number is looked at first"
    again = holder.post(url(shop, language=language), TYPED | {"change": "1"})
    assert again.status_code == 200 and 'id="id_civil_id"' in again.content.decode() and f'value="{NUMBER}"' in again.content.decode()
    assert holder.post(url(shop, language=language), NAMED)["Location"] == url(shop, language=language)
    row = LicenceTransfer.objects.get()
    state = shown(holder, url(shop, language=language))
    assert row.to_masked in state and noura.name_en not in state and noura.name_ar not in state
    assert url(shop, language=language) in holder.get(f"/{language}/my-requests/").content.decode(), "below the requests"
    assert offered(row, language) in taker.get(f"/{language}/").content.decode(), "on the home page"
    text = shown(taker, offered(row, language))
    assert "15.000" in text and owner.civil_id_masked not in text
    assert taker.post(offered(row, language), {"answer": "agreed"}).status_code == 400
    sent = taker.post(offered(row, language), TAKEN)
    case = Case.objects.get(service=TRANSFER)
    assert sent["Location"] == f"/{language}/cases/{case.public_id}/"
    page = shown(taker, sent["Location"])
    assert ("Transfer of a health licence" if language == "en" else "التنازل عن ترخيص صحي") in page
    assert taker.get(offered(row, language))["Location"] == sent["Location"]
    under_way = "Transfer under way" if language == "en" else "تنازل قيد الإجراء"
    assert under_way in shown(holder, f"/{language}/my-shops/") and case.reference in shown(holder, url(shop, language=language))
    assert holder.get(sent["Location"]).status_code == 404, "the request is the new holder's"


def test_a_fee_that_changed_meanwhile_is_shown_and_asked_for_again(shop: Shop, owner: User, noura: User) -> None:
    row, taker = transfers.ask(shop=shop, person=owner, number=NUMBER), signed_in(noura)
    assert 'name="total" value="15000"' in taker.get(offered(row)).content.decode()
    publish_next("fees.health")
    refused = taker.post(offered(row), TAKEN)
    page = refused.content.decode()
    assert refused.status_code == 409 and "The fee changed while the page was open" in page and "30.000" in main_of(refused)
    assert 'name="total" value="30000"' in page and not Case.objects.filter(service=TRANSFER).exists()
    assert taker.post(offered(row), {key: value for key, value in TAKEN.items() if key != "total"}).status_code == 400
    assert taker.post(offered(row), TAKEN | {"total": "30000"}).status_code == 302
    case = Case.objects.get(service=TRANSFER)
    assert bill_fils(case) == 30_000, "what was shown is what is taken"


def test_who_declines_is_asked_for_no_fee(shop: Shop, owner: User, noura: User) -> None:
    row = transfers.ask(shop=shop, person=owner, number=NUMBER)
    publish_next("fees.health")
    assert signed_in(noura).post(offered(row), {"answer": "declined", "total": "15000"}).status_code == 302


def test_an_offer_is_on_the_home_page_behind_any_number_of_deadlines(
    shop: Shop, owner: User, noura: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = transfers.ask(shop=shop, person=owner, number=NUMBER)
    near = [Obligation("renew", f"n{n}", Duty.MUST, "Ends", "Renew", "Renew", f"/n{n}/", until=clock.today()) for n in range(9)]
    monkeypatch.setitem(OBLIGATIONS, "tests", lambda _user: near)
    page = signed_in(noura).get("/en/").content.decode()
    assert "3 later deadlines" in page and offered(row) in page.partition("Waiting for you")[2].partition("Deadlines")[0]


def test_who_sells_a_licence_that_ends_soon_is_told_to_renew_it_first(make_shop: Any, owner: User, noura: User) -> None:
    """And the home page of the seller leads to the transfer, and not to what stops the renewal."""
    soon, later = make_shop(ends_in=20), make_shop(ends_in=200)
    holder, taker = signed_in(owner), signed_in(noura)
    assert "best to renew this licence first" in shown(holder, url(soon)) and "is not renewed while" in shown(holder, url(soon))
    assert "is not renewed while" not in shown(holder, url(later))
    row = transfers.ask(shop=soon, person=owner, number=NUMBER)
    assert "is not renewed while the transfer is under way" in shown(taker, offered(row))
    transfers.agree(transfer=row, user=noura, organisation=None)
    home = shown(holder, "/en/")
    assert "See the state of the transfer" in home and "Clear what stops the renewal" not in home


def test_an_unknown_number_gets_the_same_answer(shop: Shop, make_shop: Any, owner: User, noura: User) -> None:
    client, other = signed_in(owner), make_shop(ends_in=200)
    known = main_of(client.post(url(shop), NAMED, follow=True))
    unknown = main_of(client.post(url(other), NAMED | {"civil_id": NOBODY}, follow=True))
    for masked in LicenceTransfer.objects.values_list("to_masked", flat=True):
        known, unknown = known.replace(masked, "•"), unknown.replace(masked, "•")
    for row in (shop, other):
        known, unknown = known.replace(row.name_en, "shop"), unknown.replace(row.name_en, "shop")
    for licence in re.findall(r"HLT-[\w-]+", known + unknown):
        known, unknown = known.replace(licence, "licence"), unknown.replace(licence, "licence")
    assert known == unknown


def test_who_is_not_named_finds_nothing(shop: Shop, owner: User, noura: User) -> None:
    row = transfers.ask(shop=shop, person=owner, number=NUMBER)
    stranger = signed_in(PersonFactory(civil_id=NOBODY))
    for path in (offered(row), url(shop)):
        assert stranger.get(path).status_code == 404 and stranger.post(path, TAKEN).status_code == 404
    assert signed_in(owner).get(offered(row)).status_code == 404


def test_it_is_taken_back_and_the_named_person_reads_so(shop: Shop, owner: User, noura: User) -> None:
    client = signed_in(owner)
    client.post(url(shop), NAMED)
    row = LicenceTransfer.objects.get()
    done = client.post(url(shop), {"take_back": "1"}, follow=True)
    assert "The transfer is taken back" in done.content.decode()
    assert "took this transfer back" in shown(signed_in(noura), offered(row), 410)
    assert offered(row) not in signed_in(noura).get("/en/").content.decode()


def test_it_is_declined(shop: Shop, owner: User, noura: User) -> None:
    row = transfers.ask(shop=shop, person=owner, number=NUMBER)
    client = signed_in(noura)
    assert "You declined" in client.post(offered(row), {"answer": "declined"}, follow=True).content.decode()
    assert "You have answered already" in shown(client, offered(row), 410)
    assert "The last transfer ended without a licence" in shown(signed_in(owner), url(shop))


def test_a_signatory_chooses_in_whose_name(shop: Shop, owner: User, noura: User) -> None:
    company = OrganisationFactory()
    Signatory.objects.create(organisation=company, person=noura, first_day=clock.today())
    row = transfers.ask(shop=shop, person=owner, number=NUMBER)
    client = signed_in(noura)
    assert company.name_en in shown(client, offered(row))
    assert "Choose who is to hold the licence." in client.post(offered(row), TAKEN).content.decode()
    client.post(offered(row), TAKEN | {"holder": company.public_id})
    assert LicenceTransfer.objects.get().organisation == company


def test_what_prevents_it_is_named_to_the_holder_alone(make_shop: Any, owner: User, noura: User) -> None:
    shop = make_shop(ends_in=200)
    row = transfers.ask(shop=shop, person=owner, number=NUMBER)
    Shop.objects.filter(pk=shop.pk).update(commercial_license_end=clock.today().replace(year=2020))
    answer = signed_in(noura).post(offered(row), TAKEN)
    assert answer.status_code == 409 and "The licence cannot be transferred today" in answer.content.decode()
    assert "2020" not in main_of(answer)
    transfers.take_back(transfer=row, person=owner)
    assert "The commercial licence ended on" in shown(signed_in(owner), url(shop))


def test_the_desk_shows_both_holders_and_asks_for_the_lease(shop: Shop, owner: User, noura: User, officer: User, frozen_clock: Any) -> None:
    case = transfers.agree(transfer=transfers.ask(shop=shop, person=owner, number=NUMBER), user=noura)
    assignment = desk_acts.assigned(officer)
    page = signed_in(officer).get(reverse("admin:desk_case", args=[case.public_id]))
    text = page.content.decode().partition("<main")[2]
    assert "تنازل إلى مرخص له آخر وافق عليه" in text
    desk.ask_corrections(assignment=desk_acts.checked(assignment), items=[desk.CorrectionRequest("file_unreadable", "lease")])
    frozen_clock.move(minutes=1)
    UploadFactory(owner=noura, subject=case.key, slot="lease")
    client = signed_in(noura)
    assert client.get(f"/en/cases/{case.public_id}/corrections/").status_code == 200
    client.post(f"/en/cases/{case.public_id}/corrections/", {})
    case.refresh_from_db()
    assert case.state == "in_review"


@LANGUAGES
def test_who_withdraws_reads_that_only_the_present_holder_asks_again(shop: Shop, owner: User, noura: User, language: str) -> None:
    case = transfers.agree(transfer=transfers.ask(shop=shop, person=owner, number=NUMBER), user=noura)
    text = shown(signed_in(noura), reverse("licensing:withdraw", args=[case.public_id]).replace("/ar/", f"/{language}/"))
    assert ("Only the present holder" if language == "en" else "للمرخص له الحالي وحده") in text


def test_the_pages_ask_the_database_little(shop: Shop, owner: User, noura: User, monkeypatch: pytest.MonkeyPatch) -> None:
    serving.warm(monkeypatch)
    holder, taker = signed_in(owner), signed_in(noura)
    before = asked_of_the_database(holder, url(shop))
    row = transfers.ask(shop=shop, person=owner, number=NUMBER)
    found = [asked_of_the_database(holder, url(shop)), asked_of_the_database(taker, offered(row))]
    assert max(*found, asked_of_the_database(holder, url(shop, ""))) <= 12, found
    assert before <= 16, "four of them ask what the holder owes, one what may become payable, one whether the shop is claimed"


def asked_of_the_database(client: Client, path: str) -> int:
    """How many statements a page asks, its second time."""
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len(queries)
