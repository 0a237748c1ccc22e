"""Pages and messages say only what is possible in the state of a violation, and what was paid for it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import translation

from municipality.documents.services import draft
from municipality.kernel import clock
from municipality.notifications.models import Message
from municipality.ui.templatetags.portal import day, kwd, moment
from payments.models import Attempt, Bill, Receipt
from tests.bank import Bank
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.due_jobs import run_due
from tests.factories.accounts import SALIM, StaffFactory
from tests.factories.violations import ObjectionFactory
from tests.violations.conftest import pay
from violations import options, queries, rules
from violations.models import Charge, Violation
from violations.services import blocks, court, dues, notices, objections, settlements, terms
from violations.services.assessments import formula

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def plain_static(settings: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


@pytest.fixture
def stopped(served: Violation, frozen_clock: Clock) -> Violation:
    frozen_clock.move(days=31)
    terms.lapse_due()
    assert blocks.place_due() == 1
    return served


def shown(person: Any, row: Violation, rest: str = "", language: str = "en") -> str:
    page = signed_in(person).get(f"/{language}/violations/{row.public_id}/{rest}").content.decode()
    return re.sub("[ \n]+", " ", page[page.index("<main") : page.index("</main>")])


def rule_on(row: Violation) -> None:
    clerk, second = (StaffFactory(groups=["court_clerk"], login=login) for login in ("court", "court2"))
    court.refer(clerk=clerk)
    ruling = court.enter_judgment(violation=row, ruling_no="7/2026", ruled_on=clock.today(), fils=150_000, clerk=clerk)
    court.confirm_judgment(judgment=ruling, ruled_on=ruling.ruled_on, clerk=second, ruling_no="7/2026", fils=150_000)


def outcome_text(row: Violation) -> str:
    with translation.override("en"):
        said = dues.outcome(Charge.objects.filter(violation=row).latest("pk").bill)
        assert said is not None
        return str(said.text)


def test_an_objection_keeps_the_settlement_only_while_both_can_be_sent(served: Violation, owner: Any) -> None:
    def kept_until(last: dt.date | None) -> str:
        return f"If sent by {day(last)}, payment is on hold"

    with translation.override("en"):
        before = kept_until(served.settle_until)
        assert before in shown(owner, served)
        terms.extend(violation=served, person=owner)  # now later than the last day to object
        served.refresh_from_db()
        after = kept_until(served.object_until)
    page = shown(owner, served)
    assert after in page and before not in page


def test_the_message_and_the_page_name_the_stop_and_only_what_still_ends_it(stopped: Violation, owner: Any) -> None:
    message = Message.objects.get(person=owner, kind="violations.services_stopped")
    ends = "The stop ends once the amount that the court sets is paid, or if the court finds no violation."
    assert message.body_en.endswith(f"the renewal of the licence is stopped. {ends}")
    assert "اعتراض" not in message.body_ar and "يُرفع الحظر عند دفع المبلغ الذي تحدده المحكمة" in message.body_ar
    page = shown(owner, stopped)
    assert "Renewal of the licence is stopped" in page and ends in page and "No option is open now" in page
    assert "This violation stops it for" not in page, "it is one shop, which the page names"
    rule_on(stopped)
    page = shown(owner, stopped)
    assert "The stop ends within a minute of paying the amount that the court set." in page and ends not in page


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": "overdue"}, "An objection ends the stop"),
        ({"state": "overdue", "had_objection": True}, "the court sets"),
        ({"state": "overdue", "object_until": dt.date(2026, 11, 1)}, "the court sets"),
        ({"state": "referred"}, "the court sets"),
        ({"state": "judged"}, "the court set."),
    ],
)
def test_what_ends_a_stop_depends_on_what_is_open(changes: dict[str, Any], words: str) -> None:
    with translation.override("en"):
        said = str(options.stop_ends(rules.ViolationStatus(today=dt.date(2026, 11, 24), **changes)))
    assert words in said and ("objection" in said) == words.startswith("An objection")


def test_the_amount_of_the_court_is_due_now_and_its_payment_opens_what_was_stopped(stopped: Violation, owner: Any) -> None:
    rule_on(stopped)
    page = shown(owner, stopped)
    assert "due now" in page and "no last day yet" not in page and "No objection is open any more" not in page
    assert "The stop of services ends within a minute" in page
    assert "مستحق الآن" in shown(owner, stopped, language="ar")
    pay(stopped, owner)
    assert outcome_text(stopped).endswith("The services that it had stopped are open again.")
    receipt = Receipt.objects.get()
    page = shown(owner, stopped)
    assert "Renewal of the licence is stopped" not in page
    with translation.override("en"):
        amount, at = str(kwd(150_000)), str(moment(receipt.issued_at))
    assert page.count(amount) == 2 and page.count(at) == 3, "in the box and with the receipt; the step has the time too"


def test_after_a_judgment_the_page_says_that_there_is_no_objection_here(stopped: Violation, owner: Any) -> None:
    rule_on(stopped)
    with translation.override("en"):
        ruled = day(clock.today())
    page = shown(owner, stopped)
    assert f"The court ruled on {ruled}, so there is no objection with the Municipality. An appeal is filed with the court" in page
    assert "It is with the court" not in page and "الطعن في الحكم إلى المحكمة" in shown(owner, stopped, language="ar")


def test_nothing_is_opened_again_while_another_violation_stops_it_or_where_nothing_was_stopped(
    write: Callable[..., Violation], served: Violation, owner: Any, frozen_clock: Clock
) -> None:
    other, paid = write("CLN-03", seen_at=clock.now() - dt.timedelta(days=1)), write("VND-01")
    for row in (other, paid):
        notices.record_opening(violation=row, person=owner)
    pay(paid, owner)
    assert outcome_text(paid) == "The violation is paid and closed. It does not go to court."
    frozen_clock.move(days=31)
    terms.lapse_due()
    assert blocks.place_due() == 2
    rule_on(served)
    pay(served, owner)
    assert outcome_text(served) == "The violation is closed."


def test_whoever_else_signs_is_told_once_that_a_violation_is_paid_and_stops_nothing(
    signed_by_two: Violation, owner: Any, stranger: Any, frozen_clock: Clock
) -> None:
    frozen_clock.move(days=31)
    terms.lapse_due()
    assert blocks.place_due() == 1
    rule_on(signed_by_two)
    known = set(Message.objects.values_list("pk", flat=True))
    pay(signed_by_two, owner)
    told = Message.objects.exclude(pk__in=known).order_by("kind")
    assert [(one.kind, one.person) for one in told] == [("payments.payment_received", owner), ("violations.settled", stranger)]
    assert "It no longer stops any service." in told[1].body_en and "لم تعد توقف أي خدمة" in told[1].body_ar


def test_while_an_objection_is_studied_no_day_seems_to_be_lost(served: Violation, owner: Any) -> None:
    ObjectionFactory(violation=served, person=owner)
    page = shown(owner, served)
    assert "Settle and pay: closed" in page and "Last day:" not in page
    assert page.count("It opens again for 14 days after a refusal.") == 1


def test_after_a_plan_fell_the_page_and_the_basket_name_one_day_and_no_right_that_is_over(
    served: Violation, owner: Any, frozen_clock: Clock
) -> None:
    assert "the right to object ends after" in shown(owner, served)
    terms.agree_plan(violation=served, person=owner, count=3)
    pay(served, owner)
    assert shown(owner, served).count("not paid yet") == 2
    assert shown(owner, served, language="ar").count("لم يُدفع بعد") == 2, "its own word, not that of an unanswered check"
    frozen_clock.move(days=62)
    assert terms.void_missed() == 1
    row = Violation.objects.get(pk=served.pk)
    assert row.object_until is not None and row.object_until < clock.today() < row.settle_until  # type: ignore[operator]
    with translation.override("en"):
        stops = day(row.settle_until + dt.timedelta(days=1))  # type: ignore[operator]
        assert f"stopped from {stops}" in dues.dues(owner)[0].left
    page = shown(owner, row)
    assert f"Not renewed from {stops} until what the court sets is paid" in page
    assert "If you do nothing" in page and "the right to object ends" not in page


def test_a_right_that_is_used_is_no_price_of_paying(served: Violation, owner: Any) -> None:
    for rest in ("", "pay/"):
        assert "ight to object" in shown(owner, served, rest)
    assert dues.dues(owner)[0].note
    objections.withdraw(objection=ObjectionFactory(violation=served, person=owner), person=owner)
    assert "The right to object ends" not in shown(owner, served)
    terms.extend(violation=served, person=owner)  # instalments stand alone then
    page = shown(owner, served)
    assert "The right to object ends" not in page and "One missed part ends the plan" in page
    assert "right to object" not in shown(owner, served, "pay/")
    assert dues.dues(owner)[0].note == ""
    bill = settlements.bill_for(violation=served, person=owner)
    assert isinstance(bill, Bill) and dues.of_bills([bill])[bill.pk].note == ""


def test_my_violations_stand_by_their_open_deadline_then_the_newest_first(
    write: Callable[..., Violation], owner: Any, frozen_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, later, soon, plan, warned = (write(code) for code in ("CLN-06", "ADV-03", "CLN-03", "VND-01", "SHP-05"))
    older = write("CLN-01", seen_at=clock.now() - dt.timedelta(hours=2))
    for row in (late, soon, plan, older):
        notices.record_opening(violation=row, person=owner)
    terms.agree_plan(violation=plan, person=owner, count=2)
    pay(older, owner)
    # With a deadline: the instalment of today, the warning and the settlement by their days, the objection; then without one.
    expected = [plan.pk, *sorted((soon.pk, warned.pk), key=lambda pk: _day(pk)), late.pk, later.pk, older.pk]
    found = queries.by_deadline(queries.visible_to(owner), after=None, limit=9)
    assert [pk for pk, _day in found] == expected
    assert [day is None for _pk, day in found] == [False] * 4 + [True] * 2
    client, listed, address = signed_in(owner), [], "/en/violations/mine/"
    monkeypatch.setattr("violations.views.citizen.PAGE_SIZE", 2)
    while address:
        page = client.get(address).content.decode()
        listed += re.findall(r'<a href="/en/violations/(\w{26})/">', page)
        older_link = re.search(r'href="(\?before=\d+)"', page)
        address = f"/en/violations/mine/{older_link[1]}" if older_link else ""
    numbers = dict(Violation.objects.values_list("public_id", "pk"))
    assert [numbers[public_id] for public_id in listed] == expected, "the same order over several pages"


def _day(pk: int) -> Any:
    row = Violation.objects.get(pk=pk)
    return row.settle_until or row.correct_until


def test_my_violations_say_until_when_each_can_be_objected_to(write: Callable[..., Violation], served: Violation, owner: Any) -> None:
    charged = write("CLN-06")
    notices.record_opening(violation=charged, person=owner)
    page = signed_in(owner).get("/en/violations/mine/").content.decode()
    assert page.count("objection until") == 2
    ObjectionFactory(violation=served, person=owner)
    page = signed_in(owner).get("/en/violations/mine/").content.decode()
    assert page.count("objection until") == 1 and 'href="/en/basket/?item="' in page


def test_the_clearance_page_says_what_each_violation_waits_for(stopped: Violation, write: Callable[..., Violation], owner: Any) -> None:
    write("VND-01")
    page = signed_in(owner).get("/en/violations/clearance/").content.decode()
    assert "waits for the court" in page and "waits for the settlement" in page and "settled first" not in page
    assert set(options.WAITS) == {str(state) for state in queries.OPEN_SUMS}


def test_the_clearance_page_names_the_objection_while_one_is_possible(served: Violation, owner: Any, frozen_clock: Clock) -> None:
    frozen_clock.move(days=16)
    terms.lapse_due()
    page = signed_in(owner).get("/en/violations/clearance/").content.decode()
    assert "waits for an objection or the court" in page
    frozen_clock.move(days=15)
    page = signed_in(owner).get("/en/violations/clearance/").content.decode()
    assert "waits for the court" in page and "waits for an objection" not in page


def test_a_visitor_has_the_receipt_as_the_first_act_after_paying(served: Violation, client: Any, document: Any) -> None:
    client.post("/en/violations/", {"number": served.number, "last_four": SALIM[-4:]})
    assert client.post(f"/en/violations/{served.public_id}/pay-for/", {"fils": "100000"}).status_code == 303
    attempt = Attempt.objects.get()
    Bank.book.decide(attempt)
    with clock.at(clock.now() + dt.timedelta(minutes=3)):
        run_due()
    waiting = client.get(f"/pay/r/{attempt.token}", headers={"Accept-Language": "en"}).content.decode()
    assert waiting.count("The receipt is being sealed.") == 1 and waiting.index("is being sealed") < waiting.index("<aside")
    Receipt.objects.update(document=document)
    page = client.get(f"/pay/r/{attempt.token}", headers={"Accept-Language": "en"}).content.decode()
    url = f"/violations/{served.public_id}/receipts/{Receipt.objects.get().number}/"
    filled = re.findall(r'<a class="kp-btn kp-btn--fill"\s+href="([^"]+)"', page)
    assert len(filled) == 1 and filled[0].endswith(url) and page.count("kp-btn--fill") == 1
    assert page.count(url) == 2, "and in the table"


@pytest.fixture
def document(db: Any) -> Any:
    return draft(kind="x", number="X-1", subject="bill:x", holder_key="person:x")


def test_workers_are_counted_as_workers(write: Callable[..., Violation], owner: Any) -> None:
    row = write("SHP-05", quantity_hundredths=200)
    assert "Workers without valid health certificates, 2 workers." in shown(owner, row)
    assert "عاملون بلا شهادات صحية سارية، عاملان." in shown(owner, row, language="ar")
    amount = rules.settlement(rate_fils=50_000, unit="worker", facts=rules.Measurement(300), repeats=0, repeat_percent=200)
    assert formula(amount, "worker") == ("50.000 د.ك × 3 عمال", "KD 50.000 × 3 workers")
    area = rules.settlement(rate_fils=2_000, unit="m2_month", facts=rules.Measurement(350, 2), repeats=0, repeat_percent=200)
    assert formula(area, "m2_month") == ("2.000 د.ك × 3.50 م² × شهران", "KD 2.000 × 3.50 m² × 2 months")
