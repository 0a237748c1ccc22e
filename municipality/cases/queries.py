"""Queries about cases."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Avg, Count, Q, QuerySet, Subquery
from django.db.models.expressions import Combinable

from municipality.accounts.models import User
from municipality.accounts.requests import Visitor
from municipality.cases.models import Block, Case, CaseEvent, Feedback, Figure
from municipality.cases.timeline import with_queue
from municipality.delegation import queries as delegation
from municipality.delegation.registry import Ownership
from municipality.kernel.actors import Actor
from municipality.notifications.models import Message


def visible_to(user: Visitor) -> QuerySet[Case]:
    """A person's own cases and those in which they act for another now; for staff, the cases of people whom they assist.

    Officers reach their cases through the queue instead.
    """
    if not user.is_authenticated:
        return Case.objects.none()
    others = _delegated_rows(user)
    if user.is_staff:
        return Case.objects.none() if others is None else Case.objects.filter(others)
    if others is None:
        return Case.objects.filter(applicant=user)
    # A union of two index scans: with OR the database would scan the whole table.
    own = Case.objects.filter(applicant=user).values("pk")
    return Case.objects.filter(pk__in=own.union(Case.objects.filter(others).values("pk")))


def _delegated_rows(user: User, kinds: Collection[str] = ()) -> Q | None:
    return delegation.granted_rows(user, owner="applicant", subject="subject", held="held_under", service="", column="service", kinds=kinds)


def delegated_to(user: User) -> QuerySet[Case]:
    """The cases in which a person acts by delegation now; not those in which staff assist."""
    others = _delegated_rows(user, ("delegate", "clerk"))
    return Case.objects.none() if others is None else Case.objects.filter(others)


def ownership(case: Case, user: User) -> Ownership:
    """A case belongs to its applicant."""
    return Ownership(case.applicant_id == user.pk, [case.applicant_id], [case.rights_key], case.service)


def acting_roles(case: Case) -> list[tuple[str, str]]:
    """Role and key of each actor who made a move for the applicant."""
    steps = case.events.filter(actor_role__in=("delegate", "assistant")).order_by("actor_role", "actor_key")
    return list(steps.values_list("actor_role", "actor_key").distinct())


def last_actor(case: Case) -> Actor:
    """The actor of the last move of a case. Raises LookupError for a case without one."""
    event = case.last_event
    if event is None:
        raise LookupError(f"case {case.pk} was never moved")
    return Actor(event.actor_role, event.actor_key)


def open_for(service: str, subject: str) -> Case | None:
    """The one open case of a service about a subject."""
    return Case.objects.filter(service=service, subject=subject, is_open=True).first()


def open_under(rules: str) -> int:
    """How many open cases are judged by an edition of these rules (a subject of the rulebook)."""
    stamps = Case.objects.filter(is_open=True).values_list("editions", flat=True)
    return sum(any(stamp.startswith(f"{rules} v") for stamp in editions) for editions in stamps.iterator())


def open_case_ids(service: str, subjects: list[str]) -> dict[str, str]:
    """The public id of the open case of a service, by subject, whoever the applicant is."""
    rows = Case.objects.filter(service=service, is_open=True, subject__in=subjects)
    return dict(rows.values_list("subject", "public_id"))


def active_blocks(subject: str, service: str) -> list[Block]:
    """The blocks of a service on a subject that are not lifted."""
    return list(Block.objects.filter(subject=subject, stops=service, lifted_at__isnull=True))


def blocks_by_subject(subjects: Collection[str], service: str) -> dict[str, list[Block]]:
    """`active_blocks` of many subjects in one query; subjects without any are left out."""
    blocks: dict[str, list[Block]] = {}
    rows = Block.objects.filter(subject__in=subjects, stops=service, lifted_at__isnull=True)
    for block in sorted(rows, key=lambda block: block.pk):
        blocks.setdefault(block.subject, []).append(block)
    return blocks


def by_reference(reference: str, last_four: str) -> Case | None:
    """A case by its reference and the last four digits of the applicant's civil number; None on any miss."""
    case = with_queue(Case.objects.filter(reference=reference)).select_related("applicant", "branch").first()
    return case if case and last_four and case.applicant.last_four == last_four else None


def figures() -> dict[str, Figure]:
    """How long each service really took, as last computed, by workflow name."""
    return {figure.service: figure for figure in Figure.objects.all()}


def messages_of(case: Case) -> list[Message]:
    """The messages to the applicant about a case, newest first, with the fields that a list shows."""
    rows = Message.objects.filter(person=case.applicant_id, subject_key=case.key)
    return list(rows.only("public_id", "title_ar", "title_en", "created_at").order_by("-pk"))


def events_of(case: Case) -> list[CaseEvent]:
    """The events of a case, oldest first."""
    return list(CaseEvent.objects.filter(subject=case).order_by("pk"))


def feedback_of(subject: str, person: User | None) -> Feedback | None:
    """The answer of a person, or of a visitor (None), about a subject."""
    return Feedback.objects.filter(subject=subject, person=person).first()


def feedback_columns(public_id: str, person: User) -> dict[str, Combinable]:
    """What a person answered about a case, as columns of its row: `given_ease` (None without an answer) and `given_text`."""
    given = Feedback.objects.filter(subject=f"case:{public_id}", person=person)
    return {"given_ease": Subquery(given.values("ease")), "given_text": Subquery(given.values("text"))}


def feedback_averages() -> list[tuple[str, int, float]]:
    """Each service with the number of its answers and their average, from 1 (very hard) to 5 (very easy)."""
    rows = Feedback.objects.order_by("service").values("service").annotate(many=Count("pk"), average=Avg("ease"))
    return [(row["service"], row["many"], row["average"]) for row in rows]
