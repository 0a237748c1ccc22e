"""The pages of the acts on a licence: what they list beforehand, what stops them, and the words that nobody mistakes for a renewal."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from licensing.health import services
from licensing.health.states import CHANGE, DUPLICATE, RENEWAL
from licensing.health.transfers import services as transfers
from licensing.models import HealthLicence, Renewal
from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.cases.services import place_block
from municipality.delegation.services import delegations
from municipality.drafts import queries as drafts
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.review.services import desk
from shops.models import Shop
from tests import desk_acts
from tests.browsers import signed_in
from tests.factories.accounts import NOURA, PersonFactory
from tests.factories.licensing import RenewalCaseFactory, answers_for
from tests.factories.uploads import UploadFactory

pytestmark = pytest.mark.django_db
BY = system("tests")


def url(shop: Shop, page: str = "", language: str = "en") -> str:
    return f"/{language}/health-licence/{shop.public_id}/{page}"


def shown(client: Client, path: str) -> str:
    """The main part of a page as text."""
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode().split("<main")[1].split("</main>")[0]).split())


def test_the_page_of_a_licence_lists_what_can_be_done_and_what_it_costs(shop: Shop, owner: User) -> None:
    client = signed_in(owner)
    text = shown(client, url(shop))
    for words in ("Change something in the licence", "An officer decides in", "Issued at once after payment of", "Cancel the licence"):
        assert words in text
    assert text.count("10.000") == 2
    assert url(shop) in client.get("/en/my-shops/").content.decode()


def test_a_delegate_sees_only_what_the_delegation_is_for(shop: Shop, owner: User) -> None:
    delegate = PersonFactory(civil_id="290010100046")
    client = signed_in(delegate)
    assert client.get(url(shop)).status_code == 404
    until = clock.today() + dt.timedelta(days=30)
    row = delegations.give(giver=owner, number="290010100046", subject=shop.key, service=DUPLICATE, last_day=until)
    delegations.accept(delegation=row, person=delegate)
    text = shown(client, url(shop))
    assert "Duplicate of a lost" in text and "Change something" not in text and "Cancel" not in text
    assert client.get(url(shop, "duplicate/")).status_code == 200
    for page in ("change/", "cancel/", "renew/"):
        assert client.get(url(shop, page)).status_code == 404


@pytest.mark.parametrize("language", ["ar", "en"])
def test_a_move_goes_from_the_first_page_to_the_reference(shop: Shop, owner: User, language: str) -> None:
    client = signed_in(owner)
    first = shown(client, url(shop, "change/", language))
    for words in {"en": ("Lease or title of use", "Letter that appoints", "the present one is then replaced", "10.000")}.get(
        language, ("10.000",)
    ):
        assert words in first
    assert client.post(url(shop, "change/", language))["Location"].endswith("/change/what/")
    what = shown(client, url(shop, "change/what/", language))
    assert ("What is to change in the licence?" if language == "en" else "ما الذي يُعدَّل في الترخيص؟") in what
    empty = client.post(url(shop, "change/what/", language), {"version": "1"}).content.decode()
    assert ("Select at least one thing that is to change." if language == "en" else "يُرجى اختيار أمر واحد") in empty
    client.post(url(shop, "change/what/", language), {"changed": ["address"], "version": "1"})
    saved = client.post(url(shop, "change/address/", language), {**answers_for(shop, "address"), "version": "2"})
    assert saved["Location"].endswith("/change/files/")
    draft = drafts.open_for(owner, CHANGE, shop.key)
    assert draft is not None
    for slot in ("lease", "photo_front"):
        UploadFactory(owner=owner, subject=draft.key, slot=slot)
    check = client.get(url(shop, "change/check/", language))
    zoning = re.search(r'name="zoning"[^>]*value="(\w*)"', check.content.decode())
    data = {"declared": "on", "version": str(draft.version), "total": "10000", "zoning": zoning[1] if zoning else ""}
    sent = client.post(url(shop, "change/check/", language), data)
    case = Case.objects.get(service=CHANGE)
    assert sent["Location"] == f"/{language}/cases/{case.public_id}/"
    page = shown(client, sent["Location"])
    assert ("Change of a health licence" if language == "en" else "تعديل ترخيص صحي") in page
    words = ("renewal",) if language == "en" else ("تجديد",)
    assert not [word for word in words if word in page.lower()], page
    assert case.reference in shown(client, url(shop, "renew/", language)), "the renewal says what is open, with its link"


def test_while_the_renewal_is_open_the_page_says_that_it_costs_less_there(make_shop: Any, owner: User) -> None:
    shop = make_shop()
    client = signed_in(owner)
    assert "Changed with the renewal, it costs the renewal alone" in shown(client, url(shop, "change/"))
    assert "The renewal is open" in shown(client, url(shop))


def test_a_change_under_way_stops_the_renewal_and_says_so_everywhere(make_shop: Any, owner: User) -> None:
    shop = make_shop()
    case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["area_m2"], service=CHANGE)
    client = signed_in(owner)
    assert "A change of this licence is under way" in shown(client, url(shop, "renew/"))
    assert "Change under way" in shown(client, "/en/my-shops/")
    assert "A change of this licence is under way" in shown(client, url(shop, "duplicate/"))
    assert f"/en/cases/{case.public_id}/" in client.get(url(shop)).content.decode()
    assert "A change of this licence is under way" in shown(client, url(shop, "cancel/"))


def test_a_duplicate_is_ordered_and_paid_on_the_next_page(shop: Shop, owner: User, pay_and_issue: Any) -> None:
    client = signed_in(owner)
    assert "The duplicate says what the licence says" in shown(client, url(shop, "duplicate/"))
    missing = client.post(url(shop, "duplicate/"), {"total": "10000"})
    assert "Tick the box to make the declaration" in missing.content.decode()
    other = client.post(url(shop, "duplicate/"), {"total": "1", "declared": "on"})
    assert other.status_code == 409 and "The fee changed while the page was open" in other.content.decode()
    answer = client.post(url(shop, "duplicate/"), {"total": "10000", "declared": "on"})
    assert "/pay/" in answer["Location"]
    case = Case.objects.get(service=DUPLICATE)
    old = HealthLicence.objects.get(shop=shop)
    new = pay_and_issue(case)
    page = shown(client, f"/en/cases/{case.public_id}/")
    assert "Duplicate of a health licence" in page and new.document.number in page and "renewal" not in page.lower()
    check = client.get(f"/verify/{old.document.code}", headers={"accept-language": "en"}).content.decode()
    assert "Replaced by" in check and new.document.number in check


def test_a_duplicate_of_what_the_register_changed_leads_to_the_change(shop: Shop, owner: User) -> None:
    Shop.objects.filter(pk=shop.pk).update(name_ar="اسم آخر")
    page = signed_in(owner).get(url(shop, "duplicate/")).content.decode()
    assert "ask for a change instead" in page and url(shop, "change/") in page


def test_the_page_of_the_end_names_a_transfer_that_waits_and_leads_to_it(shop: Shop, owner: User) -> None:
    client, leads = signed_in(owner), f'href="{url(shop, "transfer/")}"'
    assert leads not in client.get(url(shop, "cancel/")).content.decode(), "the control"
    transfers.ask(shop=shop, person=owner, number=NOURA)
    page = client.get(url(shop, "cancel/")).content.decode()
    assert "Something prevents this" in page and "Take it back first" in page and leads in page and 'name="understood"' not in page


def test_the_end_is_confirmed_on_a_page_that_says_what_follows(shop: Shop, owner: User) -> None:
    client = signed_in(owner)
    assert "What is owed to the Municipality stays owed" in shown(client, url(shop, "cancel/"))
    empty = client.post(url(shop, "cancel/"), {}).content.decode()
    assert "Choose what becomes of the shop." in empty and "The licence cannot be cancelled without it" in empty
    closing = {"shop": "closes", "understood": "on"}
    assert "Enter the first day on which the shop is closed" in client.post(url(shop, "cancel/"), closing).content.decode()
    early = client.post(url(shop, "cancel/"), {**closing, "day": "2020-01-01"}).content.decode()
    assert "up to the last day of the licence" in early and 'value="2020-01-01"' in early
    assert "Enter the day as day" in client.post(url(shop, "cancel/"), {**closing, "day": "x"}).content.decode()
    day = clock.today() + dt.timedelta(days=10)
    done = client.post(url(shop, "cancel/"), {**closing, "day": day.isoformat()}, follow=True)
    assert "The licence is cancelled" in done.content.decode() and "Revoked" in done.content.decode()
    shop.refresh_from_db()
    assert shop.closed_on == day
    again = client.post(url(shop, "cancel/"), {"shop": "stays", "understood": "on"})
    assert again.status_code == 409 and "By its holder, on" in again.content.decode()


def test_a_block_is_named_with_its_way_out_and_leads_back_to_the_licence(shop: Shop, owner: User) -> None:
    words = {"sentence_ar": "وقف", "sentence_en": "The yard is not paved.", "ground": "office", "source": "office:1"}
    place_block(subject=shop.key, stops=RENEWAL, actor=BY, **words)
    client = signed_in(owner)
    for page in ("change/", "duplicate/", "cancel/"):
        assert "The yard is not paved." in shown(client, url(shop, page))


def test_the_desk_names_the_change_and_its_files(shop: Shop, owner: User, officer: User) -> None:
    case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["address"], service=CHANGE)
    assignment = desk_acts.assigned(officer)
    assert assignment.place.case_id == case.pk
    page = signed_in(officer).get(reverse("admin:desk_case", args=[case.public_id]))
    text = page.content.decode().partition("<main")[2]
    assert "تعديل بين تجديدين: يبقى آخر يوم في الترخيص كما هو." in text and "من يوم صدوره حتى" in text


def test_a_withdrawn_change_leaves_the_licence(shop: Shop, owner: User) -> None:
    case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["area_m2"], service=CHANGE)
    client = signed_in(owner)
    assert client.get(f"/en/cases/{case.public_id}/withdraw/").status_code == 200
    client.post(f"/en/cases/{case.public_id}/withdraw/")
    case.refresh_from_db()
    assert case.state == "withdrawn" and HealthLicence.objects.get(shop=shop).document.live_state == "valid"


def test_a_saved_change_goes_on_from_the_home_page_and_can_be_removed(shop: Shop, owner: User) -> None:
    client = signed_in(owner)
    client.post(url(shop, "change/"))
    draft = drafts.open_for(owner, CHANGE, shop.key)
    assert draft is not None and "/change/continue/" in client.get("/en/").content.decode()
    assert client.get(url(shop, "change/discard/")).status_code == 200
    client.post(url(shop, "change/discard/"))
    assert drafts.open_for(owner, CHANGE, shop.key) is None


def test_corrections_of_a_change_are_answered_as_those_of_a_renewal(shop: Shop, owner: User, officer: User) -> None:
    case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["area_m2"], service=CHANGE)
    desk.ask_corrections(
        assignment=desk_acts.checked(desk_acts.assigned(officer)), items=[desk.CorrectionRequest("area_differs", "area_m2")]
    )
    client = signed_in(owner)
    assert "renewal" not in shown(client, f"/en/cases/{case.public_id}/corrections/").lower()
    client.post(f"/en/cases/{case.public_id}/corrections/", {"area_m2-area_m2": "70"})
    case.refresh_from_db()
    assert case.state == "in_review" and Renewal.objects.get(case=case).changes.order_by("-round")[0].after == {"area_m2": 70}
    assert services.bill_fils(case) == 10_000
