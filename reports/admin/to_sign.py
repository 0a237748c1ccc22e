"""The results of reports that wait for the second signature of this supervisor, in the menu and on the first page."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from municipality.accounts.models import User
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.kernel import request_cache
from municipality.ui import staff_menu
from municipality.ui.admin_base import in_group
from municipality.ui.staff_home import HomePart, Next
from municipality.ui.staff_menu import StaffEntry
from reports.states import ReportState
from reports.triage import queries
from reports.triage.services.rows import may_sign

SUPERVISOR = "supervisor"
TO_SIGN = f"?state={ReportState.COUNTERSIGN.value}"  # of the list of the branch


def _to_sign(request: HttpRequest) -> int:
    """How many results this supervisor may sign."""
    user: User = request.user  # type: ignore[assignment]

    def read() -> int:
        if not queries.branch_counts(user)["countersign"]:
            return 0
        return sum(not row.may_be_unsolved or may_sign(row, user) for row in queries.to_sign(user))

    return request_cache.get_or_set(("reports_to_sign", user.pk), read)


def home(request: AuthenticatedHttpRequest) -> HomePart:
    """What waits for the second signature, on the first page."""
    number = _to_sign(request) if in_group(request, SUPERVISOR) else 0
    if not number:
        return HomePart()
    words = ngettext(
        "The result of one report waits for your signature", "The results of %(count)s reports wait for your signature", number
    )
    url = reverse("admin:eye_branch") + TO_SIGN
    return HomePart(Next(_("The branch"), words % {"count": number}, "", _("Results of reports to sign"), url))


admin.site.add_pages([], home=home)  # type: ignore[attr-defined]
staff_menu.register(
    "reports",
    StaffEntry(
        "branch",
        gettext_lazy("Results of reports to sign"),
        "admin:eye_branch",
        (SUPERVISOR,),
        fragment=TO_SIGN,
        count=_to_sign,
        tile=gettext_lazy("wait for a signature"),
        tone="warn",
    ),
)
