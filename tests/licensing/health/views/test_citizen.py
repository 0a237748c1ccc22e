"""The pages of a renewal: wiring, the stranger, the answers kept."""

from __future__ import annotations

import datetime as dt
import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from licensing.health import panels, shop_lines
from licensing.health.renewability import Renewability
from licensing.health.services import submit_renewal
from licensing.health.states import RenewalState
from licensing.models import HealthLicence, Renewal
from municipality.cases.models import Case
from municipality.cases.services import place_block
from municipality.documents import services as documents
from municipality.kernel import clock
from municipality.kernel.actors import system
from payments import queries as payments
from shops.models import Shop
from shops.search import index
from tests import serving
from tests.browsers import signed_in
from tests.factories.accounts import NOURA, PersonFactory
from tests.factories.licensing import food_activity

pytestmark = pytest.mark.django_db


def url(shop: Any, language: str = "ar") -> str:
    return f"/{language}/health-licence/{shop.public_id}/renew/"


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_submitting_leads_to_the_bill(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    answer = signed_in(owner).post(url(shop), {"declared": "on", "total": "10000"})
    case = Case.objects.get()
    bill = payments.bill_of(case.key)
    assert bill is not None
    assert answer.status_code == 302 and answer["Location"] == f"/ar/pay/{bill.public_id}/"


def test_the_licence_may_end_with_the_commercial_one_at_the_price_that_the_page_says(make_shop: Any, owner: Any) -> None:
    last = clock.today() + dt.timedelta(days=500)
    shop, client = make_shop(commercial_license_end=last), signed_in(owner)
    chosen = f"{url(shop, 'en')}?until={last.isoformat()}"
    link = f'href="?until={last.isoformat()}"'
    for other in ("", "?until=x", "?until=2026-13-40", f"?until={clock.today().isoformat()}"):
        assert link in page(client, url(shop, "en") + other), other
    shown = page(client, chosen)
    assert link not in shown and f'action="{chosen}"' in shown and "KD\xa020.000" in shown and "Ends with the commercial licence" in shown
    sent = {"declared": "on", "total": "20000"}
    Shop.objects.filter(pk=shop.pk).update(commercial_license_end=last + dt.timedelta(days=1))
    refused = client.post(chosen, sent)
    assert refused.status_code == 409 and "ends on another day now" in refused.content.decode()
    assert f'action="{url(shop, "en")}"' in refused.content.decode() and not Case.objects.exists()
    Shop.objects.filter(pk=shop.pk).update(commercial_license_end=last)
    assert client.post(chosen, sent).status_code == 302
    assert Renewal.objects.get().last_day == last


def test_a_stranger_finds_no_such_shop(make_shop: Any) -> None:
    client = signed_in(PersonFactory(civil_id=NOURA))
    shop = make_shop()
    assert client.get(url(shop)).status_code == 404
    assert client.post(url(shop), {"declared": "on"}).status_code == 404
    assert not Case.objects.exists()


def test_errors_keep_the_answers_and_say_how_to_go_on(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    body = signed_in(owner).post(url(shop, "en"), {}).content.decode()
    assert "<title>Error:" in body
    assert "Tick the box to make the declaration." in body
    assert not Case.objects.exists()


def test_the_language_switch_never_submits(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    body = signed_in(owner).post(url(shop, "en"), {"declared": "on", "_language": "en"}).content.decode()
    assert 'id="id_declared" checked' in body
    assert not Case.objects.exists()


def test_a_change_is_a_link_to_the_officers_lane(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    body = page(signed_in(owner), url(shop, "en"))
    assert f'href="/en/health-licence/{shop.public_id}/changes/">Something has changed? Renew with the change</a>' in body


def test_what_is_met_is_one_folded_line_with_its_number_before_the_form(make_shop: Any, owner: Any) -> None:
    body = page(signed_in(owner), url(make_shop(), "en"))
    assert "Nothing prevents the renewal" in body and "8 conditions met" in body
    assert body.index("conditions met") < body.index("As registered") < body.index(">Fees<") < body.index('id="form"')
    for word in (">v1<", "assumption", "edition"):
        assert word not in body.split("<main")[1].split("</main>")[0].lower(), "the rulebook has its own page"


def test_a_food_shop_reads_where_to_go_and_no_fee(make_shop: Any, owner: Any) -> None:
    body = page(signed_in(owner), url(make_shop(activity_id=food_activity()), "en"))
    assert "Public Authority for Food and Nutrition" in body
    assert not re.search(r"\bKD\b", body.split("<main")[1].split("</main>")[0])
    assert "<button" not in body.split("<main")[1].split("</main>")[0]


def test_a_food_shop_is_told_what_to_do_and_led_there_where_the_page_is_known(make_shop: Any, owner: Any, settings: Any) -> None:
    address = url(make_shop(activity_id=food_activity()), "en")
    settings.PAFN_URL = ""
    without = page(signed_in(owner), address)
    assert "Apply to the Authority for a new licence" in without
    assert "To the Public Authority for Food and Nutrition" not in without
    settings.PAFN_URL = "https://food.example.test/licences"
    with_link = page(signed_in(owner), address)
    assert 'href="https://food.example.test/licences"><span>To the Public Authority for Food and Nutrition</span></a>' in with_link


def test_a_block_of_an_unknown_ground_says_its_sentence_and_whom_to_ask(make_shop: Any, owner: Any, settings: Any) -> None:
    settings.MUNICIPALITY_PHONE = "1888000"
    shop = make_shop()
    place_block(
        subject=shop.key,
        ground="by_hand",
        source="by_hand:1",
        stops="licensing.renewal",
        sentence_ar="على ملكية المحل نزاع.",
        sentence_en="The ownership is disputed.",
        actor=system("shops"),
    )
    english, arabic = (page(signed_in(owner), url(shop, language)) for language in ("en", "ar"))
    assert "The ownership is disputed." in english and f"Ask {shop.branch.name_en}, or call 1888000." in english
    assert "على ملكية المحل نزاع." in arabic and shop.branch.name_ar in arabic
    for body in (english, arabic):
        main = body.split("<main")[1].split("</main>")[0]
        assert 'class="kp-btn kp-btn--fill" href="tel:1888000"' in main and main.count("kp-btn--fill") == 1
        assert "<button" not in main, "no dead button"
    assert "open when nothing prevents the renewal" in english


@pytest.mark.parametrize(("move", "title"), [("suspend", "The licence is suspended"), ("revoke", "The licence is revoked")])
def test_a_licence_taken_back_says_why_by_whom_and_what_to_do(make_shop: Any, owner: Any, move: str, title: str) -> None:
    shop = make_shop()
    document = HealthLicence.objects.select_related("document").get(shop=shop, is_current=True).document
    getattr(documents, move)(document, reason="layout_changed", actor=system("licensing"))
    body = page(signed_in(owner), url(shop, "en"))
    assert title in body and f"By {shop.branch.name_en} on" in body
    assert "The layout was changed from the approved drawings" in body and "Decree of 1977, article 3" in body
    hint = body.split("kp-hint")[1]
    assert (shop.branch.name_en in hint) is (move == "suspend") and 'href="tel:' in body
    assert ('href="/en/health-licence/new/"' in body) is (move == "revoke")


@pytest.mark.parametrize("why", ["none", "cancelled", "unpaid"])
def test_who_has_no_licence_in_force_is_led_to_the_page_that_gives_one(make_shop: Any, owner: Any, why: str) -> None:
    shop = make_shop(**({"ends_in": None} if why == "none" else {}))
    by = system("licensing")
    if why != "none":
        document = HealthLicence.objects.select_related("document").get(shop=shop, is_current=True).document
        if why == "cancelled":
            documents.revoke(document, reason="cancelled_by_holder", actor=by)
        else:
            documents.suspend(document, reason="payment_voided", actor=by)
    body = page(signed_in(owner), url(shop, "en")).split("<main")[1]
    assert f'href="/en/{"basket/" if why == "unpaid" else "health-licence/new/"}"' in body, body
    assert f"issued by {shop.branch.name_en}" not in body and f"at {shop.branch.name_en}" not in body


def test_all_obstacles_stand_on_one_page(make_shop: Any, owner: Any) -> None:
    shop = make_shop(ends_in=90)
    Shop.objects.filter(pk=shop.pk).update(unit="77", commercial_license_end="2026-01-01")
    body = page(signed_in(owner), url(shop, "en"))
    for sentence in ("The renewal window opens on", "The commercial licence ended on", "The commercial register changed"):
        assert sentence in body


def test_a_post_against_an_obstacle_is_shown_the_obstacle(make_shop: Any, owner: Any) -> None:
    shop = make_shop(ends_in=90)
    answer = signed_in(owner).post(url(shop, "en"), {"declared": "on"})
    assert answer.status_code == 200 and "The renewal window opens on" in answer.content.decode()
    assert not Case.objects.exists()


def test_another_total_than_the_present_one_is_refused_with_a_sentence(make_shop: Any, owner: Any) -> None:
    answer = signed_in(owner).post(url(make_shop(), "en"), {"declared": "on", "total": "9000"})
    assert answer.status_code == 409
    body = answer.content.decode()
    assert "The fee changed while the page was open." in body
    assert 'name="total" value="10000"' in body


def test_a_page_that_comes_back_without_its_total_submits_nothing(make_shop: Any, owner: Any) -> None:
    answer = signed_in(owner).post(url(make_shop(), "en"), {"declared": "on"})
    assert answer.status_code == 200 and "The page was sent incomplete." in answer.content.decode()
    assert not Case.objects.exists()


@pytest.mark.parametrize("total", ["abc", "-1", "١٠٠٠٠x", "9" * 400])
def test_a_broken_total_is_no_crash(make_shop: Any, owner: Any, total: str) -> None:
    assert signed_in(owner).post(url(make_shop()), {"declared": "on", "total": total}).status_code in (200, 409)


def test_withdrawing_asks_once_and_then_frees_the_shop(make_shop: Any, owner: Any) -> None:
    case = submit_renewal(shop=make_shop(), applicant=owner)
    client = signed_in(owner)
    address = f"/en/cases/{case.public_id}/withdraw/"
    assert "Keep it" in page(client, address)
    assert signed_in(PersonFactory(civil_id=NOURA)).post(address).status_code == 404
    assert client.post(address).status_code == 302
    case.refresh_from_db()
    assert case.state == "withdrawn"
    assert client.post(address).status_code == 409


def test_my_shops_names_the_next_step_of_each(make_shop: Any, owner: Any) -> None:
    make_shop(ends_in=200)
    soon = make_shop(ends_in=5)
    submitted = make_shop(ends_in=10)
    submit_renewal(shop=submitted, applicant=owner)
    make_shop(activity_id=food_activity(), ends_in=100)
    body = page(signed_in(owner), "/en/my-shops/")
    assert body.index(soon.name_en) < body.index(submitted.name_en)
    for words in ("Ends soon", "Renewal under way", "Licensed by PAFN", "No step now"):
        assert words in body


def test_somebody_without_shops_is_told_why_the_list_is_empty(rules: None, owner: Any) -> None:
    assert "No shop is registered under this civil number" in page(signed_in(owner), "/en/my-shops/")


def test_my_shops_asks_as_often_for_one_shop_as_for_many(make_shop: Any, owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    serving.warm(monkeypatch)
    client = signed_in(owner)

    def asked(shops: int) -> int:
        with CaptureQueriesContext(connection) as queries:
            page = client.get("/ar/my-shops/")
        assert page.status_code == 200 and page.content.decode().count("صالون الموج ") >= shops
        return len(queries)

    make_shop()
    asked(1)  # what is known for a minute is read now
    first = asked(1)
    for _ in range(29):
        make_shop()
    assert asked(30) == first <= 12


def test_a_licence_that_is_on_paper_only_is_not_offered_for_download() -> None:
    """A button that leads nowhere is worse than none; the control has a file."""
    for file_id, offered in ((None, False), (7, True)):
        document = SimpleNamespace(live_state="valid", number="HLT-HA-2025-000001-X", file_id=file_id)
        case: Any = SimpleNamespace(state=RenewalState.ISSUED)
        licence: Any = SimpleNamespace(document=document, first_day=clock.today())
        step = panels._next_step(case, payments.SubjectAccount(None, [], [], 0), licence, None)  # type: ignore[arg-type]
        assert step is not None and bool(step.url) == bool(step.button) == offered


def test_a_shop_that_another_authority_licenses_says_so_everywhere_and_shows_no_old_licence_as_ended(make_shop: Any, owner: Any) -> None:
    shop = make_shop(activity_id=food_activity(), ends_in=-800)
    public = Client().get(f"/en/shops/{shop.public_id}/", follow=True).content.decode()
    assert "The Public Authority for Food and Nutrition licenses this activity." in public and "Licensed by PAFN" in public
    assert "The last health licence of the Municipality ended:" in public
    index.refresh([shop.pk])
    found = page(Client(), f"/en/shops/?q={shop.name_en}")
    assert "Licensed by PAFN" in found
    for body in (public, found):
        assert "Health licence ended" not in body and not re.search(r"kp-tag[^>]*>(?:<svg.*?</svg>)?\s*Ended", body)
    assert "Licensed by PAFN" in page(signed_in(owner), "/en/my-shops/")
    salon = make_shop(ends_in=-800)
    old = Client().get(f"/en/shops/{salon.public_id}/", follow=True).content.decode()
    assert "Ended" in old and "Licensed by PAFN" not in old, "the control"


def test_the_pages_promise_the_same_time_for_what_an_officer_studies(make_shop: Any, owner: Any) -> None:
    client, shop = signed_in(owner), make_shop()
    clean = page(client, url(shop, "en"))
    assert "working days" not in clean and "usually within a minute" in clean, "no officer studies it"
    Shop.objects.filter(pk=shop.pk).update(street=f"{shop.street}9")
    for address in (url(shop, "en"), f"/en/health-licence/{shop.public_id}/changes/", "/en/health-licence/", "/en/"):
        body = page(client if address != "/en/" else Client(), address)
        assert "Service time" in body or "With changes:" in body, address
        assert "5 working days" in body and "3 working days" not in body, address
    for address in ("/en/health-licence/", "/en/"):
        body = page(Client(), address)
        assert "Without changes:" in body and "usually within a minute of paying" in body and "With changes:" in body, address


def test_what_a_late_renewal_costs_is_said_before_it_is_late(make_shop: Any, owner: Any) -> None:
    body = page(signed_in(owner), url(make_shop(ends_in=5), "en"))
    assert "has a surcharge for late renewal" in body and "5.000" in body
    assert "has a surcharge for late renewal" not in page(signed_in(owner), url(make_shop(ends_in=-3), "en")), "it is in the bill"
    assert "Surcharge for late renewal" in page(Client(), "/en/health-licence/")


def test_a_renewal_that_only_an_officer_may_decide_is_not_called_prevented(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    Shop.objects.filter(pk=shop.pk).update(street=f"{shop.street}9")
    client = signed_in(owner)
    body = page(client, url(shop, "en"))
    main = body.split("<main")[1].split("</main>")[0]
    assert "An officer decides this renewal" in main and "prevents the renewal" not in main and "kp-stop--info" in main
    assert f'href="/en/health-licence/{shop.public_id}/changes/"><span>Renew with the change</span>' in main
    assert "<h1>Renew with the change</h1>" in page(client, f"/en/health-licence/{shop.public_id}/changes/")
    assert "Renew with the change" in page(client, "/en/") and "Renew with the change" in page(client, "/en/my-shops/")
    assert "التجديد مع التغيير" in page(client, url(shop))
    Shop.objects.filter(pk=shop.pk).update(commercial_license_end="2026-01-01")
    stopped = page(client, url(shop, "en")).split("<main")[1]
    assert "2 things prevent the renewal" in stopped and "kp-stop--info" not in stopped
    assert '<a href="/en/my-shops/">Back to my shops</a>' in stopped, "the way back is no button"


@pytest.mark.parametrize("file_id", [None, 7])
def test_the_row_of_a_licence_links_its_file_if_there_is_one(make_shop: Any, file_id: int | None) -> None:
    shop = make_shop(ends_in=200)
    document = SimpleNamespace(live_state="valid", number="HLT-HA-2025-000001-X", file_id=file_id)
    licence: Any = SimpleNamespace(document=document, last_day=clock.today() + dt.timedelta(days=200))
    row = Renewability(licence, None, [], clock.today() + dt.timedelta(days=140))
    line = shop_lines._licence_line(shop, row, None, None, "", shop_lines._Pages({shop.pk}))
    pages = {"page": f"/ar/health-licence/{shop.public_id}/", "workers": f"/ar/health-licence/{shop.public_id}/workers/"}
    assert line.data == pages | ({"file": "/documents/HLT-HA-2025-000001-X.pdf"} if file_id else {})


def test_the_page_of_a_request_reads_its_renewal_with_the_licences_once(
    make_shop: Any, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is deferred is not shown: none of it is read afterwards."""
    serving.warm(monkeypatch)
    case, client = submit_renewal(shop=make_shop(), applicant=owner), signed_in(owner)
    address = f"/ar/cases/{case.public_id}/"
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        page = client.get(address)
    assert page.status_code == 200
    read = [one["sql"] for one in queries if "EXISTS" not in one["sql"] or '"is_stopped"' in one["sql"]]
    tables = [sql.rpartition(' FROM "')[2].partition('"')[0] for sql in read]
    assert sorted(table for table in tables if table.startswith(("licensing_", "documents_"))) == ["licensing_renewal"]
    # One of them whether the bank is asked about the fee, so that nobody is told to pay again; one until when it is to be paid.
    assert len(queries) <= 11
