"""What zoning says of a new address: on the page where it is sent, on the officer's desk, and kept with the request."""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from shapely.affinity import translate

from licensing.health import new_places, services
from licensing.health.states import RENEWAL
from municipality.accounts.models import User, actor_of
from municipality.audit.models import AuditEvent
from municipality.drafts import queries as drafts
from municipality.drafts import services as draft_services
from municipality.kernel.errors import Refused
from municipality.places.models import Area
from municipality.review.services import desk
from shops.models import Shop
from tests import desk_acts, serving
from tests.browsers import signed_in
from tests.factories.licensing import RenewalCaseFactory, RenewalDraftFactory, answers_for
from tests.factories.review import OfficerFactory
from tests.factories.zoning import SQUARE, PlotFactory, make_layer, repeal_layer
from zoning.answer import places
from zoning.models import Plot, PlotAddress

pytestmark = pytest.mark.django_db
AROUND = SQUARE.buffer(0.02)
# Activity, what the land of the plot is for (None: no layer), and the answer.
ANSWERS = {
    "permitted": ("LAUN", "COMMERCIAL", "Permitted", "مسموح"),
    "conditional": ("DRYC", "INVESTMENT", "Permitted with conditions", "مسموح بشروط"),
    "not_permitted": ("WSAL", "COMMERCIAL", "Not permitted", "غير مسموح"),
    "no_data": ("LAUN", None, "No data", "لا بيانات"),
}
WARNING = ("Warning: the officer may refuse", "تنبيه: قد يرفض الموظف الطلب")


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Any) -> None:
    settings.VAR_DIR = tmp_path


def plot_of_new_address(land: str | None = "COMMERCIAL", *, paci: bool = True) -> Plot:
    """The plot at the address of `answers_for`, with a school some 180 m away."""
    row = PlotFactory(area=Area.objects.filter(governorate="KU").order_by("pk")[0], block="7", number="12")
    if paci:
        PlotAddress.objects.create(plot=row, paci_number="20220222")
    if land is not None:
        make_layer("land_use", (land, AROUND), kind="land_use", covers=AROUND)
    make_layer("schools", ("school", translate(SQUARE, 0.0021, 0)), kind="objects", covers=AROUND)
    return row


def shop_for(make_shop: Any, activity: str) -> Shop:
    shop: Shop = make_shop(activity_id=activity)
    return shop


def check_url(shop: Shop, language: str = "en") -> str:
    return f"/{language}/health-licence/{shop.public_id}/changes/check/"


def check_page(owner: Any, shop: Shop, language: str = "en") -> str:
    response = signed_in(owner).get(check_url(shop, language))
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def addressed(owner: Any, shop: Shop, **values: str) -> Any:
    """A draft with a new address, some of its values given."""
    RenewalDraftFactory(shop=shop, person=owner, changed=["address"])
    draft = drafts.open_for(owner, RENEWAL, shop.key)
    assert draft is not None
    answers = {**answers_for(shop, "address"), **values}
    return draft_services.answer(draft=draft, page="address", answers=answers, version=draft.version)


def desk_page(case: Any, language: str = "en") -> str:
    officer = signed_in(User.objects.filter(login="officer").first() or OfficerFactory())
    officer.cookies["staff_language"] = language
    officer.post(reverse("admin:desk_next"))
    response = officer.get(reverse("admin:desk_case", args=[case.public_id]))
    assert response.status_code == 200
    return html.unescape(response.content.decode())


@pytest.mark.parametrize("outcome", ANSWERS)
def test_the_applicant_reads_the_answer_before_sending_in_both_languages(make_shop: Any, owner: Any, outcome: str) -> None:
    activity, land, english, arabic = ANSWERS[outcome]
    plot, shop = plot_of_new_address(land), shop_for(make_shop, activity)
    addressed(owner, shop)
    is_against = outcome == "not_permitted"
    kind, states = ("conditional", WARNING) if is_against else (outcome, (english, arabic))
    for language, state in zip(("en", "ar"), states, strict=True):
        text = check_page(owner, shop, language)
        assert f'class="kp-answer is-{kind}"' in text and f'id="new-place">{state}<' in text
        assert f"/{language}/plots/{plot.public_id}/?activity={activity}&floor=0#answer" in text
    shown = check_page(owner, shop)
    for words in (
        "so the officer may refuse",
        "Nothing is paid before the decision",
        "stays valid to its last day",
        f"plots/{plot.public_id}/opinion/",
    ):
        assert (words in shown) is is_against, words
    assert "the facts of my shop above (address and changes) are true" in shown


@pytest.mark.parametrize(("activity", "is_against"), [("LAUN", False), ("WSAL", True)])
def test_another_activity_at_the_same_address_is_judged_too(make_shop: Any, owner: Any, activity: str, is_against: bool) -> None:
    plot = plot_of_new_address()
    shop = make_shop(activity_id="BARB", area=plot.area, block=plot.block, plot=plot.number, paci_number="20220222", floor="0")
    draft = RenewalDraftFactory(shop=shop, person=owner, changed=["activity"])
    draft_services.answer(draft=draft, page="activity", answers={"activity": activity}, version=draft.version)
    shown = check_page(owner, shop)
    assert f"/en/plots/{plot.public_id}/?activity={activity}&floor=0#answer" in shown
    assert ("so the officer may refuse" in shown) is is_against and "Correct the address" not in shown
    case = sent(owner, shop)
    assert f"/plots/{plot.public_id}/?activity={activity}&floor=0#answer" in desk_page(case)
    page = signed_in(owner).get(f"/en/cases/{case.public_id}/").content.decode()
    assert ("The officer may refuse this request" in page) is is_against


@pytest.mark.parametrize("moved", [False, True])
def test_another_street_on_the_same_plot_and_floor_is_said_to_be_the_same_place(make_shop: Any, owner: Any, moved: bool) -> None:
    plot_of_new_address()
    shop = shop_for(make_shop, "WSAL")
    stays = {"area": str(shop.area_id), "block": shop.block, "plot": shop.plot, "paci_number": shop.paci_number, "floor": str(shop.floor)}
    addressed(owner, shop, **({} if moved else stays), street="909")
    shown = check_page(owner, shop)
    assert ("Plot, floor and activity are those of the present licence" in shown) is not moved
    assert ("Same place: only the words of the address have changed" in shown) is not moved
    for threat in ("Warning: the officer may refuse", "so the officer may refuse", "What helps:"):
        assert (threat in shown) is moved, threat


PROMPTS = {
    "en": "have it corrected at the Ministry of Commerce and Industry",
    "ar": "فيُصحَّح لدى وزارة التجارة والصناعة",
}


@pytest.mark.parametrize("language", PROMPTS)
def test_an_address_that_the_register_changed_is_answered_on_the_first_page(make_shop: Any, owner: Any, language: str) -> None:
    plot, shop = plot_of_new_address(), shop_for(make_shop, "WSAL")
    client, first = signed_in(owner), f"/{language}/health-licence/{shop.public_id}/renew/"
    assert "kp-answer" not in client.get(first).content.decode(), "the control: the address stays"
    at = {"area": plot.area, "block": plot.block, "plot": plot.number, "street": "909", "paci_number": "20220222"}
    Shop.objects.filter(pk=shop.pk).update(**at)
    for address in (first, first.replace("/renew/", "/changes/")):
        text = html.unescape(client.get(address).content.decode())
        assert 'class="kp-answer is-conditional"' in text and PROMPTS[language] in " ".join(text.split())
        assert re.search(r'<p class="kp-soft">[^<]*909[^<]*20220222</p>', text), "the address that it is about"


def test_a_declared_address_is_answered_on_the_pages_after_it(make_shop: Any, owner: Any) -> None:
    plot_of_new_address()
    shop = shop_for(make_shop, "WSAL")
    addressed(owner, shop)
    for last in ("", "files/"):
        text = html.unescape(signed_in(owner).get(f"/en/health-licence/{shop.public_id}/changes/{last}").content.decode())
        assert 'class="kp-answer is-conditional"' in text and "What helps:" in text
        assert f'href="/en/health-licence/{shop.public_id}/changes/address/">Correct the address, if it is wrong<' in text


def test_the_page_of_the_request_keeps_the_warning(make_shop: Any, owner: Any) -> None:
    plot_of_new_address()
    for activity, is_against in (("WSAL", True), ("LAUN", False)):
        shop = shop_for(make_shop, activity)
        case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["address"])
        page = signed_in(owner).get(f"/en/cases/{case.public_id}/").content.decode()
        assert ("The officer may refuse this request" in page) is is_against


def test_a_request_about_the_same_place_warns_nobody_and_the_officer_reads_that_it_stays(make_shop: Any, owner: Any) -> None:
    plot = plot_of_new_address()
    shop = make_shop(activity_id="WSAL", area=plot.area, block=plot.block, plot=plot.number, paci_number="20220222")
    Shop.objects.filter(pk=shop.pk).update(street="909")
    case = RenewalCaseFactory(shop=Shop.objects.get(pk=shop.pk), applicant=owner, changed=[])
    assert "The officer may refuse this request" not in signed_in(owner).get(f"/en/cases/{case.public_id}/").content.decode()
    assert "only the words of the address are new" in desk_page(case)


@pytest.mark.parametrize("language", PROMPTS)
def test_what_the_register_changed_needs_no_file(make_shop: Any, owner: Any, language: str) -> None:
    shop = shop_for(make_shop, "WSAL")
    page = f"/{language}/health-licence/{shop.public_id}/changes/"
    whole, none = {"en": ("Files for each change", "None for what the register has"), "ar": ("المستندات المطلوبة لكل تعديل", "لا شيء لما")}[
        language
    ]
    before = html.unescape(signed_in(owner).get(page).content.decode())
    assert none not in before
    Shop.objects.filter(pk=shop.pk).update(street="909")
    text = html.unescape(signed_in(owner).get(page).content.decode())
    assert none in text and whole not in text


@pytest.mark.parametrize("outcome", ANSWERS)
def test_the_officer_reads_it_beside_the_address_in_both_languages(make_shop: Any, owner: Any, outcome: str) -> None:
    activity, land, english, arabic = ANSWERS[outcome]
    plot, shop = plot_of_new_address(land), shop_for(make_shop, activity)
    case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["address"])
    for language, state in (("en", english), ("ar", arabic)):
        text = desk_page(case, language)
        beside = text[text.index('class="kp-place"') : text.index("</dl>", text.index('class="kp-place"'))]
        assert re.search(rf"<[^>]*>{state}<", beside), beside
        assert f"/plots/{plot.public_id}/?activity={activity}&floor=0#answer" in beside
        if outcome == "not_permitted":
            assert "184." in beside, "the metres to the school"
        if outcome != "no_data":
            assert "<small>" in beside, "the article"


def test_an_unknown_plot_is_no_data_on_both_pages(make_shop: Any, owner: Any) -> None:
    shop = shop_for(make_shop, "LAUN")
    addressed(owner, shop)
    for text in (check_page(owner, shop), desk_page(sent(owner, shop))):
        assert "No plot is known for this address" in text and "No data" in text and ">Permitted<" not in text


def test_red_control_the_same_place_is_permitted_once_its_plot_is_known(make_shop: Any, owner: Any) -> None:
    shop = shop_for(make_shop, "LAUN")
    addressed(owner, shop)
    assert "is-no_data" in check_page(owner, shop) and "is-permitted" not in check_page(owner, shop)
    plot_of_new_address()
    assert "is-permitted" in check_page(owner, shop)


def sent(owner: Any, shop: Shop, **expected: str) -> Any:
    draft = drafts.open_for(owner, RENEWAL, shop.key)
    assert draft is not None
    return services.send_to_officer(shop=shop, applicant=owner, draft=draft, version=draft.version, **expected)


def test_a_paci_number_of_another_place_is_never_a_yes(make_shop: Any, owner: Any) -> None:
    plot_of_new_address()
    shop = shop_for(make_shop, "LAUN")
    addressed(owner, shop, block="8")
    text = check_page(owner, shop)
    assert "is-no_data" in text and "One of the two is wrong" in text and "is-permitted" not in text
    assert "One of the two is wrong" in desk_page(sent(owner, shop))


def test_without_a_known_paci_number_the_plot_is_that_of_area_block_and_number(make_shop: Any, owner: Any) -> None:
    plot = plot_of_new_address(paci=False)
    shop = shop_for(make_shop, "LAUN")
    addressed(owner, shop)
    assert "is-no_data" in check_page(owner, shop)
    draft_services.discard(draft=drafts.open_for(owner, RENEWAL, shop.key), actor=actor_of(owner))
    addressed(owner, shop, plot="١٢", floor="٠")
    text = check_page(owner, shop)
    assert "is-permitted" in text and plot.public_id in text and "names no floor" not in text


@pytest.mark.parametrize(("written", "floor", "assumed"), [("2", 2, False), ("-1", -1, False), ("", 0, True), ("mezzanine", 0, True)])
def test_the_floor_is_that_of_the_address_or_said_to_be_the_ground_floor(
    make_shop: Any, owner: Any, written: str, floor: int, assumed: bool
) -> None:
    plot_of_new_address()
    shop = shop_for(make_shop, "LAUN")
    addressed(owner, shop, floor=written)
    text = check_page(owner, shop)
    assert f"?activity=LAUN&floor={floor}#answer" in text
    assert ("this is the answer for the ground floor" in text) is assumed


def test_the_question_is_about_the_new_activity_if_that_changes_too(make_shop: Any, owner: Any) -> None:
    plot_of_new_address()
    shop = shop_for(make_shop, "LAUN")
    RenewalDraftFactory(shop=shop, person=owner, changed=["activity", "address"])
    assert "?activity=SPA&floor=0#answer" in check_page(owner, shop)


def test_an_answer_that_changed_while_the_page_was_open_is_shown_before_anything_is_sent(make_shop: Any, owner: Any) -> None:
    plot_of_new_address()
    shop = shop_for(make_shop, "LAUN")
    addressed(owner, shop)
    client = signed_in(owner)
    page = client.get(check_url(shop)).content.decode()
    fields = dict(re.findall(r'<input type="hidden" name="(version|total|zoning)" value="([^"]*)"', page))
    assert fields["zoning"]
    repeal_layer("land_use", dt.date(2011, 1, 1))
    answer = client.post(check_url(shop), {**fields, "declared": "on"})
    text = answer.content.decode()
    assert answer.status_code == 409 and "changed while the page was open" in text and "is-no_data" in text
    again = dict(re.findall(r'<input type="hidden" name="(version|total|zoning)" value="([^"]*)"', text))
    assert again["zoning"] != fields["zoning"]
    assert client.post(check_url(shop), {**again, "declared": "on"}).status_code == 302


def test_a_refused_mark_keeps_no_answer(make_shop: Any, owner: Any) -> None:
    shop = shop_for(make_shop, "LAUN")
    addressed(owner, shop)
    with pytest.raises(Refused, match="zoning_changed"):
        sent(owner, shop, expected_zoning="0" * 16)
    assert not AuditEvent.objects.filter(action=new_places.KEPT).exists()


def test_the_answer_is_kept_with_outcome_and_rules_and_shown_beside_todays_where_they_differ(make_shop: Any, owner: Any) -> None:
    plot = plot_of_new_address()
    shop = shop_for(make_shop, "LAUN")
    case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["address"])
    event = AuditEvent.objects.get(action=new_places.KEPT, subject=case.key)
    assert (
        event.data["outcome"] == "permitted" and event.data["edition"].startswith("zoning.uses v") and event.data["plot"] == plot.public_id
    )
    assert "the answer was another one" not in desk_page(case)
    repeal_layer("land_use", dt.date(2011, 1, 1))
    text = desk_page(case)
    assert "the answer was another one" in text
    assert re.search(r"Zoning:.{0,300}>No data<.*another one:.{0,300}>Permitted<", text, re.DOTALL)


def test_a_renewal_without_a_new_address_asks_zoning_nothing(make_shop: Any, owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = shop_for(make_shop, "LAUN")
    monkeypatch.setattr(places, "answer_at", lambda **_: pytest.fail("asked"))
    case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["area_m2"])
    assert "kp-place" not in desk_page(case)
    assert not AuditEvent.objects.filter(action=new_places.KEPT).exists()


ANSWER = 5  # statements: plot, shape, layers, versions, and surfaces with the objects around


def test_the_pages_read_within_their_statements_and_those_of_the_answer(
    make_shop: Any, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plot_of_new_address()
    shop = shop_for(make_shop, "WSAL")
    addressed(owner, shop)
    serving.warm(monkeypatch)
    client = signed_in(owner)
    assert _statements(lambda: client.get(check_url(shop))) <= 12 + ANSWER
    case = sent(owner, shop)
    officer = signed_in(OfficerFactory())
    officer.post(reverse("admin:desk_next"))
    kept = 1
    assert _statements(lambda: officer.get(reverse("admin:desk_case", args=[case.public_id]))) <= 13 + ANSWER + kept


def test_a_page_without_a_new_address_reads_with_twelve_statements(make_shop: Any, owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = shop_for(make_shop, "WSAL")
    RenewalDraftFactory(shop=shop, person=owner, changed=["area_m2"])
    serving.warm(monkeypatch)
    client = signed_in(owner)
    assert _statements(lambda: client.get(check_url(shop))) <= 12


def _statements(visit: Any) -> int:
    assert visit().status_code == 200
    with CaptureQueriesContext(connection) as asked:
        assert visit().status_code == 200
    counted = [q["sql"] for q in asked.captured_queries if not q["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))]
    return len(counted)


def test_an_address_that_the_register_changed_is_asked_about_too(make_shop: Any, owner: Any) -> None:
    plot = plot_of_new_address()
    shop = shop_for(make_shop, "WSAL")
    Shop.objects.filter(pk=shop.pk).update(area=plot.area, block="7", paci_number="20220222", floor="1")
    RenewalDraftFactory(shop=shop, person=owner, changed=["area_m2"])
    text = check_page(owner, shop)
    assert "is-not_permitted" in text and "?activity=WSAL&floor=1#answer" in text
    assert "Correct the address, if it is wrong" not in text, "there is no page for it"
    case = sent(owner, shop)
    assert AuditEvent.objects.get(action=new_places.KEPT, subject=case.key).data["outcome"] == "not_permitted"
    beside = desk_page(case)
    assert beside.count('class="kp-place"') == 1 and "184." in beside


def test_a_corrected_address_is_answered_and_kept_again(make_shop: Any, owner: Any) -> None:
    plot = plot_of_new_address()
    shop = shop_for(make_shop, "LAUN")
    case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["address"])
    wrong = desk.CorrectionRequest("address_differs", "address")
    desk.ask_corrections(assignment=desk_acts.checked(desk_acts.assigned(OfficerFactory())), items=[wrong])
    services.answer_corrections(case=case, applicant=owner, answers={"address": {**answers_for(shop, "address"), "block": "9"}})
    rows = AuditEvent.objects.filter(action=new_places.KEPT, subject=case.key).order_by("pk")
    assert [(row.data["outcome"], row.data["plot"]) for row in rows] == [("permitted", plot.public_id), ("no_data", plot.public_id)]
    text = desk_page(case)
    assert "One of the two is wrong" in text and "the answer was another one" not in text
