"""The course of a case as its person reads it: one step an event, to the minute, then what is still to come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from municipality.cases.models import Case, CaseEvent
from municipality.kernel.registry import Registry
from municipality.kernel.workflow import WORKFLOWS
from municipality.ui.templatetags.portal import bilingual

ACTORS = {
    "applicant": _("The applicant"),
    "holder": _("The holder of the shop"),
    "delegate": _("A delegate of the applicant"),
    "assistant": _("An employee, for the applicant with their code"),
    "system": _("The portal, by rule"),
    "officer": _("Officer"),
    "supervisor": _("Supervisor"),
}


@dataclass(frozen=True)
class Step:
    """`kind` is done, now, next or bad, as `components/timeline.html` reads it."""

    kind: str
    title: Any
    who: Any
    at: Any = None
    due: Any = None
    note: Any = ""


@dataclass(frozen=True)
class Timeline:
    """How a service tells its states: titles by state, the path still ahead, and whose turn it is."""

    titles: dict[str, Any]
    path: Sequence[str]  # states of the usual way, in order
    next_actor: dict[str, str]  # state → role of the actor that must act now
    notes: dict[str, Any]
    name: Any = ""  # of the service, as the heading of a case page
    bad: frozenset[str] = frozenset()
    # Titles of single steps where the state alone does not say it, by move or by move and reason (`approve:officer_accepted`).
    moves: dict[str, Any] = field(default_factory=dict)
    ahead: dict[str, Any] = field(default_factory=dict)  # titles of states that are still to come, where they read otherwise then
    rejoins: dict[str, str] = field(default_factory=dict)  # state beside the path → the state of the path that follows it

    def title(self, event: CaseEvent) -> Any:
        """What one step is called."""
        for known in (f"{event.move}:{event.reason}", event.move):
            if known in self.moves:
                return self.moves[known]
        if event.from_state == event.to_state:  # the state says nothing new: the move does
            return WORKFLOWS[event.workflow].moves[event.move].label
        return self.titles[event.to_state]


# By the code of the workflow.
TIMELINES: Registry[Timeline] = Registry()


def who(event: CaseEvent, named: Mapping[str, Any]) -> Any:
    """Who made a step, and for whom. `named` holds people by key, for those who may read names; staff stay without one."""
    for_whom = named.get(event.data.get("for", ""))
    if for_whom is None:
        return ACTORS[event.actor_role]
    by = named.get(event.actor_key)
    if event.actor_role == "delegate" and by is not None:
        return format_html(gettext("{delegate}, for {applicant}"), delegate=bilingual(by, "name"), applicant=bilingual(for_whom, "name"))
    if event.actor_role == "assistant" and by is not None and by.branch is not None:
        said = gettext("An employee of {branch}, for {applicant} with their code (assisted)")
        return format_html(said, branch=bilingual(by.branch, "name"), applicant=bilingual(for_whom, "name"))
    return ACTORS[event.actor_role]


def steps(case: Case, events: Sequence[CaseEvent], named: Mapping[str, Any] | None = None) -> list[Step]:
    """Done steps, the present one, and those still ahead on the usual way.

    `named`: people by key, for a page whose reader may know who acted for whom; without it nobody is named.
    """
    story = TIMELINES[case.service]
    found = []
    for event in events:
        last = event == events[-1]
        kind = "now" if last and case.is_open else "bad" if last and event.to_state in story.bad else "done"
        due = case.due_on if kind == "now" and story.next_actor.get(event.to_state) != "applicant" else None
        found.append(
            Step(
                kind,
                story.title(event),
                who(event, named or {}),
                event.at,
                due,
                story.notes.get(event.to_state, "") if last else "",
            )
        )
    path = list(story.path)
    if case.is_open and case.state in path:
        ahead = path[path.index(case.state) + 1 :]
    elif case.is_open and case.state in story.rejoins:
        ahead = path[path.index(story.rejoins[case.state]) :]
    else:
        ahead = []
    titles = story.titles | story.ahead
    found += [Step("next", titles[state], ACTORS[story.next_actor.get(state, "system")]) for state in ahead]
    return found


def label(case: Case) -> tuple[str, Any]:
    """State of a tag (ok, warn, bad, wait) and its word for a case."""
    story = TIMELINES[case.service]
    if case.is_open:
        return ("warn" if story.next_actor.get(case.state) == "applicant" else "wait"), story.titles[case.state]
    return ("bad" if case.state in story.bad else "ok"), story.titles[case.state]
