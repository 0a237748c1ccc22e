"""States and moves of violations, objections and instalment plans."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.kernel.workflow import move, workflow
from municipality.review.states import desk_moves

VIOLATION = "violations.violation"
OBJECTION = "violations.objection"
PLAN = "violations.plan"
SERVICE = OBJECTION  # the service that delegations name: everything about violations of a shop


class ViolationState(models.TextChoices):
    RECORDED = "recorded", _("Recorded")
    WARNED = "warned", _("Warning: time to put it right")
    CORRECTED = "corrected", _("Put right")
    ORDERED = "ordered", _("Settlement is open")
    UNSETTLEABLE = "unsettleable", _("Goes to the court")
    OBJECTED = "objected", _("Objection under study")
    INSTALMENTS = "instalments", _("Paid by instalments")
    OVERDUE = "overdue", _("The settlement period is over")
    REFERRED = "referred", _("With the court")
    JUDGED = "judged", _("The court has ruled")
    ACQUITTED = "acquitted", _("The court found no violation")
    PAID = "paid", _("Paid")
    WAIVED = "waived", _("Waived")
    ANNULLED = "annulled", _("Annulled")


V = ViolationState
# Not ended.
OPEN = (V.WARNED, V.ORDERED, V.UNSETTLEABLE, V.OBJECTED, V.INSTALMENTS, V.OVERDUE, V.REFERRED, V.JUDGED)
# The settlement stands for nothing any more: a part of it that was paid is owed back.
GIVES_BACK = (V.ANNULLED, V.WAIVED, V.ACQUITTED, V.JUDGED)
# No offence is held against anybody: the notice or warning is revoked.
NO_NOTICE = (V.ANNULLED, V.ACQUITTED, V.CORRECTED)
VIOLATION_WORKFLOW = workflow(
    VIOLATION,
    V.RECORDED,
    # A warning comes first where the catalogue gives time to correct; the violation report follows only if nothing was done.
    move("warn", V.RECORDED, to=V.WARNED, may="inspector", label=_("Warning")),
    move("accept_correction", V.WARNED, to=V.CORRECTED, may="inspector", label=_("Found corrected")),
    move("refuse_correction", V.WARNED, to=V.WARNED, may="inspector", needs_reason=True, label=_("The proof was not accepted")),
    move("order", [V.RECORDED, V.WARNED], to=V.ORDERED, may="inspector", label=_("Violation report and settlement order")),
    move("charge", [V.RECORDED, V.WARNED], to=V.UNSETTLEABLE, may="inspector", label=_("Violation report without settlement")),
    move("serve", V.ORDERED, to=V.ORDERED, label=_("Notice received")),
    move("serve_charge", V.UNSETTLEABLE, to=V.UNSETTLEABLE, label=_("Notice received")),
    move("extend", V.ORDERED, to=V.ORDERED, may="party", label=_("More time to settle")),
    # From OVERDUE only for a payment that was begun in time and confirmed by the bank afterwards.
    move("settle", [V.ORDERED, V.OVERDUE, V.INSTALMENTS], to=V.PAID, label=_("Settled")),
    move("reopen", V.PAID, to=V.ORDERED, needs_reason=True, label=_("The bank took the payment back")),
    move("reopen_plan", V.PAID, to=V.INSTALMENTS, needs_reason=True, label=_("The bank took the payment back")),
    move("object", [V.ORDERED, V.OVERDUE, V.UNSETTLEABLE], to=V.OBJECTED, may="party", label=_("Objection")),
    # An unsuccessful objection leads back to its origin; one filed in the settlement period opens the settlement again.
    move("back_to_settlement", V.OBJECTED, to=V.ORDERED, needs_reason=True, label=_("The objection ended; settlement is open again")),
    move("back_to_overdue", V.OBJECTED, to=V.OVERDUE, needs_reason=True, label=_("The objection ended")),
    move("back_to_charge", V.OBJECTED, to=V.UNSETTLEABLE, needs_reason=True, label=_("The objection ended")),
    move("uphold_objection", V.OBJECTED, to=V.ANNULLED, needs_reason=True, label=_("The objection was upheld")),
    move("plan", V.ORDERED, to=V.INSTALMENTS, may="party", label=_("Instalments agreed")),
    move("void_plan", V.INSTALMENTS, to=V.ORDERED, needs_reason=True, label=_("The plan of instalments fell; the rest is due")),
    move("lapse", V.ORDERED, to=V.OVERDUE, label=_("The settlement period ended")),
    move("refer", [V.OVERDUE, V.UNSETTLEABLE], to=V.REFERRED, may="referrer", label=_("Referral to the court")),
    move("judge", V.REFERRED, to=V.JUDGED, may="referrer", label=_("The court set an amount")),
    move("acquit", V.REFERRED, to=V.ACQUITTED, may="referrer", label=_("The court found no violation")),
    move("pay_court", V.JUDGED, to=V.PAID, label=_("The court's amount was paid")),
    move("reopen_court", V.PAID, to=V.JUDGED, needs_reason=True, label=_("The bank took the payment back")),
    # The ruling of a higher court, by what it leaves owed: a fine or a rest of it, nothing as the fine is paid, or nothing at all.
    move("appeal_fined", [V.JUDGED, V.PAID, V.ACQUITTED], to=V.JUDGED, may="referrer", label=_("Ruling on appeal: a fine is owed")),
    move("appeal_paid", [V.JUDGED, V.PAID], to=V.PAID, may="referrer", label=_("Ruling on appeal: the fine is paid")),
    move("appeal_acquitted", [V.JUDGED, V.PAID, V.ACQUITTED], to=V.ACQUITTED, may="referrer", label=_("Ruling on appeal: no violation")),
    # A running plan ends with the sum that it pays in parts, or with its report (`PLAN_WORKFLOW`, "end").
    move("waive", [V.ORDERED, V.OVERDUE, V.INSTALMENTS], to=V.WAIVED, may="waiver", needs_reason=True, label=_("Waived")),
    move("reduce", [V.ORDERED, V.OVERDUE], to=V.ORDERED, may="waiver", needs_reason=True, label=_("Reduced")),
    # By authority, with a reason and a second person; the number is kept.
    move(
        "annul",
        [V.WARNED, V.ORDERED, V.UNSETTLEABLE, V.OVERDUE, V.INSTALMENTS],
        to=V.ANNULLED,
        may="annuller",
        needs_reason=True,
        label=_("Annulled by authority"),
    ),
    # By whoever wrote it, alone, within hours of writing it and before anything is paid; later only by authority.
    move(
        "annul_by_writer",
        [V.WARNED, V.ORDERED, V.UNSETTLEABLE, V.INSTALMENTS],
        to=V.ANNULLED,
        may="inspector",
        needs_reason=True,
        label=_("Annulled by its writer"),
    ),
    # Legacy fines, to the state of their paper record; the database allows a row of a released file only these.
    move("carry_open", V.RECORDED, to=V.ORDERED, label=_("Carried over from paper")),
    move("carry_overdue", V.RECORDED, to=V.OVERDUE, label=_("Carried over from paper")),
    move("carry_referred", V.RECORDED, to=V.REFERRED, label=_("Carried over from paper")),
    move("carry_judged", V.RECORDED, to=V.JUDGED, label=_("Carried over from paper")),
)


class ObjectionState(models.TextChoices):
    SENT = "sent", _("Being sent")
    IN_REVIEW = "in_review", _("With the Municipality")
    CORRECTIONS = "corrections", _("Waiting for your answer")
    COUNTERSIGN = "countersign", _("Waiting for a second signature")
    UPHELD = "upheld", _("Upheld: the violation is annulled")
    REFUSED = "refused", _("Refused")
    LAPSED = "lapsed", _("Refused by silence")
    WITHDRAWN = "withdrawn", _("Withdrawn")


O = ObjectionState  # noqa: E741 - as the states above
STUDIED = (O.IN_REVIEW, O.CORRECTIONS, O.COUNTERSIGN)
OBJECTION_WORKFLOW = workflow(
    OBJECTION,
    O.SENT,
    move("send", O.SENT, to=O.IN_REVIEW, may="applicant", label=_("Send the objection")),
    *desk_moves(
        O.IN_REVIEW,
        corrections=O.CORRECTIONS,
        countersign=O.COUNTERSIGN,
        accepted=O.UPHELD,
        refused=O.REFUSED,
        accept=_("Uphold the objection"),
        ask_corrections=_("Ask for more"),
        answer=_("Send the answer"),
    ),
    move("go_on", O.CORRECTIONS, to=O.IN_REVIEW, label=_("The time to answer is over")),
    # No answer within the legal time is a refusal; the person is told on the day.
    move("lapse", STUDIED, to=O.LAPSED, label=_("The legal time for an answer is over")),
    move("withdraw", STUDIED, to=O.WITHDRAWN, may="applicant", label=_("Withdraw the objection")),
)


class PlanState(models.TextChoices):
    ACTIVE = "active", _("Running")
    VOID = "void", _("Fallen")
    PAID = "paid", _("Paid")


P = PlanState
PLAN_WORKFLOW = workflow(
    PLAN,
    P.ACTIVE,
    move("complete", P.ACTIVE, to=P.PAID, label=_("Every instalment was paid")),
    move("void", P.ACTIVE, to=P.VOID, needs_reason=True, label=_("An instalment was missed")),
    move("end", P.ACTIVE, to=P.VOID, needs_reason=True, label=_("Nothing is owed for the violation any more")),
    move("reopen", P.PAID, to=P.ACTIVE, needs_reason=True, label=_("The bank took a payment back")),
)
