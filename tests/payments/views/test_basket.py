from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from municipality.kernel.actors import system
from payments import registry
from payments.models import Attempt, Bill
from payments.obligations import obligations
from payments.services import give_up, void_bill
from tests.bank import Book
from tests.browsers import signed_in
from tests.factories.payments import bill_line
from tests.payments.conftest import walk
from tests.payments.dues import KIND, Fines

pytestmark = pytest.mark.django_db
PAGE = "/en/basket/"


@pytest.fixture
def fines(payer: Any, monkeypatch: pytest.MonkeyPatch) -> Fines:
    found = Fines(payer)
    monkeypatch.setitem(registry.OWING, KIND, registry.Owing(found.dues, found.bill_for))
    return found


def ticked(text: str) -> list[str]:
    return re.findall(r'name="item" value="([^"]+)" checked', text)


def shown_total(text: str) -> str:
    return re.findall(r'name="total" value="(\d+)"', text)[0]


def test_everything_is_chosen_at_first_and_one_button_leaves_for_the_bank(issue: Callable[..., Bill], payer: Any, fines: Fines) -> None:
    issue(10_000)
    fines.open = {"f1": 5_500}
    client = signed_in(payer)
    text = client.get(PAGE).content.decode()
    assert len(ticked(text)) == 2 and shown_total(text) == "15500"
    assert text.count('class="kp-btn kp-btn--fill is-pay"') == 1 and "KD\u00a015.500" in text
    answer = client.post(PAGE, {"item": ticked(text), "total": "15500", "step": "pay"})
    assert answer.status_code == 303 and answer["Location"].startswith("https://bank.example.test/kpg/PaymentHTTP.htm")
    assert Attempt.objects.get().fils == 15_500
    arabic = client.get("/ar/basket/").content.decode()
    assert "مفتوح لدى البنك" in arabic and "15" not in re.findall(r'name="total" value="(\d+)"', arabic)
    left = client.get(PAGE).content.decode().partition('id="waiting"')[2]
    assert left.count("tell us that you left the bank's page without paying") == 2 and left.count("State of the payment") == 2
    history = client.get("/en/my-payments/").content.decode()
    assert history.count("Open at the bank") == 2 and ">Due<" not in history
    duties = obligations(payer)
    assert [(one.code, one.fils, one.until) for one in duties] == [("finish_payment", 0, None)] * 2
    assert {one.url for one in duties} == {f"/pay/r/{Attempt.objects.get().token}"}
    give_up(attempt=Attempt.objects.get(), payer=payer)
    assert not obligations(payer), "the bank is asked, and there is nothing for the person to do"
    assert client.get("/en/my-payments/").content.decode().count("Being checked") == 2


def test_the_pages_of_payments_mark_their_entry_of_the_menu(issue: Callable[..., Bill], payer: Any) -> None:
    bill, client = issue(), signed_in(payer)
    token = client.post(f"/en/pay/{bill.public_id}/").status_code == 303 and Attempt.objects.get().token
    other = issue(7_000, subject="case:one")
    for address, current in (
        ("/en/my-payments/", "page"),
        (PAGE, "true"),
        (f"/en/pay/{other.public_id}/", "true"),
        (f"/pay/r/{token}?lang=en", "true"),
        ("/en/", ""),
    ):
        nav = client.get(address, follow=True).content.decode().partition('class="kp-nav"')[2].partition("</nav>")[0]
        marked = re.findall(r'href="/\w\w/my-payments/" aria-current="(\w+)"', nav)
        assert "/my-payments/" in nav and marked == [current] * bool(current), address


def test_a_bill_of_several_lines_shows_each_before_the_bank(issue: Callable[..., Bill], payer: Any) -> None:
    bill_of_one = issue(7_000, subject="case:one")
    issue(lines=[bill_line(10_000), bill_line(5_000)], fils=15_000)
    text = signed_in(payer).get(PAGE).content.decode()
    first, second = text.split('<li class="kp-bill">')[1:]
    if bill_of_one.reference in second:
        first, second = second, first
    assert "KD\u00a010.000" in second and "KD\u00a05.000" in second and "KD\u00a015.000" in second
    assert first.count("KD\u00a07.000") == 1, "a single line is not said twice"


def test_another_choice_is_counted_before_it_is_paid_without_any_script(issue: Callable[..., Bill], payer: Any, fines: Fines) -> None:
    bill = issue(10_000)
    fines.open = {"f1": 5_500}
    client = signed_in(payer)
    chosen = {"item": [f"bill:{bill.public_id}:10000"], "total": "15500"}
    for step, status in (("count", 200), ("pay", 409)):  # the total beside the button was another one
        answer = client.post(PAGE, {**chosen, "step": step})
        text = answer.content.decode()
        assert answer.status_code == status and ("Nothing was paid" in text) == (step == "pay")
        assert shown_total(text) == "10000" and len(ticked(text)) == 1 and not Attempt.objects.exists()
    assert client.post(PAGE, {**chosen, "total": "10000", "step": "pay"}).status_code == 303
    assert Attempt.objects.get().fils == 10_000


@pytest.mark.parametrize(("language", "amount"), [("en", "KD\u00a010.000"), ("ar", "10.000")])
def test_the_module_is_told_the_total_and_begins_nothing(issue: Callable[..., Bill], payer: Any, language: str, amount: str) -> None:
    bill = issue(10_000)
    client = signed_in(payer)
    address = f"/{language}/basket/"
    assert f"{amount}</bdi>" in client.get(address).content.decode()
    told = client.post(address, {"item": [f"bill:{bill.public_id}:10000"], "step": "count"}, headers={"Accept": "application/json"})
    count = {"en": "1 item", "ar": "بند واحد"}[language]
    assert told.json() == {"fils": 10_000, "amount": amount, "count": count} and not Attempt.objects.exists()
    asked = client.post(
        address, {"item": [f"bill:{bill.public_id}:10000"], "step": "pay", "total": "9"}, headers={"Accept": "application/json"}
    )
    assert asked.status_code == 409 and not Attempt.objects.exists(), "a payment is never begun over another total"


def test_a_link_says_what_is_ticked_and_ticks_no_offer(issue: Callable[..., Bill], payer: Any, fines: Fines) -> None:
    bill, _other = issue(10_000), issue(2_000, subject="case:b")
    fines.open, fines.offers = {"f2": 7_000}, {"f2"}
    client = signed_in(payer)
    all_bills, none, one, offer = (
        client.get(PAGE + query).content.decode() for query in ("", "?item=", f"?item=bill:{bill.public_id}", f"?item=due:{KIND}:f2")
    )
    assert [len(ticked(text)) for text in (all_bills, none, one, offer)] == [2, 0, 1, 0]
    assert [shown_total(text) for text in (all_bills, none, one)] == ["12000", "0", "10000"]
    assert "<span data-count>2 items</span>" in all_bills and "<span data-count>1 item</span>" in one


def test_an_offer_is_never_chosen_by_the_portal(issue: Callable[..., Bill], payer: Any, fines: Fines) -> None:
    issue(10_000)
    fines.open, fines.offers = {"f1": 5_500, "f2": 7_000}, {"f2"}
    client = signed_in(payer)
    text = client.get(PAGE).content.decode()
    assert len(ticked(text)) == 2 and shown_total(text) == "15500" and not any(":f2:" in value for value in ticked(text))
    assert text.index("Bills that are due") < text.index("Fine 1") < text.index("Settlement offers (optional)") < text.index("Fine 2")
    values = re.findall(r'name="item" value="([^"]+)"', text)
    told = client.post(PAGE, {"item": values, "step": "count"}).content.decode()
    assert len(ticked(told)) == 3 and shown_total(told) == "22500", "the person may choose it"


def test_a_changed_amount_comes_back_with_the_new_total_and_nothing_is_taken(payer: Any, fines: Fines) -> None:
    fines.open = {"f1": 5_000}
    client = signed_in(payer)
    text = client.get(PAGE).content.decode()
    fines.open["f1"] = 10_000
    answer = client.post(PAGE, {"item": ticked(text), "total": shown_total(text), "step": "pay"})
    told = answer.content.decode()
    assert answer.status_code == 409 and "An amount changed" in told and shown_total(told) == "10000" and len(ticked(told)) == 1
    assert not Attempt.objects.exists() and not Bill.objects.exists()


def test_lines_of_other_people_and_none_at_all_come_back_as_a_page(issue: Callable[..., Bill], payer: Any, stranger: Any) -> None:
    bill = issue()
    client = signed_in(stranger)
    foreign = client.post(PAGE, {"item": [f"bill:{bill.public_id}:10000"], "total": "10000", "step": "pay"})
    unknown = client.post(PAGE, {"item": ["bill:nothing:10000"], "total": "10000", "step": "pay"})
    assert foreign.status_code == unknown.status_code == 409
    assert "Nothing was paid" in foreign.content.decode()
    strip = re.compile(r'csrfmiddlewaretoken" value="\w+"')
    assert strip.sub("", foreign.content.decode()) == strip.sub("", unknown.content.decode())
    assert signed_in(payer).post(PAGE, {"step": "pay", "total": "0"}).status_code == 409
    assert not Attempt.objects.exists()


def test_an_empty_basket_and_a_bill_past_its_day_say_so(issue: Callable[..., Bill], payer: Any) -> None:
    client = signed_in(payer)
    assert "Nothing is due" in client.get(PAGE).content.decode()
    import datetime as dt

    issue(due_until=dt.date(2026, 11, 1))
    text = client.get(PAGE).content.decode()
    assert "The last day has passed" in text and "checkbox" not in text


def test_my_payments_list_bills_receipts_and_what_is_owed_back(
    at_bank: Callable[..., Attempt], issue: Callable[..., Bill], bank: Book, payer: Any, paid_for: Any
) -> None:
    paid, gone, due = issue(), issue(2_000, subject="case:b"), issue(3_000, subject="case:c")
    bank.decide(at_bank(paid))
    walk(3)
    void_bill(bill=gone, actor=system("tests"))
    client = signed_in(payer)
    text = client.get("/en/my-payments/").content.decode()
    for bill, word in ((paid, "Paid"), (gone, "Cancelled"), (due, "Due")):
        assert bill.reference in text and word in text
    assert 'href="/en/basket/"' in text
    from payments.services import owe_back

    owe_back(bill=paid, reason="shop_closed", actor=system("tests"))
    assert "To be returned" in client.get("/en/my-payments/").content.decode()


def test_my_payments_go_back_by_pages(issue: Callable[..., Bill], payer: Any, stranger: Any) -> None:
    bills = [issue(1_000 + n, subject=f"case:{n}") for n in range(27)]
    client = signed_in(payer)
    first = client.get("/en/my-payments/").content.decode()
    before = re.findall(r"\?before=(\d+)", first)[0]
    second = client.get(f"/en/my-payments/?before={before}").content.decode()
    assert bills[26].reference in first and bills[0].reference not in first
    assert bills[0].reference in second and bills[26].reference not in second
    assert "No payments yet" in signed_in(stranger).get("/en/my-payments/").content.decode()
    assert "No older payments" in client.get("/en/my-payments/?before=1").content.decode()


def test_what_is_due_stands_first_then_the_newest(issue: Callable[..., Bill], payer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new, due = issue(1_000, subject="case:a"), issue(2_000, subject="case:b"), issue(3_000, subject="case:c")
    for bill in (old, new):
        void_bill(bill=bill, actor=system("tests"))
    latest = issue(4_000, subject="case:d")
    void_bill(bill=latest, actor=system("tests"))
    monkeypatch.setattr("payments.views.basket.PAGE_SIZE", 2)
    client, listed, address = signed_in(payer), [], "/en/my-payments/"
    while address:
        text = client.get(address).content.decode()
        listed += re.findall(r'href="/en/pay/(\w{26})/"', text)
        older = re.findall(r'href="(\?before=\d+)"', text)
        address = f"/en/my-payments/{older[0]}" if older else ""
    assert listed == [bill.public_id for bill in (due, latest, new, old)]


def test_the_basket_says_why_bills_are_ticked_and_settlements_are_not(issue: Callable[..., Bill], payer: Any, fines: Fines) -> None:
    issue(10_000)
    client, said = signed_in(payer), "Bills that are due are ticked; settlements are not"
    assert said not in client.get(PAGE).content.decode(), "there is no settlement"
    fines.open, fines.offers = {"f1": 5_500}, {"f1"}
    assert said in client.get(PAGE).content.decode()
    assert said not in client.get(f"{PAGE}?item=").content.decode(), "a link has said what is ticked"
