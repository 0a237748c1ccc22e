"""What an officer asked of an applicant: corrections to be answered until a day."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.cases import queries as cases
from municipality.cases.obligations import Duty, Obligation
from municipality.review.models import CorrectionRound
from municipality.review.queries import OPEN_ROUND
from municipality.ui.templatetags.portal import bilingual


def obligations(user: User) -> list[Obligation]:
    """One obligation for each open round of corrections in the cases that the user sees; one query."""
    rows = CorrectionRound.objects.filter(OPEN_ROUND, case__is_open=True, case__in=cases.visible_to(user).values("pk"))
    return [
        Obligation(
            "answer",
            row.case.key,
            Duty.MUST,
            _("Last day to answer the corrections"),
            _("Answer the corrections"),
            _("Answer"),
            reverse("cases:case", args=[row.case.public_id]),
            subject=row.case.rights_key,
            about=bilingual(row.case, "title"),
            reference=row.case.reference,
            until=row.answer_by,
        )
        for row in rows.select_related("case").order_by("answer_by", "pk")[:50]
    ]
