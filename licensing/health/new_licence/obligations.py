"""What an applicant has to do once the location is approved: state the commercial licence, until the approval lapses."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from licensing.health.new_licence import queries
from licensing.health.new_licence.states import NEW_LICENCE, NewLicenceState
from municipality.accounts.models import User
from municipality.cases import queries as cases
from municipality.cases.obligations import Duty, Obligation
from municipality.ui.templatetags.portal import bilingual


def obligations(user: User) -> list[Obligation]:
    """One obligation for each approved location whose commercial licence is not stated; one query."""
    rows = cases.visible_to(user).filter(service=NEW_LICENCE, state=NewLicenceState.LOCATION_APPROVED)
    return [
        Obligation(
            "state",
            case.key,
            Duty.MUST,
            _("The approval of the location ends"),
            _("Enter the commercial licence"),
            _("Enter the commercial licence"),
            reverse("licensing:new_commercial", args=[case.public_id]),
            subject=case.rights_key,
            about=bilingual(case, "title"),
            reference=case.reference,
            until=queries.location_until(case),
        )
        for case in rows.select_related("last_event").order_by("pk")
    ]
