"""The titles of the moves that every reviewed case has, and the steps of its queue entry: hand-out, return, escalation, being overtaken."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from municipality.cases.models import Case, CaseEvent
from municipality.cases.timeline import AddedStep, role_of_state
from municipality.review import queries
from municipality.review.models import Clock, Escalation, Override, QueueEntry, QueueEntryEvent
from municipality.review.registry import REVIEWABLES
from municipality.review.states import QueueEntryState

MOVES: dict[str, Any] = {
    "answer": _("Corrections answered, back with the officer"),
    "take_back": _("The officer takes the proposal back"),
    "return": _("The supervisor sends the proposal back"),
    "reopen": _("Back in the queue at its own place"),
    "move_promise": _("The decision date has changed"),
    "move_promise_signing": _("The decision date has changed"),
    "countersign": _("Refused, signed by a second person"),
    "propose_acceptance": _("An approval waits for a second signature"),
    "sign_acceptance": _("Approved, signed by a second person"),
}

# Moves of the queue entry that are no moves of the case.
ENTRY_MOVES: dict[str, Any] = {
    "draw": _("Handed out to an officer, in its turn"),
    "draw:override": _("Handed out to an officer, ahead of its turn"),
    "take_up": _("The officer takes up the answer"),
    "give_back": _("The officer gives it back: again in the queue, at its own place"),
    "release": _("Taken from the officer: again in the queue, at its own place"),
}
# Moves about a second round of corrections; of a refusal they are moves of the case.
SECOND_ROUND: dict[str, Any] = {
    "propose": _("A further round of corrections waits for a second signature"),
    "return": _("The supervisor sends the further round back"),
    "take_back": _("The officer takes the further round back"),
}
# Whom each level tells: `services.case_clock.escalate`.
LEVELS: dict[int, Any] = {
    1: _("Escalated to the supervisor of the branch: the promised time is used up"),
    2: _("Escalated to the auditors of the Municipality as well"),
    3: _("Escalated once more to the supervisor and the auditors"),
}
ROLES = {"officer": "officer", "supervisor": "supervisor"}


def added_steps(case: Case, events: Sequence[CaseEvent]) -> list[AddedStep]:
    """The steps of the queue entry and the escalations of a case, without reasons and names of staff."""
    was_reviewed = case.service in REVIEWABLES and any(event.to_state == "in_review" for event in events)
    entry = queries.entry_of(case) if was_reviewed else None
    if entry is None:  # approved automatically
        return []
    refusals = {event.data.get("decision") for event in events if event.move in ("propose_refusal", "propose_acceptance")}
    own = QueueEntryEvent.objects.filter(subject=entry, move__in=[*ENTRY_MOVES, *SECOND_ROUND])
    # A union of two index scans: with OR the database would scan the whole table.
    found = QueueEntryEvent.objects.filter(pk__in=own.values("pk").union(_later_overrides(entry).values("pk"))).order_by("pk")
    moves = [event for event in found if event.subject_id == entry.pk]
    steps = _overtaken(entry, [event for event in found if event.subject_id != entry.pk])
    for event in moves:
        name = "draw:override" if event.move == "draw" and "override" in event.data else event.move
        title = ENTRY_MOVES.get(name)
        if title is None and event.data.get("decision") not in refusals:
            title = SECOND_ROUND[event.move]
        if title is not None:
            steps.append(AddedStep(event.at, title, ROLES.get(event.actor_role, "system")))
    steps.sort(key=lambda step: step.at)
    clock: Clock | None = getattr(case, "clock", None)
    if clock is None or not clock.level:
        return steps
    levels = Escalation.objects.filter(case=case).order_by("level").values_list("at", "level")
    return steps + [AddedStep(at, LEVELS[level], "system") for at, level in levels]


# Whether a case waits in the queue, with no officer yet.
WAITS_IN_QUEUE = Q(place__state=QueueEntryState.WAITING)


def actor_of_queue(case: Case) -> str:
    """Who must act in a case that others may answer before it waits for an officer; "" until it stands in the queue."""
    role = role_of_state(case)
    is_known = role in ("applicant", "supervisor") or (role == "officer" and queries.entry_of(case) is not None)
    return role if is_known else ""


def due_at(case: Case) -> dt.datetime | None:
    """The minute at which the promised working time of a case is used up; None while it is paused, and without a clock."""
    clock: Clock | None = getattr(case, "clock", None)
    return clock.due_at if clock is not None else None


def _later_overrides(entry: QueueEntry) -> QuerySet[QueueEntryEvent]:
    """The draws ahead of their turn of requests that came to the branch after this one."""
    return QueueEntryEvent.objects.filter(
        move="draw", data__has_key="override", subject__branch=entry.branch_id, subject_id__gt=entry.pk, at__gte=entry.joined_at
    )


def _overtaken(entry: QueueEntry, draws: Sequence[QueueEntryEvent]) -> list[AddedStep]:
    """Those of `draws` that passed this request, each with its published reason."""
    passed = [draw for draw in draws if entry.pk in draw.data.get("passed", [])]
    overrides = Override.objects.select_related("place__case").in_bulk([draw.data["override"] for draw in passed])
    language = "ar" if get_language() == "ar" else "en"
    steps = []
    for draw in passed:
        override = overrides[draw.data["override"]]
        reason = queries.replies(override.place.case).reasons.get(override.code)
        why = getattr(reason, f"label_{language}") if reason else gettext("a reason of an earlier rulebook")
        title = gettext("A later request was handed out before this one: %(reason)s") % {"reason": why}
        steps.append(AddedStep(draw.at, title, "supervisor"))
    return steps
