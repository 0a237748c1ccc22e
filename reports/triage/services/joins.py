"""Two reports of one problem joined, and one report of several problems divided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User, actor_of
from municipality.audit.services import record
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.transitions import transition
from reports import promises, queries
from reports.models import Closure, MeToo, Report
from reports.places import metres_between
from reports.reporters import notifications
from reports.reporters import services as reporters
from reports.states import OPEN, ReportState
from reports.triage.queries import visible_to
from reports.triage.services import rows, steps
from reports.triage.services.rows import SYSTEM

LEAST_PARTS = 2


@dataclass(frozen=True)
class ReportPart:
    """One part of a report to be divided: its category, and words for the file.

    A part that is not about the shop or board of the report names neither, so that a violation report against anybody is tied to it.
    """

    category: str
    words: str
    is_about_shop: bool = True


@transaction.atomic
def merge(*, report: Report, into: Report, inspector: User, why: str) -> None:
    """Join a report with an open one of the same problem; both numbers stay, and those who saw the same count together.

    The other one takes the earlier promise and the higher severity of the two.

    The same problem has the same category and the same place (`_metres_apart`). `why` is kept in the audit log with the metres between.
    Raises NotPermitted: not_drawn, not_able, other_branch, Refused: not_itself, not_open, own_part, why_missing, led_to, other_category,
    other_hidden, other_shop, closed_before, no_place, too_far, and TransitionRefused.
    """
    if report.pk == into.pk:
        raise Refused("not_itself", _("A report cannot be joined with itself. Give the number of the other one."))
    list(Report.objects.select_for_update().filter(pk__in=[report.pk, into.pk]).order_by("pk"))  # both locked, in one order
    row, target = rows.of_inspector(report, inspector), rows.locked(into)
    if not visible_to(inspector).filter(pk=target.pk).exists():
        raise NotPermitted("other_branch", _("The other report is of another branch. Its inspectors decide on it."))
    if target.state not in OPEN or target.state == ReportState.SPLIT:
        raise Refused("not_open", _("The other report is closed, divided or joined itself. Choose one that is still open."))
    if row.pk == target.parent_id or (row.parent_id == target.pk):
        raise Refused("own_part", _("A part is not joined with the report that it is part of."))
    if not why.strip():
        raise Refused("why_missing", _("Write by what one sees that both reports are about the same problem."))
    if row.consequences.exists():
        led_to = _("This report led to an inspection or a violation report. Join the other report with this one, or close each by itself.")
        raise Refused("led_to", led_to)
    if target.category != row.category:
        raise Refused("other_category", _("The other report has another category. Change the category first, if it is the same problem."))
    if target.hidden_at is not None and row.hidden_at is None:
        hidden = _("The other report is hidden from the public, and this one would vanish with it. Each is closed by itself.")
        raise Refused("other_hidden", hidden)
    if queries.unsolved(row).filter(closed_by=target.inspector_id).exists():
        closed = _("The inspector of the other report wrote a result of this one that did not solve it. Each is closed by itself.")
        raise Refused("closed_before", closed)
    facts = {"why": why.strip(), "metres": _metres_apart(row, target)}
    actor, now = actor_of(inspector, "inspector"), clock.now()
    others, senders = _new_people(row, target)
    row.questions.filter(answered_at__isnull=True, ended_at__isnull=True).update(ended_at=now)
    transition(row, "merge", actor=actor, data={"into": target.number}, merged_into=target, updated_at=now)
    MeToo.objects.bulk_create(others)
    promise = {"severity": max(row.severity, target.severity, key=promises.SEVERITIES.index), "due_at": min(row.due_at, target.due_at)}
    changes = {"me_too_count": F("me_too_count") + len(others) + senders, "updated_at": now}  # other systems ask for what changed since
    Report.objects.filter(pk=target.pk).update(**changes, **promise)
    record("report.merged", subject=row.subject_key, actor=actor, data={"into": target.number, **facts})
    record("report.joined", subject=target.subject_key, actor=actor, data={"from": row.number, **facts})
    notifications.tell(row, "joined", into=target)
    notifications.tell(target, "joined_here", joined=row)


def _new_people(row: Report, target: Report) -> tuple[list[MeToo], int]:
    """Who saw the same as `row`, for `target`, and how many sent it or what was joined with it; nobody whom `target` counts already."""
    known = {digest for one in MeToo.objects.filter(report=target) for digest in (one.who, one.device)}
    reporters.add_senders([target, *queries.joined(target)], known)
    senders = reporters.add_senders([row, *queries.joined(row)], known)
    others = [one for one in MeToo.objects.filter(report=row) if known.isdisjoint({one.who, one.device} - {""})]
    return [MeToo(report=target, who=one.who, device=one.device, at=one.at) for one in others], senders


def _metres_apart(row: Report, target: Report) -> int:
    """How far two reports are from each other, 0 at one shop or board.

    Raises Refused: other_shop, since a report would leave the page of its shop; no_place; too_far where it is more than a similar report
    may be (`similar_metres` of `limits.reports`).
    """
    if row.shop_now is not None and row.shop_now != target.shop_now:
        raise Refused("other_shop", _("This report names a shop, and the other one does not name it. Each is closed with its own result."))
    if row.shop_now is not None or (row.board_id is not None and row.board_id == target.board_id):
        return 0
    if row.latitude is None or row.longitude is None or target.latitude is None or target.longitude is None:
        raise Refused("no_place", _("One of the two reports has no exact place, so they are not joined. Each is closed with its result."))
    metres = round(metres_between((row.latitude, row.longitude), (target.latitude, target.longitude)))
    most = queries.limits()["similar_metres"]
    if metres > most:
        far = _("The two places are %(metres)s metres apart; at most %(most)s are allowed. Each report is closed with its own result.")
        raise Refused("too_far", far % {"metres": metres, "most": most})
    return metres


@transaction.atomic
def split(*, report: Report, inspector: User, parts: Sequence[ReportPart]) -> list[Report]:
    """Divide a report; each part has its own category, promise from the receipt or the last opening, and inspector. Returns the parts.

    What the reporter answered counts for the severity of a part as for that of the report.
    Raises NotPermitted, Refused: parts_number, is_part, words_missing, unknown_category, emergency, and TransitionRefused.
    """
    row, limits, rules = rows.of_inspector(report, inspector), queries.limits(), queries.rules()
    if row.parent_id is not None:
        raise Refused("is_part", _("A part of a report is not divided again."))
    if not LEAST_PARTS <= len(parts) <= limits["parts"]:
        raise Refused("parts_number", _("Divide it into at least two and at most %(most)s parts.") % {"most": limits["parts"]})
    if any(not part.words.strip() for part in parts):
        raise Refused("words_missing", _("Write for each part what it is about."))
    categories = [steps.category_of(part.category) for part in parts]
    actor, now, opened = actor_of(inspector, "inspector"), clock.now(), promises.opened_at(row)
    transition(row, "split", actor=actor, data={"parts": len(parts)}, updated_at=now)
    made = []
    for part, category in zip(parts, categories, strict=True):
        severity = promises.severity_of(category, row.answers)
        child = Report.objects.create(
            parent=row,
            key=str(uuid4()),
            category=category.code,
            category_facts=steps.facts_of(category),
            edition_id=rules.pk,
            words=part.words.strip(),
            updated_at=now,
            severity=severity,
            due_at=promises.due_at(category, severity, opened, limits),
            **_same(row) | ({} if part.is_about_shop else {"shop_id": None, "board_id": None}),
        )
        facts = {"of": row.number, "category": category.code} | ({} if part.is_about_shop else {"about": "somebody else"})
        record("report.part_made", subject=child.subject_key, actor=actor, data=facts)
        rows.have_drawn(child)
        made.append(child)
    record("report.split", subject=row.subject_key, actor=actor, data={"parts": [child.number for child in made]})
    notifications.tell(row, "divided", parts=made)
    return made


_KEPT = ["channel", "language", "latitude", "longitude", "accuracy_m", "place_source", "area_id", "block", "street", "place_note"]


def _same(row: Report) -> dict[str, Any]:
    """The facts that a part takes over."""
    names = [*_KEPT, "shop_id", "board_id", "branch_id", "captured_at", "received_at", "hidden_at"]
    return {name: getattr(row, name) for name in names}


def complete_parents(closed: Report) -> None:
    """Close each divided report whose last part a closed report was, or was joined with it; in the caller's transaction.

    The reporter of each gets one message.
    """
    for parent in _parents(closed):
        _complete(parent)


def reopen_parents(opened: Report) -> None:
    """Open each divided report again that closed with its parts, where one of them was joined with a report that is open again.

    In the caller's transaction. A part has no reporter of its own, so it is opened again with its whole, or through a join.
    """
    for parent in _parents(opened):
        row = rows.locked(Report(pk=parent))
        if row.state != ReportState.CLOSED or row.last_event is None or row.last_event.move != "complete":
            continue
        missed, due_at = promises.missed(row), promises.promised_again(row, queries.limits())
        transition(row, "part_reopened", actor=SYSTEM, data=missed, due_at=due_at, closed_at=None, updated_at=clock.now())
        record("report.part_reopened", subject=row.subject_key, actor=SYSTEM)
        notifications.tell(row, "reopened")
        reopen_parents(row)


def _parents(report: Report) -> list[int]:
    """The divided reports of which a report, or one that was joined with it, is a part."""
    return sorted({part.parent_id for part in (report, *queries.joined(report)) if part.parent_id is not None})


def _complete(parent: int) -> None:
    row = rows.locked(Report(pk=parent))
    parts = row.parts.select_related("merged_into")
    if row.state != ReportState.SPLIT or any(queries.end_of(part).state != ReportState.CLOSED for part in parts):
        return
    now, result = clock.now(), rows.written_by_portal("parts_done")
    texts = {"code": result.code, "text_ar": result.text_ar, "text_en": result.text_en}
    assert row.inspector is not None  # noqa: S101 - who divided it
    Closure.objects.create(report=row, closed_by=row.inspector, closed_at=now, is_on_the_spot=False, **texts)
    transition(row, "complete", actor=SYSTEM, reason=result.code, closed_at=now, updated_at=now)
    record("report.completed", subject=row.subject_key, actor=SYSTEM)
    notifications.tell(row, "closed", result=result, parts=list(row.parts.order_by("pk")))
    complete_parents(row)  # a part of another report may have been joined with it before it was divided
