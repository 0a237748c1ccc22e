"""Access to cases on the desk, with log entries for each access and each refused attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from django.db import transaction
from django.http import Http404, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from municipality.accounts import purposes
from municipality.accounts.models import actor_of
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.audit.services import log_access, record
from municipality.cases.models import Case
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted, Refused
from municipality.review import linked, queries, similar
from municipality.review.blind import RevealReason
from municipality.review.models import Assignment, QueueEntry
from municipality.review.services.queue import refuse_conflict
from municipality.ui.staff_roles import groups_of
from municipality.ui.templatetags.portal import bilingual, ref, term

STUDY = "review"
# Purposes that are offered for the file of a request: that of the role's own work, and what others ask for.
WORK = {"supervisor": ("purpose.supervision",), "auditor": ("purpose.audit",)}
OUTSIDE = ("purpose.complaint", "purpose.court")
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
    access = queries.case_access(user, public_id, groups_of(request))
    if access is None or not (access.holds and access.may_open):
        return _not_found(request, public_id)
    assignment = Assignment.objects.select_related("officer").filter(place=access.place, officer=user, ended_at__isnull=True).first()
    if assignment is None:  # it ended after the access was read: nobody has guessed anything
        raise Http404
    assignment.place = access.place
    return assignment


def open_case(request: AuthenticatedHttpRequest, public_id: str) -> OpenedCase | HttpResponse:
    """A case to read, with an access log entry; the page that asks why, for whoever does not study it themselves.

    Raises Http404 as `own_assignment` does.
    """
    access = queries.case_access(request.user, public_id, groups_of(request))
    if access is None or not access.may_open:
        return _not_found(request, public_id)
    role = "officer" if access.holds else next((role for role in ("auditor", "supervisor") if role in access.roles), "officer")
    purpose = STUDY if access.holds else purposes.chosen(request, access.place.case.key)
    if not purpose:
        return purposes.ask(request, access.place.case.key, fitting=(*WORK.get(role, ()), *OUTSIDE), about=_named(access.place.case))
    log_case_access(request, access.place.case, role, purpose)
    return OpenedCase(access.place.case, access.place, access.holds, role)


def _named(case: Case) -> SafeString:
    """The request and its shop, as over the page of the case."""
    return format_html("{} · {}", ref(case.reference), term(bilingual(case, "title")))


def log_case_access(request: AuthenticatedHttpRequest, case: Case, role: str, purpose: str = STUDY) -> None:
    """Write an access log entry for the applicant of a case. Who studies or signs a case has this purpose by themselves."""
    user = request.user
    log_access(viewer=Actor(role, user.key), person_key=case.applicant.key, subject=case.key, purpose=purpose)


def log_names_seen(request: AuthenticatedHttpRequest, case: Case, role: str, code: str) -> None:
    """Write that a reviewer sees the names of a case before the decision, and why. Raises Refused("unknown_code")."""
    if code not in RevealReason.values:
        raise Refused("unknown_code", _("Choose a reason from the list."))
    with transaction.atomic():
        record("desk.names_seen", subject=case.key, actor=Actor(role, request.user.key), data={"reason": code})
        log_case_access(request, case, role, "names")


def linked_case(request: AuthenticatedHttpRequest, public_id: str, other: str) -> tuple[Case, Case] | HttpResponse:
    """The case on the user's desk and another one of its shop, person or plot, with an access log entry; or the page that asks why.

    Raises Http404, with an audit event, for a case that the first one does not lead to.
    """
    held = own_assignment(request, public_id).place.case
    found = linked.visible_to(request.user, held).filter(public_id=other).select_related("applicant", "branch").first()
    if found is None:
        return _not_found(request, other)
    purpose = purposes.chosen(request, found.key)
    if not purpose:
        return purposes.ask(request, found.key, fitting=("purpose.linked", *OUTSIDE))
    log_case_access(request, found, "officer", purpose)
    return held, found


def similar_case(request: AuthenticatedHttpRequest, public_id: str, other: str) -> tuple[Case, Case] | HttpResponse:
    """The case whose refusal waits for the user's signature and one of its similar cases, as `linked_case` gives a linked one."""
    user = request.user
    waiting = queries.decisions_to_sign(user).filter(case__public_id=public_id, outcome="refuse")
    decision = waiting.first() if queries.is_supervisor(user) else None
    if decision is None:
        return _not_found(request, public_id)
    found = similar.visible_to(user, decision).filter(public_id=other).select_related("applicant", "branch").first()
    if found is None:
        return _not_found(request, other)
    purpose = purposes.chosen(request, found.key)
    if not purpose:
        return purposes.ask(request, found.key, fitting=("purpose.similar", *OUTSIDE))
    log_case_access(request, found, "supervisor", purpose)
    return decision.case, found


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
