"""What the portal says when a renewal is not possible, and when the bank does not pay."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import LATE, PAYING
from tests.journeys.people import identity, shop_of
from tests.journeys.simulators import Bank, letters, text_messages
from tests.journeys.visitor import PATIENCE, PHONE, Visitor
from tools.stack.running import Stack, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.stack, pytest.mark.browser]

COLLECTOR = "Rajiv Menhas"  # has a shop for each scenario


@dataclass(frozen=True)
class Told:
    """Words of the one obstacle, in both languages, and the way out: the end of a link's address, or words."""

    ar: str
    en: str
    way: str
    names_a_fee: bool = True


OBSTACLES = {
    "food": Told("الهيئة العامة للغذاء والتغذية", "Public Authority for Food and Nutrition", "/my-shops/", names_a_fee=False),
    "early": Told("تُفتح فترة التجديد", "The renewal window opens on", "/my-shops/"),
    "renewed": Told("سبق تجديد الترخيص", "already been renewed", "/my-requests/"),
    "open": Told("مفتوح", "already open", "/cases/"),
    "blocked": Told("مبلغ الحكم لم يُدفع", "The amount that the court set is unpaid", "/pay/"),
    "commercial": Told("انتهى الترخيص التجاري", "The commercial licence ended on", "/my-shops/"),
    "changed": Told("تغيّر السجل", "The commercial register changed since the last licence", "/changes/"),
    "ended": Told("انتهى الترخيص في", "The licence ended on", "/changes/"),
    "suspended": Told("الترخيص موقوف", "The licence is suspended", "139"),
    "revoked": Told("الترخيص مسحوب", "The licence is revoked", "139"),
}


def _counts(stack: Stack) -> list[int]:
    """Rows that a renewal would leave behind."""
    return [stack.sql(f"SELECT count(*) FROM {table}")[0][0] for table in ("cases_case", "payments_bill", "payments_attempt")]


@pytest.mark.parametrize("code", ["ar", "en"])
def test_each_obstacle_is_said_at_once_with_its_way_out(
    stack: Stack, visit: Callable[..., Visitor], signed_in: Callable[[str], Any], code: str
) -> None:
    visitor = visit(code, storage_state=signed_in(COLLECTOR), viewport=PHONE)
    token = visitor.go("profile/").locator("input[name=csrfmiddlewaretoken]").first.input_value()
    before = _counts(stack)
    for scenario, told in OBSTACLES.items():
        ((shop_id,),) = stack.sql("SELECT public_id FROM shops_shop WHERE name_en = %s", shop_of(scenario, COLLECTOR)[1])
        page = visitor.go(f"health-licence/{shop_id}/renew/")
        bad = page.locator(".kp-stop")
        assert bad.count() == 1, f"{scenario}: {visitor.main()}"
        words = " ".join(bad.inner_text().split())
        assert getattr(told, code) in words, scenario
        if told.way.startswith("/"):
            ways = [link.get_attribute("href") or "" for link in bad.locator("a").all()]
            assert any(told.way in way for way in ways), f"{scenario}: {ways}"
            for way in (way for way in ways if way.startswith("/")):  # not the page of another authority
                assert visitor.context.request.get(f"{stack.base_url}{way}").ok, f"{scenario}: {way}"
        else:
            assert re.search(told.way, words), scenario
        expect(page.locator("main button, main input, main form"), f"{scenario}: nothing to fill in or press").to_have_count(0)
        assert (page.locator("main table").count() > 0) == told.names_a_fee, scenario
        answer = visitor.context.request.post(
            f"{stack.base_url}/{code}/health-licence/{shop_id}/renew/",
            form={"csrfmiddlewaretoken": token, "declared": "on", "total": "10000"},
            headers={"Referer": page.url},
        )
        assert answer.status < 500, scenario
    assert _counts(stack) == before
    assert visitor.wrongs() == []
    assert visitor.foreign_requests() == []


def test_a_shop_of_somebody_else_does_not_exist(stack: Stack, visit: Callable[..., Visitor], signed_in: Callable[[str], Any]) -> None:
    visitor = visit("en", storage_state=signed_in(COLLECTOR))
    ((strange,),) = stack.sql("SELECT public_id FROM shops_shop WHERE name_en = %s", shop_of("clean", "Noura Al-Marsa")[1])
    visitor.go(f"health-licence/{strange}/renew/")
    assert visitor.pages_with_status[visitor.page.url] == 404
    expect(visitor.page.locator("main h1")).to_have_count(1)


# The bank's bad days


@dataclass(frozen=True)
class Day:
    """One day at the bank: behaviours laid on the payment, the button pressed, and the heading of the receipt page."""

    name: str
    code: str
    press: str
    heading: str
    behaviours: tuple[str, ...] = ()
    pay_again: bool = False


DAYS = [
    Day("declined", "ar", "NOT CAPTURED", "لم يُدفع: رفض البنك العملية", pay_again=True),
    Day("cancelled", "en", "CANCELED", "Not paid: cancelled", pay_again=True),
    Day("no answer of the card's bank", "ar", "HOST TIMEOUT", "لم يُدفع: لا رد من بنك البطاقة"),
    Day("a limit of the bank", "en", "DENIED BY RISK", "Not paid: a limit of the bank"),
    Day("reversed at once", "ar", "CAPTURED", "لم يُدفع: ألغى البنك عملية الدفع", ("void_after_ack:0", "slow_tranpipe:2")),
]


class Payer:
    """Somebody with a bill of their own, in front of the bank."""

    def __init__(self, visitor: Visitor, stack: Stack, bank: Bank, shop: dict[str, str]) -> None:
        self.visitor, self.page, self.stack, self.bank = visitor, visitor.page, stack, bank
        visitor.go(f"health-licence/{shop['id']}/renew/")
        self.page.check("input[name=declared]")
        self.page.click("#form button.kp-btn--fill")
        visitor.arrive("/pay/[^/]+/$")
        self.bill = visitor.here().rstrip("/").rpartition("/")[2]

    def to_the_bank(self, *behaviours: str) -> None:
        if behaviours:
            self.bank.behave(*behaviours)
        self.page.locator("main form button.kp-btn--fill").click()
        self.page.wait_for_url(f"{self.stack.knet_url}/kpg/**")

    def press(self, result: str) -> None:
        self.page.click(f"button[name=result][value='{result}']")

    def to_the_bill(self) -> None:
        self.visitor.go(f"pay/{self.bill}/")

    def told(self, heading: str) -> None:
        """The page has the heading and says what happened, whether money moved, and what to do."""
        self.page.wait_for_selector(f'main :is(h1, h2):text-is("{heading}")')
        told = [*self.page.locator(".kp-panel p").all_inner_texts(), *self.page.locator("main :is(section > p, dd)").all_inner_texts()]
        assert len(told) >= 3 and all(len(" ".join(words.split())) > 10 for words in told[:3])

    def told_paid(self) -> None:
        """The page says that the payment is confirmed."""
        self.page.wait_for_selector(".kp-panel--ok[data-step^=paid]")

    def receipts(self) -> int:
        return int(
            self.stack.sql(
                "SELECT count(*) FROM payments_receipt r JOIN payments_bill b ON b.id = r.bill_id WHERE b.public_id = %s", self.bill
            )[0][0]
        )

    def bill_state(self) -> str:
        return str(self.stack.sql("SELECT state FROM payments_bill WHERE public_id = %s", self.bill)[0][0])

    def pays(self) -> None:
        """From the bill to the receipt page that says so."""
        self.to_the_bank()
        self.press("CAPTURED")
        self.visitor.arrive("^/pay/r/")
        self.told_paid()
        assert self.receipts() == 1


@pytest.fixture
def payer(
    stack: Stack, bank: Bank, renewable: dict[str, list[dict[str, str]]], visit: Callable[..., Visitor], signed_in: Callable[[str], Any]
) -> Callable[..., Payer]:
    """Somebody who stands before a bill of a shop that nobody else uses."""

    def make(code: str, name_en: str = PAYING) -> Payer:
        return Payer(visit(code, storage_state=signed_in(name_en)), stack, bank, renewable[name_en].pop())

    return make


@pytest.mark.parametrize("day", DAYS, ids=lambda day: day.name)
def test_a_payment_that_did_not_happen_is_told_and_can_be_made_again(payer: Callable[..., Payer], day: Day) -> None:
    somebody = payer(day.code)
    somebody.to_the_bank(*day.behaviours)
    somebody.press(day.press)
    somebody.visitor.arrive("^/pay/r/")
    somebody.told(day.heading)
    assert somebody.receipts() == 0
    assert somebody.bill_state() == "due"
    somebody.page.locator(f"main a.kp-btn--fill[href*='/pay/{somebody.bill}/']").click()
    somebody.visitor.arrive(f"/pay/{somebody.bill}/$")
    expect(somebody.page.locator("main form button.kp-btn--fill")).to_have_count(1)
    if day.pay_again:
        somebody.pays()
    assert somebody.visitor.wrongs() == []
    assert somebody.visitor.foreign_requests() == []


def test_a_browser_closed_after_paying_loses_nothing(payer: Callable[..., Payer]) -> None:
    somebody = payer("en")
    somebody.to_the_bank()
    somebody.press("close")
    somebody.page.wait_for_url(f"{somebody.stack.knet_url}/kpg/decide")
    somebody.to_the_bill()
    somebody.visitor.look_until(lambda: "This bill is paid" in somebody.visitor.main(), PATIENCE, "the bill to be paid")
    expect(somebody.page.locator("main form button.kp-btn--fill")).to_have_count(0)
    assert somebody.receipts() == 1


def test_leaving_the_banks_page_is_asked_after_and_then_paid(payer: Callable[..., Payer]) -> None:
    somebody = payer("ar")
    somebody.to_the_bank()
    somebody.to_the_bill()
    page = somebody.page
    assert "لدى البنك عملية دفع مفتوحة لهذه الفاتورة" in somebody.visitor.main()
    expect(page.locator("main .kp-next form"), "no second payment while one is open").to_have_count(0)
    page.locator("main form[action='left/'] button").click()
    somebody.visitor.arrive("^/pay/r/")
    somebody.told("لم يُدفع: أُلغيت العملية")
    assert somebody.receipts() == 0
    somebody.to_the_bill()
    somebody.pays()


def test_an_error_of_the_gateway_is_told_and_nothing_is_paid(payer: Callable[..., Payer]) -> None:
    somebody = payer("en")
    somebody.to_the_bank()
    somebody.press("error")
    somebody.visitor.arrive("^/pay/knet/error$")
    somebody.told("Not paid")
    somebody.page.locator("main a.kp-btn--fill").click()
    somebody.visitor.arrive("^/pay/r/")
    somebody.told("Not paid: the payment expired")
    assert somebody.receipts() == 0
    expect(somebody.page.locator(f"main a.kp-btn--fill[href*='/pay/{somebody.bill}/']")).to_have_count(1)


def test_a_wrong_amount_in_the_notification_changes_nothing(payer: Callable[..., Payer]) -> None:
    somebody = payer("en")
    somebody.to_the_bank("wrong_amount")
    somebody.press("CAPTURED")
    somebody.visitor.arrive("^/pay/r/")
    somebody.told_paid()  # by the bank's own answer, to the fils, not by the notification
    ((fils, state),) = somebody.stack.sql(
        "SELECT r.fils, b.state FROM payments_receipt r JOIN payments_bill b ON b.id = r.bill_id WHERE b.public_id = %s", somebody.bill
    )
    assert (fils, state) == (10_000, "paid")


def test_a_bank_that_calls_a_payment_suspect_is_reviewed_and_never_paid(payer: Callable[..., Payer]) -> None:
    somebody = payer("ar")
    somebody.to_the_bank("suspect")
    somebody.press("CAPTURED")
    somebody.visitor.arrive("^/pay/r/")
    somebody.told("عملية الدفع قيد المراجعة")
    assert somebody.receipts() == 0
    somebody.to_the_bill()
    expect(somebody.page.locator("main form button"), "no second payment while money may have moved").to_have_count(0)


def test_a_late_reversal_suspends_the_licence_and_tells_the_owner(payer: Callable[..., Payer]) -> None:
    person = identity(LATE)
    somebody = payer("en", LATE)
    somebody.to_the_bank("void_after_ack:7")
    somebody.press("CAPTURED")
    somebody.visitor.arrive("^/pay/r/")
    somebody.told_paid()
    somebody.page.locator("main a[href*='/cases/']").first.click()
    somebody.visitor.arrive("/en/cases/")
    page, visitor = somebody.page, somebody.visitor
    visitor.look_until(lambda: "Pay the fee again" in visitor.main(), 2 * PATIENCE, "the licence to be suspended")
    found = re.search(r"HLT-\S+", page.locator("a[href^='/documents/HLT-']").first.inner_text())
    assert found, "the licence was out when the bank took the money back"
    number = found[0]
    ((code, state),) = somebody.stack.sql("SELECT code, state FROM documents_document WHERE number = %s", number)
    assert state == "suspended"
    visitor.go(f"/verify/{code}")
    assert "Suspended" in visitor.main()
    subject = f"Licence {number} is suspended"
    visitor.go("messages/")
    visitor.look_until(lambda: subject in visitor.main(), PATIENCE, "the message about the suspension")
    if person.person.language == "ar":
        subject = number
    wait_until(lambda: any(subject in letter["Subject"] for letter in letters(somebody.stack, person.email)), PATIENCE, "the e-mail")
    wait_until(lambda: any(number in text for text in text_messages(somebody.stack, person.mobile)), PATIENCE, "the text message")

    somebody.to_the_bill()
    somebody.to_the_bank()
    somebody.press("CAPTURED")
    visitor.arrive("^/pay/r/")
    somebody.told_paid()
    wait_until(
        lambda: somebody.stack.sql("SELECT state FROM documents_document WHERE number = %s", number)[0][0] != "suspended",
        PATIENCE,
        "the licence to be in force again",
    )
    visitor.go(f"/verify/{code}")
    assert "Suspended" not in visitor.main()


@pytest.mark.usefixtures("browser")  # else pytest takes it out of the row of the others
def test_the_books_agree_after_all_of_it(stack: Stack) -> None:
    assert stack.sql("SELECT count(*) FROM payments_attempt WHERE state <> 'paid'")[0][0] > 0
    told = stack.manage("invariants", check=False)
    assert told.returncode == 0, told.stdout + told.stderr
