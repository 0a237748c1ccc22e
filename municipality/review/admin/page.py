"""The context of the page of a case."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.cases.models import Case, CaseEvent
from municipality.cases.timeline import ACTORS, TIMELINES, actor_text
from municipality.delegation.queries import users_by_key
from municipality.kernel.workflow import WORKFLOWS
from municipality.review import linked, queries, signature, texts
from municipality.review.admin import answers, clocks, late
from municipality.review.blind import RevealReason, hides_names, without_names
from municipality.review.boards import may_be_signed
from municipality.review.models import CorrectionItem, CorrectionRound, Escalation, QueueEntry
from municipality.review.models.staff import FROM_ACTS, ConflictKind
from municipality.review.registry import Item, reviewable
from municipality.review.returned import returned_by
from municipality.review.states import QUEUE_ENTRY_WORKFLOW, QueueEntryState
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import Reason, RulebookEdition
from municipality.ui.code_labels import label_of_edition
from municipality.ui.staff_roles import has_table
from municipality.ui.templatetags.portal import bilingual
from municipality.ui.texts import Text
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
    "landlord": gettext_lazy("landlord"),
    "trademark_owner": gettext_lazy("owner of a trademark"),
}
FORMS = ("approve", "corrections", "refuse", "give-back", "conflict", "reveal")
# By the move that sends a proposal for the second signature.
PROPOSED = {"propose_refusal": gettext_lazy("Refusal"), "propose_acceptance": gettext_lazy("Approval")}
RETURNED = {"return": gettext_lazy("Sent back by the supervisor"), "go_on": gettext_lazy("No answer came in time")}
DECLARED = [kind for kind in ConflictKind if kind not in FROM_ACTS]


@dataclass(frozen=True)
class Sheet:
    """One file with links to its pages."""

    upload: Upload
    pages: list[str]
    is_new: bool  # sent with the last answer


@dataclass(frozen=True)
class FileItem:
    item: Item
    sheets: list[Sheet]


@dataclass(frozen=True)
class Source:
    """Where facts that did not change come from."""

    text: Text
    at: dt.date | None


@dataclass(frozen=True)
class CaseOutcome:
    """How a case left the queue and when, or why a proposal came back: a tag, its word, and the reason in words."""

    kind: str
    word: Text
    at: dt.datetime
    reason: Text = ""
    words: str = ""


@dataclass(frozen=True)
class HistoryLine:
    title: Text
    who: Text
    event: CaseEvent
    reason: Text


@dataclass(frozen=True)
class EscalationLine:
    """An escalation among the lines of the history."""

    title: Text
    who: Text
    event: Escalation
    reason: Text


def case_context(
    request: AuthenticatedHttpRequest,
    case: Case,
    entry: QueueEntry,
    holds: bool,
    typed: Mapping[str, Any],
    *,
    role: str = "officer",
    panel: str = "",
    error: str = "",
    shows_names: bool = False,
) -> dict[str, Any]:
    """The context of the page, without contact details. `typed` is form data for the form `panel`; `shows_names` after a reveal."""
    service = reviewable(case)
    name = TIMELINES[case.service].name if case.service in TIMELINES else _("Request")
    is_blind = hides_names(service, entry, role) and not shows_names
    items = without_names(service.items(case)) if is_blind else service.items(case)
    replies = queries.replies(case)
    history = _history(case, replies.reasons, is_blind=is_blind)
    escalations = _escalations(case)
    moves = _moves(case, entry, holds)
    lines = queries.checklist(case, items)
    asked = typed if panel == "corrections" else None
    leads_to = answers.led_to(items, lines, service)
    targets = answers.targets(items, replies, lines, asked, leads_to) if "ask_corrections" in moves else []
    rounds = _rounds(case) if any(line.event.move == "ask_corrections" for line in history) else []
    found = linked.first_of(request.user, case)
    last_answered = next((row for row, _items in reversed(rounds) if row.answered_at is not None), None)
    is_proposed = entry.state == QueueEntryState.COUNTERSIGN
    may_sign = role == "supervisor" and is_proposed and queries.decisions_to_sign(request.user).filter(case=case).exists()
    return {
        **admin.site.page_context(request),
        "title": f"{name} {case.reference}",
        "service_name": name,
        "case": case,
        "is_blind": is_blind,
        "shows_names": shows_names,
        "reveal_reasons": RevealReason.choices if holds and is_blind and not service.is_blind else [],
        "place": entry,
        "holds": holds,
        "clock": clocks.line(getattr(case, "clock", None)),
        "outcome": _outcome(entry),
        "returned": _returned(entry, replies) if holds else None,
        "legal_time": service.legal_time(case) if entry.state == QueueEntryState.AWAY else None,
        **facts_context(items, compares=service.compares),
        "ways": late.ways(entry, escalations[-1].event if escalations else None) if role == "supervisor" else [],
        "may_sign": may_sign,
        "nobody_signs": late.NOBODY_SIGNS if is_proposed and not may_sign and not may_be_signed(entry) else "",
        "passed": service.passed(case),
        "files": files_of(request, items, last_answered),
        # Changed since the last answered round was requested.
        "corrected": {item.name for item in items if last_answered is not None and last_answered.standing.get(item.name) != item.mark},
        "flags": service.flags(case),
        "related": service.related(case),
        "linked": found,
        "linked_lines": _linked_lines(case, found, holds),
        "checks": [
            (line, typed.get(f"check.{line.check.code}", line.answer), answers.evidence(line, items, service.evidence)) for line in lines
        ],
        "files_check": service.files_check,
        "required_files": [item for item in items if item.is_file and not item.is_optional] if service.files_check else [],
        "rules": _rules(request, case),
        **_checks_context(lines),
        "history": _by_time([*history, *escalations]),
        "rounds": rounds,
        "proposal": _proposal(entry, history, replies),
        "moves": moves,
        "accept_label": service.accept_label,
        "refuse_label": service.refuse_label,
        "targets": targets,
        "targets_are_led_to": any(target.about for target in targets),
        "targets_are_chosen": any(target.is_open for target in targets),
        "target_reasons": sum(len(target.choices) for target in targets),
        "signatures": signature.answered(case) if role == "auditor" else [],
        "rules_of_replies": replies.stamp,
        "refusals": queries.refusals(replies, has_rounds=bool(rounds)),
        "give_backs": [reason for reason in replies.reasons_of("give_back") if reason.code != queries.TIED],
        "second_rounds": replies.reasons_of("second_round") if rounds else [],
        "parties": list(PARTIES.items()),
        "tie_kinds": DECLARED,
        "panel": panel,
        "is_without": panel == "approve" and bool(typed.get("without")),
        "forms": {verb.replace("-", "_"): _form_values(typed if verb == panel else {}) for verb in FORMS},
        "lacks": answers.lacking_notes(typed),
        "note_in_both": texts.NOTE_IN_BOTH,
        "error": error,
    }


def _linked_lines(case: Case, found: linked.LinkedCases, holds: bool) -> str:
    """The list of linked cases, rendered outside the blocks of the page: deep inside them its loop costs three times as much."""
    context = {"case": case, "linked": found, "holds": holds}
    return render_to_string("admin/review/linked_lines.html", context) if found.lines else ""


def _rules(request: AuthenticatedHttpRequest, case: Case) -> list[tuple[Text, str]]:
    """The editions that a case is judged by: label, and the address of its page for those who may read the rulebook."""
    stamps = queries.stamps_of(case)
    ids = rulebook.shown_ids(stamps) if has_table(request, "rulebook.view_ruleset") else {}
    urls = {stamp: reverse("admin:rulebook_ruleset_change", args=[pk]) for stamp, pk in ids.items()}
    return [(label_of_edition(stamp), urls.get(stamp, "")) for stamp in stamps]


def _checks_context(lines: Sequence[queries.CheckLine]) -> dict[str, Any]:
    """How many questions are open and which are answered with no or do not apply, with their sentences.

    The script has those of other counts.
    """
    open_count, words = sum(not line.answer for line in lines), answers.checklist_words(len(lines))
    no, na = ([number for number, line in enumerate(lines, 1) if line.answer == answer] for answer in ("no", "na"))
    return {
        "checks_open": open_count,
        "checks_no": no,
        "checks_na": na,
        "checks_words": words,
        "open_words": words.open[open_count],
        "no_words": answers.with_numbers(words.no, no),
        "na_words": answers.with_numbers(words.na, na),
    }


def facts_context(items: Iterable[Item], *, compares: bool) -> dict[str, Any]:
    """The facts that are no files: what changed, what did not, and where the latter comes from, each source once.

    `compares` is that of the service (`registry.Reviewable`).
    """
    facts = [item for item in items if not item.is_file]
    same = [item for item in facts if not item.before]
    sources = {(str(item.source), item.at): Source(item.source, item.at) for item in same if item.source}
    return {"compares": compares, "changed": [item for item in facts if item.before], "same": same, "sources": list(sources.values())}


def _rounds(case: Case) -> list[tuple[CorrectionRound, list[CorrectionItem]]]:
    """Rounds with their items, oldest first, in one query."""
    rounds: dict[int, tuple[CorrectionRound, list[CorrectionItem]]] = {}
    for item in CorrectionItem.objects.filter(round__case=case).select_related("round").order_by("round__number", "pk"):
        rounds.setdefault(item.round_id, (item.round, []))[1].append(item)
    return list(rounds.values())


def _proposal(entry: QueueEntry, history: list[HistoryLine], replies: RulebookEdition) -> tuple[Any, Reason | None] | None:
    """The outcome and reason of the proposal that waits for a signature, or None."""
    if entry.state != QueueEntryState.COUNTERSIGN:
        return None
    if history[-1].event.to_state == "countersign":
        last = next(line for line in reversed(history) if line.event.move in PROPOSED)
        return PROPOSED[last.event.move], replies.reasons.get(last.event.reason)
    return _("Second round of corrections"), None


def _outcome(entry: QueueEntry) -> CaseOutcome | None:
    """How a case left the queue; None while it stands in it."""
    if entry.state != QueueEntryState.LEFT or entry.last_event is None:
        return None
    outcomes = {"accepted": ("ok", reviewable(entry.case).accepted_label), "refused": ("bad", _("Refused"))}  # by the reason of leaving
    kind, word = outcomes.get(entry.last_event.reason, ("wait", QueueEntryState.LEFT.label))
    return CaseOutcome(kind, word, entry.last_event.at)


def _returned(entry: QueueEntry, replies: RulebookEdition) -> CaseOutcome | None:
    """That the case came back to its officer, and why, until the officer has acted on it."""
    event = returned_by(entry)
    if event is None:
        return None
    reason = replies.reasons.get(event.reason)
    return CaseOutcome("warn", RETURNED[event.move], event.at, bilingual(reason, "text") if reason else "", event.data.get("words", ""))


def _form_values(typed: Mapping[str, Any]) -> dict[str, Any]:
    return {name: typed.get(name, "") for name in ("code", "second_code", "note_ar", "note_en", "party", "kind")}


def _moves(case: Case, entry: QueueEntry, holds: bool) -> set[str]:
    """The moves of queue entry and case that the officer may make now."""
    if not holds:
        return set()
    entry_moves = {move.name for move in QUEUE_ENTRY_WORKFLOW.open_moves(entry.state, "officer")}
    case_moves = {move.name for move in WORKFLOWS[case.service].open_moves(case.state, "officer")}
    if entry.state != QueueEntryState.HELD:
        case_moves &= {"take_back"}
    return entry_moves | case_moves


def _history(case: Case, reasons: Mapping[str, Any], *, is_blind: bool) -> list[HistoryLine]:
    timeline = TIMELINES.get(case.service)
    table = WORKFLOWS[case.service]
    lines = []
    events = list(case.events.order_by("pk"))
    keys = set() if is_blind else {key for event in events if "for" in event.data for key in (event.actor_key, event.data["for"])}
    people = users_by_key(keys)
    for event in events:
        label = table.moves[event.move].label if event.move in table.moves else ""
        title = timeline.title(event) if timeline and not event.move else label or (timeline.title(event) if timeline else event.to_state)
        reason = reasons.get(event.reason)
        labels = [bilingual(reason, "label")] if reason else _asked(event, reasons)
        lines.append(HistoryLine(title, actor_text(event, people), event, _(", ").join(labels)))
    return lines


def _asked(event: CaseEvent, reasons: Mapping[str, Any]) -> list[str]:
    """What a round of corrections asked for, each reason once."""
    codes = dict.fromkeys(code for _target, code in event.data.get("items", ())) if event.move == "ask_corrections" else ()
    return [bilingual(reasons[code], "label") for code in codes if code in reasons]


def _by_time(lines: list[HistoryLine | EscalationLine]) -> list[HistoryLine | EscalationLine]:
    return sorted(lines, key=lambda line: line.event.at)  # stable: a move stands before an escalation of its instant


def _escalations(case: Case) -> list[EscalationLine]:
    """How a late case was escalated: to whom, and the share of the promised time that was used then."""
    if not getattr(getattr(case, "clock", None), "level", 0):
        return []
    return [
        EscalationLine(
            clocks.level_text(row.level),
            ACTORS["system"],
            row,
            _("%(percent)s%% of the promised time was used") % {"percent": row.used_percent},
        )
        for row in Escalation.objects.filter(case=case).order_by("level")
    ]


def files_of(request: AuthenticatedHttpRequest, items: Iterable[Item], last_answered: CorrectionRound | None = None) -> list[FileItem]:
    """The documents of a case with links for this user; those that came with the answer to the round `last_answered` are new."""
    shown = [item for item in items if item.is_file and (item.files or item.value or not item.is_optional)]
    return [FileItem(item, _sheets(request, item, last_answered)) for item in shown]


def _sheets(request: AuthenticatedHttpRequest, item: Item, last_answered: CorrectionRound | None) -> list[Sheet]:
    sheets = []
    for upload in item.files:
        if upload.state != UploadState.READY:
            continue
        numbers = range(1, upload.pages + 1)
        pages = [links.link(upload, request.user, request.session, purpose="page", page=n) for n in numbers]
        sheets.append(Sheet(upload, pages, last_answered is not None and upload.created_at > last_answered.asked_at))
    return sheets
