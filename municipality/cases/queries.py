"""Questions about cases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, QuerySet

from municipality.accounts.models import User
from municipality.accounts.requests import Visitor
from municipality.cases.models import Block, Case, CaseEvent, Figure
from municipality.delegation import queries as delegation
from municipality.delegation.registry import Ownership
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.notifications.models import Message


def visible_to(user: Visitor) -> QuerySet[Case]:
    """A person sees their own cases and those in which they act for another now; staff see those of whom they assist (the queue
    hands officers theirs)."""
    if not user.is_authenticated:
        return Case.objects.none()
    others = _of_others(user)
    if user.is_staff:
        return Case.objects.none() if others is None else Case.objects.filter(others)
    if others is None:
        return Case.objects.filter(applicant=user)
    # Two lists by index, joined: with OR the database would walk through every case there is.
    own = Case.objects.filter(applicant=user).values("pk")
    return Case.objects.filter(pk__in=own.union(Case.objects.filter(others).values("pk")))


def _of_others(user: User, kinds: Collection[str] = ()) -> Q | None:
    return delegation.rows(user, owner="applicant", subject="subject", held="held_under", service="", column="service", kinds=kinds)


def delegated_to(user: User) -> QuerySet[Case]:
    """The cases of others in which a person acts by delegation now; none of those that staff assist with."""
    others = _of_others(user, ("delegate", "clerk"))
    return Case.objects.none() if others is None else Case.objects.filter(others)


def ownership(case: Case, user: User) -> Ownership:
    """A case is its applicant's."""
    return Ownership(case.applicant_id == user.pk, [case.applicant_id], [case.rights_key], case.service)


def acted_by(case: Case) -> list[tuple[str, str]]:
    """Role and key of everybody who took a step of the applicant's for them."""
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


def open_about(service: str, subjects: list[str]) -> dict[str, str]:
    """The public id of the open case of a service about each of the subjects that has one, whoever's it is."""
    rows = Case.objects.filter(service=service, is_open=True, subject__in=subjects)
    return dict(rows.values_list("subject", "public_id"))


def standing_blocks(subject: str, service: str) -> list[Block]:
    """What stops a service for a subject now."""
    return list(Block.objects.filter(subject=subject, stops=service, lifted_at__isnull=True))


def by_reference(reference: str, last_four: str) -> Case | None:
    """A case by its reference and the last four digits of the applicant's civil number; None on any miss."""
    case = Case.objects.filter(reference=reference).select_related("applicant", "branch").first()
    return case if case and last_four and case.applicant.last_four == last_four else None


@dataclass(frozen=True)
class Reality:
    """What the last days really took, in minutes from opening to the fulfilling state."""

    count: int
    half: int
    ninety: int
    late: int  # per cent


def reality(service: str, finished: str, *, days: int = 90, branch: Any = None) -> Reality | None:
    """Median and ninetieth percentile of the cases finished in the last `days`, from the log; None below five."""
    since = clock.now() - dt.timedelta(days=days)
    rows = Case.objects.filter(service=service, state=finished, closed_at__gte=since)
    if branch is not None:
        rows = rows.filter(branch=branch)
    spans = sorted(
        (int((closed - opened).total_seconds() // 60), due is not None and clock.day_of(closed) > due)
        for opened, closed, due in rows.order_by().values_list("opened_at", "closed_at", F("due_on"))[:20_000]
    )
    if len(spans) < 5:
        return None
    minutes = [m for m, _ in spans]
    late = sum(is_late for _, is_late in spans)
    return Reality(len(spans), minutes[(len(spans) - 1) // 2], minutes[(len(spans) * 9 - 1) // 10], round(100 * late / len(spans)))


def figures() -> dict[str, Figure]:
    """What each service really took, as last computed, by workflow name."""
    return {figure.service: figure for figure in Figure.objects.all()}


def messages_of(case: Case) -> list[Message]:
    """What the portal wrote to the applicant about a case, newest first, as a list names it."""
    rows = Message.objects.filter(person=case.applicant_id, subject_key=case.key)
    return list(rows.only("public_id", "title_ar", "title_en", "created_at").order_by("-pk"))


def events_of(case: Case) -> list[CaseEvent]:
    """The course of a case, oldest first."""
    return list(CaseEvent.objects.filter(subject=case).order_by("pk"))
