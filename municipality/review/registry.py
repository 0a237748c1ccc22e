"""What services register so that officers decide their cases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy

from municipality.cases.models import Case
from municipality.kernel.registry import Registry
from municipality.kernel.workflow import WORKFLOWS
from municipality.notifications.registry import MessageKind
from municipality.ui.texts import Text

APPROVED = gettext_lazy("Approved")
# Moves that the workflow of a reviewed service must have, between states of its own.
MOVES = frozenset(
    {
        *("ask_corrections", "answer", "accept", "propose_refusal", "take_back", "return", "countersign"),
        "reopen",  # a proposal is voided because its officer lost the case
        # The promised day moved, the state stays: one move for each state in which the clock runs.
        *("move_promise", "move_promise_signing"),
    }
)


@dataclass(frozen=True)
class Item:
    """A field or file of a case, for the officer to read.

    `name` is the target of corrections; `before` is the value of the register (empty where nothing changed); `source` and `at` say
    where the value comes from. `compare` says what a changed value is compared with, `compare_value` what stands there, if it is
    known. Contact details (e-mail, phone) must not be items.
    """

    name: str
    label: Text
    value: Text = ""
    before: Text = ""
    source: Text = ""
    at: dt.date | None = None
    compare: Text = ""
    compare_value: Text = ""
    # A template that is included below a changed value, with `found`. Lists are often made without being shown: `found` reads late.
    template: str = ""
    found: Any = None
    # The file by which the value is proved, where nothing proves it yet: a "no" to its question asks for that file.
    proof: str = ""
    # The file that shows the value, also where it is there: a reason about that file and one about the value are about the same thing.
    shown_by: str = ""
    # Whether a "no" to the question about the value may as well be about the file that shows it: no reason is then ticked by itself.
    is_file_unsure: bool = False
    is_file: bool = False
    is_optional: bool = False  # a file that may be left out
    files: Sequence[Any] = ()  # uploads, for a file slot
    may_correct: bool = True
    # Identifies the value: it has changed where the mark has.
    mark: str = ""
    # The value names a person, or is theirs alone (nationality, rent): hidden until the decision (`blind`).
    is_personal: bool = False


@dataclass(frozen=True)
class SecondSignature:
    """Why an approval needs a second signature: a coded reason in both languages, and what is signed beside it (JSON values)."""

    code: str
    text_ar: str
    text_en: str
    items: list[dict[str, Any]]


@dataclass(frozen=True)
class LegalTime:
    """The legal time for a decision, which a round of corrections does not stop.

    After `last_day` silence is a refusal; `answer_by` is the last day on which a round may end, so that the decision can still be made.
    """

    last_day: dt.date
    answer_by: dt.date


def _none(case: Case) -> list[Text]:
    return []


def _no_context(case: Case) -> dict[str, Any]:
    return {}


def _no_codes(case: Case) -> Collection[str]:
    return ()


def _not_needed(case: Case) -> None:
    return None


@dataclass(frozen=True)
class Reviewable:
    """A service whose cases an officer decides. Its workflow has the moves of `MOVES`.

    Each callable takes the case. `accepted` and `refused` run in the decision's transaction.
    """

    service: str
    skill: str
    replies: str  # subject of the rulebook's reply texts
    checks: str  # subject of the rulebook's checklist
    limits: str  # subject of the rulebook's limits of the study
    items: Callable[[Case], list[Item]]
    flags: Callable[[Case], list[str]]  # sentences: why this case came to a person
    parties: Callable[[Case], list[tuple[str, str]]]  # (role, subject key)
    related: Callable[[Case], list[tuple[Any, str]]]  # documents that the case is about: label, link or ""
    accepted: Callable[[Case], None]
    refused: Callable[[Case], None]
    # Nobody at the desk ever sees the applicant's name; items and related lines must not name people.
    is_blind: bool = False
    # The applicant's name and personal items are hidden until the decision is saved (`blind`); related lines must not name people.
    is_blind_until_decided: bool = False
    # The amount in fils of the bill that an approval issues; None where none follows.
    bill_fils: Callable[[Case], int] | None = None
    passed: Callable[[Case], list[Text]] = _none  # what was checked automatically and found in order when the case was sent
    # Whether the court comes after a refusal, within the limit `court_days`; otherwise an objection, within `objection_days`.
    to_court: bool = False
    # The condition on cases that are about the same activity as a case, for its similar cases; None where there are no activities.
    same_activity: Callable[[Case], Q] | None = None
    # What an approval of a case must be signed for by a second person, None where the officer's own is enough. Raises Refused where the
    # case cannot be approved as it stands. Its workflow then has the moves of `states.second_signature_moves`.
    second_signature: Callable[[Case], SecondSignature | None] = _not_needed
    # The message of an approval where it says something else than that the request is approved; its context is that of `Accepted`, with
    # what `message_context` adds. `refused_message` likewise, with the context of `RefusedByOfficer`.
    accepted_message: type[MessageKind] | None = None
    refused_message: type[MessageKind] | None = None
    message_context: Callable[[Case], dict[str, Any]] = _no_context
    # What an approval is called on the desk where it does not say yes to what was asked, such as signing an opinion; else empty.
    accept_label: Text = ""
    # What a refusal is called there, where it refuses something else than what was asked; else empty.
    refuse_label: Text = ""
    # What a case is called that was so approved.
    accepted_label: Text = APPROVED
    # Names of the items that an approval is about, beside what changed; its preview shows them. `board` stands for `board_1` too.
    approved: Collection[str] = ()
    # Codes of questions of the checklist → names of the items whose values answer them; a question about a changed fact has that one.
    evidence: Mapping[str, Collection[str]] = field(default_factory=dict)
    # Code of the question about all files, which names those that are required; empty where none is asked.
    files_check: str = ""
    # Codes of questions of the checklist → names of the items whose reasons for corrections a "no" leads to, beside the fact that a
    # question is about with its file, and all files for `files_check`.
    leads_to: Mapping[str, Collection[str]] = field(default_factory=dict)
    # Codes of questions of the checklist that do not arise in a case.
    unasked: Callable[[Case], Collection[str]] = _no_codes
    # The legal time for a decision that corrections do not stop; None where the time stands still until they are answered.
    legal_time: Callable[[Case], LegalTime | None] = _not_needed
    # The role without which an officer is not given the skill.
    role: str = "officer"
    # Until when the officer could not go on since others had to answer: now, while they still may; None where nobody was asked.
    waited_until: Callable[[Case], dt.datetime | None] = _not_needed
    # Whether facts of a case may differ from what the Municipality held before; without it the desk has no list of what changed.
    compares: bool = True


def _check_moves(service: str, entry: Reviewable) -> None:
    missing = MOVES - set(WORKFLOWS[service].moves)
    if missing:
        raise ValueError(f"{service} lacks the moves {', '.join(sorted(missing))}")


# By the kind of a subject ("shop"): its key by the number under which people know it, empty for none.
PARTY_NUMBERS: Registry[Callable[[str], str]] = Registry()

# By the code of the workflow, which has the moves of `MOVES`.
REVIEWABLES: Registry[Reviewable] = Registry(_check_moves)


@dataclass(frozen=True)
class OnPlot:
    """How the cases about a kind of subject are found by their plot.

    A place is a query whose rows have `area` (key), `block`, `plot` (number), `street`, `building` and `paci_number`.
    """

    place: Callable[[str], QuerySet[Any]]  # the key of a subject → its place
    subjects: Callable[[QuerySet[Any]], Sequence[QuerySet[Any]]]  # a place → queries of the keys of the subjects on the same plot
    same: Text  # what two cases about one subject have in common


def of_plot(place: QuerySet[Any], prefix: str = "", number: str = "plot") -> Q:
    """Rows on the plot of a place by area, block and number; `prefix` leads to area and block, `number` to the number of the plot."""
    return _in_block(place, prefix) & _numbered(place, number)


def of_plot_or_building(place: QuerySet[Any]) -> Q:
    """Rows that have an address, on the plot of a place, or in its building where they have no plot."""
    building = Q(street__in=place.values("street"), building__in=place.exclude(building="").values("building"))
    return _in_block(place, "") & (_numbered(place, "plot") | Q(plot="") & building)


def _in_block(place: QuerySet[Any], prefix: str) -> Q:
    return Q(**{f"{prefix}area__in": place.values("area"), f"{prefix}block__in": place.values("block")})


def _numbered(place: QuerySet[Any], number: str) -> Q:
    return Q(**{f"{number}__in": place.exclude(plot="").values("plot")})


# By the kind of subject.
ON_PLOT: Registry[OnPlot] = Registry()


def reviewable(case: Case) -> Reviewable:
    """Raises KeyError for a service that no officer decides."""
    return REVIEWABLES[case.service]
