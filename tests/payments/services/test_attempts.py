from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from municipality.jobs.models import Job
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused, TransitionRefused
from payments import registry, rights
from payments.models import Allocation, Attempt, Bill, GatewayMessage
from payments.providers.knet import codec
from payments.rules import new_trackid
from payments.services import give_up, redirect_url, start_attempt
from payments.services.attempts import is_session_of
from payments.states import AttemptState
from tests.bank import KEY, Book
from tests.browsers import signed_in
from tests.due_jobs import run_due
from tests.factories.payments import AttemptFactory
from tests.payments.conftest import START

pytestmark = pytest.mark.django_db


def start(bill: Bill, payer: Any, **more: Any) -> Attempt:
    return start_attempt(bills=[bill], payer=payer, **({"language": "ar", "session_key": "session-1"} | more))


def test_the_amount_is_read_from_the_bill_rows_not_from_what_the_caller_holds(issue: Callable[..., Bill], payer: Any) -> None:
    bill = issue(10_000)
    bill.total_fils = 1
    assert start(bill, payer).fils == 10_000


def test_two_tabs_share_one_attempt(issue: Callable[..., Bill], payer: Any) -> None:
    bill = issue()
    assert start(bill, payer, session_key="a").pk == start(bill, payer, session_key="b").pk
    assert Allocation.objects.filter(bill=bill).count() == 1


def test_the_database_refuses_a_second_open_attempt_of_a_bill(issue: Callable[..., Bill], payer: Any) -> None:
    bill = issue()
    start(bill, payer)
    other = Attempt.objects.create(
        trackid=new_trackid(), fils=10_000, language="ar", started_by=payer, session_digest="x", created_at=START
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        Allocation.objects.create(attempt=other, bill=bill, fils=10_000)
    Allocation.objects.create(attempt=other, bill=bill, fils=10_000, is_open=False)


def test_a_stranger_cannot_begin_a_payment_of_somebody_elses_bill(issue: Callable[..., Bill], stranger: Any) -> None:
    with pytest.raises(NotPermitted):
        start(issue(), stranger)


def test_a_service_is_asked_once_what_its_bills_are_for(issue: Callable[..., Bill], payer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bill, asked = issue(), []

    def described(bills: Any) -> dict[int, Any]:
        asked.append(bills)
        return {}

    monkeypatch.setitem(registry.BILLED, "tests.thing", described)
    assert start(bill, payer) == start(bill, payer) and asked == [[bill], [bill]], "once by each of two tabs"


def test_one_payment_can_be_for_several_bills_and_a_part_of_them_waits(issue: Callable[..., Bill], payer: Any) -> None:
    first, second, third = issue(1_000), issue(2_000, subject="case:b"), issue(4_000, subject="case:c")
    attempt = start_attempt(bills=[second, first], payer=payer, language="ar", session_key="s")
    assert attempt.fils == 3_000
    for bills in ([first], [first, second, third]):
        with pytest.raises(Refused) as refused:
            start_attempt(bills=bills, payer=payer, language="ar", session_key="s")
        assert refused.value.code == "open_elsewhere"


def test_the_browser_leaves_with_the_amount_and_the_addresses_and_the_message_is_kept(issue: Callable[..., Bill], payer: Any) -> None:
    bill = issue(15_750)
    attempt = start(bill, payer)
    url = redirect_url(attempt)
    query = parse_qs(urlsplit(url).query)
    order = dict(pair.split("=", 1) for pair in codec.decrypt(KEY, query["trandata"][0]).split("&"))
    assert (order["amt"], order["trackid"], order["langid"], order["currencycode"]) == ("15.750", attempt.trackid, "AR", "414")
    assert order["udf1"] == bill.reference.replace("-", "")
    assert order["responseURL"] == query["responseURL"][0] == "https://portal.example.test/pay/knet/response"
    kept = GatewayMessage.objects.get(attempt=attempt)
    assert kept.raw == query["trandata"][0] and kept.decoded["password"] == "********"
    assert "999901pg" not in kept.raw + str(kept.decoded)
    row = Attempt.objects.get(pk=attempt.pk)
    assert row.state == AttemptState.REDIRECTED and row.page_expires_at == START + dt.timedelta(seconds=1800)
    assert Job.objects.get(kind="payments.inquire").due_at == START + dt.timedelta(minutes=2)


def test_a_double_click_goes_to_the_bank_and_a_later_click_to_the_receipt_page(issue: Callable[..., Bill], payer: Any) -> None:
    bill = issue()
    first = redirect_url(start(bill, payer))
    assert redirect_url(start(bill, payer)) == first
    assert GatewayMessage.objects.count() == 1
    with clock.at(START + dt.timedelta(seconds=6)):
        attempt = start(bill, payer)
        assert redirect_url(attempt) == f"https://portal.example.test/pay/r/{attempt.token}"


def test_a_gateway_that_is_not_set_up_leaves_the_attempt_for_another_try(issue: Callable[..., Bill], payer: Any, settings: Any) -> None:
    settings.KNET_RESOURCE_KEY = ""
    attempt = start(issue(), payer)
    with pytest.raises(Refused) as refused:
        redirect_url(attempt)
    assert refused.value.code == "gateway_unavailable"
    assert Attempt.objects.get(pk=attempt.pk).state == AttemptState.CREATED
    settings.KNET_RESOURCE_KEY = KEY.decode()
    assert "kpg/PaymentHTTP.htm" in redirect_url(attempt)


def test_an_attempt_that_never_left_expires_and_frees_its_bill(issue: Callable[..., Bill], payer: Any) -> None:
    from payments.services.inquiries import sweep

    bill = issue()
    attempt = start(bill, payer)
    with clock.at(START + dt.timedelta(minutes=29)):
        assert sweep() == 0
    with clock.at(START + dt.timedelta(minutes=31)):
        assert sweep() == 1
        assert Attempt.objects.get(pk=attempt.pk).state == AttemptState.EXPIRED
        assert start(bill, payer).pk != attempt.pk


def test_the_database_keeps_amount_token_and_gateway_numbers_of_an_attempt(at_bank: Callable[..., Attempt]) -> None:
    attempt = at_bank()
    for change in ({"fils": 1}, {"token": "x"}, {"trackid": "X"}, {"state": AttemptState.PAID}, {"redirected_at": START + dt.timedelta(1)}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Attempt.objects.filter(pk=attempt.pk).update(**change)


def test_only_the_browser_session_that_began_an_attempt_is_its_session(issue: Callable[..., Bill], payer: Any) -> None:
    attempt = start(issue(), payer, session_key="mine")
    assert is_session_of(attempt, "mine")
    assert not is_session_of(attempt, "theirs") and not is_session_of(attempt, None) and not is_session_of(attempt, "")
    assert "mine" not in attempt.session_digest


def test_a_person_who_left_the_banks_page_need_not_wait_for_it_to_expire(
    at_bank: Callable[..., Attempt], payer: Any, stranger: Any, bank: Book
) -> None:
    attempt = at_bank()
    with pytest.raises(NotPermitted):
        give_up(attempt=attempt, payer=stranger)
    give_up(attempt=attempt, payer=payer)
    run_due()
    assert bank.asked == [attempt.trackid]
    assert Attempt.objects.get(pk=attempt.pk).state == AttemptState.CANCELLED
    with pytest.raises(TransitionRefused):
        give_up(attempt=attempt, payer=payer)


def test_the_payer_need_not_wait_for_what_a_delegate_left(
    issue: Callable[..., Bill], payer: Any, stranger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, bill = signed_in(payer), issue()
    with monkeypatch.context() as patch:
        patch.setattr(rights, "may_pay", lambda user, _bill: user == stranger)
        attempt = AttemptFactory(bills=[bill], payer=stranger)
    left = f"/en/pay/{bill.public_id}/left/"
    assert left.removeprefix("/en") in client.get(f"/pay/r/{attempt.token}").content.decode()
    with pytest.raises(NotPermitted):
        give_up(attempt=Attempt.objects.get(), payer=None, session_key="session-1")
    assert client.post(left).status_code == 303
    run_due()
    assert Attempt.objects.get().state == AttemptState.CANCELLED


def test_giving_up_does_not_undo_what_the_bank_has_taken(at_bank: Callable[..., Attempt], payer: Any, bank: Book) -> None:
    attempt = at_bank()
    bank.decide(attempt)
    give_up(attempt=attempt, payer=payer)
    run_due(("payments.inquire",))
    assert Attempt.objects.get(pk=attempt.pk).state == AttemptState.PAID
