"""A supervisor reminds an officer of the work that waits."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User, actor_of
from municipality.accounts.queries import has_role
from municipality.audit.services import record
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.models import Message
from municipality.notifications.services import send
from municipality.review import queries
from municipality.review.boards import OWN_STEP, reminders_today
from municipality.review.models import Assignment
from municipality.review.notifications import Reminded


@transaction.atomic
def remind(*, officer: User, by: User) -> Message:
    """Tell an officer of the branch, once a day, that requests are late or nearly due. Nothing of the queue changes.

    Raises NotPermitted for all but a supervisor of their branch, Refused: absent, nothing_in_hand, reminded_already.
    """
    is_officer = has_role(officer, queries.OFFICER) and bool(queries.skills_of(officer))
    if not queries.is_supervisor(by) or by.branch_id != officer.branch_id or not is_officer:
        raise NotPermitted("not_supervisor", _("Only a supervisor of the branch does this."))
    if queries.is_absent(officer):
        raise Refused("absent", _("This officer is absent today."))
    has_work = Assignment.objects.filter(officer=officer, ended_at__isnull=True, place__state__in=OWN_STEP).exists()
    if not has_work and not queries.assignable(officer).exists():
        raise Refused("nothing_in_hand", _("No request waits for a step of this officer, and none waits that this officer may take."))
    key = f"{officer.public_id}:{clock.today().isoformat()}"
    if reminders_today().filter(person=officer).exists():
        raise Refused("reminded_already", _("This officer was reminded today."))
    message = send(Reminded, person=officer, key=key, subject_key=officer.key, context={"supervisor": by})
    record("officer.reminded", subject=officer.key, actor=actor_of(by, "supervisor"))
    return message
