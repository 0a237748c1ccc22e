"""What stands on the screen of one case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from municipality.cases.models import Case, CaseEvent
from municipality.cases.timeline import TIMELINES, actor_text
from municipality.delegation.queries import named_in
from municipality.kernel.workflow import WORKFLOWS
from municipality.review import queries
from municipality.review.admin import answers, clocks
from municipality.review.models import CorrectionItem, CorrectionRound, QueueEntry
from municipality.review.models.staff import TieKind
from municipality.review.registry import Item, reviewable
from municipality.review.states import PLACE, QueueEntryState
from municipality.rulebook.queries import Edition, Reason
from municipality.uploads import links
from municipality.uploads.models import Upload
from municipality.uploads.states import UploadState

PARTIES = {
    "applicant": gettext_lazy("applicant"),
    "delegate": gettext_lazy("delegate"),
    "holder": gettext_lazy("present holder"),
    "assistant": gettext_lazy("employee who assisted"),
    "licensee": gettext_lazy("licensee"),
    "shop": gettext_lazy("shop"),
    "manager": gettext_lazy("manager"),
    "signatory": gettext_lazy("signatory"),
}
FORMS = ("approve", "corrections", "refuse", "give-back", "tie")
DECLARED = [kind for kind in TieKind if kind != TieKind.GIVEN_BACK]


@dataclass(frozen=True)
class Sheet:
    """One file, drawn anew by the portal: its small picture and its pages, by links that die."""

    upload: Upload
    preview: str
    pages: list[str]
    is_new: bool  # it came with the last answer


@dataclass(frozen=True)
class FileItem:
    item: Item
    sheets: list[Sheet]


@dataclass(frozen=True)
class HistoryLine:
    title: Any
    who: Any
    event: CaseEvent
    reason: str


def screen(
    request: HttpRequest,
    case: Case,
    place: QueueEntry,
    holds: bool,
    typed: Mapping[str, Any],
    *,
    panel: str = "",
    error: str = "",
) -> dict[str, Any]:
    """The context of the page. `typed` is put back into the panel that it came from; contact details are nowhere in it."""
    entry = reviewable(case)
    items = entry.items(case)
    replies = queries.replies(case)
    history = _history(case, replies.reasons, is_blind=entry.is_blind)
    moves = _moves(case, place, holds)
    lines = queries.checklist(case, items)
    rounds = _rounds(case) if any(line.event.move == "ask_corrections" for line in history) else []
    answered = next((row for row, _items in reversed(rounds) if row.answered_at is not None), None)
    return {
        **admin.site.page_context(request),
        "title": _("Request %(reference)s") % {"reference": case.reference},
        "case": case,
        "is_blind": entry.is_blind,
        "place": place,
        "holds": holds,
        "clock": clocks.line(getattr(case, "clock", None)),
        "facts": [item for item in items if not item.is_file],
        "files": [FileItem(item, _sheets(request, item, answered)) for item in items if item.is_file],
        # What stands otherwise than when the last answered round was asked for.
        "corrected": {item.name for item in items if answered is not None and answered.standing.get(item.name) != item.mark},
        "flags": entry.flags(case),
        "related": entry.related(case),
        "checks": [(line, typed.get(f"check.{line.check.code}", line.answer) if panel == "checks" else line.answer) for line in lines],
        "checks_open": sum(not line.answer for line in lines),
        "checks_no": any(line.answer == "no" for line in lines),
        "history": history,
        "rounds": rounds,
        "proposal": _proposal(place, history, replies),
        "moves": moves,
        "targets": answers.targets(items, replies, typed if panel == "corrections" else {}) if "ask_corrections" in moves else [],
        "refusals": replies.reasons_of("refusal"),
        "give_backs": replies.reasons_of("give_back"),
        "second_rounds": replies.reasons_of("second_round") if rounds else [],
        "parties": list(PARTIES.items()),
        "tie_kinds": DECLARED,
        "panel": panel,
        "forms": {verb.replace("-", "_"): _put_back(typed if verb == panel else {}) for verb in FORMS},
        "error": error,
    }


def _rounds(case: Case) -> list[tuple[CorrectionRound, list[CorrectionItem]]]:
    """Rounds with their items, oldest first, in one query."""
    found: dict[int, tuple[CorrectionRound, list[CorrectionItem]]] = {}
    for item in CorrectionItem.objects.filter(round__case=case).select_related("round").order_by("round__number", "pk"):
        found.setdefault(item.round_id, (item.round, []))[1].append(item)
    return list(found.values())


def _proposal(place: QueueEntry, history: list[HistoryLine], replies: Edition) -> tuple[Any, Reason | None] | None:
    """What waits for the second person, in a few words; the exact ones stand where they are signed."""
    if place.state != QueueEntryState.COUNTERSIGN:
        return None
    if history[-1].event.to_state == "countersign":
        last = next(line for line in reversed(history) if line.event.move == "propose_refusal")
        return _("Refusal"), replies.reasons.get(last.event.reason)
    return _("Second round of corrections"), None


def _put_back(typed: Mapping[str, Any]) -> dict[str, Any]:
    return {name: typed.get(name, "") for name in ("code", "second_code", "note_ar", "note_en", "party", "kind")}


def _moves(case: Case, place: QueueEntry, holds: bool) -> set[str]:
    """What the officer may do now, as the tables of the service and of the queue have it."""
    if not holds:
        return set()
    queued = {move.name for move in PLACE.open_moves(place.state, "officer")}
    served = {move.name for move in WORKFLOWS[case.service].open_moves(case.state, "officer")}
    if place.state != QueueEntryState.HELD:
        served &= {"take_back"}
    return queued | served


def _history(case: Case, reasons: Mapping[str, Any], *, is_blind: bool) -> list[HistoryLine]:
    story = TIMELINES.get(case.service)
    table = WORKFLOWS[case.service]
    found = []
    events = list(case.events.order_by("pk"))
    acted = set() if is_blind else {key for event in events if "for" in event.data for key in (event.actor_key, event.data["for"])}
    named = named_in(acted)
    for event in events:
        label = table.moves[event.move].label if event.move in table.moves else ""
        title = story.title(event) if story and not event.move else label or (story.title(event) if story else event.to_state)
        reason = reasons.get(event.reason)
        found.append(HistoryLine(title, actor_text(event, named), event, reason.label_ar if reason else ""))
    return found


def _sheets(request: HttpRequest, item: Item, answered: CorrectionRound | None) -> list[Sheet]:
    found = []
    for upload in item.files:
        if upload.state != UploadState.READY:
            continue
        numbers = range(1, upload.pages + 1)
        pages = [links.link(upload, request.user, request.session, purpose="page", page=n) for n in numbers]
        preview = links.link(upload, request.user, request.session, purpose="preview")
        found.append(Sheet(upload, preview, pages, answered is not None and upload.created_at > answered.asked_at))
    return found
