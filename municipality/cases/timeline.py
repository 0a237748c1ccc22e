"""The timeline on the page of a case: one step for each event, then the steps that are still to come."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.cases.models import Case, CaseEvent
from municipality.kernel import clock
from municipality.kernel.registry import Registry
from municipality.kernel.workflow import WORKFLOWS
from municipality.ui.templatetags.portal import bilingual
from municipality.ui.texts import Text

ACTORS = {
    "applicant": _("The applicant"),
    "holder": _("The holder of the shop"),
    "delegate": _("A delegate of the applicant"),
    "assistant": _("An employee, for the applicant with their code"),
    "system": _("The portal, automatically"),
    "officer": _("Officer"),
    "other_officer": _("An officer of another branch"),
    "supervisor": _("Supervisor"),
    "inspector": _("Inspector"),
}
STAFF = frozenset({"officer", "supervisor", "inspector"})  # of the office that a case is with


@dataclass(frozen=True)
class TimelineStep:
    """One step; `kind` is done, now, next or bad (see `components/timeline.html`)."""

    kind: str
    title: Text
    who: Text
    at: dt.datetime | None = None
    due: dt.date | None = None
    note: Text = ""
    due_at: dt.datetime | None = None  # the minute of `due`, where it is known
    must_act: Text = ""  # who must act now, with the office; of the present step of an open case

    @property
    def lateness(self) -> Text:
        return lateness(self.due, self.due_at)


@dataclass(frozen=True)
class Timeline:
    """How a service describes its states: titles by state, the usual path, and the actor that each state waits for."""

    titles: dict[str, Text]
    path: Sequence[str]  # the usual states, in order
    next_actor: dict[str, str]  # state → role of the actor that must act now
    notes: dict[str, Text]
    name: Text = ""  # of the service, as the heading of a case page
    bad: frozenset[str] = frozenset()
    # Titles of single steps where the state alone does not say it, by move or by move and reason (`approve:officer_accepted`).
    moves: dict[str, Text] = field(default_factory=dict)
    ahead: dict[str, Text] = field(default_factory=dict)  # titles of states that are still to come, where they read otherwise then
    decided_in: frozenset[str] = frozenset()  # states before a decision, which is a step to come with its title in `ahead`
    kept_promise: frozenset[str] = frozenset()  # states that are reached by the promised decision, so that its day is not named any more
    rejoins: dict[str, str] = field(default_factory=dict)  # state beside the path → the state of the path that follows it
    # Move → the states to come for a case that made it, where its way is another than `path`.
    paths: dict[str, Sequence[str]] = field(default_factory=dict)

    def path_of(self, events: Sequence[CaseEvent]) -> list[str]:
        """The usual states of a case with these events, in order."""
        return list(next((self.paths[event.move] for event in events if event.move in self.paths), self.path))

    def title(self, event: CaseEvent) -> Text:
        """The title of one step."""
        for name in (f"{event.move}:{event.reason}", event.move):
            if name in self.moves:
                return self.moves[name]
        if event.from_state == event.to_state:
            return WORKFLOWS[event.workflow].moves[event.move].label
        return self.titles[event.to_state]


# By the code of the workflow.
TIMELINES: Registry[Timeline] = Registry()


@dataclass(frozen=True)
class AddedStep:
    """A step of a case that is no move of its workflow, such as its hand-out to an officer. `role` is a key of ACTORS, never a name."""

    at: dt.datetime
    title: Text
    role: str


# Who must act now, a key of ACTORS, where the state of a case does not tell it alone ("": not known), by the code of the workflow.
MUST_ACT: Registry[Callable[[Case], str]] = Registry()
# What apps above add to the timeline of a case, by name of the app; each returns the steps of one case in their order.
ADDED_STEPS: Registry[Callable[[Case, Sequence[CaseEvent]], Sequence[AddedStep]]] = Registry()
# Whether a case waits until somebody takes it up: conditions on a case, by name of the app.
QUEUED: Registry[Q] = Registry()
# The minute at which the promised time of a case is used up (None: unknown, or paused), by name of the app.
DUE_AT: Registry[Callable[[Case], dt.datetime | None]] = Registry()
# One-to-one relations of a case to rows of apps above, by name of the app: the page of one case reads them with it.
READ_WITH_A_CASE: Registry[tuple[str, ...]] = Registry()


def actor_text(event: CaseEvent, people: Mapping[str, User]) -> Text:
    """Who made a step, and for whom. `people`, by key, are those whose names the reader may see; staff are never named."""
    payer = people.get(event.data.get("paid_by", ""))
    if payer is not None:  # the portal confirms what they paid for the applicant
        return format_html(gettext("{delegate}, a delegate of the applicant"), delegate=bilingual(payer, "name"))
    applicant = people.get(event.data.get("for", ""))
    if applicant is None:
        return ACTORS[event.actor_role]
    actor = people.get(event.actor_key)
    if event.actor_role == "delegate" and actor is not None:
        return format_html(
            gettext("{delegate}, for {applicant}"), delegate=bilingual(actor, "name"), applicant=bilingual(applicant, "name")
        )
    if event.actor_role == "assistant" and actor is not None and actor.branch is not None:
        text = gettext("An employee of {branch}, for {applicant} with their code (assisted)")
        return format_html(text, branch=bilingual(actor.branch, "name"), applicant=bilingual(applicant, "name"))
    return ACTORS[event.actor_role]


def steps(case: Case, events: Sequence[CaseEvent], people: Mapping[str, User] | None = None) -> list[TimelineStep]:
    """Past steps with those of ADDED_STEPS, the present one, and those still to come on the usual path.

    `people`, by key, are those whose names the reader may see.
    """
    timeline = TIMELINES[case.service]
    result = _past(case, timeline, events, people or {})
    path = timeline.path_of(events)
    if case.is_open and case.state in path:
        ahead = path[path.index(case.state) + (case.state not in timeline.decided_in) :]
    elif case.is_open and timeline.rejoins.get(case.state) in path:
        ahead = path[path.index(timeline.rejoins[case.state]) :]
    else:
        ahead = []
    titles = timeline.titles | timeline.ahead
    result += [TimelineStep("next", titles[state], ACTORS[timeline.next_actor.get(state, "system")]) for state in ahead]
    return result


def _past(case: Case, timeline: Timeline, events: Sequence[CaseEvent], people: Mapping[str, User]) -> list[TimelineStep]:
    """The steps so far, in their order. The last one is the present one of an open case; of a closed case it is its last move."""
    moves = [TimelineStep("done", timeline.title(event), actor_text(event, people), event.at) for event in events]
    if not moves:
        return []
    added = [TimelineStep("done", step.title, ACTORS[step.role], step.at) for add in ADDED_STEPS.values() for step in add(case, events)]
    past = sorted(moves + added, key=lambda step: step.at or case.opened_at)  # stable: a move stands before what was added at its instant
    state = events[-1].to_state
    if not case.is_open:
        past.remove(moves[-1])
        return [*past, replace(moves[-1], kind="bad" if state in timeline.bad else "done", note=timeline.notes.get(state, ""))]
    due = decision_day(case)
    now = replace(past[-1], kind="now", due=due, due_at=decision_minute(case, due), must_act=must_act(case))
    return [*past[:-1], replace(now, note=timeline.notes.get(state, ""))]


def must_act(case: Case) -> Text:
    """Who must act now in an open case; a member of staff with their office, never with their name. Empty where it is not known."""
    role = MUST_ACT[case.service](case) if case.service in MUST_ACT else role_of_state(case)
    if role not in STAFF:
        return ACTORS[role] if role else ""
    return format_html("{}{}{}", ACTORS[role], gettext(", "), bilingual(case.branch, "name"))


def role_of_state(case: Case) -> str:
    """Who must act in the present state of a case, a key of ACTORS."""
    return TIMELINES[case.service].next_actor.get(case.state, "system")


def decision_day(case: Case) -> dt.date | None:
    """The promised day of a case that waits for the Municipality; None once it is decided or waits for the applicant."""
    timeline = TIMELINES[case.service]
    waits_for_applicant = timeline.next_actor.get(case.state) == "applicant"
    return case.due_on if case.is_open and not waits_for_applicant and case.state not in timeline.kept_promise else None


def decision_minute(case: Case, due_on: dt.date | None) -> dt.datetime | None:
    """The minute of the promised day by which a case is decided; None where it is not known."""
    minutes = [at for due_at in DUE_AT.values() if due_on and (at := due_at(case)) is not None and clock.day_of(at) == due_on]
    return min(minutes, default=None)


def lateness(due_on: dt.date | None, due_at: dt.datetime | None = None) -> Text:
    """What a promised day, or its minute if that is given, means once it has passed; empty before."""
    late = gettext("This is late. The supervisor of the branch has been told, and the request is still decided.")
    has_passed = due_at < clock.now() if due_at is not None else due_on is not None and due_on < clock.today()
    return late if has_passed else ""


def with_queue(cases: QuerySet[Case]) -> QuerySet[Case]:
    """Cases that know whether they wait in a queue, for `label`."""
    return cases.annotate(is_queued=reduce(or_, QUEUED.values())) if len(QUEUED) else cases


def label(case: Case) -> tuple[str, Text]:
    """The state of a case's tag (ok, warn, bad, wait) and its label; `In the queue` for a case of `with_queue` that waits there."""
    timeline = TIMELINES[case.service]
    if case.is_open and getattr(case, "is_queued", False):
        return "wait", gettext("In the queue")
    if case.is_open:
        return ("warn" if timeline.next_actor.get(case.state) == "applicant" else "wait"), timeline.titles[case.state]
    return ("bad" if case.state in timeline.bad else "ok"), timeline.titles[case.state]
