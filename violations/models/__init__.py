"""Models of violations, their sums, objections and decisions."""

from violations.models.court import AppealCourt, AppealOutcome, AppealRuling, Judgment, Referral, ReferralBatch
from violations.models.decisions import Annulment, Relief, ReliefKind, StopLift, WriterAnnulment
from violations.models.money import Charge, ChargeKind, Extension, Instalment, Plan, PlanEvent, SettlementOrder
from violations.models.objections import Addition, Defence, Objection
from violations.models.paper import PaperRow, PaperState
from violations.models.people import JudicialWarrant, Team
from violations.models.violation import EvidenceKind, Handover, Service, ServiceGround, Signed, Violation, ViolationEvent

__all__ = [
    "Addition",
    "Annulment",
    "AppealCourt",
    "AppealOutcome",
    "AppealRuling",
    "Charge",
    "ChargeKind",
    "Defence",
    "EvidenceKind",
    "Extension",
    "Handover",
    "Instalment",
    "Judgment",
    "JudicialWarrant",
    "Objection",
    "PaperRow",
    "PaperState",
    "Plan",
    "PlanEvent",
    "Referral",
    "ReferralBatch",
    "Relief",
    "ReliefKind",
    "Service",
    "ServiceGround",
    "SettlementOrder",
    "Signed",
    "StopLift",
    "Team",
    "Violation",
    "ViolationEvent",
    "WriterAnnulment",
]
