"""The self-check: the owner answers the inspector's own questions before the visit."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from licensing.inspections import questions
from licensing.inspections.questions import GivenAnswer
from licensing.inspections.states import OPEN
from licensing.models import Inspection
from municipality.accounts.models import User
from municipality.audit.services import record
from municipality.delegation.authorization import authorize
from municipality.kernel.errors import Refused


@transaction.atomic
def send_self_check(*, inspection: Inspection, person: User, answers: Sequence[GivenAnswer]) -> None:
    """Keep the answers of the owner, once, before the visit. Raises NotPermitted for others, Refused: over, sent_already, unanswered."""
    actor = authorize(person, inspection).actor
    row = Inspection.objects.select_for_update().get(pk=inspection.pk)
    if row.state not in OPEN:
        raise Refused("over", _("The inspection is over; a self-check is sent before the visit."))
    if row.answers.filter(by_owner=True).exists():
        raise Refused("sent_already", _("The self-check was sent already. Nothing was changed."))
    if {answer.rule.pk for answer in answers} != {rule.pk for rule in questions.asked(row)}:
        raise Refused("unanswered", _("Answer every question of the checklist."))
    questions.write(row, answers, by_owner=True)
    short = [answer.rule.code for answer in answers if not answer.meets]
    record("inspection.self_checked", subject=row.key, actor=actor, data={"codes": short})
