"""What an applicant has to do once the location is approved, until a day: state the commercial licence, then pass the inspection."""

from __future__ import annotations

import datetime as dt

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from licensing.health.new_licence import queries
from licensing.health.new_licence.states import NEW_LICENCE, NewLicenceState
from municipality.accounts.models import User
from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.cases.obligations import Duty, Obligation
from municipality.incidents import requests
from municipality.ui.templatetags.portal import bilingual

S = NewLicenceState


def obligations(user: User) -> list[Obligation]:
    """One obligation for each approved location; two queries, one without any."""
    rows = cases.visible_to(user).filter(service=NEW_LICENCE, state__in=(S.LOCATION_APPROVED, S.INSPECTION))
    listed = list(rows.select_related("last_event").order_by("pk"))
    moved = requests.last_days({case.public_id: case.state for case in listed})
    return [_obligation(case, moved.get(case.public_id)) for case in listed]


def _obligation(case: Case, until: dt.date | None) -> Obligation:
    """Its inspection has an obligation of its own: here is the last day for passing it."""
    if case.state == S.INSPECTION:
        words = ("pass", Duty.LATER, _("The time to pass the inspection ends"), _("Pass the inspection"), _("See the state of the request"))
        url = reverse("cases:case", args=[case.public_id])
    else:
        word = _("Enter the commercial licence")
        words = ("state", Duty.MUST, _("The approval of the location ends"), word, word)
        url = reverse("licensing:new_commercial", args=[case.public_id])
        until = max(queries.location_until(case), until or dt.date.min)
    code, duty, title, task, action = words
    return Obligation(
        code,
        case.key,
        duty,
        title,
        task,
        action,
        url,
        subject=case.rights_key,
        about=bilingual(case, "title"),
        reference=case.reference,
        until=until,
    )
