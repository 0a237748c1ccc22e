"""Open cases and move them between states; nothing else writes a state."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import Organisation, User
from municipality.audit.services import record
from municipality.cases import queries
from municipality.cases.catalogue import services as catalogue_services
from municipality.cases.models import Block, Case, CaseEvent, Effect, Feedback, Figure, FiledBy
from municipality.cases.timeline import TIMELINES
from municipality.delegation.authorization import may
from municipality.delegation.notifications import AssistedAct
from municipality.documents.numbers import next_number
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.transitions import transition
from municipality.kernel.workflow import WORKFLOWS
from municipality.notifications.services import send
from municipality.notifications.texts import Bilingual
from municipality.places.models import Branch
from municipality.rulebook.queries import RulebookEdition, digest

# How PostgreSQL and SQLite name the index that allows one open case, and the guards that allow one of several services: asking the
# table would need a savepoint round every insert.
_ONE_OPEN_CASE = ("cases_one_open_case", "cases_case.service, cases_case.subject", "guard:one_act:")


@transaction.atomic(savepoint=False)
def open_case(
    *,
    service: str,
    subject: str,
    title_ar: str,
    title_en: str,
    applicant: User,
    branch: Branch,
    series: str,
    editions: list[RulebookEdition],
    actor: Actor,
    due_on: dt.date | None = None,
    held_under: str = "",
    organisation: Organisation | None = None,
) -> Case:
    """Open a case in the first state of its workflow and return it.

    `held_under` is the subject that a delegation must cover where it is not the case's own, `organisation` the one for which the
    applicant sends it. Raises Refused("already_open") where the
    subject has an open case (the caller's transaction is rolled back), and NotPermitted where the actor may not act for the applicant.
    """
    if not actor.is_system and not may(actor, person=applicant, service=service, subject=held_under or subject):
        raise NotPermitted("not_yours", _("You cannot take this step."))
    now = clock.now()
    snapshot = [edition.snapshot() for edition in editions]
    case = Case(
        reference=next_number(f"{series}-{clock.today().year}"),
        service=service,
        subject=subject,
        held_under=held_under,
        title_ar=title_ar,
        title_en=title_en,
        applicant=applicant,
        organisation=organisation,
        branch=branch,
        filed_by=actor.role if actor.role in FiledBy.values else FiledBy.APPLICANT,
        state=WORKFLOWS[service].initial,
        opened_at=now,
        due_on=due_on,
        editions=[edition.stamp for edition in editions],
        snapshot=snapshot,
        snapshot_hash=digest(snapshot),
    )
    try:
        case.save()
    except IntegrityError as error:
        if any(name in str(error) for name in _ONE_OPEN_CASE):
            raise Refused("already_open", _("There is already an open request for this shop. It is listed under “My requests”.")) from error
        raise
    record("case.opened", subject=case.key, actor=actor, data={"service": service, "about": subject, "snapshot": case.snapshot_hash})
    return case


def advance(
    case: Case, move: str, *, actor: Actor, reason: str = "", data: dict[str, Any] | None = None, due_on: dt.date | None = None
) -> CaseEvent:
    """Make one move: permission, state, event and audit event in one transaction; `due_on` is the new promised day.

    Before anything is written, raises NotPermitted for the wrong actor and TransitionRefused for a move that the present state does
    not allow. TransitionRefused("moved_meanwhile") rolls the caller's transaction back.
    """
    table = WORKFLOWS[case.service]
    step = table.move(move, case.state)
    is_allowed = queries.may_act(actor, case) if step.may == "applicant" else step.may == actor.role
    if not is_allowed:
        raise NotPermitted("not_yours", _("You cannot take this step."))
    changes: dict[str, Any] = {}
    if step.target in table.finals:
        changes = {"is_open": False, "closed_at": clock.now()}
    elif step.reopens:
        changes = {"is_open": True, "closed_at": None}
    if due_on is not None and due_on != case.due_on:
        changes["due_on"] = due_on
        data = {**(data or {}), "due_on": due_on.isoformat()}
    with transaction.atomic(savepoint=False):
        event: CaseEvent = transition(case, move, actor=actor, reason=reason, data=data, **changes)
        record(f"case.{move}", subject=case.key, actor=actor, data={"from": event.from_state, "to": event.to_state, "reason": reason})
        if actor.role == "assistant":
            _notify_assisted(case, event, actor)
    return event


def _notify_assisted(case: Case, event: CaseEvent, actor: Actor) -> None:
    """Tell the person for whom a member of staff acted what they did."""
    person = next(one for one in queries.owners(case) if one.key == actor.for_key)
    label = TIMELINES[case.service].title(event) if case.service in TIMELINES else WORKFLOWS[case.service].moves[event.move].label
    context = {"case": case, "about": Bilingual(case.title_ar, case.title_en), "did": label, "branch": case.branch}
    send(AssistedAct, person=person, key=f"case-event:{event.pk}", subject_key=case.key, context=context)


@transaction.atomic
def place_block(
    *,
    subject: str,
    ground: str,
    source: str,
    stops: str,
    sentence_ar: str,
    sentence_en: str,
    actor: Actor,
    effect: str = Effect.STOP,
) -> Block:
    """Block a service for a subject, or (effect `review`) have an officer decide. The same source blocks once."""
    block, created = Block.objects.get_or_create(
        subject=subject,
        source=source,
        stops=stops,
        lifted_at=None,
        defaults={"ground": ground, "effect": effect, "sentence_ar": sentence_ar, "sentence_en": sentence_en, "placed_at": clock.now()},
    )
    if created:
        record("block.placed", subject=subject, actor=actor, data={"ground": ground, "source": source, "stops": stops, "effect": effect})
    return block


@transaction.atomic
def lift_block(*, subject: str, source: str, actor: Actor) -> int:
    """Lift all active blocks of a source on a subject. Returns how many."""
    lifted = Block.objects.filter(subject=subject, source=source, lifted_at__isnull=True).update(lifted_at=clock.now())
    if lifted:
        record("block.lifted", subject=subject, actor=actor, data={"source": source})
    return lifted


def compute_figures() -> int:
    """Recompute how long the studied requests of each service took. Returns how many services have enough of them."""
    count = 0
    for entry in catalogue_services():
        times = entry.times() if entry.times else None
        if times is None:
            Figure.objects.filter(service=entry.workflow).delete()
            continue
        Figure.objects.update_or_create(
            service=entry.workflow,
            defaults={"count": times.count, "half": times.half, "ninety": times.ninety, "late": times.late, "computed_at": clock.now()},
        )
        count += 1
    return count


@transaction.atomic
def give_feedback(*, subject: str, service: str, person: User | None, ease: int, text: str) -> Feedback:
    """Store how easy a person, or a visitor (None), found a subject. A second answer changes nothing: the first one is returned."""
    answer = {"service": service, "ease": ease, "text": text, "at": clock.now()}
    return Feedback.objects.get_or_create(subject=subject, person=person, defaults=answer)[0]
