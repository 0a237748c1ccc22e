"""The photos of an inspection: of the inspector, sent with the visit, and of the owner's self-check before it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping

from django.utils.translation import gettext_lazy as _

from licensing.inspections import queries, questions
from licensing.inspections.queries import RELATED
from licensing.inspections.services.visits import SLOT
from licensing.models import Inspection, InspectionVisit
from municipality.accounts.models import User
from municipality.delegation.authorization import authorize, is_authorized
from municipality.fieldwork import queries as fieldwork
from municipality.kernel import clock, request_cache, subjects
from municipality.review.queries import is_supervisor
from municipality.uploads.registry import Prefix, Slot

SELF = "self"
SLOTS = {SELF: Slot(SELF, _("More photos of your self-check"), most=12, photo=True, hint=_("They may be left out."))}
VISIT_SLOTS = {SLOT: Slot(SLOT, _("Photos of the inspector"), most=60, photo=True)}


def _inspection(subject: str) -> Inspection | None:
    rows = Inspection.objects.filter(public_id=subjects.parse(subject).id).select_related(*RELATED)
    return request_cache.get_or_set(("licensing.inspection_files", subject), rows.first)


def _may_write(user: User, subject: str) -> bool:
    row = _inspection(subject)
    return row is not None and not user.is_staff and is_authorized(user, row)


def _may_read(user: User, subject: str) -> bool:
    """The owner, the drawn inspector, and supervisors of the branch."""
    row = _inspection(subject)
    if row is None:
        return False
    if not user.is_staff:
        return is_authorized(user, row)
    return row.inspector_id == user.pk or (user.branch_id == row.branch_id and is_supervisor(user))


def own_slots(row: Inspection) -> dict[str, Slot]:
    """The slots of a self-check: one, that may stay empty, for each question that asks the inspector for a photo, and one for the rest."""
    asked = [rule.code for rule in questions.asked(row) if rule.needs_photo]
    return {code: Slot(code, _("Photo, if you have one"), most=2, photo=True) for code in asked} | SLOTS


def _slots(subject: str) -> Mapping[str, Slot]:
    row = _inspection(subject)
    return own_slots(row) if row is not None else {}


def _locked(subject: str) -> Collection[str]:
    """Everything once the self-check is sent, or the inspection is over."""
    row = _inspection(subject)
    if row is None:
        return SLOTS
    sent = request_cache.get_or_set(("licensing.self_check_sent", row.pk), row.answers.filter(by_owner=True).exists)
    return own_slots(row) if sent or not row.is_open else ()


def _owner(subject: str, sender: User) -> User | None:
    row = _inspection(subject)
    return None if row is None or sender.is_staff else authorize(sender, row).person


def _visits(user: User, subject: str) -> bool:
    row = _inspection(subject)
    return row is not None and row.inspector_id == user.pk


def _visit_slots(subject: str) -> Mapping[str, Slot]:
    return VISIT_SLOTS if _inspection(subject) is not None else {}


def _visit_locked(subject: str) -> Collection[str]:
    """Photos arrive with their visit, over a bad line some hours after it."""
    since = clock.now() - dt.timedelta(hours=queries.limits()["late_report_hours"])
    recent = InspectionVisit.objects.filter(inspection__public_id=subjects.parse(subject).id, visit__received_at__gte=since)
    return () if recent.exists() else VISIT_SLOTS


SELF_CHECK_PHOTOS = Prefix(may_write=_may_write, may_read=_may_read, slots=_slots, locked=_locked, owner=_owner)
VISIT_PHOTOS = Prefix(may_write=_visits, may_read=_may_read, slots=_visit_slots, locked=_visit_locked, held=fieldwork.evidence_files)
