"""Queries about cases."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Avg, Count, Q, QuerySet, Subquery
from django.db.models.expressions import Combinable

from municipality.accounts.models import User
from municipality.accounts.queries import may_sign, signatories_of, signatures, signed_ids
from municipality.accounts.requests import Visitor
from municipality.cases.models import Block, Case, CaseEvent, Feedback, Figure
from municipality.cases.timeline import with_queue
from municipality.delegation import queries as delegation
from municipality.delegation.authorization import may
from municipality.delegation.registry import Ownership
from municipality.kernel.actors import Actor
from municipality.notifications.models import Message


def visible_to(user: Visitor) -> QuerySet[Case]:
    """A person's own cases, those of organisations that they sign for and those in which they act for another now.

    For staff, the cases of people whom they assist. Those of an organisation are not their applicant's who does not sign for it any more.

    Officers reach their cases through the queue instead.
    """
    if not user.is_authenticated:
        return Case.objects.none()
    others = _delegated_rows(user)
    if user.is_staff:
        return Case.objects.none() if others is None else Case.objects.filter(others)
    own = Case.objects.filter(applicant=user, organisation=None)
    lists = [of_organisations(user)] if may_sign(user) else []
    lists += [Case.objects.filter(others)] if others is not None else []
    if not lists:
        return own
    # A union of index scans: with OR the database would scan the whole table.
    return Case.objects.filter(pk__in=own.values("pk").union(*(rows.values("pk") for rows in lists)))


def of_organisations(user: User) -> QuerySet[Case]:
    """The cases of the organisations for which a person signs today, whoever sent them."""
    return Case.objects.filter(organisation__in=signatures(user).values("organisation"))


def left_behind(user: User) -> QuerySet[Case]:
    """The cases that a person sent for an organisation for which they do not sign any more."""
    sent = Case.objects.filter(applicant=user, organisation__isnull=False)
    return sent.exclude(organisation__in=signatures(user).values("organisation"))


def _delegated_rows(user: User, kinds: Collection[str] = ()) -> Q | None:
    columns = {"owner": "applicant", "organisation": "organisation", "subject": "subject", "held": "held_under", "column": "service"}
    return delegation.granted_rows(user, **columns, service="", kinds=kinds)


def delegated_to(user: User) -> QuerySet[Case]:
    """The cases in which a person acts by delegation now; not those in which staff assist."""
    others = _delegated_rows(user, ("delegate", "clerk"))
    return Case.objects.none() if others is None else Case.objects.filter(others)


def ownership(case: Case, user: User) -> Ownership:
    """A case belongs to its applicant, that of an organisation to all who sign for it today."""
    is_own = is_owner(user, case.applicant_id, case.organisation_id)
    people = [user.pk] if is_own else [person.pk for person in owners(case)]
    return Ownership(is_own, people, [case.rights_key], case.service)


def is_owner(user: User, applicant_id: int, organisation_id: int | None) -> bool:
    """Whether a case with this applicant and organisation is a person's own."""
    return applicant_id == user.pk if organisation_id is None else organisation_id in signed_ids(user)


def owners(case: Case) -> list[User]:
    """The applicant of a case, or all who sign today for its organisation."""
    return [case.applicant] if case.organisation_id is None else list(signatories_of(case.organisation_id))


def may_act(actor: Actor, case: Case) -> bool:
    """Whether an actor may take a step of the applicant: as an owner of the case, or by a grant of one; inside a transaction."""
    people = (person for person in owners(case) if person.key in (actor.key, actor.for_key))
    return any(may(actor, person=person, service=case.service, subject=case.rights_key) for person in people)


def recipients(key: str, person: User) -> list[User]:
    """Who gets a message to `person` about the case with a key: who signs for its organisation, where its applicant does not any more."""
    left = left_behind(person).filter(public_id=key.partition(":")[2]).first()
    signing = signatories_of(left.organisation_id).filter(is_active=True) if left is not None else ()
    return list(signing) or [person]


def acting_roles(case: Case) -> list[tuple[str, str]]:
    """Role and key of each actor who made a move for the applicant, or beside them for the same organisation."""
    steps = case.events.filter(actor_role__in=("applicant", "delegate", "assistant")).order_by("actor_role", "actor_key")
    steps = steps.exclude(actor_key=case.applicant.key)
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


def messages_of(case: Case, user: User) -> list[Message]:
    """The messages to a user about a case, newest first, with the fields that a list shows."""
    rows = Message.objects.filter(person=user, subject_key=case.key)
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
