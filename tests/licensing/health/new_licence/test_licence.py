"""After the approval: the commercial licence, the inspection, the bill, the shop in the register and its licence."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from licensing.health import invariants
from licensing.health import queries as health
from licensing.health.documents import HealthLicenceFacts
from licensing.health.new_licence.documents import LocationApprovalFacts, NewLicenceRefusalFacts
from licensing.health.new_licence.services import approval, issue, requests
from licensing.inspections import queries as inspection_queries
from licensing.inspections import services as inspections
from licensing.inspections.services import appointments
from licensing.models import HealthLicence, Inspection, NewLicence
from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.cases.services import lift_block, place_block
from municipality.documents import services as documents
from municipality.jobs.models import Job
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from municipality.kernel.periods import add_years
from municipality.notifications.models import Message
from payments import queries as payments
from payments.models import Bill, BillLine
from shops.models import RegisteredOwner, Shop, ShopEvent
from shops.models.commercial_register import CommercialFeed, CommercialLicence, CommercialNotice
from shops.register import queries as registered
from tests import desk_acts
from tests.browsers import signed_in
from tests.database_guards import assert_refused, without_guards
from tests.due_jobs import assert_stays_open_after_the_review
from tests.factories import inspections as inspection_acts
from tests.factories import new_licences
from tests.factories.accounts import PersonFactory
from tests.factories.licensing import HealthLicenceFactory
from tests.factories.new_licences import NUMBER, answers, approved, bill_of, billed, fresh, pass_inspection, with_copy
from tests.factories.shops import ShopFactory
from tests.factories.uploads import UploadFactory
from tests.killed_issue import assert_ends_as_undisturbed
from zoning.models import Plot

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inspectors")]


def ask(case: Case, person: User, number: str = NUMBER, ends_on: dt.date | None = None) -> None:
    approval.ask_inspection(case=case, person=person, number=number, ends_on=ends_on)


def shop_at_place(owner: User, **facts: Any) -> Shop:
    """A shop in the register with the commercial licence NUMBER, at the approved place."""
    given = answers()
    place = {name: given[name] for name in ("block", "street", "building", "plot", "floor", "unit", "paci_number")}
    found = {"owner": owner, "activity_id": "BARB", "area_id": given["area"], "branch_id": "HA", "commercial_license_no": NUMBER}
    return ShopFactory(**(found | place | facts))


def block(shop: Shop) -> None:
    """A block as an unpaid violation and a measure place it: on the renewal."""
    words = {"sentence_ar": "موقوف", "sentence_en": "Stopped", "actor": system("tests")}
    place_block(subject=shop.key, ground="test", source="test", stops="licensing.renewal", **words)


def stated(status: str = "active", until: str = "2028-06-30", **body: Any) -> None:
    """The commercial licence NUMBER as the Ministry delivered it."""
    feed, _new = CommercialFeed.objects.get_or_create(code="moci")
    facts = {"feed": feed, "licence_no": NUMBER, "version": 1}
    notice = CommercialNotice.objects.create(body={"valid_until": until, **body}, standing="fresh", received_at=clock.now(), **facts)
    CommercialLicence.objects.create(status=status, notice=notice, **facts)


@pytest.mark.guards
def test_a_copy_and_the_last_day_do_where_no_register_knows_the_licence(plot: Plot, owner: User, officer: User) -> None:
    request = approved(owner, officer)
    with pytest.raises(Refused, match="no_documents"):
        ask(request.case, owner)
    UploadFactory(owner=owner, subject=request.files_key, slot="license_copy")
    with pytest.raises(Refused, match="end_too_far"):
        ask(request.case, owner, ends_on=dt.date(9999, 12, 31))
    request = with_copy(request)
    assert (request.case.state, request.commercial_license_no, request.commercial_source) == ("inspection", NUMBER, "copy")
    inspection = Inspection.objects.get(case=request.case)
    assert (inspection.shop, inspection.contact, inspection.name_ar, inspection.branch_id) == (None, owner, "صالون الواحة", "HA")
    assert inspection.latitude == pytest.approx(29.3701, abs=0.0002)
    with pytest.raises(Refused, match="not_approved"):
        ask(request.case, owner)


def test_the_ministry_is_believed_over_what_was_typed(plot: Plot, owner: User, officer: User) -> None:
    request = approved(owner, officer)
    stated()
    ask(request.case, owner, ends_on=dt.date(2035, 1, 1))
    request = fresh(request.case)
    assert (request.commercial_source, request.commercial_license_end) == ("ministry", dt.date(2028, 6, 30))


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"status": "cancelled"}, "not_active"),
        ({"until": "2026-01-01"}, "commercial_license"),
        ({"address": {"paci_number": "99999999"}}, "other_place"),
    ],
)
def test_what_the_ministry_says_against_it(plot: Plot, owner: User, officer: User, facts: dict[str, Any], code: str) -> None:
    request = approved(owner, officer)
    stated(**facts)
    with pytest.raises(Refused, match=code):
        ask(request.case, owner)


def test_the_licence_of_somebody_else_is_refused(plot: Plot, owner: User, officer: User) -> None:
    request = approved(owner, officer)
    stated()
    RegisteredOwner.objects.create(commercial_license_no=NUMBER, organisation_no="1", source="moci", as_of=clock.now())
    with pytest.raises(Refused, match="other_holder"):
        ask(request.case, owner)


def test_a_shop_of_the_register_goes_on_if_it_is_the_same(plot: Plot, owner: User, officer: User, sealed: None) -> None:
    request = approved(owner, officer)
    shop = shop_at_place(owner, commercial_license_end=clock.today() + dt.timedelta(days=400))
    ask(request.case, owner)
    request = fresh(request.case)
    assert (request.shop, request.commercial_source, request.commercial_license_end) == (shop, "register", shop.commercial_license_end)
    new_licences.pay(pass_inspection(request))
    issue.issue_licence(case=request.case)
    licence = HealthLicence.objects.get(shop=shop)
    assert licence.is_current and Shop.objects.filter(commercial_license_no=NUMBER).count() == 1
    shop.refresh_from_db()
    assert (shop.area_m2, shop.manager_name_en, shop.manager_civil_id_digest) == (60, "Ali Al-Saleh", request.manager_civil_id_digest)
    assert licence.registered_facts == shop.registered_facts()


@pytest.mark.guards
def test_a_shop_whose_licence_was_cancelled_gets_a_new_one(plot: Plot, owner: User, officer: User, sealed: None) -> None:
    request = approved(owner, officer)
    shop = shop_at_place(owner, commercial_license_end=clock.today() + dt.timedelta(days=400))
    old = HealthLicenceFactory(shop=shop, ends_in=200)
    with pytest.raises(Refused, match="licensed_already"):
        ask(request.case, owner)
    documents.suspend(old.document, reason="tests", actor=system("tests"))
    with pytest.raises(Refused, match="licensed_already"):
        ask(request.case, owner)
    documents.revoke(old.document, reason="cancelled_by_holder", actor=system("tests"))
    ask(request.case, owner)
    new_licences.pay(pass_inspection(fresh(request.case)))
    issue.issue_licence(case=request.case)
    new = HealthLicence.objects.get(shop=shop, is_current=True)
    assert new != old and new.document.live_state == "valid" and health.current(shop) == new and not list(invariants.findings())


@pytest.mark.parametrize("code", ["other_holder", "other_place", "other_activity", "licensed_already", "commercial_license", "blocked"])
def test_a_shop_of_the_register_that_is_another(plot: Plot, owner: User, officer: User, code: str) -> None:
    request = approved(owner, officer)
    facts: dict[str, dict[str, Any]] = {
        "other_holder": {"owner": PersonFactory(noura=True)},
        "other_place": {"block": "9"},
        "other_activity": {"activity_id": "SPA"},
        "commercial_license": {"commercial_license_end": clock.today() - dt.timedelta(days=1)},
    }
    shop = shop_at_place(**({"owner": owner} | facts.get(code, {})))
    if code == "licensed_already":
        HealthLicenceFactory(shop=shop)
    if code == "blocked":
        block(shop)
    with pytest.raises(Refused, match=code):
        ask(request.case, owner)
    assert fresh(request.case).case.state == "location_approved" and not Inspection.objects.exists()


@pytest.mark.guards
def test_one_commercial_licence_belongs_to_one_open_request(plot: Plot, owner: User, officer: User) -> None:
    new_licences.waiting_for_inspection(owner, officer)
    other = approved(owner, officer, floor="1")
    with pytest.raises(Refused, match="number_taken"):
        with_copy(other)
    named = NewLicence.objects.filter(pk=other.pk)
    facts = {"commercial_license_no": NUMBER, "commercial_license_end": clock.today(), "commercial_source": "copy"}
    assert_refused(lambda: named.update(**facts), match="guard:number_taken")
    without_guards()
    assert named.update(**facts) == 1, "the control: without the guard two requests name it"


def test_a_failed_inspection_leads_to_no_bill(plot: Plot, owner: User, officer: User, outbox: Any, frozen_clock: Any) -> None:
    request = new_licences.waiting_for_inspection(owner, officer)
    assert pass_inspection(request, outcome="failed").case.state == "inspection"
    assert not Bill.objects.exists()
    page = signed_in(owner).get(f"/en/cases/{request.case.public_id}/").content.decode()
    until = clock.day_of(Job.objects.get(kind="licensing.expire_new", args__state="inspection").due_at)
    assert "The inspection is not passed" in page and "An inspector comes to the shop" not in page and f'datetime="{until}"' in page
    assert f'datetime="{until}"' in signed_in(owner).get("/en/").content.decode()
    frozen_clock.move(days=91)
    outbox("licensing.expire_new")
    assert fresh(request.case).case.state == "expired"


def test_a_repeated_inspection_that_is_passed_leads_to_the_bill(plot: Plot, owner: User, officer: User) -> None:
    request = pass_inspection(new_licences.waiting_for_inspection(owner, officer), outcome="failed")
    inspections.ask_again(inspection=Inspection.objects.get(case=request.case), person=owner)
    assert "An inspector comes to the shop" in signed_in(owner).get(f"/en/cases/{request.case.public_id}/").content.decode()
    assert pass_inspection(request).case.state == "awaiting_payment"
    until = clock.day_of(Job.objects.get(kind="licensing.expire_new", args__state="awaiting_payment").due_at)
    for path in (f"/en/cases/{request.case.public_id}/", "/en/basket/"):
        assert f'datetime="{until}"' in signed_in(owner).get(path).content.decode(), path


def test_a_new_licence_can_be_paid_anew_after_a_review_that_ended_unpaid(plot: Plot, owner: User, officer: User) -> None:
    request = pass_inspection(new_licences.waiting_for_inspection(owner, officer))
    assert_stays_open_after_the_review("licensing.expire_new", Bill.objects.get(pk=bill_of(request)))


def test_a_shop_that_is_blocked_at_the_inspection_gets_its_bill_and_its_page_says_so(plot: Plot, owner: User, officer: User) -> None:
    request, page = new_licences.waiting_for_inspection(owner, officer), "/en/cases/{}/"
    shop = shop_at_place(owner)
    block(shop)
    assert pass_inspection(request).case.state == "awaiting_payment"
    blocked = signed_in(owner).get(page.format(request.case.public_id)).content.decode()
    assert "The shop is blocked" in blocked and "Stopped" in blocked and "Pay by KNET" not in blocked
    bill = Bill.objects.get(pk=bill_of(request))
    assert payments.stopped([bill]) and "Have the block lifted first" in signed_in(owner).get("/en/basket/").content.decode()
    lift_block(subject=shop.key, source="test", actor=system("tests"))
    assert not payments.stopped([bill])
    assert "Pay by KNET" in signed_in(owner).get(page.format(request.case.public_id)).content.decode()
    issue.paid(bill_of(request))
    assert fresh(request.case).case.state == "paid"


@pytest.mark.parametrize(("years", "fils"), [(1, 15_000), (2, 30_000)])
def test_the_bill_covers_each_year_that_has_begun(plot: Plot, owner: User, officer: User, years: int, fils: int) -> None:
    request = approved(owner, officer, term="commercial")
    pass_inspection(with_copy(request, years=years))
    line = BillLine.objects.get(bill__subject=request.case.key)
    assert (line.code, line.fils) == ("health.new", fils)
    assert Message.objects.filter(person=owner, kind="licensing.new_licence_payment").count() == 1


def test_the_paid_licence_is_issued_and_the_shop_stands_in_the_register(plot: Plot, owner: User, officer: User, sealed: None) -> None:
    request = new_licences.issued(owner, officer)
    issue.issue_licence(case=request.case)
    licence, shop = request.licence, request.shop
    assert request.case.state == "issued" and licence is not None and shop is not None
    assert (licence.first_day, licence.last_day) == (clock.today(), add_years(clock.today(), 1) - dt.timedelta(days=1))
    assert licence.document.state == "active" and licence.previous is None and licence.document.facts["fee_fils"] == 15_000
    assert (shop.owner, shop.commercial_license_no, shop.activity_id, shop.area_m2) == (owner, NUMBER, "BARB", 60)
    assert shop.latitude == pytest.approx(29.3701, abs=0.0002) and shop.manager_civil_id_masked
    assert list(ShopEvent.objects.filter(shop=shop).values_list("kind", "source")) == [("opened", request.case.key)]
    assert Inspection.objects.get(case=request.case).shop == shop
    assert registered.visible_to(owner).filter(pk=shop.pk).exists() and health.current(shop) == licence
    assert Message.objects.filter(person=owner, kind="licensing.new_licence_issued").count() == 1


def test_a_licence_may_end_with_the_commercial_one(plot: Plot, owner: User, officer: User, sealed: None) -> None:
    request = new_licences.issued(owner, officer, term="commercial")
    assert request.licence is not None and request.licence.last_day == request.commercial_license_end


def test_a_reversed_payment_suspends_the_licence_until_it_is_paid_again(plot: Plot, owner: User, officer: User, sealed: None) -> None:
    request = new_licences.issued(owner, officer)
    issue.voided(bill_of(request))
    issue.voided(bill_of(request))
    assert fresh(request.case).licence.document.state == "suspended"  # type: ignore[union-attr]
    assert Message.objects.filter(person=owner, kind="licensing.licence_held").count() == 1
    issue.paid(bill_of(request))
    assert fresh(request.case).licence.document.state == "active"  # type: ignore[union-attr]


def test_a_payment_reversed_before_the_issue_closes_the_request(plot: Plot, owner: User, officer: User) -> None:
    request = new_licences.paid(owner, officer)
    bill = Bill.objects.get(pk=bill_of(request))
    issue.voided(bill.pk)
    assert fresh(request.case).case.state == "unpaid" and Bill.objects.get(pk=bill.pk).state == "void"
    with pytest.raises(Refused, match="case_closed"):
        issue.paid(bill.pk)


@pytest.mark.parametrize("code", ["commercial_license", "other_holder", "other_activity", "blocked", "shop_closed"])
def test_a_condition_lost_before_the_payment_gives_the_money_back(
    plot: Plot, owner: User, officer: User, code: str, frozen_clock: Any
) -> None:
    request = billed(owner, officer)
    if code == "commercial_license":
        frozen_clock.move(days=800)
    elif code == "other_holder":
        shop_at_place(PersonFactory(noura=True))
    elif code == "other_activity":
        shop_at_place(owner, activity_id="SPA")
    elif code == "shop_closed":
        shop_at_place(owner, closed_on=clock.today())
    else:
        block(shop_at_place(owner))
    issue.paid(bill_of(request))
    request = fresh(request.case)
    assert request.case.state == "refused" and request.case.last_event is not None and request.case.last_event.reason == code
    assert Message.objects.filter(person=owner, kind="licensing.new_licence_not_issued").count() == 1


def test_a_shop_entered_after_the_payment_by_somebody_else_refuses_the_licence(plot: Plot, owner: User, officer: User) -> None:
    request = new_licences.paid(owner, officer)
    shop_at_place(PersonFactory(noura=True))
    issue.issue_licence(case=request.case)
    assert fresh(request.case).case.state == "refused" and not HealthLicence.objects.exists()


def test_an_unpaid_request_lapses(plot: Plot, owner: User, officer: User, outbox: Any, frozen_clock: Any) -> None:
    request = billed(owner, officer)
    frozen_clock.move(days=15)
    outbox("licensing.expire_new")
    assert fresh(request.case).case.state == "expired" and Bill.objects.get(kind="licensing.new_licence").state == "void"
    with pytest.raises(Refused):
        requests.withdraw(case=request.case, person=owner)


def test_the_ministry_is_asked_at_once_about_a_licence_that_nobody_knows(
    plot: Plot, owner: User, officer: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = approved(owner, officer)
    settings.MOCI_URL = "http://register.example"
    asked: list[str] = []

    def deliver(*, number: str) -> None:
        asked.append(number)
        stated()

    monkeypatch.setattr(approval, "take_licence", deliver)
    ask(request.case, owner)
    assert asked == [NUMBER] and fresh(request.case).commercial_source == "ministry"


def test_the_ministry_is_asked_ten_times_a_day_at_most(
    plot: Plot, owner: User, officer: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = approved(owner, officer)
    settings.MOCI_URL = "http://register.example"
    asked: list[str] = []
    monkeypatch.setattr(approval, "take_licence", lambda *, number: asked.append(number))
    for number in range(12):
        with pytest.raises(Refused, match="no_documents"):
            ask(request.case, owner, number=f"2027/{number}")
    assert len(asked) == 10


def test_a_commercial_licence_that_ended_before_the_inspection_refuses_and_keeps_the_result(
    plot: Plot, owner: User, officer: User, frozen_clock: Any
) -> None:
    request = with_copy(approved(owner, officer, term="commercial"), years=1)
    frozen_clock.move(days=400)
    request = pass_inspection(request)
    assert request.case.state == "refused" and request.case.last_event is not None
    assert request.case.last_event.reason == "commercial_license" and Inspection.objects.get(case=request.case).passed
    assert not Bill.objects.exists()
    message = Message.objects.get(person=owner, kind="licensing.new_licence_not_issued")
    assert "Nothing is to be paid" in message.body_en and "returned" not in message.body_en


@pytest.mark.parametrize("register", ["shops", "ministry"])
def test_a_commercial_licence_that_was_renewed_after_it_was_stated(
    plot: Plot, owner: User, officer: User, sealed: None, frozen_clock: Any, register: str
) -> None:
    request = with_copy(approved(owner, officer, term="commercial"), years=1)
    frozen_clock.move(days=400)
    until = clock.today() + dt.timedelta(days=1000)
    if register == "shops":
        shop_at_place(owner, commercial_license_end=until)
    else:
        stated(until=until.isoformat())
    new_licences.pay(pass_inspection(request))
    issue.issue_licence(case=request.case)
    licence = fresh(request.case).licence
    assert licence is not None and licence.last_day == licence.shop.commercial_license_end == until


def test_a_renewal_after_the_bill_gives_no_more_years_than_were_paid(plot: Plot, owner: User, officer: User, sealed: None) -> None:
    request = new_licences.paid(owner, officer, term="commercial")
    stated(until=(clock.today() + dt.timedelta(days=2000)).isoformat())
    issue.issue_licence(case=request.case)
    licence = fresh(request.case).licence
    assert licence is not None and licence.last_day == add_years(clock.today(), 2) - dt.timedelta(days=1)


def test_a_worker_that_dies_leaves_one_approval_and_one_licence(plot: Plot, owner: User, officer: User) -> None:
    request = approved(owner, officer)
    assert_ends_as_undisturbed(lambda: approval.write_approval(case=fresh(request.case).case), LocationApprovalFacts)
    request = new_licences.pay(pass_inspection(with_copy(request)))
    assert_ends_as_undisturbed(lambda: issue.issue_licence(case=fresh(request.case).case), HealthLicenceFacts)


def test_a_worker_that_dies_leaves_one_refusal(plot: Plot, owner: User, officer: User, head: User) -> None:
    new_licences.sent(owner)
    case = desk_acts.refuse(officer, head, "location_not_allowed")
    assert_ends_as_undisturbed(lambda: approval.write_refusal(case=fresh(case).case), NewLicenceRefusalFacts)


@pytest.mark.parametrize(
    ("facts", "sentence"), [({}, "once the register shows its new last day"), ({"activity_id": "SPA"}, "another activity")]
)
def test_the_fee_of_a_licence_that_could_not_be_issued_is_not_paid(
    plot: Plot, owner: User, officer: User, frozen_clock: Any, facts: dict[str, str], sentence: str
) -> None:
    """Paid, the request would be refused, and the approved location and the passed inspection be lost with it."""
    request = approved(owner, officer)
    UploadFactory(owner=owner, subject=request.files_key, slot="license_copy")
    ask(request.case, owner, ends_on=clock.today())
    request = pass_inspection(fresh(request.case))
    bill = Bill.objects.get(pk=bill_of(request))
    assert not payments.stopped([bill])
    if facts:
        shop_at_place(owner, **facts)
    else:
        frozen_clock.move(days=1)
    for page in (f"/en/cases/{request.case.public_id}/", "/en/basket/"):
        found = signed_in(owner).get(page).content.decode()
        assert sentence in found and "Pay by KNET" not in found, page
    assert payments.stopped([bill])


def test_an_inspection_is_neither_appointed_nor_put_right_after_its_request_has_closed(
    plot: Plot, owner: User, officer: User, frozen_clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = new_licences.waiting_for_inspection(owner, officer)
    row = Inspection.objects.select_related("case", "activity").get(case=request.case)
    until = clock.today() + dt.timedelta(days=90)
    frozen_clock.move(days=83)
    assert appointments.offered(row) and all(time.day <= until for time in appointments.offered(row))
    with monkeypatch.context() as patch:
        patch.setattr(inspection_queries, "closes_after", lambda _row: None)
        assert any(time.day > until for time in appointments.offered(row)), "the control: a day was offered that never comes"
    row = inspection_acts.appointed(row)
    frozen_clock.move(days=(row.day - clock.today()).days)  # type: ignore[operator]
    inspection_acts.visited(row, inspection_acts.found(row, fire="no"))
    assert row.put_right_by == until
    assert f'datetime="{until}"' in signed_in(owner).get(f"/en/inspections/{row.public_id}/").content.decode()


def test_the_last_day_to_pay_is_no_last_day_to_pass_a_failed_inspection_that_was_passed_since(
    plot: Plot, owner: User, officer: User, frozen_clock: Any
) -> None:
    request = new_licences.waiting_for_inspection(owner, officer)
    row = inspection_acts.appointed(Inspection.objects.select_related("case", "activity").get(case=request.case))
    frozen_clock.move(days=(row.day - clock.today()).days)  # type: ignore[operator]
    inspection_acts.visited(row, inspection_acts.found(row, fire="no"))
    path = f"/en/inspections/{row.public_id}/"
    assert "Last day to pass it" in signed_in(owner).get(path).content.decode()
    inspections.ask_again(inspection=row, person=owner)
    pass_inspection(fresh(request.case))
    assert fresh(request.case).case.state == "awaiting_payment"
    assert "Last day to pass it" not in signed_in(owner).get(path).content.decode()


def test_what_others_passed_is_nothing_to_a_request_whose_place_has_no_shop_yet(
    plot: Plot, owner: User, officer: User, frozen_clock: Any
) -> None:
    first = new_licences.waiting_for_inspection(owner, officer)
    second = new_licences.waiting_for_inspection(PersonFactory(noura=True), officer, number="2026/777777")
    rows = []
    for request, answer in ((first, {"fire": "no"}), (second, {})):
        row = inspection_acts.appointed(Inspection.objects.select_related("case", "activity").get(case=request.case))
        frozen_clock.move(days=max((row.day - clock.today()).days, 0) + 1)  # type: ignore[operator]
        Inspection.objects.filter(pk=row.pk).update(day=clock.today())
        row.refresh_from_db()
        inspection_acts.visited(row, inspection_acts.found(row, **answer))
        rows.append(row)
    assert [row.shop_id for row in rows] == [None, None] and rows[1].state == "passed"
    page = signed_in(owner).get(f"/en/inspections/{rows[0].public_id}/").content.decode()
    assert "Ask for another inspection" in page and "Last day to pass it" in page and rows[1].reference not in page
