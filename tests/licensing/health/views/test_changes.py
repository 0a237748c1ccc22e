"""The pages of a changed shop: task list, one thing a page, check your answers, and what an ended session leaves."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import translation

from licensing.health import queries
from licensing.health.differences import differences
from licensing.health.states import RENEWAL
from licensing.models import Renewal
from municipality.cases.models import Case
from municipality.drafts import queries as drafts
from municipality.drafts.models import Draft, Unsaved
from municipality.kernel import clock
from municipality.review import queries as review
from municipality.review.panels import late_estimate, queue_facts
from municipality.review.services import desk
from municipality.ui.templatetags.portal import day
from municipality.uploads.views import pages as upload_pages
from shops.models import Shop
from tests import desk_acts
from tests.browsers import signed_in
from tests.conftest import NOON
from tests.factories.accounts import NOURA, PersonFactory
from tests.factories.licensing import MANAGER, RenewalCaseFactory, RenewalDraftFactory, answers_for, food_activity
from tests.factories.review import OfficerFactory
from tests.factories.uploads import UploadFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Any) -> None:
    settings.VAR_DIR = tmp_path


def url(shop: Shop, page: str = "", language: str = "en") -> str:
    return f"/{language}/health-licence/{shop.public_id}/changes/" + (f"{page}/" if page else "")


def main(answer: Any) -> str:
    return str(answer.content.decode().split("<main")[1].split("</main>")[0])


def draft_of(user: Any, shop: Shop) -> Draft:
    found = drafts.open_for(user, RENEWAL, shop.key)
    assert found is not None
    return found


def begun(owner: Any, shop: Shop, *changed: str) -> Client:
    client = signed_in(owner)
    client.post(url(shop))
    client.post(url(shop, "what"), {"changed": list(changed), "version": "1"})
    return client


def test_the_task_list_names_each_page_and_opens_the_last_one_when_all_is_done(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    client = begun(owner, shop, "area_m2")
    body = main(client.get(url(shop)))
    assert "Size in square metres" in body and "Drawing" not in body and "Available when everything else is done" in body
    assert client.get(url(shop, "check"))["Location"].endswith("/changes/")
    client.post(url(shop, "area_m2"), {"area_m2": "٨٥", "version": "2"})
    assert draft_of(owner, shop).answers["area_m2"] == {"area_m2": 85}
    UploadFactory(owner=owner, subject=draft_of(owner, shop).key, slot="drawing")
    assert client.get(url(shop, "continue"))["Location"].endswith("/changes/check/")
    assert "85 m²" in main(client.get(url(shop)))


def test_after_change_the_check_page_comes_back_in_one_step(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    draft = RenewalDraftFactory(shop=shop, person=owner, changed=["area_m2", "trade_name"])
    client = signed_in(owner)
    body = main(client.get(url(shop, "check")))
    assert f'href="{url(shop, "area_m2")}"' in body and "85 m²" in body and "not on record" in body
    answer = client.post(url(shop, "area_m2"), {"area_m2": "90", "version": str(draft.version)})
    assert answer["Location"] == url(shop, "check")
    assert "90 m²" in main(client.get(url(shop, "check")))


def test_an_empty_page_says_in_its_title_and_summary_what_is_missing(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    client = begun(owner, shop, "area_m2", "manager")
    body = client.post(url(shop, "area_m2"), {"area_m2": "", "version": "2"}).content.decode()
    assert "<title>Error: " in body and 'href="#id_area_m2"' in body
    assert "<title>خطأ: " in client.post(url(shop, "manager", "ar"), {"version": "2"}).content.decode()
    told = client.post(url(shop, "manager"), {"name_ar": "علي", "name_en": "Ali", "civil_id": "290010100012", "version": "2"})
    assert "the last digit does not fit" in told.content.decode()


def test_a_food_activity_is_sent_to_its_authority_before_anything(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    client = begun(owner, shop, "activity")
    told = client.post(url(shop, "activity"), {"activity": food_activity(), "version": "2"})
    assert "Public Authority for Food and Nutrition" in told.content.decode()
    assert "activity" not in draft_of(owner, shop).answers


def test_the_same_as_in_the_register_is_no_change(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    client = begun(owner, shop, "trade_name")
    told = client.post(url(shop, "trade_name"), {"name_ar": shop.name_ar, "name_en": shop.name_en, "version": "2"})
    assert "The register already says this" in told.content.decode()


def test_the_managers_civil_number_is_kept_encrypted_and_never_shown_again(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    client = begun(owner, shop, "manager")
    client.post(url(shop, "manager"), {"name_ar": "علي الصالح", "name_en": "Ali Al-Saleh", "civil_id": MANAGER, "version": "2"})
    draft = draft_of(owner, shop)
    assert MANAGER not in str(draft.answers)
    body = client.get(url(shop, "manager")).content.decode()
    assert MANAGER not in body and draft.answers["manager"]["civil_id_masked"] in body
    client.post(url(shop, "manager"), {"name_ar": "علي صالح", "name_en": "Ali Saleh", "civil_id": "", "version": str(draft.version)})
    assert draft_of(owner, shop).answers["manager"]["civil_id_digest"] == draft.answers["manager"]["civil_id_digest"]


def test_a_page_answered_on_another_device_is_shown_with_both_answers(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    begun(owner, shop, "area_m2").post(url(shop, "area_m2"), {"area_m2": "80", "version": "2"})
    phone = signed_in(owner)
    told = phone.post(url(shop, "area_m2"), {"area_m2": "95", "version": "2"})
    assert told.status_code == 409
    body = main(told)
    assert "80 m²" in body and 'value="95"' in body and "been answered on another device" in body
    assert draft_of(owner, shop).answers["area_m2"] == {"area_m2": 80}
    version = re.search(r'name="version" value="(\d+)"', body)
    assert version is not None
    assert phone.post(url(shop, "area_m2"), {"area_m2": "95", "version": version[1]}).status_code == 302
    assert draft_of(owner, shop).answers["area_m2"] == {"area_m2": 95}


# An ended session.


def after(**span: int) -> Any:
    return clock.at(NOON + dt.timedelta(**span))


def test_what_was_typed_when_the_session_had_ended_comes_back_on_another_device(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    client = begun(owner, shop, "trade_name", "area_m2", "manager", "address")
    for page in ("trade_name", "area_m2"):
        client.post(url(shop, page), {**answers_for(shop, page), "version": str(draft_of(owner, shop).version)})
    typed = {"name_ar": "علي الصالح", "name_en": "Ali Al-Saleh", "civil_id": MANAGER, "version": "4"}
    with after(minutes=20):
        turned_away = client.post(url(shop, "manager"), typed)
        assert turned_away.status_code == 302 and "/sign-in/" in turned_away["Location"]
        assert "manager" not in draft_of(owner, shop).answers  # it is no answer
        assert MANAGER not in Unsaved.objects.get().cipher and "علي" not in Unsaved.objects.get().cipher
        phone = signed_in(owner)
        arrived = phone.get(url(shop, "continue", "ar"), follow=True)
        assert arrived.redirect_chain[-1][0] == url(shop, "manager", "ar")
        body = main(arrived)
        assert 'value="علي الصالح"' in body and f'value="{MANAGER}"' in body and "لم يُحفظ بعد" in body
        assert "<title>خطأ" not in arrived.content.decode()
        assert draft_of(owner, shop).answers["trade_name"]["name_en"] == "Al Nakheel Salon"
        saved = phone.post(url(shop, "manager"), typed)
        assert saved["Location"] == url(shop, "address")
        assert not Unsaved.objects.exists() and draft_of(owner, shop).answers["manager"]["name_en"] == "Ali Al-Saleh"


def test_without_the_middleware_what_was_typed_would_be_lost(make_shop: Any, owner: Any, settings: Any) -> None:
    """The red control."""
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "UnsavedInput" not in name]
    shop = make_shop()
    client = begun(owner, shop, "area_m2")
    with after(minutes=20):
        client.post(url(shop, "area_m2"), {"area_m2": "85", "version": "2"})
        body = main(signed_in(owner).get(url(shop, "area_m2")))
    assert 'value="85"' not in body and not Unsaved.objects.exists()


def test_a_session_that_is_gone_altogether_keeps_the_text_in_the_browser(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    begun(owner, shop, "area_m2")
    browser = Client()
    browser.post(url(shop, "area_m2"), {"area_m2": "85", "version": "2"})
    assert not Unsaved.objects.exists()
    assert all(cipher.startswith("gAAAA") for cipher in browser.session["typed"].values())
    session = dict(browser.session.items())
    again = signed_in(owner)
    held = again.session
    held.update({name: value for name, value in session.items() if name == "typed"})
    held.save()
    assert 'value="85"' in main(again.get(url(shop, "area_m2")))


def test_what_one_person_typed_never_comes_back_to_another(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    client = begun(owner, shop, "area_m2")
    with after(minutes=20):
        client.post(url(shop, "area_m2"), {"area_m2": "85", "version": "2"})
        stranger = signed_in(PersonFactory(civil_id=NOURA))
        assert stranger.get(url(shop, "area_m2")).status_code == 404


def test_only_pages_that_say_so_keep_what_was_typed(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    client = signed_in(owner)
    with after(minutes=20):
        client.post(f"/en/health-licence/{shop.public_id}/renew/", {"declared": "on", "total": "10000"})
    assert not Unsaved.objects.exists() and not Case.objects.exists()


# Sending, corrections.


def test_the_declared_request_is_sent_and_the_case_page_says_whose_turn_it_is(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    draft = RenewalDraftFactory(shop=shop, person=owner, changed=["area_m2"])
    client = signed_in(owner)
    empty = client.post(url(shop, "check"), {"version": str(draft.version), "total": "10000"})
    assert "make the declaration" in empty.content.decode() and not Case.objects.exists()
    sent = client.post(url(shop, "check"), {"declared": "on", "version": str(draft.version), "total": "10000"}, follow=True)
    case = Case.objects.get()
    body = main(sent)
    assert sent.redirect_chain[-1][0] == f"/en/cases/{case.public_id}/"
    assert f'Its reference: <bdi dir="ltr" class="kp-ref">{case.reference}</bdi>' in body
    for words in (
        "Sent to the Municipality, waiting for an officer",
        "The request is with the Municipality",
        "Requests before this one",
        "85 m²",
    ):
        assert words in body
    assert "Nobody has looked yet." in body and "2026-12-01" in body
    assert case.editions and "Rules used" not in body, "the editions are in the printed document"
    assert "Withdraw the request" in body
    found = Client().post("/en/track/", {"reference": case.reference, "last_four": owner.last_four})
    assert "Sent to the Municipality" in main(found) and "85 m²" not in main(found)


def test_only_the_asked_items_are_open_and_the_rest_is_shown_locked(make_shop: Any, owner: Any) -> None:
    case = RenewalCaseFactory(shop=make_shop(), applicant=owner, changed=["area_m2", "trade_name"])
    desk.ask_corrections(
        assignment=desk_acts.checked(desk_acts.assigned(OfficerFactory())), items=[desk.CorrectionRequest("area_differs", "area_m2")]
    )
    client = signed_in(owner)
    address = f"/en/cases/{case.public_id}/corrections/"
    assert "Answer the corrections" in main(client.get(f"/en/cases/{case.public_id}/"))
    body = main(client.get(address))
    assert 'name="area_m2-area_m2"' in body and "trade_name-" not in body
    assert "Al Nakheel Salon" in body and "differs from the attached drawing" in body
    wrong = client.post(address, {"area_m2-area_m2": "0"})
    assert "<title>Error: " in wrong.content.decode() and 'href="#id_area_m2-area_m2"' in wrong.content.decode()
    sent = client.post(address, {"area_m2-area_m2": "٩٠"}, follow=True)
    assert "Corrections answered, back with the officer" in main(sent) and "Round" in main(sent)
    row = next(row for row in queries.declared_changes(Renewal.objects.get(case=case)) if row.name == "area_m2")
    assert row.after == {"area_m2": 90} and row.round == 1
    assert client.get(address).status_code == 302


@pytest.mark.parametrize("is_marked", [True, False], ids=["kept", "red control"])
def test_a_file_sent_by_a_button_inside_the_corrections_keeps_what_was_typed_beside_it(
    make_shop: Any, owner: Any, monkeypatch: pytest.MonkeyPatch, is_marked: bool
) -> None:
    monkeypatch.setattr(upload_pages.slot, "is_embedded_button", is_marked)
    case = RenewalCaseFactory(shop=make_shop(), applicant=owner, changed=["area_m2"])
    items = [desk.CorrectionRequest("area_differs", "area_m2"), desk.CorrectionRequest("file_unreadable", "drawing")]
    desk.ask_corrections(assignment=desk_acts.checked(desk_acts.assigned(OfficerFactory())), items=items)
    client, address = signed_in(owner), f"/en/cases/{case.public_id}/corrections/"
    file = SimpleUploadedFile("page.jpg", b"\xff\xd8\xff\xe0 a picture", "image/jpeg")
    sent = client.post(f"/en/uploads/{case.key}/drawing/?next={address}", {"area_m2-area_m2": "88", "files-drawing": file}, follow=True)
    assert sent.redirect_chain == [(address, 302)]
    assert ('value="88"' in main(sent)) is is_marked
    assert "Your session had ended" not in sent.content.decode(), "nothing ended"


def test_continuing_while_a_further_file_is_on_its_way_says_what_is_waited_for(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    draft = RenewalDraftFactory(shop=shop, person=owner, changed=["area_m2"])
    client = signed_in(owner)
    sent = client.post(f"/en/uploads/{draft.key}/drawing/?next={url(shop, 'files')}", {"files-drawing": "", "note": "of another form"})
    assert sent["Location"] == url(shop, "files")
    assert client.post(url(shop, "files"))["Location"] == url(shop, "check"), "what was beside the file leads nobody back"
    UploadFactory(owner=owner, subject=draft.key, slot="drawing", content=b"\xff\xd8\xff\xe0 another", judged=False)
    told = client.post(url(shop, "files"))
    assert told.status_code == 200 and "still being checked" in main(told) and "<title>Error: " in told.content.decode()


def test_a_clean_shop_whose_time_for_late_renewal_is_over_is_offered_the_officer(make_shop: Any, owner: Any) -> None:
    shop = make_shop(ends_in=-30)
    client = signed_in(owner)
    body = main(client.get(f"/en/health-licence/{shop.public_id}/renew/"))
    assert "Send it to an officer" in body and "Surcharge for late renewal" in body
    client.post(url(shop))
    answer = client.post(url(shop, "what"), {"version": "1"})
    assert answer["Location"] == url(shop, "check")
    draft = draft_of(owner, shop)
    client.post(url(shop, "check"), {"declared": "on", "version": str(draft.version), "total": "15000"})
    assert Renewal.objects.get().flags == ["in_time"]


def test_a_removed_request_is_gone_and_a_sent_one_leads_to_its_case(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    client = begun(owner, shop, "area_m2")
    assert "Continue the request" in main(client.get("/en/my-shops/"))
    client.post(url(shop, "discard"))
    assert drafts.open_for(owner, RENEWAL, shop.key) is None
    assert client.get(url(shop, "area_m2"))["Location"] == url(shop)


def test_a_strangers_pages_do_not_exist(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    begun(owner, shop, "area_m2")
    stranger = signed_in(PersonFactory(civil_id=NOURA))
    for page in ("", "what", "area_m2", "files", "check", "discard"):
        assert stranger.get(url(shop, page)).status_code == 404
        assert stranger.post(url(shop, page), {"version": "1"}).status_code == 404


def test_what_the_register_says_differently_is_shown_old_and_new_on_every_page_and_never_asked(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    old, new = shop.street, f"{shop.street}9"
    Shop.objects.filter(pk=shop.pk).update(street=new)
    client = signed_in(owner)
    for _turn in ("before", "after"):
        text = main(client.get(url(shop)))
        rows = re.findall(r"<dd>(.*?)</dd>", text.split('class="kp-change"')[1], re.DOTALL)
        assert old in rows[0] and new in rows[1] and "so you need not enter it" in text
        client.post(url(shop))
    asked = main(client.get(url(shop, "what")))
    assert "Has anything else changed?" in asked and 'value="address"' not in asked and 'value="area_m2"' in asked
    client.post(url(shop, "what"), {"changed": [], "version": "1"})
    check = main(client.get(url(shop, "check")))
    assert "What has changed in the commercial register" in check and new in check
    assert "What else changed<small>nothing else</small>" in check and "What changed<small>" not in check
    same = make_shop()
    assert "What has changed in the commercial register" not in main(client.get(url(same)))
    client.post(url(same))
    asked = main(client.get(url(same, "what")))
    assert "What changed since the last licence?" in asked and 'value="address"' in asked, "the red control"


def test_a_fact_ticked_before_the_register_changed_keeps_its_box(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    client = begun(owner, shop, "address")
    Shop.objects.filter(pk=shop.pk).update(street=f"{shop.street}9")
    assert 'value="address"' in main(client.get(url(shop, "what")))
    client.post(url(shop, "what"), {"changed": [], "version": "2"})
    assert draft_of(owner, shop).answers["what"] == {"changed": []}
    assert 'value="address"' not in main(client.get(url(shop, "what")))


def test_check_your_answers_shows_each_declared_change_old_and_new(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    RenewalDraftFactory(shop=shop, person=owner, changed=["area_m2", "trade_name"])
    text = main(signed_in(owner).get(url(shop, "check")))
    assert text.count('class="kp-change"') == 2 and text.index("Before") < text.index("Now")
    assert shop.name_en in text and "Changed" in text


def test_a_changed_manager_is_named_to_the_holder_only(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    Shop.objects.filter(pk=shop.pk).update(manager_name_ar="منى المثال", manager_name_en="Mona Al-Mithal", street=f"{shop.street}9")
    offer = queries.offer(Shop.objects.get(pk=shop.pk))
    assert any("Mona" in one.after for one in differences(offer, is_self=True))
    rows = differences(offer, is_self=False)
    assert rows and not any("Mona" in one.after or "منى" in one.after for one in rows)


def test_an_officer_expected_after_the_promised_day_is_explained(make_shop: Any, owner: Any) -> None:
    case = RenewalCaseFactory(shop=make_shop(), applicant=owner, changed=["area_m2"])
    assert case.due_on is not None
    assert late_estimate(case, case.due_on) == "", "the control"
    with translation.override("en"):
        assert "it will be later" in str(late_estimate(case, case.due_on + dt.timedelta(days=1)))
    with translation.override("ar"):
        assert "سيتأخر عن هذا اليوم" in str(late_estimate(case, case.due_on + dt.timedelta(days=1)))


@pytest.mark.parametrize(("later", "is_later"), [(0, False), (8, True)], ids=["control", "later"])
def test_a_promise_has_one_day_though_the_queue_is_slower(
    make_shop: Any, owner: Any, later: int, is_later: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = RenewalCaseFactory(shop=make_shop(), applicant=owner, changed=["area_m2"])
    assert case.due_on is not None
    estimate = case.due_on + dt.timedelta(days=later)
    monkeypatch.setattr(review, "position", lambda _case: review.Position("waiting", 9, 2, estimate))
    with translation.override("en"):
        facts = {str(fact.label): (str(fact.value), str(fact.note)) for fact in queue_facts(case, is_promised=True)}
        assert facts["Decision by"][0] == str(day(case.due_on)) and ("it will be later" in facts["Decision by"][1]) is is_later
        assert ("Expected to reach an officer" in facts) is not is_later
        assert all(str(day(estimate)) not in value for value, _note in facts.values()) is is_later


def test_a_request_without_files_declares_none_and_says_that_none_is_needed(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    Shop.objects.filter(pk=shop.pk).update(street=f"{shop.street}9")
    client = begun(owner, shop)
    check = main(client.get(url(shop, "check")))
    assert "I declare that the facts of my shop above (address and changes) are true." in check and "all files sent" not in check
    assert "No file is needed for this change." in main(client.get(url(shop)))
    other = make_shop()
    RenewalDraftFactory(shop=other, person=owner, changed=["area_m2"])
    assert "all files sent belong to it" in main(client.get(url(other, "check"))), "the control"
    assert "No file is needed" not in main(client.get(url(other)))


def test_the_case_page_shows_what_was_sent_and_what_it_will_cost(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    old, new = shop.street, f"{shop.street}9"
    Shop.objects.filter(pk=shop.pk).update(street=new)
    case = RenewalCaseFactory(shop=Shop.objects.get(pk=shop.pk), applicant=owner, changed=["area_m2"])
    facts = main(signed_in(owner).get(f"/en/cases/{case.public_id}/")).split('id="ft"')[1]
    street = facts.split("Address of the shop")[1]
    assert new in street and "before: " in street and old in street
    assert "Size in square metres" in facts and "85 m²" in facts
    assert "After approval" in facts and "10.000" in facts


def test_a_decided_request_has_no_day_of_decision_any_more(make_shop: Any, owner: Any) -> None:
    case = RenewalCaseFactory(shop=make_shop(), applicant=owner, changed=["area_m2"])
    client = signed_in(owner)
    assert "Decision by" in main(client.get("/en/")), "the control"
    desk.accept(assignment=desk_acts.checked(desk_acts.assigned(OfficerFactory())))
    assert "Decision by" not in main(client.get("/en/"))
    shown = main(client.get(f"/en/cases/{case.public_id}/"))
    assert "Submitted, waiting for payment" not in shown and "Approved by an officer, waiting for payment" in shown
