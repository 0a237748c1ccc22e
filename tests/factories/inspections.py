"""Inspectors with a warrant, and inspections in each state."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import uuid4

from django.db import transaction

from licensing.inspections import questions, services
from licensing.inspections.questions import GivenAnswer
from licensing.inspections.services import appointments, visits
from licensing.models import Inspection, InspectionVisit
from municipality.accounts.models import User, actor_of
from municipality.fieldwork.services import SentVisit
from municipality.kernel import clock
from municipality.places.models import Branch
from municipality.rulebook.models import Activity
from shops.models import Shop
from tests.factories.accounts import StaffFactory
from violations.models import JudicialWarrant, Team


def inspector(login: str = "inspector", branch: str = "HA", *, womens: bool = False, **warrant: Any) -> User:
    """A judicial officer of a branch, in a team of women where asked for."""
    home = Branch.objects.get(pk=branch)
    user = StaffFactory(groups=["inspector"], login=login, branch=home)
    names = {"name_ar": f"فريق {branch}", "name_en": f"Team {branch}"}
    team, _new = Team.objects.get_or_create(
        code=f"{branch}-{'W' if womens else 'M'}", defaults={"branch": home, "is_womens": womens, **names}
    )
    facts: dict[str, Any] = {
        "team": team,
        "badge_no": f"N-{JudicialWarrant.objects.count():04d}",
        "decision_no": "ق 112/2025",
        "decision_on": dt.date(2025, 1, 5),
    }
    facts |= {"scope": ["SHP"], "first_day": dt.date(2025, 1, 5), "last_day": dt.date(2028, 1, 4)}
    JudicialWarrant.objects.create(user=user, **(facts | warrant))
    return user


def ordered(shop: Shop, *, activity: str = "", is_new: bool = False, **facts: Any) -> Inspection:
    """An inspection of a licensed shop, ordered by nobody in particular; `is_new`: of its place, before there is a shop."""
    given: dict[str, Any] = {
        "case": None,
        "shop": None if is_new else shop,
        "name_ar": shop.name_ar,
        "name_en": shop.name_en,
        "activity": Activity.objects.get(pk=activity) if activity else shop.activity,
        "branch": shop.branch,
        "address_ar": "حولي، قطعة 3",
        "address_en": "Hawalli, block 3",
        "contact": shop.owner,
    }
    with transaction.atomic():
        return services.order(**({"actor": actor_of(facts.get("contact") or shop.owner)} | given | facts))


def appointed(row: Inspection) -> Inspection:
    """An inspection whose owner took the first time; the clock of the caller has to be moved to its day."""
    return appointments.choose(inspection=row, person=row.contact, time=appointments.offered(row)[0].value)


def sent(**facts: Any) -> SentVisit:
    return SentVisit(**({"key": str(uuid4()), "started_at": clock.now() - dt.timedelta(minutes=10)} | facts))


def answers(row: Inspection, **values: str | int) -> list[GivenAnswer]:
    """An answer to each question that is asked: all well, but for `values` by code (measures in whole units)."""
    given = []
    for rule in questions.asked(row):
        value = values.get(rule.code, "yes" if rule.kind == "yes_no" else rule.least or rule.most or 0)
        if isinstance(value, int):
            given.append(GivenAnswer(rule, "number", value * questions.HUNDRED))
        else:
            given.append(GivenAnswer(rule, value, None))
    return given


def found(row: Inspection, **values: str | int) -> visits.VisitFindings:
    return visits.VisitFindings(sent(), is_nobody=False, answers=answers(row, **values))


def nobody() -> visits.VisitFindings:
    return visits.VisitFindings(sent(), is_nobody=True)


def visited(row: Inspection, what: visits.VisitFindings) -> InspectionVisit:
    """A visit of the drawn inspector, confirmed as it was shown."""
    row.refresh_from_db()
    assessment = visits.assess(inspection=row, inspector=row.inspector, found=what)
    confirmed = visits.confirmation(assessment, inspection=row, inspector=row.inspector, found=what)
    made, _new = visits.record_visit(inspection=row, inspector=row.inspector, found=what, confirmed=confirmed)
    row.refresh_from_db()
    return made
