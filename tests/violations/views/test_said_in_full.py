"""What the pages of a violation say in full: which digits count, what a late warning waits for, amounts after a refusal, the way back."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from municipality.kernel import clock
from municipality.kernel.ids import with_check
from municipality.ui.templatetags.portal import day, moment
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import SALIM, OrganisationFactory, StaffFactory
from tests.factories.uploads import UploadFactory
from tests.factories.violations import ObjectionFactory
from violations import queries, rules
from violations.models import Service, Signed, Violation
from violations.services import court, notices, objections, terms, violation_reports

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def plain_static(settings: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


def main(client: Client, address: str) -> str:
    page = client.get(address).content.decode()
    return re.sub("[ \n]+", " ", page[page.index("<main") : page.index("</main>")])


def by_number(row: Violation, number: str = "") -> Client:
    client = Client()
    assert client.post("/en/violations/", {"number": number or row.reference, "last_four": SALIM[-4:]}).status_code == 302
    return client


def address(row: Violation, rest: str = "", language: str = "en") -> str:
    return f"/{language}/violations/{row.public_id}/{rest}"


def test_ones_and_noughts_are_read_as_the_letters_that_look_like_them(write: Callable[..., Violation]) -> None:
    row = write()
    assert row.number is not None
    for typed in (row.number.replace("VIO", "V10"), row.number.replace("0", "O"), row.number.replace("-", "").lower()):
        assert by_number(row, typed)
    ends = {}
    for count in range(2000):
        number = with_check(f"VIO-2026-{count:06d}")
        ends.setdefault(number[-1], number)
    for letter, digit in (("I", "1"), ("O", "0"), ("1", "I"), ("0", "O")):
        assert rules.canonical_number(ends[letter][:-1] + digit) == ends[letter]
    assert rules.canonical_number(ends["K"][:-1] + "I") == ends["K"][:-1] + "I", "another check character stays wrong"
    assert rules.canonical_number("PPR-HA-10") == "PPR-HA-10"


def test_a_try_with_another_spelling_counts_as_the_same_number(write: Callable[..., Violation]) -> None:
    row = write()
    assert row.number is not None
    for turn in range(7):
        number = row.number.replace("0", "O") if turn % 2 else row.number
        answer = Client(REMOTE_ADDR=f"10.0.0.{turn}").post("/en/violations/", {"number": number, "last_four": "0000"})
    assert answer.status_code == 429


def test_the_page_and_the_form_say_whose_digits_count(write: Callable[..., Violation], make_shop: Callable[..., Any], owner: Any) -> None:
    mine = write()
    notices.record_opening(violation=mine, person=owner)
    assert "the last 4 digits of the civil number of the person whom the notice names" in main(signed_in(owner), address(mine))
    company = write(shop=make_shop(owner=None, organisation=OrganisationFactory()))
    assert queries.is_found_by_signatories(company) and not queries.is_found_by_signatories(mine)
    assert "A company: of anybody who signs for it." in main(Client(), "/en/violations/")
    assert "أي مفوَّض بالتوقيع" in main(Client(), "/ar/violations/")


def test_a_notice_found_by_number_can_be_paid_before_it_is_opened(write: Callable[..., Violation]) -> None:
    row = write()
    page = main(by_number(row), address(row))
    assert "It can be paid now. The 14 days begin when that person opens the notice here" in page
    assert "يمكن دفعها الآن" in main(by_number(row), address(row, language="ar"))


def test_a_warning_whose_day_has_passed_says_what_comes_next(write: Callable[..., Violation], owner: Any, frozen_clock: Clock) -> None:
    row = write("CLN-02")
    client = signed_in(owner)
    assert "send a photo by" in main(client, address(row)) and "put right by" in main(client, "/en/violations/mine/")
    frozen_clock.move(days=10)
    client = signed_in(owner)
    page = main(client, address(row))
    assert "An inspector looks at the place next" in page and "send a photo by" not in page
    assert "Correct it: time is over" in page and "The last day was <time" in page
    listed = main(client, "/en/violations/mine/")
    assert "the time to put it right is over" in listed and "put right by" not in listed


def test_a_report_after_a_warning_names_both_days_in_one_sentence(
    write: Callable[..., Violation], owner: Any, inspector: Any, frozen_clock: Clock
) -> None:
    row = write("CLN-02")
    warned_on, until = clock.today(), row.correct_until
    frozen_clock.move(days=10)
    violation_reports.write_report(violation=row, inspector=inspector, seen_at=clock.now())
    notices.record_opening(violation=row, person=owner)
    with translation.override("en"):
        sentence = (
            f"A warning was given on {day(warned_on)}, with time to correct it until {day(until)}. "
            f"The periods to settle and object count from {day(clock.today())}."
        )
    page = main(signed_in(owner), address(row))
    assert sentence in page and "Notice received" in page


def test_an_objection_names_the_amount_that_a_refusal_leaves(write: Callable[..., Violation], owner: Any) -> None:
    row = write()
    notices.record_opening(violation=row, person=owner)
    client = signed_in(owner)
    assert "then no second objection is possible" in main(client, address(row, "object/"))
    objection = ObjectionFactory(violation=row, person=owner)
    case = f"/en/cases/{objection.case.public_id}/"
    for page in (main(client, address(row)), main(client, case)):
        assert "KD\u00a0100.000</bdi>, payable for 14 days after a refusal" in page
    objections.withdraw(objection=objection, person=owner)
    row = Violation.objects.get(pk=row.pk)
    with translation.override("en"):
        assert f"KD\u00a0100.000</bdi>, payable until {day(row.settle_until)}" in main(client, case)


def test_who_came_from_a_renewal_goes_back_to_it(write: Callable[..., Violation], owner: Any, frozen_clock: Clock) -> None:
    row = write()
    notices.record_opening(violation=row, person=owner)
    client = signed_in(owner)
    assert "Back to the violation" in main(client, address(row, "pay/"))
    frozen_clock.move(days=31)
    terms.lapse_due()
    first, second = (StaffFactory(groups=["court_clerk"], login=login) for login in ("court", "court2"))
    court.refer(clerk=first)
    ruling = court.enter_judgment(violation=row, ruling_no="7/2026", ruled_on=clock.today(), fils=150_000, clerk=first)
    court.confirm_judgment(judgment=ruling, ruled_on=ruling.ruled_on, clerk=second, ruling_no="7/2026", fils=150_000)
    client = signed_in(owner)
    assert "to pay <bdi" in main(client, "/en/violations/mine/")
    assert row.shop is not None
    page = main(client, address(row, f"pay/?from=renewal:{row.shop.public_id}"))
    assert "Back to the renewal" in page and "Back to the violation" not in page


def test_my_violations_lead_to_older_and_back_to_newer(
    write: Callable[..., Violation], owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for code in ("CLN-01", "CLN-03", "CLN-06", "ADV-03", "VND-01"):
        write(code)
    monkeypatch.setattr("violations.views.citizen.PAGE_SIZE", 2)
    client, pages, link = signed_in(owner), [], ""
    for name in ("before", "before", "after", "after"):
        page = main(client, f"/en/violations/mine/{link}")
        pages.append(re.findall(r'<a href="/en/violations/(\w{26})/">', page))
        link = re.findall(rf'href="(\?{name}=\d+)"', page)[0]
    last = main(client, f"/en/violations/mine/{link}")
    assert re.findall(r'<a href="/en/violations/(\w{26})/">', last) == pages[0] and ">Newer<" not in last
    assert pages[3] == pages[1] and len(pages[2]) == 1


@pytest.mark.parametrize("how", ["signed on paper", "by hand"])
def test_a_notice_that_is_entered_later_has_one_day(write: Callable[..., Violation], how: str, frozen_clock: Clock, store: Path) -> None:
    row = write(signed=Signed.SIGNED, seen_at=clock.now() - dt.timedelta(days=2)) if how == "signed on paper" else write()
    if how == "by hand":
        served_on = clock.today() + dt.timedelta(days=1)
        frozen_clock.move(days=3)
        clerk = StaffFactory(groups=["violation_clerk"], login="clerk", branch_id="HA")
        UploadFactory(owner=clerk, subject=queries.proof_key(row), slot="proof")
        notices.serve_by_hand(violation=row, clerk=clerk, on=served_on, how="handed", receipt="R-7")
    service = Service.objects.get(violation=row)
    page = main(by_number(row), address(row))
    fact = page[page.index("Notice received") :].partition("<dd>")[2].partition("<small")[0]
    steps = page[page.index("What has happened so far") :]
    received = steps[steps.index("Notice received") :].partition("<p>")[2].partition("</p>")[0]
    assert received.strip() == fact.strip() == str(moment(service.at)) and clock.day_of(service.at) != clock.today()
    assert steps.index("Violation report and settlement order") < steps.index("Notice received")
