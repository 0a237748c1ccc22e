"""Violations for the journeys, written and moved by the portal's own services inside its shell, some of them in the past."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from tools.stack.running import Stack

TOLD = "FINE "


def of(stack: Stack, act: str, *arguments: str) -> dict[str, str]:
    """Call one of the functions below inside the portal. Returns its violation: id, reference."""
    words = ", ".join(repr(argument) for argument in arguments)
    told = stack.run_code(f"from tests.journeys import fines; fines.tell(fines.{act}({words}))")
    found: dict[str, str] = next(json.loads(line.removeprefix(TOLD)) for line in told.splitlines() if line.startswith(TOLD))
    return found


def tell(row: Any) -> None:
    print(TOLD + json.dumps({"id": row.public_id, "reference": row.reference}))


def written(shop: str, offence: str) -> Any:
    """What an inspector of the shop's branch found some minutes ago."""
    from municipality.kernel import clock
    from shops.models import Shop
    from violations.models import JudicialWarrant, Violation
    from violations.services import violation_reports

    place = Shop.objects.select_related("activity", "area").get(public_id=shop)
    spells = JudicialWarrant.objects.filter(
        team__branch=place.branch, team__is_womens=place.activity.is_womens, last_day__gte=clock.today()
    )
    found = violation_reports.Findings(
        client_key=str(uuid4()),
        offence=offence,
        seen_at=clock.now() - dt.timedelta(minutes=5),
        area=place.area,
        shop=place,
        quantity_hundredths=200,
    )
    row, _new = violation_reports.record(inspector=spells.order_by("pk")[0].user, findings=found)
    return Violation.objects.get(pk=row.pk)


def judged(shop: str, offence: str) -> Any:
    """Found a hundred days ago, served, not settled, stopping a renewal, with the court, and ruled on last week."""
    from municipality.accounts.models import User
    from municipality.kernel import clock
    from shops.models import Shop
    from violations.models import Violation
    from violations.services import blocks, court, notices, terms

    now = clock.now()
    owner = Shop.objects.select_related("owner").get(public_id=shop).owner
    with clock.at(now - dt.timedelta(days=100)):
        row = written(shop, offence)
        notices.record_opening(violation=row, person=owner)
    with clock.at(now - dt.timedelta(days=60)):
        terms.lapse_due()
        blocks.place_due()
        first, second = User.objects.filter(groups__name="court_clerk").order_by("login")[:2]
        court.refer(clerk=first)
    with clock.at(now - dt.timedelta(days=7)):
        number = f"{row.pk}/{clock.today().year}"
        ruling = court.enter_judgment(violation=row, ruling_no=number, ruled_on=clock.today(), fils=120_000, clerk=first)
        court.confirm_judgment(judgment=ruling, ruled_on=ruling.ruled_on, clerk=second, ruling_no=number, fils=120_000)
    return Violation.objects.get(pk=row.pk)


def uphold(violation: str) -> Any:
    """Somebody of the branch that was drawn upholds the objection, after those that wait before it were handed to colleagues."""
    from municipality.accounts.models import User
    from municipality.kernel import clock
    from municipality.review.models import Skill
    from municipality.review.services import desk, queue
    from tests.journeys.desk import _staff
    from violations.models import Violation
    from violations.services.objections import SKILL

    row = Violation.objects.select_related("objection__case").get(public_id=violation)
    case = row.objection.case
    giver = _staff("supervisor", f"giver-{case.branch_id}", case.branch_id)
    for number in range(1, 100):
        officer: User = _staff("officer", f"decides-{case.branch_id}-{number}", case.branch_id)
        if not Skill.objects.filter(officer=officer, code=SKILL).exists():
            Skill.objects.create(officer=officer, code=SKILL, given_by=giver, given_at=clock.now())
        held = queue.next_case(officer=officer)
        if held is not None and held.place.case_id == case.pk:
            for check in ("read_both", "report_falls"):
                desk.check_all(assignment=held, answers={check: "yes"})
            desk.accept(assignment=held)
            return Violation.objects.get(pk=row.pk)
    raise LookupError(violation)
