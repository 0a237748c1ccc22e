"""Reports of the sample in each state, their rows, and attacks on their guards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from municipality.accounts.models import User
from municipality.documents import store
from municipality.kernel import clock, ids
from municipality.kernel.transitions import transition
from municipality.places.models import Branch
from municipality.review.models import ConflictOfInterest
from municipality.rulebook.models import ReportBodyRule, ReportCategoryRule, ReportQuestionRule
from municipality.uploads.models import Upload
from reports.models import (
    ApiKey,
    Ban,
    Closure,
    Consequence,
    HandOver,
    MeToo,
    Moderation,
    OutsideUpdate,
    Question,
    Report,
    ReportPhoto,
    SolvedAnswer,
)
from reports.models.report import report_number
from reports.reporters.services import Sender
from tests.architecture import report_photo_data, reporter_data
from tests.factories import inspections, reports
from tests.municipality.uploads import seeds
from violations.models import Violation

if TYPE_CHECKING:
    from tests.architecture.access_matrix import Row
    from tests.architecture.page_responses import Visit
    from tests.architecture.sample_data import Sample

TABLE = "reports_report"
# A row made by hand has an inspector and a place, as all have that were drawn for.
KEPT = {(TABLE, column): column for column in ("inspector_id", "latitude", "longitude", "area_id")}
ENDS = {TABLE: "asked"}
RULES = (ReportCategoryRule, ReportQuestionRule, ReportBodyRule)


@dataclass
class ReportRows:
    """Reports about waste in Hawalli, sent by the owner, the stranger and nobody; the newest one is with an inspector."""

    received: Report
    asked: Report
    handed_over: Report
    split: Report
    countersign: Report
    closed: Report
    reopened: Report  # not solved; waits for another inspector
    merged: Report
    assigned: Report
    about_shop: Report
    inspector: User
    far: User
    photo: ReportPhoto
    unsure: ReportPhoto


def fill(sample: Sample) -> ReportRows:
    drawn = inspections.inspector("inspector-reports", "HA")
    far = inspections.inspector("inspector-reports-far", "FA")
    owner, stranger = Sender(person=sample.owner.person), Sender(person=sample.stranger.person)
    made: dict[str, Any] = {name: reports.received(owner) for name in ("asked", "handed_over", "split", "countersign", "closed")}
    made |= {name: reports.received(stranger) for name in ("reopened", "merged")} | {"received": reports.received()}
    violation = Violation.objects.filter(shop__isnull=False, visit__isnull=False).order_by("-pk")[0]
    with clock.at(violation.received_at - dt.timedelta(days=2)):
        made["about_shop"] = reports.received(category="shop", place=_at(violation.shop))
    made["assigned"] = reports.received(owner)
    for name, row in made.items():
        if name != "received":
            _move(row, "assign", inspector=drawn, draw={"candidates": [drawn.key]})
    _move(made["asked"], "ask", **grounds(made["asked"], "asked", sample))
    _move(made["handed_over"], "hand_over", **grounds(made["handed_over"], "handed_over", sample))
    _move(made["split"], "split")
    part = _part(made["split"])
    _move(part, "assign", inspector=drawn)
    _move(made["countersign"], "propose_close")
    for name in ("closed", "reopened"):
        _move(made[name], "close", **grounds(made[name], "closed", sample))
    SolvedAnswer.objects.create(closure=made["reopened"].closures.get(), is_solved=False, at=clock.now())
    _move(made["reopened"], "reopen", closed_at=None)
    _move(made["merged"], "merge", merged_into=made["assigned"])
    answered = Question.objects.get(report=made["asked"])
    Question.objects.create(
        report=made["closed"], text="س", asked_by=drawn, asked_at=clock.now(), due_on=answered.due_on, answer="ج", answered_at=clock.now()
    )
    photo, unsure = photo_of(made["assigned"], blur="clear"), photo_of(made["assigned"], blur="unsure")
    _more(sample, made, drawn)
    return ReportRows(**made, inspector=drawn, far=far, photo=photo, unsure=unsure)


def _at(shop: Any) -> Any:
    return reports.ReportPlace(source="shop", latitude=29.3328, longitude=48.0283, area=shop.area, shop=shop)


def _more(sample: Sample, made: dict[str, Report], drawn: User) -> None:
    now, report = clock.now(), made["assigned"]
    MeToo.objects.create(report=report, who="m" * 64, at=now)
    moderation = Moderation.objects.create(report=made["closed"], part="words", code="insult", by=sample.supervisor, at=now)
    Ban.objects.create(
        who="b" * 64, code="false_reports", report=moderation.report, by=sample.supervisor, at=now, until=now + dt.timedelta(days=30)
    )
    key = ApiKey.objects.create(
        name="مدينة", contact="x@example.test", digest="k" * 64, per_hour=10, made_by=sample.supervisor, made_at=now
    )
    OutsideUpdate.objects.create(api_key=key, report=report, update_id="1", status="OPEN", updated_at=now, received_at=now)
    signed = Closure.objects.create(**_result(made["countersign"]), is_on_the_spot=False)
    Closure.objects.filter(pk=signed.pk).update(sent_back_at=now)
    by_hand = {"signed_by": sample.supervisor, "signed_at": now, "sent_back_at": now}
    Closure.objects.create(**_result(made["closed"]), is_on_the_spot=False, **by_hand)
    violation = Violation.objects.filter(shop=made["about_shop"].shop, visit__isnull=False).order_by("-pk")[0]
    Consequence.objects.create(report=made["about_shop"], kind="violation", violation=violation, made_by=drawn, made_at=now)


def _result(report: Report) -> dict[str, Any]:
    facts = {"code": "fixed", "text_ar": "أزيل", "text_en": "Removed", "closed_by": report.inspector, "closed_at": clock.now()}
    return {"report": report, **facts}


def photo_of(report: Report, kind: str = "before", blur: str = "waiting") -> ReportPhoto:
    """A photo by hand, with a public copy unless it waits."""
    kept = store.put(seeds.photo(seed=40 + ReportPhoto.objects.count()), "image/jpeg")
    now = clock.now()
    upload = Upload.objects.create(
        owner=report.inspector, subject=report.subject_key, slot="photos", name="photo.jpg", size=9, touched_at=now, created_at=now
    )
    return ReportPhoto.objects.create(
        report=report, kind=kind, upload=upload, sha256=kept.sha256, received_at=now, copy=None if blur == "waiting" else kept, blur=blur
    )


def _move(row: Report, move: str, **changes: Any) -> None:
    transition(row, move, actor=_by(), reason="tests", updated_at=clock.now(), **changes)


def _by() -> Any:
    from tests.architecture import state_changes

    return state_changes.BY


def _part(report: Report) -> Report:
    row = Report.objects.get(pk=report.pk)
    row.pk = row.last_event = row.inspector = None
    row.public_id, row.number, row.key, row.state, row.parent = ids.public_id(), report_number(), str(uuid4()), "received", report
    row._state.adding = True
    row.save(force_insert=True)
    return row


def fresh(sample: Sample) -> Report:
    return reports.received(Sender(phone="96550000017"))


def grounds(row: Report, target: str, sample: Sample) -> dict[str, Any]:
    """What must be there before a move. Returns columns that change with it."""
    now, drawn = clock.now(), row.inspector or inspections_of(sample)
    if target == "assigned" and row.state == "received":
        return {"inspector": drawn}
    if target == "asked":
        due_on = clock.today() + dt.timedelta(days=5)
        Question.objects.create(report=row, text="أي محل؟", asked_by=drawn, asked_at=now, due_on=due_on)
    if target == "handed_over":
        back_on, names = clock.today() + dt.timedelta(days=7), {"name_ar": "جهة", "name_en": "Body", "contact": "1"}
        HandOver.objects.create(report=row, body="paaf", back_on=back_on, made_by=drawn, made_at=now, **names)
    if (row.state, target) == ("split", "closed"):
        _close(_part(row), sample.supervisor)
    if target == "closed":
        if row.state in ("assigned", "countersign"):
            is_spot = row.state == "assigned"
            measured = {"photo": photo_of(row, "after"), "distance_m": 5, "age_minutes": 2} if is_spot else {}
            signed = {} if is_spot else {"signed_by": sample.supervisor, "signed_at": now}
            Closure.objects.create(**_result(row), is_on_the_spot=is_spot, **measured, **signed)
        return {"closed_at": now}
    if target == "merged":
        return {"merged_into": Report.objects.exclude(pk=row.pk).filter(state="assigned", category=row.category).order_by("pk")[0]}
    return {"closed_at": None} if row.state == "closed" else {}


def _close(part: Report, supervisor: User) -> None:
    _move(part, "assign", inspector=part.parent.inspector if part.parent else None)
    _move(part, "propose_close")
    Closure.objects.create(**_result(part), is_on_the_spot=False, signed_by=supervisor, signed_at=clock.now())
    _move(part, "countersign", closed_at=clock.now())


def inspections_of(sample: Sample) -> User:
    return sample.reports.inspector


def _event(row: Report, move: str, target: str) -> Any:
    from tests.architecture import state_changes

    return state_changes.event(row, move, row.state, target)


def _moved(sample: Sample) -> None:
    Report.objects.filter(pk=sample.reports.assigned.pk).update(state="asked", last_event=None)


def _ask_nobody(row: Report) -> None:
    Question.objects.create(report=row, text="أين؟", asked_by=User.objects.all()[0], asked_at=clock.now(), due_on=clock.today())
    row.state = "assigned"
    _event(row, "ask", "asked")


def _closer_again(sample: Sample) -> None:
    row = sample.reports.reopened
    Report.objects.filter(pk=row.pk).update(state="assigned", last_event=_event(row, "assign", "assigned"))


def _put_off(sample: Sample) -> None:
    row = sample.reports.assigned
    later = row.due_at + dt.timedelta(hours=1)
    Report.objects.filter(pk=row.pk).update(due_at=later, last_event=_event(row, "recategorise", "assigned"))


def _joined_with_joined(sample: Sample) -> None:
    row = sample.reports.assigned
    made = _event(row, "merge", "merged")
    Report.objects.filter(pk=row.pk).update(state="merged", last_event=made, merged_into=sample.reports.merged)


def _joined_with_closed(sample: Sample) -> None:
    row = sample.reports.assigned
    made = _event(row, "merge", "merged")
    Report.objects.filter(pk=row.pk).update(state="merged", last_event=made, merged_into=sample.reports.closed)


def _joined_with_another_problem(sample: Sample) -> None:
    row = sample.reports.assigned
    made = _event(row, "merge", "merged")
    Report.objects.filter(pk=row.pk).update(state="merged", last_event=made, merged_into=sample.reports.about_shop)


def _joined_after_a_violation(sample: Sample) -> None:
    row = sample.reports.about_shop
    other = reports.received(category="shop", place=_at(row.shop))
    _move(other, "assign", inspector=sample.reports.inspector)
    made = _event(row, "merge", "merged")
    Report.objects.filter(pk=row.pk).update(state="merged", last_event=made, merged_into=other)


def _drawn_although_tied(sample: Sample) -> None:
    row, officer = sample.reports.about_shop, sample.reports.far
    assert row.shop is not None
    ConflictOfInterest.objects.create(
        officer=officer, party_key=row.shop.key, kind="relative", declared_by=officer, declared_at=clock.now()
    )
    Report.objects.filter(pk=row.pk).update(inspector=officer, last_event=_event(row, "draw_again", "assigned"))


def _handed_over_today(sample: Sample) -> None:
    names, now = {"name_ar": "جهة", "name_en": "Body", "contact": "1"}, clock.now()
    drawn = sample.reports.inspector
    HandOver.objects.create(report=sample.reports.assigned, body="paaf", back_on=now.date(), made_by=drawn, made_at=now, **names)


def _inspection_of_another(sample: Sample) -> None:
    Consequence.objects.create(
        report=sample.reports.assigned,
        kind="inspection",
        inspection=sample.inspections.passed,
        made_by=sample.reports.inspector,
        made_at=clock.now(),
    )


def _signed_elsewhere(sample: Sample) -> None:
    other = Branch.objects.exclude(pk=sample.reports.countersign.branch_id).order_by("pk")[0]
    made = Closure.objects.create(**_result(sample.reports.countersign), is_on_the_spot=False)
    User.objects.filter(pk=sample.supervisor.pk).update(branch=other)
    Closure.objects.filter(pk=made.pk).update(signed_by=sample.supervisor, signed_at=clock.now())


def _begun_elsewhere(sample: Sample) -> None:
    other = Branch.objects.exclude(pk=sample.reports.countersign.branch_id).order_by("pk")[0]
    User.objects.filter(pk=sample.supervisor.pk).update(branch=other)
    facts = _result(sample.reports.countersign) | {"signed_by": sample.supervisor, "signed_at": clock.now()}
    Closure.objects.create(**facts, is_on_the_spot=False)


def _moved_away(sample: Sample) -> None:
    """Although a supervisor of the branch may sign."""
    other = Branch.objects.exclude(pk=sample.reports.countersign.branch_id).order_by("pk")[0]
    made = Closure.objects.create(**_result(sample.reports.countersign), is_on_the_spot=False)
    User.objects.filter(pk=sample.supervisor.pk).update(branch=sample.reports.countersign.branch)
    Closure.objects.filter(pk=made.pk).update(signing_branch=other)


def _change_unsure(sample: Sample, **facts: Any) -> None:
    ReportPhoto.objects.filter(pk=sample.reports.unsure.pk).update(**facts)


def _show_hidden(sample: Sample) -> None:
    photo = sample.reports.unsure
    Moderation.objects.create(report=photo.report, part="photo", photo=photo, code="insult", by=sample.supervisor, at=clock.now())
    _change_unsure(sample, blur="agreed", agreed_by=sample.supervisor, agreed_at=clock.now())


BY_HAND: dict[str, Callable[[Sample], None]] = {
    **reporter_data.BY_HAND,
    "reports_report_moves": _moved,
    "reports_report_drawn": lambda sample: (
        Report.objects.filter(pk=sample.reports.assigned.pk).update(inspector=sample.reports.far) and None
    ),
    "reports_report_promised": lambda sample: Report.objects.filter(pk=sample.reports.assigned.pk).update(severity="low") and None,
    "reports_report_not_put_off": _put_off,
    "reports_report_another": _closer_again,
    "reports_report_joined": _joined_with_joined,
    "reports_report_joined_open": _joined_with_closed,
    "reports_report_joined_same": _joined_with_another_problem,
    "reports_report_joined_led_to": _joined_after_a_violation,
    "reports_report_not_tied": _drawn_although_tied,
    "reports_report_part_of_divided": lambda sample: _part(sample.reports.assigned) and None,
    "reports_handover_later": _handed_over_today,
    "reports_consequence_inspection": _inspection_of_another,
    "reports_reportevent_asked": lambda sample: _event(sample.reports.assigned, "ask", "asked") and None,
    "reports_reportevent_asked_of_somebody": lambda sample: _ask_nobody(sample.reports.received),
    "reports_reportevent_proved": lambda sample: _event(sample.reports.assigned, "close", "closed") and None,
    "reports_reportevent_signed": lambda sample: _event(sample.reports.countersign, "countersign", "closed") and None,
    "reports_reportevent_parts_first": lambda sample: _event(sample.reports.split, "complete", "closed") and None,
    "reports_reportevent_handed_over": lambda sample: _event(sample.reports.assigned, "hand_over", "handed_over") and None,
    "reports_closure_by_drawn": lambda sample: (
        Closure.objects.create(**(_result(sample.reports.assigned) | {"closed_by": sample.reports.far}), is_on_the_spot=False) and None
    ),
    "reports_closure_signed_in": _signed_elsewhere,
    "reports_closure_begins_signed_in": _begun_elsewhere,
    "reports_closure_another_branch": _moved_away,
    "reports_closure_begins_own": lambda sample: (
        Closure.objects.create(**_result(sample.reports.countersign), is_on_the_spot=False, signing_branch_id="JA") and None
    ),
    "reports_closure_measure": lambda sample: (
        Closure.objects.create(**(_result(sample.reports.assigned) | {"code": "violation"}), is_on_the_spot=False) and None
    ),
    "reports_closure_photo_of_report": lambda sample: (
        Closure.objects.create(**_result(sample.reports.countersign), is_on_the_spot=False, photo=sample.reports.photo) and None
    ),
    "reports_reportphoto_searched": lambda sample: _change_unsure(sample, is_searched=True),
    "reports_reportphoto_hidden": _show_hidden,
    "reports_reportphoto_agreed": lambda sample: _change_unsure(sample, blur="clear"),
    "reports_consequence_after": lambda sample: (
        Consequence.objects.create(
            report=sample.reports.assigned,
            kind="violation",
            violation=Violation.objects.filter(received_at__lt=sample.reports.assigned.received_at).order_by("pk")[0],
            made_by=sample.reports.inspector,
            made_at=clock.now(),
        )
        and None
    ),
}


# --- Who may open what -------------------------------------------------------------------------------------------------------


def rows() -> list[Row]:
    """The addresses of inspectors and supervisors of reports in the matrix of access."""
    from tests.architecture.access_matrix import HIDDEN, HIDDEN_FORM, staff
    from tests.architecture.office_matrix import NO_FORM, NO_READ, OFFICE, READ

    def eye(path: str, closed: str, **roles: str) -> Row:
        office = dict.fromkeys((*OFFICE, "inspector", "supervisor"), closed)
        return staff(f"/admin/eye/{path}", closed, roles.pop("auditor", closed), **(office | roles))

    form, read_only = "200 200 400 405 405 405", "200 200 403 405 405 405"
    return [
        eye("", NO_FORM, inspector=form),
        eye("branch/", NO_READ, inspector=READ, supervisor=READ, auditor=READ),
        eye("{s.reports.assigned.public_id}/", NO_FORM, inspector=form, supervisor=form, auditor=read_only),
        eye("nothing/", NO_FORM, inspector=HIDDEN_FORM, supervisor=HIDDEN_FORM, auditor=HIDDEN_FORM),
        eye("photos/nothing.jpg", NO_READ, inspector=HIDDEN, supervisor=HIDDEN, auditor=HIDDEN),
        eye("sync/", "405 405 403 405 405 405", inspector="405 405 403 405 405 405"),
        eye("worker.js", NO_READ, inspector=READ),
    ]


def visits() -> list[Visit]:
    """The pages of inspectors and supervisors, of a report in each state."""
    from tests.architecture.page_responses import Visit

    states = ("received", "asked", "handed_over", "split", "countersign", "closed", "reopened", "merged", "assigned", "about_shop")
    page = "/admin/eye/{s.reports."
    return [
        *report_photo_data.visits(),
        Visit("/admin/eye/", "inspector"),
        Visit("/admin/eye/?route", "inspector", note="as a route"),
        Visit("/admin/eye/", "inspector", post={"latitude": "0"}, status=400, note="no place"),
        Visit("/admin/eye/branch/", "supervisor"),
        Visit("/admin/eye/branch/?state=x", "supervisor", status=400, note="no such state"),
        *(Visit(f"{page}{name}.public_id}}/", "supervisor", note=name) for name in states if name != "about_shop"),
        Visit(f"{page}assigned.public_id}}/", "supervisor", post={"step": "draw_again"}, status=400, note="without a reason"),
        *reporter_data.visits(),
    ]
