"""Parts of the case page that all reviewed services share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from municipality.cases.models import Case
from municipality.cases.panels import Fact, FileLine, NextStep, Round
from municipality.cases.timeline import decision_minute, lateness
from municipality.documents.models import Document
from municipality.jobs import queries as jobs
from municipality.review import queries
from municipality.review.states import QueueEntryState
from municipality.ui.templatetags.portal import bilingual, day, day_hijri, ltr
from municipality.ui.texts import Text
from municipality.uploads import queries as uploads
from municipality.uploads.registry import Slot


def waiting_step() -> NextStep:
    """The next step while the case is with the Municipality."""
    text = _("You do not need to do anything now. We send you a message with the decision, or if something is missing.")
    return NextStep(_("The request is with the Municipality"), text, label=_("Nothing for you to do"))


def corrections_step(case: Case, url: str) -> NextStep:
    """The next step of a case whose corrections its applicant answers at `url`, with the last day to do so."""
    text: Text = _("Only what is asked for can be changed. The request keeps its place.")
    until = queries.CorrectionRound.objects.filter(queries.OPEN_ROUND, case=case).values_list("answer_by", flat=True).first()
    if until is not None:
        text = format_html("{} {} {}.", text, _("You can answer until"), day_hijri(until))
    return NextStep(_("Answer the corrections"), text, url, _("Answer"))


def answer_days(case: Case, answer_by: dt.date) -> list[Fact]:
    """Until when a complaint is answered: as promised, while it is open and not paused, and by law; nothing once it is answered."""
    if not case.is_open and (case.last_event is None or case.last_event.move != "lapse"):
        return []
    if not case.is_open or case.due_on is None or case.due_on >= answer_by:
        by_law = _("No answer by then counts as a refusal, and you can then go to court.")
        return [Fact(_("Answer by law at the latest"), day_hijri(answer_by), by_law)]
    silence = _("If no answer has come by {}, the law counts that as a refusal, and you can go to court.")
    return [Fact(_("Decision promised by"), day(case.due_on), format_html(silence, day_hijri(answer_by)))]


ENTRY_LABELS = {
    QueueEntryState.HELD: gettext_lazy("with an officer"),
    QueueEntryState.AWAY: gettext_lazy("waiting for your answer"),
    QueueEntryState.ANSWERED: gettext_lazy("answered, back with its officer"),
    QueueEntryState.COUNTERSIGN: gettext_lazy("with a second person for signature"),
}


def queue_facts(case: Case, *, is_promised: bool = False) -> list[Fact]:
    """The place of an open case in its queue; of a request with a promised day (`is_promised`) also pace, that day and the estimate.

    A complaint has its days in `answer_days`.
    """
    if not case.is_open:
        return []
    if not is_promised:
        ahead = queries.ahead_of(case)
        return [_before(ahead)] if ahead is not None else []
    entry = queries.position(case)
    if entry is None:
        return []
    facts = []
    if entry.state == QueueEntryState.WAITING:
        facts.append(_before(entry.ahead))
        if entry.pace_per_day >= 1:
            average = _("average of the last two weeks in this branch")
            facts.append(Fact(_("Decided in a working day"), ltr(round(entry.pace_per_day)), average))
    else:
        facts.append(Fact(_("Now"), ENTRY_LABELS[QueueEntryState(entry.state)]))
    if entry.state == QueueEntryState.AWAY:
        facts.append(Fact(_("Decision date"), _("paused until the answer arrives")))
        return facts
    # One date for one promise: a later estimate is said in words beside the promised day, and is no second day.
    later = late_estimate(case, entry.estimate) if entry.state == QueueEntryState.WAITING and entry.estimate is not None else ""
    late = lateness(case.due_on, decision_minute(case, case.due_on)) if case.due_on is not None else ""
    if case.due_on is not None:
        facts.append(Fact(_("Decision by"), day(case.due_on), late or later))
    if entry.state == QueueEntryState.WAITING and entry.estimate is not None and (late or not later):
        facts.append(Fact(_("Expected to reach an officer"), day(entry.estimate)))
    return facts


def _before(ahead: int) -> Fact:
    return Fact(_("Requests before this one"), ltr(ahead), _("of the same kind, in the same branch"))


def late_estimate(case: Case, estimate: dt.date) -> Text:
    """That an officer is expected only after the promised day; empty if the day can be kept."""
    if case.due_on is None or estimate <= case.due_on:
        return ""
    return _(
        "At the pace at which the requests before this one are decided, it will be later. "
        "The promised day stays: once it passes, the supervisor is told and this page says so."
    )


def rounds(case: Case, known: Mapping[str, Any]) -> list[Round]:
    """The rounds of corrections of a case; `known` has by code what can be asked for, each with its `label`."""
    suffix = "ar" if get_language() == "ar" else "en"
    found = []
    for row in queries.rounds_of(case):
        named = [(known[item.target].label if item.target in known else item.target, item) for item in row.items.all()]
        lines = [format_html("{}: {}", name, getattr(item, f"text_{suffix}")) for name, item in named]
        found.append(
            Round(format_html("{} {}", _("Round"), ltr(row.number)), lines, row.answer_by, row.answered_at, row.closed_at is not None)
        )
    return found


def sent_files(key: str, slots: Mapping[str, Slot]) -> list[FileLine]:
    """The files in some slots of a subject."""
    rows = [row for row in uploads.ready(key) if row.slot in slots]
    return [FileLine(slots[row.slot].label, row.name, reverse("uploads:look", args=[row.public_id])) for row in rows]


def refusal_file(refusal: Document) -> FileLine:
    return FileLine(_("Decision refusing a request"), refusal.number, reverse("document", args=[refusal.number]), _("sealed file"))


def refused_step(case: Case, refusal: Document | None, job: str) -> NextStep:
    """The next step of a refused case: the reason, and its document, that `job` is preparing it, or that there is none."""
    if refusal is not None:
        text = _("The sealed decision gives the reason, the article, and how and until when you can appeal.")
        url, button = reverse("document", args=[refusal.number]), _("Download the decision")
    elif jobs.is_pending(job, case.public_id):
        text = _("The decision is being prepared and sealed. It gives the reason, the article and how to appeal.")
        url, button = reverse("cases:case", args=[case.public_id]), _("Look again")
    else:
        text = _(
            "There is no paper of this decision to download. The branch that decided tells you its reason, its article and how to appeal."
        )
        url, button = reverse("shops:mine"), _("My shops")
    decision = queries.decision_of(case)
    if decision is not None:
        text = format_html("{} {}", bilingual(decision, "text"), text)
    return NextStep(_("The request is refused"), text, url, button, label=_("Decision"))
