"""Asking other bodies, recording what they answer, and that they did not answer in time."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User, actor_of
from municipality.audit.services import record
from municipality.jobs import sweeps
from municipality.kernel import clock, worktime
from municipality.kernel.actors import system
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications import letters
from municipality.notifications.texts import in_both
from municipality.review.models import Assignment
from municipality.review.services import queue
from municipality.review.states import QueueEntryState
from municipality.rulebook import queries as rulebook
from municipality.rulebook.land import ConsultedBody
from zoning.models import BodyAnswer, Consultation, Opinion
from zoning.opinion import queries
from zoning.opinion.labels import plot_name, question
from zoning.opinion.letters import answers_until, with_letters
from zoning.opinion.notifications import ConsultationLetter

SYSTEM = system("zoning")
MOST_WORDS = 500


def ask(opinion: Opinion) -> list[Consultation]:
    """Ask the bodies of the rulebook for the group of activities of a request by letters, each until the end of its working days."""
    bodies = _bodies(opinion)
    rows = [
        Consultation(
            code=body.code,
            name_ar=body.name_ar,
            name_en=body.name_en,
            question_ar=body.question_ar,
            question_en=body.question_en,
            is_safety=body.is_safety,
        )
        for body in bodies.values()
    ]
    return _ask(opinion, rows, bodies)


def take_over(opinion: Opinion, first: Opinion) -> None:
    """Copy what bodies said about a question to its study in another case. One that was not heard yet is asked anew, with its whole
    time."""
    heard: list[Consultation] = []
    unheard: list[Consultation] = []
    for row in first.consultations.order_by("pk"):
        (heard if row.answer or row.silent_at is not None else unheard).append(row)
        row.pk, row.opinion = None, opinion
        row._state.adding = True
    Consultation.objects.bulk_create(heard)
    if unheard:
        _ask(opinion, unheard, _bodies(first))


def _bodies(opinion: Opinion) -> dict[str, ConsultedBody]:
    """The bodies that are asked about an opinion, by code; about an activity without a group every one on health or safety."""
    case, group = opinion.case, opinion.activity_group
    edition = rulebook.edition_of(queries.BODIES, case.editions, clock.day_of(case.opened_at))
    is_unknown = opinion.activity_id is not None and not group
    return {body.code: body for body in edition.bodies if body.group in ("", group) or (is_unknown and body.is_safety)}


def _ask(opinion: Opinion, rows: list[Consultation], bodies: Mapping[str, ConsultedBody]) -> list[Consultation]:
    now, calendar = clock.now(), rulebook.calendar()
    for row in rows:
        row.opinion, row.asked_at = opinion, now
        row.due_at = worktime.promise_ends(calendar, now, bodies[row.code].working_days)
    record("opinion.bodies_asked", subject=opinion.case.key, actor=SYSTEM, data={"bodies": sorted(row.code for row in rows)})
    rows = Consultation.objects.bulk_create(rows)
    for row in rows:
        _write_letter(row)
    return rows


def _write_letter(row: Consultation) -> None:
    """The letter to a body: plot, question and day, nothing of the applicant."""
    opinion, names = row.opinion, {"name_ar": row.name_ar, "name_en": row.name_en}
    plot, use = in_both(lambda: plot_name(opinion.plot)), in_both(lambda: question(opinion.activity, opinion.floor))
    context = {"consultation": row, "reference": opinion.case.reference, "plot": plot, "use": use, "branch": opinion.case.branch}
    reference = opinion.case.reference
    letters.write(
        ConsultationLetter, key=str(row.pk), subject_key=opinion.case.key, reference=reference, code=row.code, names=names, context=context
    )


@transaction.atomic
def record_answer(*, consultation: Consultation, officer: User, answer: str, words: str = "") -> Consultation:
    """Record what a body answered, also after its deadline, but not while a decision waits for its second signature.

    Raises Refused: waits_for_signature, answered_already, unknown_answer, words_missing, words_long (over MOST_WORDS characters);
    NotPermitted for all but the planner who holds the case.
    """
    assignment = Assignment.objects.filter(place__case=consultation.opinion.case_id, officer=officer, ended_at__isnull=True).first()
    if assignment is None:
        raise NotPermitted("not_in_your_hands", _("You cannot take this step."))
    _assignment, entry = queue.lock_assignment(assignment)
    if entry.state == QueueEntryState.COUNTERSIGN:  # whoever signs has read the answers as they stand
        text = _("The decision waits for its second signature. An answer can be recorded again if the decision is sent back.")
        raise Refused("waits_for_signature", text)
    row = Consultation.objects.select_for_update(of=("self",)).select_related("opinion__case").get(pk=consultation.pk)
    if row.answer:
        raise Refused("answered_already", _("The answer of this body is recorded already."))
    if answer not in BodyAnswer.values:
        raise Refused("unknown_answer", _("Choose what the body answered."))
    words = "\n".join(words.strip().splitlines())  # a browser counts a line break once, and sends two characters
    if answer != BodyAnswer.NO_OBJECTION and not words:
        raise Refused("words_missing", _("Write the conditions or the objection as the body worded them."))
    if len(words) > MOST_WORDS:
        raise Refused("words_long", _("The text is too long. Shorten it to %(most)s characters.") % {"most": MOST_WORDS})
    row.answer, row.words, row.answered_at, row.recorded_by = answer, words, clock.now(), officer
    row.save(update_fields=["answer", "words", "answered_at", "recorded_by"])
    data = {"body": row.code, "answer": answer, "late": row.silent_at is not None}
    record("opinion.body_answered", subject=row.opinion.case.key, actor=actor_of(officer), data=data)
    return row


def mark_silent() -> int:
    """Record the bodies whose deadline passed without an answer, where the question reached them. Returns how many."""
    rows = Consultation.objects.filter(due_at__lt=clock.now(), answer="", silent_at__isnull=True, opinion__case__is_open=True)
    return sweeps.for_each("zoning.silent", list(rows.order_by("pk").values_list("pk", flat=True)), _mark_silent)


def _mark_silent(pk: int) -> bool:
    Consultation.objects.select_for_update().get(pk=pk)  # by itself: the letter is read once nobody records it as returned
    row = with_letters(Consultation.objects.select_related("opinion__case")).get(pk=pk)
    if row.answer or row.silent_at is not None or not row.opinion.case.is_open:
        return False
    until = answers_until(row)
    if until is None or until >= clock.now():
        return False
    row.silent_at = clock.now()
    row.save(update_fields=["silent_at"])
    record("opinion.body_silent", subject=row.opinion.case.key, actor=SYSTEM, data={"body": row.code})
    return True
