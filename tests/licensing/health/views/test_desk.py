"""A renewal with changes on the officer's desk: what is shown, what its files answer, and what it costs."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from licensing.models import Renewal
from municipality.kernel import clock
from municipality.review import queries as review
from municipality.review.models import Assignment
from municipality.ui.dates import day_text
from payments import queries as payments
from shops.models.commercial_register import CommercialFeed, CommercialLicence, CommercialNotice
from tests import desk_acts, serving
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import StaffFactory
from tests.factories.licensing import MANAGER, RenewalCaseFactory
from tests.factories.review import OfficerFactory
from tests.factories.uploads import UploadFactory
from tests.purposes import opened

pytestmark = pytest.mark.django_db
FACTS = ("trade_name", "activity", "area_m2", "manager", "address")


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Any) -> None:
    settings.VAR_DIR = tmp_path


def on_the_desk(make_shop: Any, owner: Any) -> tuple[Any, Any]:
    case = RenewalCaseFactory(shop=make_shop(), applicant=owner, changed=FACTS)
    client = signed_in(OfficerFactory())
    client.post(reverse("admin:desk_next"))
    return client, case


def page_of(client: Any, case: Any) -> str:
    response = client.get(reverse("admin:desk_case", args=[case.public_id]))
    assert response.status_code == 200
    return str(response.content.decode())


def test_what_is_declared_stands_beside_what_the_register_says(make_shop: Any, owner: Any) -> None:
    client, case = on_the_desk(make_shop, owner)
    html = page_of(client, case)
    assert html.count('class="is-changed"') == len(FACTS)
    assert "صالون النخيل" in html and "علي الصالح" not in html
    assert MANAGER not in html and owner.email not in html and owner.phone not in html


def test_what_is_declared_may_be_asked_for_again_fact_by_fact(make_shop: Any, owner: Any) -> None:
    client, case = on_the_desk(make_shop, owner)
    html = page_of(client, case)
    asked = {value.partition(".")[0] for value in re.findall(r'name="ask" value="([^"]+)"', html)}
    assert asked >= set(FACTS)
    assert 'value="conditions_not_met"' in html and 'value="not_answered"' not in html, "nothing was asked for yet"


def test_an_unchanged_register_is_not_said_of_declared_changes(make_shop: Any, owner: Any) -> None:
    client, case = on_the_desk(make_shop, owner)
    html = page_of(client, case)
    assert "لا تغيير آخر في السجل" in html and "السجل دون تغيير" not in html


def test_after_the_decision_the_case_says_it_and_shows_what_was_declared_alone(make_shop: Any, owner: Any) -> None:
    case = RenewalCaseFactory(shop=make_shop(), applicant=owner, changed=FACTS)
    desk_acts.approve(OfficerFactory())
    auditor = signed_in(StaffFactory(groups=["auditor"], login="auditor", branch_id="HA"))
    auditor.cookies["staff_language"] = "en"
    html = str(opened(auditor, reverse("admin:desk_case", args=[case.public_id]), "purpose.audit").content.decode())
    assert html.count('class="is-changed"') == len(FACTS)
    assert "Study ended" not in html and "in an officer" not in html
    assert re.search(r"Approved</span>\s*<time[^>]*>.*?</time>\. To read only: the study of the request is over\.", html)


def test_files_open_for_the_officer_of_the_case_and_no_longer_once_it_is_given_back(make_shop: Any, owner: Any) -> None:
    client, case = on_the_desk(make_shop, owner)
    html = page_of(client, case)
    links = set(re.findall(r'src="(/files/[^"]+)"', html))
    assert len(links) >= 2
    colleague = signed_in(OfficerFactory(login="colleague"))
    for link in links:
        assert client.get(link).status_code == 200
        assert colleague.get(link).status_code == 404
    client.post(reverse("admin:desk_act", args=[case.public_id, "give-back"]), {"code": "outside_my_skill"})
    assert {client.get(link).status_code for link in links} == {404}


def in_english(client: Any, case: Any) -> str:
    client.cookies["staff_language"] = "en"
    return " ".join(page_of(client, case).split())


def test_a_late_request_says_how_late_what_the_rule_allows_and_what_follows(make_shop: Any, owner: Any) -> None:
    case = RenewalCaseFactory(shop=make_shop(ends_in=-30), applicant=owner, changed=["area_m2"])
    client = signed_in(OfficerFactory())
    client.post(reverse("admin:desk_next"))
    html = in_english(client, case)
    assert "the renewal was asked for 30 days later. Up to 14 days late, no officer is needed." in html
    assert "does not close the approval; its bill then adds" in html and "5.000" in html and "(Surcharge for late renewal)" in html
    assert not re.search(r'value="approve"[^>]*\bdisabled', html)
    desk_acts.approve(Assignment.objects.get().officer)
    bill = payments.bill_of(case.key)
    assert bill is not None and [line.fils for line in bill.lines.all() if line.code == "health.late_surcharge"] == [5000]


def test_a_request_in_time_says_nothing_of_lateness(make_shop: Any, owner: Any) -> None:
    client, case = on_the_desk(make_shop, owner)
    assert "without study" not in in_english(client, case)


def test_a_changed_name_stands_beside_the_one_that_the_ministry_gave_with_its_source(make_shop: Any, owner: Any) -> None:
    client, case = on_the_desk(make_shop, owner)
    number = Renewal.objects.get(case=case).licence.shop.commercial_license_no
    assert f"holds no name from the Ministry of Commerce and Industry for commercial licence {number}." in in_english(client, case)
    feed = CommercialFeed.objects.create(code="moci")
    body = {"licence": number, "name_ar": "صالون الدانة", "name_en": "Al-Dana Salon"}
    facts = {"feed": feed, "licence_no": number, "version": 1}
    notice = CommercialNotice.objects.create(**facts, body=body, standing="fresh", received_at=clock.now())
    CommercialLicence.objects.create(**facts, status="active", notice=notice)
    html = in_english(client, case)
    source = f"as given by the Ministry of Commerce and Industry on {' '.join(day_text(clock.today()).split())}:"
    assert source in html and "holds no name" not in html
    assert re.search(r"Ministry of Commerce and Industry on [^<]*<b>[^<]*(<bdi[^>]*>)?Al-Dana Salon", html)


def test_a_name_that_nothing_proves_is_asked_for_with_the_commercial_licence(make_shop: Any, owner: Any) -> None:
    client, case = on_the_desk(make_shop, owner)
    keep = {"check.name_of_licence": "no", "step": "keep"}
    assert client.post(reverse("admin:desk_act", args=[case.public_id, "checks"]), keep).status_code == 204
    html = in_english(client, case)
    assert "The new trade name is the one of the commercial licence" in html
    ticked = re.findall(r'name="ask" value="([^"]+)" checked', html)
    assert ticked == ["license_copy.trade_name_unconfirmed"], "that the name differs is not known"
    assert 'value="license_copy.file_unreadable"' not in html, "there is no file yet"
    url = reverse("admin:desk_act", args=[case.public_id, "corrections"])
    shown = client.post(url, {"ask": ticked, "step": "words"}).content.decode()
    assert "Copy of the commercial licence: The new trade name could not be confirmed." in shown
    seal = re.search(r'data-seal="([^"]+)"', shown)
    assert seal is not None
    client.post(url, {"ask": ticked, "step": "send", "seen": seal[1]})
    citizen = signed_in(owner)
    answer = reverse("licensing:corrections", args=[case.public_id])
    assert "license_copy" in citizen.get(answer).content.decode()
    with clock.at(clock.now() + dt.timedelta(minutes=5)):
        UploadFactory(owner=owner, subject=case.key, slot="license_copy")
        assert citizen.post(answer, {}).status_code == 302
    client.post(reverse("admin:desk_next"))
    html = in_english(client, case)
    assert "Compare with this document: Copy of the commercial licence<" in html and "holds no name" not in html


def test_a_drawing_that_shows_no_measure_has_its_own_reason_and_nothing_is_ticked(make_shop: Any, owner: Any) -> None:
    client, case = on_the_desk(make_shop, owner)
    address = reverse("admin:desk_act", args=[case.public_id, "checks"])
    assert client.post(address, {"check.drawing_matches": "no", "step": "keep"}).status_code == 204
    page = BeautifulSoup(in_english(client, case), "html.parser")
    assert "The fields and files that an answer of No is about stand first." in page.get_text()
    first, second = ([box["value"] for box in target.select('[name="ask"]')] for target in page.select("[data-target]")[:2])
    assert (first, second[0]) == (["area_m2.area_differs"], "drawing.drawing_without_area")
    assert not page.select('[name="ask"][checked]'), "which of the two is true is not known"
    url = reverse("admin:desk_act", args=[case.public_id, "corrections"])
    both = client.post(url, {"ask": [*first, second[0]], "step": "words"})
    assert both.status_code == 409 and "cannot both be true" in both.content.decode()
    shown = client.post(url, {"ask": second[0], "step": "words"}).content.decode()
    assert "The drawing does not show the area in square metres or the layout." in shown


@pytest.mark.parametrize(
    ("days", "said"),
    [(0, "asked for in time"), (2, "asked for 2 days after the licence ended (up to 14 days, no officer is needed)")],
)
def test_a_renewal_after_the_end_is_late_also_where_no_officer_is_needed(make_shop: Any, owner: Any, days: int, said: str) -> None:
    case = RenewalCaseFactory(shop=make_shop(ends_in=-days), applicant=owner, changed=["area_m2"])
    client = signed_in(OfficerFactory())
    client.post(reverse("admin:desk_next"))
    html = in_english(client, case)
    assert said in html and ("asked for in time" in html) is (days == 0)


def test_an_approval_says_what_is_approved_and_the_first_page_what_was_decided(make_shop: Any, owner: Any, frozen_clock: Clock) -> None:
    case = RenewalCaseFactory(shop=make_shop(), applicant=owner, changed=["area_m2"])
    officer = OfficerFactory()
    client = signed_in(officer)
    client.cookies["staff_language"] = "en"
    client.post(reverse("admin:desk_next"))

    def plain(response: Any) -> str:
        return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())

    assert f"Go on with {case.reference}" in plain(client.get("/admin/"))
    yes = {f"check.{line.check.code}": "yes" for line in review.checklist(case)}
    url = reverse("admin:desk_act", args=[case.public_id, "approve"])
    for shown in (plain(client.post(url, {**yes, "step": "words"})), plain(client.post(url, yes))):
        assert re.search(r"was not on record now 85 m² .*Bill that follows KD 10\.000", shown), shown
        assert "النص القصير بلدية الكويت" in shown and "Short text Kuwait Municipality" in shown
    desk_acts.approve(officer)
    home = plain(client.get("/admin/"))
    assert re.search(rf"Decided by me .*{case.reference} .*Approved", home)
    html = client.get("/admin/").content.decode()
    assert re.search(r'id="mine-away"[^>]*>Nothing is with an applicant\.<', html) and 'href="/admin/#mine-away"' in html
    frozen_clock.move(days=31)
    client = signed_in(officer)
    client.cookies["staff_language"] = "en"
    found = plain(client.get("/admin/find/", {"q": case.reference}))
    assert "You decided this request on" in found and "It is not open to you any more." in found
    colleague = signed_in(OfficerFactory(login="colleague"))
    assert "You decided" not in plain(colleague.get("/admin/find/", {"q": case.reference}))


def test_a_changed_area_names_the_document_to_compare_it_with(make_shop: Any, owner: Any) -> None:
    client, case = on_the_desk(make_shop, owner)
    html = in_english(client, case)
    assert html.count("Compare with this document:") == len(FACTS) - 1
    assert re.search(r"85 m².{0,700}?Compare with this document: Drawing of the shop<", html)


def test_the_screen_asks_the_database_at_most_fifteen_times(make_shop: Any, owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    serving.warm(monkeypatch)
    client, case = on_the_desk(make_shop, owner)
    page_of(client, case)
    with CaptureQueriesContext(connection) as asked:
        page_of(client, case)
    counted = [q["sql"] for q in asked.captured_queries if not q["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))]
    assert len(counted) <= 15, "\n".join(counted)
