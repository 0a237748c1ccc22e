"""Messages about violations; their texts are in templates/violations/messages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.accounts.queries import supervisors_of
from municipality.cases.models import Case
from municipality.notifications.legal import OBJECTIONS
from municipality.notifications.registry import SAMPLE_DAY, MessageKind
from municipality.notifications.services import send
from violations import queries
from violations.models import Violation

VIOLATIONS = _("violations and warnings")


class _AboutViolation(MessageKind):
    page = "/violations/{violation.public_id}/"


class WarningGiven(_AboutViolation):
    """A warning with time to correct it; no amount yet."""

    kind = "violations.warning_given"
    legal = VIOLATIONS


class CorrectionAccepted(_AboutViolation):
    kind = "violations.correction_accepted"


class CorrectionRefused(_AboutViolation):
    kind = "violations.correction_refused"
    legal = VIOLATIONS


class ReportWritten(_AboutViolation):
    """A violation report with all options; opening it proves service."""

    kind = "violations.report_written"
    legal = VIOLATIONS


class CarriedOver(_AboutViolation):
    """A legacy fine was imported; opening it proves service where it was not served on paper."""

    kind = "violations.carried_over"
    legal = VIOLATIONS


class TimeExtended(_AboutViolation):
    kind = "violations.time_extended"


class PlanAgreed(_AboutViolation):
    kind = "violations.plan_agreed"


class PlanFell(_AboutViolation):
    kind = "violations.plan_fell"
    legal = VIOLATIONS


class Settled(_AboutViolation):
    """To the others of the party: the payment confirms it to the payer."""

    kind = "violations.settled"


class PaidForYou(_AboutViolation):
    """Somebody who was not signed in paid for the party."""

    kind = "violations.paid_for_you"


class PaymentTakenBack(_AboutViolation):
    """`owed` is what is payable now, in dinars as text, "" for nothing; `until` the last day to pay, None where none runs."""

    kind = "violations.payment_taken_back"


class PeriodOver(_AboutViolation):
    kind = "violations.period_over"
    legal = VIOLATIONS


class ObjectionFiled(_AboutViolation):
    kind = "violations.objection_filed"
    samples = {"promised": SAMPLE_DAY}


class ObjectionUpheld(_AboutViolation):
    """`note` is that of the officer, to who objected; it may be empty."""

    kind = "violations.objection_upheld"
    legal = OBJECTIONS


class ObjectionRefused(_AboutViolation):
    """By a decision, with its `reason`, or by silence. `settle_until` is None where the settlement is over."""

    kind = "violations.objection_refused"
    legal = OBJECTIONS
    samples = {"court_until": SAMPLE_DAY, "settle_until": SAMPLE_DAY, "reason": "", "silent": False}


class Annulled(_AboutViolation):
    kind = "violations.annulled"
    legal = VIOLATIONS


class AnnulledByWriter(_AboutViolation):
    """The inspector who wrote it found a mistake."""

    kind = "violations.annulled_by_writer"
    legal = VIOLATIONS


class SumWaived(_AboutViolation):
    kind = "violations.sum_waived"


class SumReduced(_AboutViolation):
    """`is_payable`: whether it can be settled now, and until when is known."""

    kind = "violations.sum_reduced"
    samples = {"is_payable": True}


class SentToCourt(_AboutViolation):
    kind = "violations.sent_to_court"
    legal = VIOLATIONS


class CourtRuled(_AboutViolation):
    kind = "violations.court_ruled"
    legal = VIOLATIONS


class AppealRuled(_AboutViolation):
    """A higher court changed the judgment or upheld it. `returned` is what goes back to who paid; it may be empty."""

    kind = "violations.appeal_ruled"
    legal = VIOLATIONS


class ServicesStopped(_AboutViolation):
    kind = "violations.services_stopped"
    legal = VIOLATIONS


class ServicesFree(_AboutViolation):
    kind = "violations.services_free"


class StopLifted(_AboutViolation):
    kind = "violations.stop_lifted"


class Undefended(MessageKind):
    """To the supervisors of the branch of a violation report that nobody defended in time."""

    kind = "violations.undefended"
    samples = {"defend_by": SAMPLE_DAY}
    must_reach = False
    page = "/admin/office/undefended/"


class VisitHandedOver(MessageKind):
    """To the inspectors whose warrants reach a shop: another inspector stands before it and may not inspect it."""

    kind = "violations.visit_handed_over"
    must_reach = False
    page = "/admin/field/shop/{shop.public_id}/"


def notify_supervisors(violation: Violation, case: Case, defend_by: dt.date) -> None:
    """Tell the supervisors of the branch that the violation report was not defended, in the caller's transaction."""
    context = {"violation": violation, "case": case, "defend_by": defend_by}
    for person in supervisors_of(violation.branch_id):
        send(Undefended, person=person, key=case.public_id, subject_key=violation.key, context=context)


def notify(kind: type[MessageKind], violation: Violation, *, key: str, without: Collection[User] = (), **context: Any) -> int:
    """Send a message to everybody of `queries.people_of` but `without`, in the caller's transaction. Returns the number of recipients.

    A message about a `case`, such as an objection, stands on the page of that case.
    """
    people = [person for person in queries.people_of(violation) if person not in without]
    subject = context.get("case", violation)
    for person in people:
        send(
            kind,
            person=person,
            key=f"{violation.public_id}:{key}",
            subject_key=subject.key,
            context={"violation": violation, "offence": violation.rule, **context},
        )
    return len(people)
