"""What an inspector does: record what was found, warn, accept a correction, write the violation report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from municipality.accounts import civil_ids
from municipality.accounts.models import User
from municipality.audit.services import record as record_event
from municipality.documents.numbers import next_number
from municipality.fieldwork import services as fieldwork
from municipality.fieldwork.models import Visit
from municipality.incidents import queries as incidents
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.transitions import transition
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import Offence
from municipality.uploads import queries as uploads
from municipality.uploads.models import Upload
from municipality.uploads.states import UploadState
from violations import origins, queries, rules
from violations.models import JudicialWarrant, ServiceGround, SettlementOrder, Signed, Violation
from violations.notifications import CorrectionAccepted, CorrectionRefused, ReportWritten, WarningGiven, notify
from violations.services import assessments, conflicts, documents, notices, periods, repetition, writer_annulments
from violations.services.assessments import Assessment, Findings
from violations.services.conflicts import unless_tied
from violations.states import ViolationState

V = ViolationState
STILL_ARRIVING = dt.timedelta(days=1)


def inspector_actor(warrant: JudicialWarrant) -> Actor:
    return Actor("inspector", warrant.user.key)


def record(*, inspector: User, findings: Findings) -> tuple[Violation, bool]:
    """Record a violation; give a warning or write the report, as the catalogue says. Returns the violation and whether it is new.

    Idempotent by `client_key`. Raises as `assessments.assess`, and Refused("sent_differently").
    """
    return _received(inspector, findings, lambda assessment: None)


def record_confirmed(*, inspector: User, findings: Findings, confirmed: str) -> tuple[Violation, bool]:
    """`record` for a device: only what its inspector was shown and confirmed (`assessments.confirmation`).

    Raises as `record`, and ConfirmationNeeded where something else was confirmed, or nothing. What was recorded before under the same
    key is not asked about again.
    """
    return _received(
        inspector,
        findings,
        lambda assessment: assessments.require_confirmed(assessment, inspector=inspector, findings=findings, confirmed=confirmed),
    )


def _received(inspector: User, findings: Findings, check: Callable[[Assessment], None]) -> tuple[Violation, bool]:
    message = _("Another violation report was sent under this key. Please begin a new one and keep this one's photos.")

    conflicts.refuse_findings(inspector, findings)

    def write(visit: Visit) -> Violation:
        assessment = assessments.assess(inspector=inspector, findings=findings, lock=True)
        check(assessment)
        return _record(assessment, findings, visit)

    try:
        visit, created = fieldwork.receive(sender=inspector, sent=findings.visit, write=write)
    except fieldwork.VisitConflict as error:
        raise Refused("sent_differently", message) from error
    if created is not None:
        return created, True
    known = Violation.objects.filter(visit=visit).first()
    if known is None or not _says_the_same(known, findings):
        raise Refused("sent_differently", message)
    return known, False


def _says_the_same(known: Violation, findings: Findings) -> bool:
    """Whether findings are those of a recorded violation: its offence and measure, its party, and its place where no shop has one.

    A form that is shown again by the way back of the browser keeps its key, whatever is typed into it then.
    """
    if known.offence != findings.offence or known.shop_id != (findings.shop.pk if findings.shop is not None else None):
        return False
    digest = civil_ids.digest(findings.civil_id) if findings.civil_id else ""
    if (known.party_digest, known.party_name_ar) != (digest, findings.party_name_ar):
        return False
    place = ("area", "block", "street", "place_note")
    if findings.shop is None and any(getattr(known, name) != getattr(findings, name) for name in place):
        return False
    facts = assessments.facts_of(Offence(**known.offence_facts), findings)
    return (known.quantity_hundredths, known.months) == (facts.quantity_hundredths, facts.months)


def _record(assessment: Assessment, findings: Findings, visit: Visit) -> Violation:
    offence, warrant, party = assessment.offence, assessment.warrant, assessment.party
    secret = civil_ids.fields(findings.civil_id) if findings.civil_id else {}
    violation = Violation.objects.create(
        inspector=warrant,
        visit=visit,
        branch=warrant.team.branch,
        offence=offence.code,
        offence_facts=asdict(offence),
        edition=assessment.edition,
        limits_edition=assessment.limits_edition,
        quantity_hundredths=assessment.facts.quantity_hundredths,
        months=assessment.facts.months,
        repeat_count=assessment.repeats,
        note_ar=findings.note_ar,
        shop=findings.shop,
        party=party,
        party_digest=secret.get("civil_id_digest", ""),
        party_cipher=secret.get("civil_id_cipher", ""),
        party_masked=secret.get("civil_id_masked", ""),
        party_name_ar=findings.party_name_ar,
        is_womens_premises=findings.shop is not None and findings.shop.activity.is_womens,
        area=findings.area,
        block=findings.block,
        street=findings.street,
        place_note=findings.place_note,
        seen_at=visit.started_at,
        received_at=visit.received_at,
        signed=findings.signed,
    )
    actor = inspector_actor(warrant)
    record_event("violation.recorded", subject=violation.key, actor=actor, data={"offence": offence.code, "edition": assessment.edition})
    if assessment.correct_until is not None:
        _warn(violation, assessment.correct_until, actor)
    else:
        _write(violation, warrant, clock.day_of(findings.seen_at))
    origin = origins.of_key(findings.origin)
    if origin is not None:
        origin.written(findings.origin, violation, warrant.user)
    return violation


def _warn(violation: Violation, until: dt.date, actor: Actor) -> None:
    number = next_number(f"WRN-{clock.today().year}")
    data = {"until": until.isoformat(), **writer_annulments.deadline()}
    transition(violation, "warn", actor=actor, data=data, warning_number=number, correct_until=until)
    record_event("violation.warned", subject=violation.key, actor=actor, data={"number": number, "until": until.isoformat()})
    enqueue("violations.notice_document", key=f"{violation.key}:warning", violation_id=violation.pk)
    notify(WarningGiven, violation, key="warning", until=until)


@unless_tied("inspector", "violation")
@transaction.atomic
def write_report(*, violation: Violation, inspector: User, seen_at: dt.datetime) -> None:
    """Write the violation report of a warning that was not corrected in time, on the same facts.

    Raises NotPermitted as `record`, Refused: correction_runs within the period, held while it may still move because of an incident,
    proof_waits; TransitionRefused when no warning stands.
    """
    row = Violation.objects.select_for_update(of=("self",)).select_related("shop__activity", "area").get(pk=violation.pk)
    day = clock.day_of(seen_at)
    assessments.require_in_time(seen_at, queries.limits()["late_report_hours"])
    warrant = queries.warrant_of(inspector, day)
    if warrant.team.branch_id != row.branch_id:
        raise NotPermitted("other_branch", _("This place belongs to another branch."))
    if not queries.warrant_covers(warrant, row.offence):
        raise NotPermitted("not_in_scope", _("The decision that made you a judicial officer does not name this offence."))
    if row.is_womens_premises and not warrant.team.is_womens:
        raise NotPermitted("womens_team", _("Premises for women are inspected by a team of women."))
    if row.state == V.WARNED and row.correct_until is not None and day <= row.correct_until:
        raise Refused("correction_runs", _("The correction period still runs. A violation report can be written the day after it ends."))
    if row.state == V.WARNED and incidents.are_held():
        raise Refused("held", _("A part of the portal is out, or last days are being moved because it was. Please write it after that."))
    if row.state == V.WARNED and has_undecided_proof(row):
        raise Refused("proof_waits", _("A proof was sent in time. Decide on it first; a violation report can be written after that."))
    _write(row, warrant, day)
    violation.refresh_from_db()


def has_undecided_proof(row: Violation) -> bool:
    """Whether the party sent a proof of correction that nobody has looked at; none is taken after the last day."""
    return _undecided(row).exists()


def to_judge(row: Violation) -> str:
    """The proofs of correction that an inspector can look at and decide on now, in one word; empty without any."""
    return "-".join(_undecided(row).filter(state=UploadState.READY).values_list("public_id", flat=True))


def _undecided(row: Violation) -> QuerySet[Upload]:
    refused = row.events.filter(move="refuse_correction").order_by("-pk").first()
    # On a slow line a file may still arrive for a while.
    arriving = Q(state=UploadState.RECEIVING, created_at__gt=clock.now() - STILL_ARRIVING)
    proofs = uploads.of(row.key, "correction").filter(Q(state__in=[UploadState.CHECKING, UploadState.READY]) | arriving)
    if refused is not None:  # it judged what the inspector could see then, which a file that was still on its way is not
        proofs = proofs.filter(~Q(state=UploadState.READY) | Q(created_at__gt=refused.at) | Q(last_event__at__gt=refused.at))
    return proofs


def ordered(row: Violation, day: dt.date) -> rules.Amount | None:
    """The settlement that a report written on a day orders for recorded facts; None where it goes to the court."""
    offence = Offence(**row.offence_facts)
    facts = rules.Measurement(row.quantity_hundredths, row.months)
    return assessments.offered(offence, facts, repetition.count_now(row), queries.limits(day))


def _write(row: Violation, warrant: JudicialWarrant, day: dt.date) -> None:
    """Give the number, the settlement order or charge, the notice and the message; served at once if the party signed."""
    actor = inspector_actor(warrant)
    offence = Offence(**row.offence_facts)
    amount = ordered(row, day)
    number = next_number(f"VIO-{clock.today().year}")
    changes: dict[str, Any] = {"number": number}
    if row.state == V.WARNED:
        changes["signed"] = Signed.ABSENT  # what was signed is the warning
    data = {"number": number, "by": warrant.badge_no, **writer_annulments.deadline()}
    transition(row, "charge" if amount is None else "order", actor=actor, data=data, **changes)
    if amount is not None:
        _order(row, offence, amount)
    record_event(
        "violation.report_written",
        subject=row.key,
        actor=actor,
        data={"number": number, "settles": amount is not None, "repeats": repetition.count_now(row)},
    )
    enqueue("violations.notice_document", key=f"{row.key}:report", violation_id=row.pk)
    notify(ReportWritten, row, key="report")
    if row.signed == Signed.SIGNED:
        notices.record_service(violation=row, ground=ServiceGround.SIGNED, at=row.seen_at, proof={"badge": warrant.badge_no})


def _order(row: Violation, offence: Offence, amount: rules.Amount) -> SettlementOrder:
    formula_ar, formula_en = assessments.formula(amount, offence.unit)
    return SettlementOrder.objects.create(
        violation=row,
        fils=amount.fils,
        rate_fils=amount.rate_fils,
        percent=amount.percent,
        formula_ar=formula_ar,
        formula_en=formula_en,
        article_ar=offence.article_ar,
        article_en=offence.article_en,
        edition=row.edition,
        ground="violation_report",
        made_at=clock.now(),
    )


def is_writer(row: Violation, inspector: User) -> bool:
    """Whether an inspector wrote the violation report itself, not the warning before it; under whichever warrant."""
    event = periods.written(row)
    return event is not None and event.actor_key == inspector.key


@transaction.atomic
def record_signature(*, violation: Violation, inspector: User, at: dt.datetime) -> None:
    """Record that the party signed the printed notice before the inspector who wrote the report; its periods run from then.

    Nobody else can do it, so a conflict of interest that the writer has declared since does not stop it.

    Raises NotPermitted: not_its_writer and as `queries.warrant_of`; Refused("served").
    """
    warrant, row = _of_branch(violation, inspector)
    if not is_writer(row, inspector):
        raise NotPermitted("not_its_writer", _("The signature is recorded by the inspector who wrote the report."))
    proof = {"badge": warrant.badge_no}
    if not notices.record_service(violation=row, ground=ServiceGround.SIGNED, at=at, proof=proof, actor=inspector_actor(warrant)):
        raise Refused("served", _("This notice is served already, or the violation has moved on."))
    violation.refresh_from_db()


@unless_tied("inspector", "violation")
@transaction.atomic
def accept_correction(*, violation: Violation, inspector: User) -> None:
    """Accept a correction; the violation ends without an amount. Raises NotPermitted, TransitionRefused."""
    warrant, row = _of_branch(violation, inspector)
    transition(row, "accept_correction", actor=inspector_actor(warrant))
    record_event("violation.corrected", subject=row.key, actor=inspector_actor(warrant))
    documents.revoke_notice(row, reason="put_right", actor=inspector_actor(warrant))
    notify(CorrectionAccepted, row, key="corrected")
    violation.refresh_from_db()


@unless_tied("inspector", "violation")
@transaction.atomic
def refuse_correction(*, violation: Violation, inspector: User, code: str, seen: str) -> None:
    """Refuse the proofs of a correction with a coded reason; `seen` are those that the inspector was shown (`to_judge`).

    Raises NotPermitted; Refused: no_proof where none waits for a decision, unknown_code, proof_changed where others can be judged now;
    TransitionRefused.
    """
    warrant, row = _of_branch(violation, inspector)
    waiting = to_judge(row)
    if not waiting:
        raise Refused("no_proof", _("No proof waits for a decision."))
    reasons = {reason.code: reason for reason in rulebook.edition(queries.REPLIES, clock.today()).reasons_of("correction_proof")}
    if code not in reasons:
        raise Refused("unknown_code", _("Choose a reason from the list."))
    if seen != waiting:
        raise Refused("proof_changed", _("The proof has changed since it was shown. Please look at it again, then decide."))
    event = transition(row, "refuse_correction", actor=inspector_actor(warrant), reason=code)
    record_event("violation.correction_refused", subject=row.key, actor=inspector_actor(warrant), data={"code": code})
    notify(CorrectionRefused, row, key=f"correction:{event.pk}", reason=reasons[code])
    violation.refresh_from_db()


def _of_branch(violation: Violation, inspector: User) -> tuple[JudicialWarrant, Violation]:
    row = Violation.objects.select_for_update(of=("self",)).get(pk=violation.pk)
    warrant = queries.warrant_of(inspector, clock.today())
    if warrant.team.branch_id != row.branch_id:
        raise NotPermitted("other_branch", _("This place belongs to another branch."))
    return warrant, row
