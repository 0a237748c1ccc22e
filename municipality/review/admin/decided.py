"""What an officer decided: a list of the requests that are still open to them, to read."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.cases.timeline import TIMELINES
from municipality.review import queries
from municipality.review.models import Decision
from municipality.review.registry import reviewable
from municipality.ui.admin_base import require_role, staff_page
from municipality.ui.staff_home import Row
from municipality.ui.templatetags.portal import bilingual, moment, ref, term

SHOWN = 200  # on the page, the newest; any other is found by its reference


def rows_of(request: AuthenticatedHttpRequest, most: int) -> list[Row]:
    """The newest decisions of this officer whose requests are open to them, with their links."""
    made = queries.still_open_to(request.user).select_related("case")
    return [_row(decision) for decision in made.defer("case__editions", "case__snapshot")[:most]]


def _row(decision: Decision) -> Row:
    case = decision.case
    return Row(
        ref(case.reference),
        reverse("admin:desk_case", args=[case.public_id]),
        TIMELINES[case.service].name if case.service in TIMELINES else "",
        term(bilingual(case, "title")),
        ("ok", reviewable(case).accepted_label) if decision.outcome == "accept" else ("bad", _("Refusal")),
        state_note=moment(decision.signed_at or decision.made_at),
    )


@require_safe
def decided(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The list of what this officer decided in the last days."""
    require_role(request, "officer")
    rows, days = rows_of(request, SHOWN), queries.decided_days()
    return staff_page(request, "admin/review/decided.html", title=_("Decided by me"), rows=rows, days=days)
