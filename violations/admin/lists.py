"""Lists of the office: notices that were not served, and violation reports that nobody defended."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from municipality.ui.admin_base import MAX_COUNT, require_role
from violations import queries
from violations.admin.office import page
from violations.admin.tables import branch_of, of_unit
from violations.models import Violation
from violations.services import notices

SERVES = ("violation_clerk", "violation_authority", "auditor")
WATCHES = ("supervisor", "violation_authority", "auditor")
SHOWN = 100


@require_safe
def unserved(request: HttpRequest) -> HttpResponse:
    """Violation reports whose notice two channels do not serve, the oldest first: a clerk serves them by hand."""
    require_role(request, *SERVES)
    rows = notices.not_served(of_unit(request, Violation.objects.all()))
    context = {"rows": rows.select_related("branch", "shop")[:SHOWN], "count": rows[:MAX_COUNT].count(), "shown": SHOWN}
    return page(request, "admin/violations/unserved.html", _("Notices that were not served"), "", **context)


@require_safe
def undefended(request: HttpRequest) -> HttpResponse:
    """Objections to violation reports that nobody defended in time, the newest first."""
    require_role(request, *WATCHES)
    rows = queries.undefended(of_unit(request, Violation.objects.all()))
    context = {
        "rows": rows[:SHOWN],
        "count": rows[:MAX_COUNT].count(),
        "shown": SHOWN,
        "of_branch": branch_of(request) is not None,
    }
    return page(request, "admin/violations/undefended.html", _("Violation reports that nobody defended"), "", **context)
