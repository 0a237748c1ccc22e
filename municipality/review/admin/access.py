"""Who opens which case. What is not in somebody's hands is not there for them, and each try is written down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from django.db import transaction
from django.http import Http404

from municipality.accounts.models import actor_of
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.audit.services import log_access, record
from municipality.cases.models import Case
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted
from municipality.review import queries
from municipality.review.models import Assignment, QueueEntry
from municipality.review.services.queue import refuse_conflict

ASKED_LENGTH = 40  # characters of a guessed address that are kept


@dataclass(frozen=True)
class Opened:
    """A case that the signed-in member of staff may read; `holds` while it lies in their own hands."""

    case: Case
    place: QueueEntry
    holds: bool
    role: str


def in_hands(request: AuthenticatedHttpRequest, public_id: str) -> Assignment:
    """The assignment of the signed-in officer. Raises Http404, with a row of the record, for every other case and for none."""
    user = request.user
    found = queries.case_access(user, public_id)
    if found is None or found.place is None or not (found.holds and found.may_open):
        return _nothing(request, public_id)
    assignment = Assignment.objects.select_related("officer").get(place=found.place, officer=user, ended_at__isnull=True)
    assignment.place = found.place
    return assignment


def opened(request: AuthenticatedHttpRequest, public_id: str) -> Opened:
    """A case to read; the look is written before anything of it is shown. Raises Http404 as `in_hands` does."""
    found = queries.case_access(request.user, public_id)
    if found is None or found.place is None or not found.may_open:
        return _nothing(request, public_id)
    role = "officer" if found.holds else "auditor" if "auditor" in found.roles else "supervisor"
    note_look(request, found.place.case, role)
    return Opened(found.place.case, found.place, found.holds, role)


def note_look(request: AuthenticatedHttpRequest, case: Case, role: str) -> None:
    """Write that a person's data is read, for the study of their request or for the audit."""
    user = request.user
    purpose = "audit" if role == "auditor" else "review"
    log_access(viewer=Actor(role, user.key), person_key=case.applicant.key, subject=case.key, purpose=purpose)


def _nothing(request: AuthenticatedHttpRequest, public_id: str) -> NoReturn:
    """Say that nothing is there, and keep who asked for what."""
    user = request.user
    case = Case.objects.filter(public_id=public_id).first()
    if case is not None:
        try:
            refuse_conflict(user, case)
        except NotPermitted:
            raise Http404 from None
    with transaction.atomic():
        subject = case.key if case is not None else user.key
        record("review.guessed", subject=subject, actor=actor_of(user), data={"asked": public_id[:ASKED_LENGTH]})
    raise Http404
