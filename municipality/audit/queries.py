"""Questions to the record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import QuerySet

from municipality.audit.models import Act, Link, Look
from municipality.audit.services import GENESIS, chain_hash
from municipality.kernel.questions import Question


@dataclass(frozen=True)
class Fault:
    number: int
    what: str


def faults(after: int = 0) -> Iterator[Fault]:
    """Verify the chain from the first row (or after a known good number). Yields what does not fit.

    A cut tail or a rewrite of everything after a row cannot be seen from inside; that takes a copy outside the building.
    """
    previous, expected = GENESIS, 1
    if after:
        known = Link.objects.get(number=after)
        previous, expected = known.hash, after + 1
    for link in Link.objects.filter(number__gt=after).select_related("act").order_by("number").iterator(2000):
        if link.number != expected:
            yield Fault(link.number, "gap")
        if link.previous_hash != previous:
            yield Fault(link.number, "broken_chain")
        if chain_hash(link.previous_hash, link.number, link.act) != link.hash:
            yield Fault(link.number, "changed_row")
        previous, expected = link.hash, link.number + 1


def unnumbered() -> QuerySet[Act]:
    """Acts that the sequencer has not reached."""
    return Act.objects.filter(link__isnull=True)


def looks_at(person_key: str) -> QuerySet[Look]:
    """Who looked at this person's data, newest first."""
    return Look.objects.filter(person_key=person_key).order_by("-pk")


_about = Question(lambda person_key, subject: looks_at(person_key).filter(subject=subject)[:20])


def looks_about(person_key: str, subject: str) -> list[Look]:
    """The last twenty looks at one matter of a person."""
    return _about(person_key, subject)
