"""Messages to supervisors; the texts are in `templates/reports/messages/`."""

from __future__ import annotations

from municipality.notifications.registry import MessageKind


class DueSoon(MessageKind):
    """To the supervisors of a branch: promises that end soon, `lines` of number, time and category, bilingual."""

    kind = "reports.due_soon"
    must_reach = False
    page = "/admin/eye/branch/?promise=soon"
