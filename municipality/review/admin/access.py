"""Access to cases on the desk, with log entries for each access and each refused attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from django.db import transaction
from django.http import Http404
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import actor_of
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.audit.services import log_access, record
from municipality.cases.models import Case
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted, Refused
from municipality.review import queries
from municipality.review.blind import RevealReason
from municipality.review.models import Assignment, QueueEntry
from municipality.review.services.queue import refuse_conflict

ASKED_LENGTH = 40  # characters of a guessed id that are recorded


@dataclass(frozen=True)
class OpenedCase:
    """A case that the user may read; `holds` where it is assigned to them."""

    case: Case
    place: QueueEntry
    holds: bool
    role: str


def own_assignment(request: AuthenticatedHttpRequest, public_id: str) -> Assignment:
    """The user's assignment of a case. Raises Http404, with an audit event, for any other case."""
    user = request.user
    access = queries.case_access(user, public_id)
    if access is None or not (access.holds and access.may_open):
        return _not_found(request, public_id)
    assignment = Assignment.objects.select_related("officer").get(place=access.place, officer=user, ended_at__isnull=True)
    assignment.place = access.place
    return assignment


def open_case(request: AuthenticatedHttpRequest, public_id: str) -> OpenedCase:
    """A case to read, with an access log entry. Raises Http404 as `own_assignment` does."""
    access = queries.case_access(request.user, public_id)
    if access is None or not access.may_open:
        return _not_found(request, public_id)
    role = "officer" if access.holds else "auditor" if "auditor" in access.roles else "supervisor"
    log_case_access(request, access.place.case, role)
    return OpenedCase(access.place.case, access.place, access.holds, role)


def log_case_access(request: AuthenticatedHttpRequest, case: Case, role: str, *, purpose: str = "review") -> None:
    """Write an access log entry for the applicant of a case."""
    user = request.user
    purpose = "audit" if role == "auditor" else purpose
    log_access(viewer=Actor(role, user.key), person_key=case.applicant.key, subject=case.key, purpose=purpose)


def log_names_seen(request: AuthenticatedHttpRequest, case: Case, role: str, code: str) -> None:
    """Write that a reviewer sees the names of a case before the decision, and why. Raises Refused("unknown_code")."""
    if code not in RevealReason.values:
        raise Refused("unknown_code", _("Choose a reason from the list."))
    with transaction.atomic():
        record("desk.names_seen", subject=case.key, actor=Actor(role, request.user.key), data={"reason": code})
        log_case_access(request, case, role, purpose="names")


def _not_found(request: AuthenticatedHttpRequest, public_id: str) -> NoReturn:
    """Record the attempt and raise Http404."""
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
