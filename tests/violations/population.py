"""People with shops, licences, violations, bills and requests in many states, made by the services from one seed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from random import Random
from typing import Any

from licensing.health import services as renewals
from licensing.models import HealthLicence
from municipality.accounts.models import User
from municipality.documents import services as documents
from municipality.kernel import civil_id, clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from shops.models import Shop
from tests.factories.accounts import PersonFactory
from tests.factories.licensing import LicensedShopFactory, food_activity
from violations.models import Violation
from violations.services import blocks, court, notices, terms

# Days to the end of the licence; None: without a licence.
ENDS = (-400, -61, -5, 0, 3, 20, 20, 20, 59, 61, 200, None)
LIVES = ("plain", "plain", "plain", "submitted", "suspended", "revoked", "changed", "food", "closed", "commercial_ended")
OFFENCES = ("none", "none", "warned", "unserved", "ordered", "extended", "plan", "overdue", "referred", "judged", "paid_up")
OPENED_DAYS_AGO = {"ordered": 3, "extended": 3, "plan": 3, "overdue": 20, "referred": 80, "judged": 80, "paid_up": 2}


def civil_number(number: int) -> str:
    """The `number`th synthetic civil number of somebody born on 1 January 1990."""
    for serial in range(number * 3, number * 3 + 3):
        digit = civil_id.check_digit(f"2900101{serial:04d}")
        if digit is not None:
            return f"2900101{serial:04d}{digit}"
    raise ValueError(f"no civil number near {number}")


def person(rng: Random, number: int, write: Callable[..., Violation], clerks: tuple[User, User], settle: Callable[..., Any]) -> User:
    """One more person with one to three shops, each in a state of its own."""
    holder = PersonFactory(civil_id=civil_number(number), name_ar=f"سالم {number}", name_en=f"Salim {number}")
    for _ in range(rng.randint(1, 3)):
        shop = LicensedShopFactory(owner=holder, ends_in=rng.choice(ENDS))
        life, offence = rng.choice(LIVES), rng.choice(OFFENCES)
        if offence != "none":
            _violation(shop, holder, offence, write, clerks, settle)
        _life(shop, holder, life)
    return holder


def _life(shop: Shop, holder: User, life: str) -> None:
    licence = HealthLicence.objects.filter(shop=shop).select_related("document").first()
    if life == "submitted":
        try:
            renewals.submit(shop=shop, applicant=holder)
        except Refused:
            return
    elif life in ("suspended", "revoked") and licence is not None:
        move = documents.suspend if life == "suspended" else documents.revoke
        move(licence.document, actor=system("tests"), reason="licence_conditions")
    changes: dict[str, dict[str, Any]] = {
        "changed": {"area_m2": 99},
        "food": {"activity_id": food_activity()},
        "closed": {"closed_on": clock.today() - dt.timedelta(days=2)},
        "commercial_ended": {"commercial_license_end": clock.today() - dt.timedelta(days=2)},
    }
    if life in changes:
        Shop.objects.filter(pk=shop.pk).update(**changes[life])


def _violation(
    shop: Shop, holder: User, offence: str, write: Callable[..., Violation], clerks: tuple[User, User], settle: Callable[..., Any]
) -> None:
    now = clock.now()
    opened = now - dt.timedelta(days=OPENED_DAYS_AGO.get(offence, 1))
    with clock.at(opened - dt.timedelta(hours=2)):
        row = write("SHP-04" if offence == "warned" else "CLN-03", shop=shop)
    if offence in ("warned", "unserved"):
        return
    with clock.at(opened):
        notices.record_opening(violation=row, person=holder)
    if offence == "extended":
        terms.extend(violation=row, person=holder)
    elif offence == "plan":
        terms.agree_plan(violation=row, person=holder, count=2)
    elif offence == "paid_up":
        settle(row, holder)
    elif offence in ("overdue", "referred", "judged"):
        _unpaid(row, offence, opened, clerks)


def _unpaid(row: Violation, offence: str, opened: dt.datetime, clerks: tuple[User, User]) -> None:
    with clock.at(opened + dt.timedelta(days=17)):
        terms.lapse_due()
    with clock.at(opened + dt.timedelta(days=70) if offence != "overdue" else clock.now()):
        blocks.place_due()
        if offence == "overdue":
            return
        court.refer(clerk=clerks[0])
        if offence == "judged":
            row.refresh_from_db()
            ruling = court.enter_judgment(violation=row, ruling_no=f"J-{row.pk}", ruled_on=clock.today(), fils=100_000, clerk=clerks[0])
            court.confirm_judgment(judgment=ruling, ruled_on=ruling.ruled_on, clerk=clerks[1], ruling_no=f"J-{row.pk}", fils=100_000)
