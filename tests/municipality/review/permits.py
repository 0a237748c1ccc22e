"""A small service of its own, so that queue and desk are tried without any real one: a permit that an officer decides."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from municipality.accounts.models import User, actor_of
from municipality.audit.models import Edge
from municipality.cases.models import Case
from municipality.cases.services import advance, open_case
from municipality.kernel import clock, ids
from municipality.kernel.workflow import WORKFLOWS, move, workflow
from municipality.places.models import Branch
from municipality.review.models import QueueEntry
from municipality.review.registry import REVIEWABLES, Item, Reviewable
from municipality.review.services import case_clock, desk, queue
from municipality.rulebook import queries as rulebook
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.review import OfficerFactory
from tests.published_rules import publish_rules

PERMIT = "testing.permit"
SKILL = "permits"
# What the applicants wrote, by case; `registered` is what the register says.
FACTS: dict[int, dict[str, str]] = {}
PARTIES: dict[int, list[tuple[str, str]]] = {}
DONE: list[tuple[str, str]] = []  # what the service was told: verb, reference


def items(case: Case) -> list[Item]:
    facts = FACTS[case.pk]
    names = {"area_m2": ("المساحة", "Area"), "manager": ("المدير", "Manager"), "lease": ("عقد الإيجار", "Lease"), "shop": ("المحل", "Shop")}
    return [
        Item(
            name=name,
            label=_Twin(*names[name]),
            value=value,
            before="60" if name == "area_m2" else "",
            mark=value,
            is_file=name == "lease",
            may_correct=name != "shop",
        )
        for name, value in facts.items()
    ]


class _Twin:
    """A label in two languages without a catalogue."""

    def __init__(self, ar: str, en: str) -> None:
        self.ar, self.en = ar, en

    def __str__(self) -> str:
        from django.utils.translation import get_language

        return self.en if get_language() == "en" else self.ar


def told(verb: str) -> Any:
    def tell(case: Case) -> None:
        DONE.append((verb, case.reference))

    return tell


@contextmanager
def offered(skill: str = SKILL) -> Iterator[None]:
    """Let the service exist, with its edges in the database."""
    states = ("in_review", "corrections", "countersign", "granted", "refused", "gone")
    draft, study, waits, signing, granted, refused, gone = "draft", *states
    table = workflow(
        PERMIT,
        draft,
        move("send_to_officer", draft, to=study, may="applicant"),
        move("ask_corrections", study, to=waits, may="officer"),
        move("answer", waits, to=study, may="applicant"),
        move("accept", study, to=granted, may="officer"),
        move("propose_refusal", study, to=signing, may="officer", needs_reason=True),
        move("take_back", signing, to=study, may="officer"),
        move("return", signing, to=study, may="supervisor", needs_reason=True),
        move("countersign", signing, to=refused, may="supervisor", needs_reason=True),
        move("reopen", signing, to=study, needs_reason=True),
        move("move_promise", study, to=study),
        move("move_promise_signing", signing, to=signing),
        move("withdraw", [study, waits, signing], to=gone, may="applicant"),
    )
    rows = [Edge(workflow=PERMIT, move=m, from_state=f, to_state=t) for m, f, t in table.edges()]
    Edge.objects.bulk_create(rows, ignore_conflicts=True)
    REVIEWABLES.register(
        PERMIT,
        Reviewable(
            service=PERMIT,
            skill=skill,
            replies="replies.health",
            checks="checks.health",
            limits="limits.review",
            items=items,
            flags=lambda case: [],
            parties=lambda case: PARTIES.get(case.pk, [("applicant", case.applicant.key)]),
            related=lambda case: [],
            accepted=told("accepted"),
            refused=told("refused"),
        ),
    )
    try:
        yield
    finally:
        WORKFLOWS.pop(PERMIT, None)
        REVIEWABLES.pop(PERMIT, None)
        FACTS.clear()
        PARTIES.clear()
        DONE.clear()


def officer(login: str, given_by: User, branch: str = "HA", *skills: str) -> User:
    """An officer who may decide permits (or what `skills` name)."""
    return OfficerFactory(login=login, branch_id=branch, skills=skills or [SKILL], skills__given_by=given_by)


def applicant(number: int = 1) -> User:
    return UserFactory(login=f"applicant{number}")


@transaction.atomic
def sent(person: User, branch: str = "HA", *, parties: list[tuple[str, str]] | None = None, **facts: str) -> QueueEntry:
    """A request that was sent to the Municipality and stands in the queue."""
    limits = rulebook.edition("limits.review", clock.today())
    case = open_case(
        service=PERMIT,
        subject=f"shop:{ids.public_id()}",
        title_ar="محل",
        title_en="A shop",
        applicant=person,
        branch=Branch.objects.get(pk=branch),
        series="PT",
        editions=[limits, *rulebook.editions(["replies.health", "checks.health"], clock.today()), rulebook.calendar_edition()],
        actor=actor_of(person),
        due_on=case_clock.promised_day(limits),
    )
    FACTS[case.pk] = {"area_m2": "80", "manager": "Ahmad", "lease": "sha-1", "shop": "7", **facts}
    if parties is not None:
        PARTIES[case.pk] = parties
    advance(case, "send_to_officer", actor=actor_of(person))
    return queue.join(case=case, actor=actor_of(person))


def answer(place: QueueEntry, **facts: str) -> QueueEntry:
    """The applicant corrects facts and sends them."""
    case = Case.objects.get(pk=place.case_id)
    FACTS[case.pk].update(facts)
    return desk.receive_answer(case=case, actor=actor_of(case.applicant))


@dataclass
class Office:
    """The branch of Hawalli: two officers, two supervisors, somebody who asks for things."""

    officer: User
    colleague: User
    supervisor: User
    second: User
    applicant: User


def furnish() -> Office:
    """Places, rules and people."""
    publish_rules()
    supervisor = StaffFactory(supervisor=True)
    return Office(
        officer=officer("officer", supervisor),
        colleague=officer("colleague", supervisor),
        supervisor=supervisor,
        second=StaffFactory(supervisor=True, login="second"),
        applicant=applicant(),
    )
