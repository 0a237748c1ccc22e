"""Inspections of the sample, their pages, and attacks on their guards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from licensing.inspections import questions, services
from licensing.inspections.services import appointments
from licensing.models import Inspection, InspectionAnswer, InspectionVisit
from municipality.accounts.models import User
from municipality.fieldwork.models import Visit as DeviceVisit
from municipality.kernel import clock
from municipality.review.models import ConflictOfInterest
from municipality.rulebook.models import InspectionRule
from tests.factories import inspections

if TYPE_CHECKING:
    from tests.architecture.access_matrix import Row
    from tests.architecture.page_responses import Visit
    from tests.architecture.sample_data import Sample

# A row made by hand is of the same shop, since an inspection is of something; the newest one is over, so that another may begin.
KEPT = {("licensing_inspection", column): column for column in ("shop_id", "day")}


@dataclass
class InspectionRows:
    """Inspections of the owner's shops by the inspector of the sample; `again` by one of another branch, after `before`."""

    requested: Inspection
    appointed: Inspection  # moved by its owner
    failed: Inspection
    before: Inspection  # failed too, and looked at again
    again: Inspection
    passed: Inspection
    far: User  # the inspector of another branch


def fill(sample: Sample) -> InspectionRows:
    """One inspection in each state that pages begin from; each of a shop of its own, the one that passed is the newest."""
    from tests.architecture.sample_data import shop_of

    far = inspections.inspector("inspector-far", "JA")
    shops = [shop_of(sample.owner.person, 850 + number) for number in range(5)]
    requested, appointed, failed, before = (inspections.ordered(shop, activity="BARB") for shop in shops[:4])
    inspections.appointed(appointed)
    later = appointments.offered(appointed)[3]
    appointed = appointments.choose(inspection=appointed, person=appointed.contact, time=later.value)
    for row in (failed, before):
        _due(inspections.appointed(row))
        inspections.visited(row, inspections.found(row, fire="no", area=5))
    again = services.ask_again(inspection=before, person=before.contact)
    passed = inspections.ordered(shops[4], activity="BARB")
    _due(inspections.appointed(passed))
    inspections.visited(passed, inspections.found(passed))
    return InspectionRows(requested, appointed, failed, before, again, _newest(passed), far)


def _due(row: Inspection) -> None:
    Inspection.objects.filter(pk=row.pk).update(day=clock.today())


def _newest(row: Inspection) -> Inspection:
    return Inspection.objects.get(pk=row.pk)


def fresh(sample: Sample) -> Inspection:
    """An inspection of a request in its first state."""
    from tests.architecture import board_data

    return _like(sample, case=board_data.fresh(sample), shop=None)


def grounds(row: Inspection, target: str, sample: Sample) -> dict[str, Any]:
    """A day before the visit; the visit and its answers before a result. Returns columns that change with it."""
    if (row.state, target) == ("appointed", "requested"):
        _visited(row, "nobody")
        return {"day": None, "part": "", "misses": 1}
    if target == "appointed":
        return {"day": clock.today(), "part": "first"}
    if target in ("passed", "failed"):
        wrong = {"fire": "no"} if target == "failed" else {}
        questions.write(row, inspections.answers(row, **wrong), by_owner=False)
        _visited(row, target)
        return {"ended_at": clock.now()}
    return {}


def _visit(user: User) -> DeviceVisit:
    return DeviceVisit.objects.create(key=str(uuid4()), sender=user, started_at=clock.now(), received_at=clock.now())


def _visited(row: Inspection, outcome: str, by: User | None = None) -> None:
    InspectionVisit.objects.create(inspection=row, visit=_visit(by or row.inspector), outcome=outcome)


def _like(sample: Sample, **other: Any) -> Inspection:
    """Another inspection in its first state, by hand."""
    row = _newest(sample.inspections.passed)
    facts = {"pk": None, "public_id": f"i{Inspection.objects.count():025d}", "reference": f"INS-{uuid4().hex[:20]}", "state": "requested"}
    facts |= {"day": None, "part": "", "ended_at": None, "last_event": None, "previous": None}
    for name, value in (facts | other).items():
        setattr(row, name, value)
    row._state.adding = True
    row.save(force_insert=True)
    return row


def _answer(row: Inspection, code: str = "layout", **facts: Any) -> None:
    rule = InspectionRule.objects.get(ruleset=row.checklist, code=code)
    given = {"inspection": row, "rule": rule, "value": "yes", "meets": True} | facts
    InspectionAnswer.objects.create(**given)


def _tied(sample: Sample) -> User:
    """The inspector of another branch, who has a conflict of interest with the owner."""
    far, contact = sample.inspections.far, sample.inspections.passed.contact
    ConflictOfInterest.objects.create(officer=far, party_key=contact.key, kind="relative", declared_by=far, declared_at=clock.now())
    return far


def _drawn(row: Inspection, inspector: User) -> None:
    """Another inspector by an event of a draw, as the service would write it."""
    from tests.architecture import state_changes

    made = state_changes.event(row, f"draw_{row.state}", row.state, row.state)
    Inspection.objects.filter(pk=row.pk).update(inspector=inspector, last_event=made)


def _event(row: Inspection, move: str, target: str) -> None:
    from tests.architecture import state_changes

    state_changes.event(row, move, row.state, target)


def _passed_without_answers(sample: Sample) -> None:
    _visited(sample.inspections.appointed, "passed")
    _event(sample.inspections.appointed, "pass", "passed")


BY_HAND: dict[str, Callable[[Sample], None]] = {
    "licensing_inspection_drawn": lambda sample: (
        Inspection.objects.filter(pk=sample.inspections.requested.pk).update(inspector=sample.inspections.far) and None
    ),
    "licensing_inspection_not_tied_insert": lambda sample: _like(sample, inspector=_tied(sample)) and None,
    "licensing_inspection_not_tied_update": lambda sample: _drawn(sample.inspections.requested, _tied(sample)),
    "licensing_inspection_another_insert": lambda sample: (
        _like(sample, previous=sample.inspections.failed, inspector=sample.inspections.failed.inspector) and None
    ),
    "licensing_inspection_another_update": lambda sample: _drawn(sample.inspections.again, sample.inspections.before.inspector),
    "licensing_inspection_after_failed": lambda sample: (
        _like(sample, previous=sample.inspections.passed, inspector=sample.inspections.far) and None
    ),
    "licensing_inspection_officer_insert": lambda sample: _like(sample, inspector=sample.fines.clerk) and None,
    "licensing_inspection_officer_update": lambda sample: _drawn(sample.inspections.requested, sample.fines.clerk),
    "licensing_inspectionevent_moved_once": lambda sample: _event(sample.inspections.appointed, "move", "appointed"),
    "licensing_inspectionvisit_by_drawn": lambda sample: _visited(sample.inspections.appointed, "nobody", sample.inspections.far),
    "licensing_inspectionanswer_in_time": lambda sample: _answer(sample.inspections.passed, by_owner=True),
    "licensing_inspectionanswer_computed": lambda sample: _answer(sample.inspections.appointed, value="no"),
    "licensing_inspectionevent_passed": _passed_without_answers,
    "licensing_inspectionevent_failed": lambda sample: _event(sample.inspections.appointed, "fail", "failed"),
    "licensing_inspectionevent_missed": lambda sample: _event(sample.inspections.appointed, "miss", "requested"),
}


# --- Who may open what -------------------------------------------------------------------------------------------------------


def rows() -> list[Row]:
    """The addresses of inspections in the matrix of access."""
    from tests.architecture.access_matrix import HIDDEN_FORM, own, staff
    from tests.architecture.office_matrix import NO_FORM, NO_READ, OFFICE, READ

    def inspected(path: str, closed: str, inspector: str, **other: str) -> Row:
        """A page of inspectors: closed to all other staff."""
        return staff(f"/admin/inspections/{path}", closed, closed, inspector=inspector, **(dict.fromkeys(OFFICE, closed) | other))

    form = "200 200 400 405 405 405"
    page = "/{lang}/inspections/{s.inspections."
    order = {"supervisor": form, **dict.fromkeys(("inspector", *OFFICE), NO_FORM)}
    return [
        *(own(f"{page}{name}.public_id}}/", form, HIDDEN_FORM) for name in ("requested", "appointed", "failed", "passed")),
        own(f"{page}requested.public_id}}/self-check/", form, HIDDEN_FORM),
        own("/{lang}/inspections/nothing/", HIDDEN_FORM, HIDDEN_FORM),
        own("/{lang}/inspections/nothing/self-check/", HIDDEN_FORM, HIDDEN_FORM),
        inspected("", NO_READ, READ),
        inspected("{s.inspections.appointed.public_id}/", NO_FORM, form),
        inspected("{s.inspections.again.public_id}/", NO_FORM, NO_FORM),
        inspected("nothing/", NO_FORM, HIDDEN_FORM),
        inspected("{s.inspections.appointed.public_id}/move/", NO_FORM, form),
        inspected("check/", "405 405 403 405 405 405", "405 405 403 405 405 405"),
        inspected("sync/", "405 405 403 405 405 405", "405 405 403 405 405 405"),
        inspected("worker.js", NO_READ, READ),
        staff("/admin/inspections/order/", NO_FORM, NO_FORM, **order),
    ]


def visits() -> list[Visit]:
    """The pages of inspections in each state, of their owner, their inspector and a supervisor."""
    from tests.architecture.page_responses import Visit

    page, visit = "/{lang}/inspections/{s.inspections.", "/admin/inspections/{s.inspections."
    states = ("requested", "appointed", "failed", "before", "again", "passed")
    wrong = {"found": "shop", "client_key": "x", "seen_at": "x", "number_area": "كبير"}
    return [
        *(Visit(f"{page}{name}.public_id}}/", "owner", note=name) for name in states),
        Visit(f"{page}requested.public_id}}/", "owner", post={}, status=400, note="no time"),
        Visit(f"{page}passed.public_id}}/", "owner", post={"step": "again"}, status=409, note="passed already"),
        *(Visit(f"{page}{name}.public_id}}/self-check/", "owner", note=name) for name in ("requested", "passed")),
        Visit(f"{page}requested.public_id}}/self-check/", "owner", post={"number_area": "كبير"}, status=400, note="without answers"),
        Visit("/admin/inspections/", "inspector"),
        *(Visit(f"{visit}{name}.public_id}}/", "inspector", note=name) for name in states if name != "again"),
        Visit(f"{visit}appointed.public_id}}/", "inspector", post=wrong, status=400, note="bad answers"),
        Visit(f"{visit}appointed.public_id}}/move/", "inspector"),
        Visit(f"{visit}appointed.public_id}}/move/", "inspector", post={}, status=400, note="without a reason"),
        Visit("/admin/inspections/order/", "supervisor"),
        Visit("/admin/inspections/order/", "supervisor", post={"shop_no": "0"}, status=400, note="no such shop"),
        Visit("/{lang}/shops/{s.inspections.failed.shop.public_id}/", note="with an inspection", status=302),
    ]
