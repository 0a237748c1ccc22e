"""Who opens which case. What is not in somebody's hands is not there for them, and each try is written down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest

from municipality.accounts.models import actor_of
from municipality.audit.services import look, record
from municipality.cases.models import Case
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted
from municipality.review import queries
from municipality.review.models import Assignment, Party, Place, Tie
from municipality.review.services.queue import refuse_tied
from municipality.ui.admin_base import in_group

ASKED_LENGTH = 40  # characters of a guessed address that are kept


@dataclass(frozen=True)
class Opened:
    """A case that the signed-in member of staff may read; `assignment` while it lies in their own hands."""

    case: Case
    place: Place
    assignment: Assignment | None
    role: str


def role_of(request: HttpRequest) -> str:
    """The role by which somebody looks who is not the officer of the case."""
    return "auditor" if in_group(request, "auditor") else "supervisor"


def in_hands(request: HttpRequest, public_id: str) -> Assignment:
    """The assignment of the signed-in officer. Raises Http404, with a row of the record, for every other case and for none."""
    found = _held(request.user, public_id)
    return found if found is not None else _nothing(request, public_id)


def opened(request: HttpRequest, public_id: str) -> Opened:
    """A case to read; the look is written before anything of it is shown. Raises Http404 as `in_hands` does."""
    user: Any = request.user
    held = _held(user, public_id)
    if held is not None:
        found = Opened(held.place.case, held.place, held, "officer")
    else:
        place = Place.objects.select_related("case__applicant", "case__branch", "case__clock").filter(case__public_id=public_id).first()
        if place is None or not queries.may_look(user, place.case):
            return _nothing(request, public_id)
        found = Opened(place.case, place, None, role_of(request))
    note_look(request, found.case, found.role)
    return found


def note_look(request: HttpRequest, case: Case, role: str) -> None:
    """Write that a person's data is read, for the study of their request or for the audit."""
    user: Any = request.user
    purpose = "audit" if role == "auditor" else "review"
    look(viewer=Actor(role, user.key), person_key=case.applicant.key, subject=case.key, purpose=purpose)


def _held(user: Any, public_id: str) -> Assignment | None:
    ties = Tie.objects.filter(officer=user, ended_at__isnull=True).values("party_key")
    tied = Party.objects.filter(case=OuterRef("place__case"), key__in=ties)
    rows = Assignment.objects.filter(officer=user, ended_at__isnull=True, place__case__public_id=public_id)
    return rows.filter(~Exists(tied)).select_related("place__case__applicant", "place__case__branch", "place__case__clock").first()


def _nothing(request: HttpRequest, public_id: str) -> NoReturn:
    """Say that nothing is there, and keep who asked for what."""
    user: Any = request.user
    case = Case.objects.filter(public_id=public_id).first()
    if case is not None:
        try:
            refuse_tied(user, case)
        except NotPermitted:
            raise Http404 from None
    with transaction.atomic():
        subject = case.key if case is not None else user.key
        record("review.guessed", subject=subject, actor=actor_of(user), data={"asked": public_id[:ASKED_LENGTH]})
    raise Http404
