"""Annulment of a violation report by the inspector who wrote it: alone, within hours, and before anything is paid."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.audit.services import record
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.transitions import transition
from municipality.rulebook import queries as rulebook
from violations import queries
from violations.models import Violation, ViolationEvent, WriterAnnulment
from violations.notifications import AnnulledByWriter, notify
from violations.services import blocks, documents, repetition, settlements
from violations.services.conflicts import unless_tied
from violations.states import ViolationState

V = ViolationState
KIND = "writer_annulment"  # of the reasons
STATES = (V.WARNED, V.ORDERED, V.UNSETTLEABLE, V.INSTALMENTS)
_ISSUES = ("warn", "order", "charge")
_UNTIL = "writer_annuls_until"
_FORMAT = "%Y-%m-%d %H:%M:%S"  # UTC; the text that both databases make of a moment, for the guard `violations_annulled_in_time`


def deadline() -> dict[str, str]:
    """Data of the event that issues a report now: until when its writer may annul it. Empty where the rulebook allows it to nobody."""
    hours = queries.limits().get("writer_annuls_hours", 0)
    return {_UNTIL: (clock.now() + dt.timedelta(hours=hours)).astimezone(dt.UTC).strftime(_FORMAT)} if hours else {}


def open_until(violation: Violation, inspector: User) -> dt.datetime | None:
    """Until when this inspector may annul a violation report; None if they may not, or not any more."""
    event = _issued_by(violation, inspector)
    until = _until(event) if event is not None else None
    if until is None or clock.now() > until or queries.paid_fils(violation):
        return None
    return until


@unless_tied("inspector", "violation")
@transaction.atomic
def annul(*, violation: Violation, inspector: User, code: str, note_ar: str) -> int:
    """Annul a report as its writer; bills are voided, an unpaid plan and blocks end. Returns how many people were told.

    Raises NotPermitted: not_its_writer and as `queries.warrant_of`; Refused: unknown_code, no_words, too_late, already_paid, payment_open.
    """
    queries.warrant_of(inspector, clock.today())
    reasons = {reason.code: reason for reason in rulebook.edition(queries.REPLIES, clock.today()).reasons_of(KIND)}
    if code not in reasons:
        raise Refused("unknown_code", _("Choose a reason from the list."))
    if not note_ar.strip():
        raise Refused("no_words", _("Please say in a few words what the mistake is."))
    row = Violation.objects.select_for_update(of=("self",)).select_related("shop", "party").get(pk=violation.pk)
    _require_open(row, inspector)
    actor = Actor("inspector", inspector.key)
    settlements.cancel_bills(row, actor=actor, reason="annulled")
    WriterAnnulment.objects.create(violation=row, code=code, note_ar=note_ar.strip(), by=inspector, at=clock.now())
    ends_plan = settlements.end_plan(row, actor=actor, reason="annulled")
    transition(row, "annul_by_writer", actor=actor, reason=code)
    record("violation.annulled", subject=row.key, actor=actor, data={"code": code, "by": "writer"})
    documents.revoke_notice(row, reason="report_annulled", actor=actor)
    blocks.lift(row, reason="annulled")
    repetition.recompute_after(row)
    told = notify(AnnulledByWriter, row, key="annulled", reason=reasons[code], ends_plan=ends_plan)
    violation.refresh_from_db()
    return told


def _require_open(row: Violation, inspector: User) -> None:
    event = _issued_by(row, inspector)
    if event is None:
        if row.state not in STATES:
            raise Refused("not_now", _("In its present state this violation report is not annulled by its writer."))
        raise NotPermitted("not_its_writer", _("A violation report is annulled by the inspector who wrote it, or by the office."))
    until = _until(event)
    if until is None or clock.now() > until:
        raise Refused("too_late", _("The time in which its writer may annul this violation report is over. Ask the office."))
    if queries.paid_fils(row):
        raise Refused("already_paid", _("Something was paid for this violation report. Ask the office."))


def _issued_by(row: Violation, inspector: User) -> ViolationEvent | None:
    """The event by which this inspector brought a report into its present state, or into that of the settlement that is paid in parts."""
    issued = V.ORDERED if row.state == V.INSTALMENTS else row.state
    events = row.events.filter(move__in=_ISSUES, to_state=issued, actor_key=inspector.key)
    found: ViolationEvent | None = events.order_by("-pk").first() if row.state in STATES else None
    return found


def _until(event: ViolationEvent) -> dt.datetime | None:
    text = event.data.get(_UNTIL)
    return dt.datetime.strptime(text, _FORMAT).replace(tzinfo=dt.UTC) if text else None
