"""Messages about violations; their texts are in templates/violations/messages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from municipality.notifications.registry import MessageKind
from municipality.notifications.services import send
from violations import queries
from violations.models import Violation

_DAY = dt.date(2027, 11, 24)


class _AboutViolation(MessageKind):
    def path(self, context: Mapping[str, Any]) -> str:
        return f"/violations/{context['violation'].public_id}/"


class WarningGiven(_AboutViolation):
    """A warning with time to correct it; no amount yet."""

    kind = "violations.warning_given"
    samples = {"until": _DAY}


class CorrectionAccepted(_AboutViolation):
    kind = "violations.correction_accepted"


class CorrectionRefused(_AboutViolation):
    kind = "violations.correction_refused"


class ReportWritten(_AboutViolation):
    """A violation report with all options; opening it proves service."""

    kind = "violations.minute_written"


class CarriedOver(_AboutViolation):
    """A legacy fine was imported; opening it proves service where it was not served on paper."""

    kind = "violations.carried_over"
    samples = {"stops_from": _DAY}


class TimeExtended(_AboutViolation):
    kind = "violations.time_extended"
    samples = {"until": _DAY}


class PlanAgreed(_AboutViolation):
    kind = "violations.plan_agreed"


class PlanFell(_AboutViolation):
    kind = "violations.plan_fell"
    samples = {"until": _DAY}


class Settled(_AboutViolation):
    kind = "violations.settled"


class PaidForYou(_AboutViolation):
    """Somebody who was not signed in paid for the party."""

    kind = "violations.paid_for_you"


class PaymentTakenBack(_AboutViolation):
    kind = "violations.payment_taken_back"


class PeriodOver(_AboutViolation):
    kind = "violations.period_over"


class ObjectionFiled(_AboutViolation):
    kind = "violations.objection_filed"
    samples = {"until": _DAY}


class ObjectionUpheld(_AboutViolation):
    kind = "violations.objection_upheld"


class ObjectionRefused(_AboutViolation):
    kind = "violations.objection_refused"
    samples = {"court_until": _DAY}


class Annulled(_AboutViolation):
    kind = "violations.annulled"


class SumWaived(_AboutViolation):
    kind = "violations.sum_waived"


class SumReduced(_AboutViolation):
    kind = "violations.sum_reduced"


class SentToCourt(_AboutViolation):
    kind = "violations.sent_to_court"


class CourtRuled(_AboutViolation):
    kind = "violations.court_ruled"


class ServicesStopped(_AboutViolation):
    kind = "violations.services_stopped"


class ServicesFree(_AboutViolation):
    kind = "violations.services_free"


class StopLifted(_AboutViolation):
    kind = "violations.stop_lifted"
    samples = {"until": _DAY}


def notify(kind: type[MessageKind], violation: Violation, *, key: str, **context: Any) -> int:
    """Send a message to everybody of `queries.people_of`, in the caller's transaction. Returns the number of recipients."""
    people = queries.people_of(violation)
    for person in people:
        send(
            kind,
            person=person,
            key=f"{violation.public_id}:{key}",
            subject_key=violation.key,
            context={"violation": violation, "offence": violation.rule, **context},
        )
    return len(people)
