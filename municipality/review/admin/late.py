"""Open requests as a supervisor reads them: with whom each is, how late, how far it was escalated, and what may be done about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.review import queries
from municipality.review.admin.clocks import ClockLine, clock_line
from municipality.review.admin.people import skill_name
from municipality.review.boards import able_officers, able_signers, comes_after, is_next, reminded_at
from municipality.review.models import Clock, Escalation, Override, QueueEntry
from municipality.review.states import QueueEntryState
from municipality.rulebook import queries as rulebook
from municipality.ui.templatetags.portal import bilingual, moment, ref, term
from municipality.ui.texts import Text

IDLE = 5  # officers without a case who are named on the page of a waiting one
NEXT_ALREADY = gettext_lazy("It is the next one of its queue: bringing it forward would change nothing.")
OTHERS_SIGN = gettext_lazy("Another supervisor signs what you proposed yourself, or where you have a conflict of interest.")
NOBODY_SIGNS = gettext_lazy(
    "No supervisor of the branch may sign it: each of them wrote it or has a conflict of interest. The branch needs one more supervisor."
)
ASKED = gettext_lazy("It was asked for ahead of its turn; another supervisor allows it.")
# State of the place → with whom the request is.
WHERE = {
    QueueEntryState.WAITING: gettext_lazy("In the queue: nobody yet"),
    QueueEntryState.HELD: gettext_lazy("With {officer}"),
    QueueEntryState.ANSWERED: gettext_lazy("With {officer}"),
    QueueEntryState.AWAY: gettext_lazy("Waiting for the applicant; the officer is {officer}"),
    QueueEntryState.COUNTERSIGN: gettext_lazy("Waits for a second signature; the officer is {officer}"),
}


@dataclass(frozen=True)
class SupervisorStep:
    """Something a supervisor may do about a request; `url` is empty where there is nothing but to know it.

    `officer` may be reminded by a button; `reminded` are those who were reminded today, and when.
    """

    text: Text
    url: str = ""
    link: Text = ""
    officer: User | None = None
    idle: tuple[User, ...] = ()  # officers with nothing in hand who may take it and were not reminded today
    reminded: tuple[tuple[User, dt.datetime], ...] = ()


@dataclass(frozen=True)
class LateLine:
    """One open request of a list. `url` is empty where the supervisor may not open it yet; `step` is what a supervisor may do about it."""

    case: Case
    url: str
    where: SafeString
    since: dt.datetime  # when it got there
    clock: ClockLine
    step: SupervisorStep


def lines(clocks: Iterable[Clock], reader: User) -> list[LateLine]:
    """The lines of running clocks, as `queries.late_clocks` gives them; one query, and one more where a decision waits for a signature."""
    rows = list(clocks)
    officers = queries.holders(rows)
    calendar = rulebook.calendar() if rows else None
    nobody: tuple[User | None, dt.datetime | None] = (None, None)
    signing = _signing([row.case.place for row in rows], reader)
    return [_line(row, officers.get(row.case.place.pk, nobody), calendar, signing.get(row.case.place.pk, "")) for row in rows]


def _signing(places: Iterable[QueueEntry], reader: User) -> dict[int, str]:
    """Who signs the proposals that wait at some places, by place: this reader ("own"), another supervisor ("others"), or "nobody"."""
    waiting = [place.pk for place in places if place.state == QueueEntryState.COUNTERSIGN]
    if not waiting:
        return {}
    own = queries.decisions_to_sign(reader).filter(case=OuterRef("case"))
    rows: Any = QueueEntry.objects.filter(pk__in=waiting).annotate(is_own=Exists(own), is_signable=Exists(able_signers()))
    found = rows.values_list("pk", "is_own", "is_signable")
    return {pk: "own" if is_own else "others" if is_signable else "nobody" for pk, is_own, is_signable in found}


def _line(row: Clock, holder: tuple[User | None, dt.datetime | None], calendar: Any, signer: str) -> LateLine:
    place, told, (officer, at) = row.case.place, clock_line(row, calendar), holder
    # A supervisor opens a case once an officer had it, or once it was escalated, which the clock does by itself.
    url = reverse("admin:desk_case", args=[row.case.public_id]) if row.level or place.state != QueueEntryState.WAITING else ""
    step = _waiting_step(row) if place.state == QueueEntryState.WAITING else _step(place, officer, at, signer)
    return LateLine(row.case, url, where(place, officer), since(place), told, step)


def _step(place: QueueEntry, officer: User | None, at: dt.datetime | None, signer: str) -> SupervisorStep:
    """The one thing that a supervisor may do about a request of a list that is not waiting in the queue."""
    if place.state == QueueEntryState.AWAY:
        return SupervisorStep(_("Nothing now: the applicant has to answer"))
    if place.state == QueueEntryState.COUNTERSIGN:
        if signer != "own":
            return SupervisorStep(OTHERS_SIGN if signer == "others" else NOBODY_SIGNS)
        return SupervisorStep("", f"{reverse('admin:desk_sign')}?case={place.case.public_id}", _("Sign this decision"))
    return _reminder("", officer, at)


def _reminder(text: Text, officer: User | None, at: dt.datetime | None) -> SupervisorStep:
    """The button that reminds an officer, or when they were reminded today."""
    return (
        SupervisorStep(text, reminded=((officer, at),)) if officer is not None and at is not None else SupervisorStep(text, officer=officer)
    )


def _waiting_step(row: Any) -> SupervisorStep:
    """The one thing that a supervisor may do about a waiting request; `row` is a clock as `boards` annotates it."""
    place, board = row.case.place, reverse("admin:desk_board")
    if row.is_allowed and not row.comes_after:
        return SupervisorStep(_("It is handed out next: two supervisors put it ahead of its turn."))
    if row.is_asked:
        return SupervisorStep(ASKED, f"{board}#ahead", _("Ahead of its turn"))
    if not row.is_first and not row.is_allowed:
        return SupervisorStep("", f"{board}?reference={place.case.reference}#ahead", _("Ask for it ahead of its turn"))
    if row.comes_after:
        if row.is_allowed:
            return SupervisorStep(_after(row.comes_after))
        return SupervisorStep(_after(row.comes_after), f"{board}?reference={place.case.reference}#ahead", _("Ask for it ahead of its turn"))
    able = able_officers(place)
    if not able:
        text = _("It is the next one of its queue, and nobody who is present may decide it.")
        return SupervisorStep(text, reverse("admin:desk_people"), _("Fields of work"))
    names = format_html_join(_(", "), "{}", ((term(bilingual(officer, "name")),) for officer, *_rest in able))
    text = _("It is the next one of its queue: whoever of these asks for the next case first gets it: {names}.")
    idle = tuple(officer for officer, is_busy, at in able if not is_busy and at is None)
    reminded = tuple((officer, at) for officer, _is_busy, at in able if at is not None)
    return SupervisorStep(format_html(str(text), names=names), idle=idle[:IDLE], reminded=reminded[:IDLE])


def _after(reference: str) -> SafeString:
    return format_html(_("It comes after {reference}, which was put ahead of its turn."), reference=ref(reference))


def where(place: QueueEntry, officer: User | None) -> SafeString:
    """With whom a request is, in words."""
    return format_html(str(WHERE[QueueEntryState(place.state)]), officer=term(bilingual(officer, "name")) if officer else "—")


def since(place: QueueEntry) -> dt.datetime:
    """Since when it is there: of a waiting request when it joined the queue, of any other its last move."""
    if place.state == QueueEntryState.WAITING or place.last_event is None:
        return place.joined_at
    return place.last_event.at


def ways(place: QueueEntry, escalated: Escalation | None = None) -> list[SupervisorStep]:
    """What a supervisor of the branch may do about a request that they read; nothing once it left the queue.

    `escalated` is its last escalation.
    """
    if place.state == QueueEntryState.WAITING:
        return _waiting(place, escalated)
    if place.state == QueueEntryState.LEFT:
        return []
    assignment = queries.assignment_of(place.case)
    officer = assignment.officer if assignment is not None else None
    standing = format_html("{} · {} {}", where(place, officer), _("since"), moment(since(place)))
    if place.state == QueueEntryState.COUNTERSIGN:
        return [SupervisorStep(standing)]  # the page has the button that signs
    if place.state == QueueEntryState.AWAY:
        return [
            SupervisorStep(standing),
            SupervisorStep(_("The promised time stands still until the answer comes; then its officer takes it up.")),
        ]
    people = f"{reverse('admin:desk_people')}?officer={officer.pk if officer else ''}#absence"
    text = _("An officer who is absent loses the request once the absence is entered: it goes back to its place, to a colleague.")
    at = reminded_at(officer) if officer is not None else None
    return [_reminder(standing, officer, at), SupervisorStep(text, people, _("Enter an absence"))]


def _waiting(place: QueueEntry, escalated: Escalation | None) -> list[SupervisorStep]:
    steps = [SupervisorStep(format_html("{} · {} {}", where(place, None), _("since"), moment(since(place))))]
    if escalated is not None:
        level = {"level": escalated.level, "at": moment(escalated.at)}
        text = _("Level {level} was reached on {at}: the applicant was told. The decision still waits for an officer.")
        steps.append(SupervisorStep(format_html(text, **level)))
    able = able_officers(place)
    text = _("{officer} is present with nothing in hand and has not asked for the next case.")
    for officer, is_busy, at in able[:IDLE]:
        if not is_busy:
            told = format_html(text, officer=term(bilingual(officer, "name")))
            steps.append(SupervisorStep(told, idle=(officer,)) if at is None else SupervisorStep(told, reminded=((officer, at),)))
    field = {"field": skill_name(place.skill)}
    text = (
        _("More officers with its field of work (%(field)s) shorten the queue.") % field
        if able
        else _("Nobody who is present may decide it: give its field of work (%(field)s) to one more officer.") % field
    )
    return [*steps, _ahead(place), SupervisorStep(text, reverse("admin:desk_people"), _("Fields of work"))]


def _ahead(place: QueueEntry) -> SupervisorStep:
    """Whether it may be asked for, or was asked for, ahead of its turn."""
    asked = Override.objects.filter(place=place).first()
    board = f"{reverse('admin:desk_board')}?reference={place.case.reference}#ahead"
    if asked is None:
        if is_next(place):
            return SupervisorStep(NEXT_ALREADY)
        text = _("It may be handed out ahead of its turn where one of the published reasons fits; a second supervisor allows it.")
        return SupervisorStep(text, board, _("Ask for it ahead of its turn"))
    if asked.allowed_at is None:
        return SupervisorStep(ASKED, board, _("Ahead of its turn"))
    if before := comes_after(place):
        return SupervisorStep(_after(before))
    return SupervisorStep(_("It is handed out next: two supervisors put it ahead of its turn."))
