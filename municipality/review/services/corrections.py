"""Answering corrections that ask for files alone, and closing a request whose applicant did not answer."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.cases.services import advance
from municipality.delegation.authorization import authorize
from municipality.incidents import queries as incidents
from municipality.jobs import sweeps
from municipality.kernel.actors import Actor
from municipality.kernel.errors import Refused
from municipality.notifications.registry import MessageKind
from municipality.notifications.services import send
from municipality.review import asked_files, queries
from municipality.review.services import desk, queue
from municipality.uploads import services as upload_services


@transaction.atomic
def answer_with_files(*, case: Case, person: User, slots: Collection[str], key: str) -> None:
    """Send the files under a key that were asked for; the case goes back to its officer.

    Raises Refused: not_asked, files_waiting, not_complete; NotPermitted for other users.
    """
    locked = Case.objects.select_for_update(of=("self",)).select_related("applicant").get(pk=case.pk)
    actor = authorize(person, locked).actor
    if not asked_files.waits_for_corrections(locked) or queries.open_round(locked) is None:
        raise Refused("not_asked", _("Nothing is asked for in this request now."))
    upload_services.refuse_waiting(key)
    if asked_files.missing(locked, slots, key):
        raise Refused("not_complete", _("Something that was asked for is still missing."))
    desk.receive_answer(case=locked, actor=actor)


@transaction.atomic
def go_on(*, case: Case, actor: Actor) -> None:
    """Close a round that nobody answered in time: the case, whose workflow has `go_on`, is decided on what is there.

    Raises Refused("not_asked") where no round is open.
    """
    desk.come_back(case, actor, move="go_on", ended="closed_at")


def lapse_unanswered(*, service: str, sweep: str, message: type[MessageKind], actor: Actor) -> int:
    """Close requests of a service whose corrections were not answered in the rulebook's time. Returns how many."""
    if incidents.are_held():
        return 0
    overdue = queries.overdue_rounds().filter(case__service=service)
    return sweeps.for_each(sweep, list(overdue.values_list("case", flat=True)), partial(_lapse, message=message, actor=actor))


def _lapse(case_id: int, *, message: type[MessageKind], actor: Actor) -> bool:
    case = Case.objects.select_for_update(of=("self",)).select_related("applicant").get(pk=case_id)
    if not asked_files.waits_for_corrections(case):
        return False
    advance(case, "lapse", actor=actor)
    queue.leave(case=case, actor=actor, code="lapsed")
    send(message, person=case.applicant, key=case.public_id, subject_key=case.key, context={"case": case})
    return True
