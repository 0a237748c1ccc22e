"""What a violation stands on: places, rules, inspectors, a shop with its owner, and a bank that pays at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from municipality.accounts.models import Signatory
from municipality.kernel import clock
from municipality.places.models import Area, Branch
from municipality.review.services import desk
from payments.models import Bill
from shops.models import Shop
from tests import desk_acts
from tests.bank import Bank, Book
from tests.conftest import Clock
from tests.due_jobs import run_due
from tests.factories.accounts import OrganisationFactory, PersonFactory, StaffFactory
from tests.factories.payments import AttemptFactory
from tests.factories.review import OfficerFactory
from tests.factories.shops import ShopFactory
from violations.models import JudicialWarrant, Objection, Team, Violation
from violations.services import blocks, notices, settlements, terms, violation_reports
from violations.services.assessments import Findings

BRANCHES = ("AH", "AS", "FA", "HA", "JA", "MU")


@pytest.fixture(autouse=True)
def bank(settings: Any, frozen_clock: Clock) -> None:
    """A bank in memory; the clock stands still from the start."""
    settings.PAYMENT_PROVIDER = "tests.bank.Bank"
    settings.PORTAL_URL = "https://portal.example.test"
    settings.KNET_PAYMENT_URL = "https://bank.example.test/kpg/PaymentHTTP.htm"
    settings.KNET_TRANPIPE_URL = "https://bank.example.test/kpg/tranPipe.htm"
    settings.KNET_TRANPORTAL_ID, settings.KNET_PASSWORD, settings.KNET_RESOURCE_KEY = "999901", "999901pg", "1234567890ABCDEF"
    settings.KNET_INQUIRY_DELAY_SECONDS, settings.KNET_CONFIRM_DELAY_SECONDS, settings.KNET_PAGE_LIFETIME_SECONDS = 3, 600, 1800
    Bank.book = Book()


@pytest.fixture
def stranger(db: Any) -> Any:
    return PersonFactory(noura=True)


@pytest.fixture
def make_inspector(rules: None) -> Callable[..., Any]:
    """A member of staff with the status of a judicial officer in a branch, for every offence unless said otherwise."""

    def make(login: str = "inspector", branch: str = "HA", *, womens: bool = False, scope: list[str] | None = None, **warrant: Any) -> Any:
        home = Branch.objects.get(pk=branch)
        user = StaffFactory(groups=["inspector"], login=login, branch=home)
        code = f"{branch}-{'W' if womens else 'M'}"
        team, _created = Team.objects.get_or_create(
            code=code, defaults={"branch": home, "name_ar": f"فريق {branch}", "name_en": f"Team {branch}", "is_womens": womens}
        )
        values = {
            "team": team,
            "badge_no": f"B-{JudicialWarrant.objects.count() + 1:04d}",
            "decision_no": "ق 112/2025",
            "decision_on": dt.date(2025, 1, 5),
            "scope": scope or ["CLN", "SHP", "ADV", "BLD", "STL", "VND"],
            "first_day": dt.date(2025, 1, 5),
            "last_day": dt.date(2028, 1, 4),
        }
        JudicialWarrant.objects.create(user=user, **(values | warrant))
        return user

    return make


@pytest.fixture
def inspector(make_inspector: Callable[..., Any]) -> Any:
    return make_inspector()


@pytest.fixture
def make_shop(rules: None, owner: Any) -> Callable[..., Shop]:
    ShopFactory.reset_sequence(1)

    def make(**facts: Any) -> Shop:
        return ShopFactory(**({"owner": owner} | facts))

    return make


@pytest.fixture
def shop(make_shop: Callable[..., Shop]) -> Shop:
    return make_shop()


def found(shop: Shop | None = None, offence: str = "CLN-03", **facts: Any) -> Findings:
    """What an inspector saw half an hour ago."""
    values: dict[str, Any] = {
        "client_key": str(uuid4()),
        "offence": offence,
        "seen_at": clock.now() - dt.timedelta(minutes=30),
        "area": shop.area if shop else Area.objects.filter(governorate="HA").order_by("pk")[0],
        "shop": shop,
        "latitude": 29.33,
        "longitude": 48.02,
        "accuracy_m": 8,
        "note_ar": "أكياس مفتوحة أمام الباب",
    }
    return Findings(**(values | facts))


@pytest.fixture
def write(inspector: Any, shop: Shop) -> Callable[..., Violation]:
    """A violation of the shop, written by the inspector; of offences without a warning the report is written at once."""

    def make(offence: str = "CLN-03", **facts: Any) -> Violation:
        row, _new = violation_reports.record(
            inspector=facts.pop("by", inspector), findings=found(facts.pop("shop", shop), offence, **facts)
        )
        return Violation.objects.get(pk=row.pk)

    return make


def settle(bill: Bill) -> Bill:
    """Pay a bill at the bank, as far as the portal's own inquiry and the hand-over."""
    Bank.book.decide(AttemptFactory(bills=[bill]))
    with clock.at(clock.now() + dt.timedelta(minutes=3)):
        run_due()
    return Bill.objects.get(pk=bill.pk)


def pay(violation: Violation, payer: Any) -> Violation:
    settle(settlements.bill_for(violation=violation, person=payer))
    return Violation.objects.get(pk=violation.pk)


@pytest.fixture
def served(write: Callable[..., Violation], owner: Any) -> Violation:
    """A violation whose notice its shop's owner opened."""
    row = write("CLN-03")
    assert notices.record_opening(violation=row, person=owner)
    return Violation.objects.get(pk=row.pk)


@pytest.fixture
def overdue(served: Violation, frozen_clock: Clock) -> Violation:
    """Its period is over unpaid, and it stops the requests of its shop."""
    frozen_clock.move(days=31)
    terms.lapse_due()
    assert blocks.place_due() == 1
    return Violation.objects.get(pk=served.pk)


@pytest.fixture
def decider(rules: None) -> Callable[..., Any]:
    """Somebody of a branch who decides objections."""

    def make(branch: str, login: str = "") -> Any:
        return OfficerFactory(login=login or f"decider-{branch}", branch_id=branch, skills=["objections"])

    return make


def decide(objection: Objection, decider: Callable[..., Any], *, uphold: bool) -> None:
    """Somebody of the branch upholds the objection or refuses it, countersigned."""
    officer = decider(objection.case.branch_id)
    assignment = desk_acts.assigned(officer)
    assert assignment.place.case_id == objection.case_id
    desk_acts.checked(assignment)
    if uphold:
        desk.accept(assignment=assignment)
        return
    decision = desk.propose_refusal(assignment=desk_acts.checked(assignment), code="facts_proved")
    desk.sign(
        decision=decision, supervisor=StaffFactory(supervisor=True, login="signs", branch_id=officer.branch_id), answers=desk_acts.ALL_YES
    )


@pytest.fixture
def signed_by_two(write: Callable[..., Violation], make_shop: Callable[..., Any], owner: Any, stranger: Any) -> Violation:
    """A violation at a shop whose organisation two people sign for; one of them opened its notice."""
    company = OrganisationFactory()
    for who in (owner, stranger):
        Signatory.objects.create(organisation=company, person=who, first_day=clock.today())
    row = write("CLN-03", shop=make_shop(owner=None, organisation=company))
    notices.record_opening(violation=row, person=owner)
    return row
