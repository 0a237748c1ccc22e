"""Who looked at a person's data, as that person reads it: when, why, in which role, from which office. Never a name of staff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.audit.models import Look

ROLES = {
    "officer": _("Officer"),
    "supervisor": _("Supervisor"),
    "auditor": _("Auditor"),
    "assistant": _("Employee who assisted"),
}
REASONS = {
    "audit": _("audit"),
    "review": _("study of a request"),
    "file": _("opened a file of a request"),
    "assisted": _("acted for you with your code"),
    "person_page": _("opened your page among the people"),
    "organisation_page": _("opened the page of an organisation you sign for"),
    "delegation_page": _("opened a delegation of yours"),
}
OTHER_ROLE, OTHER_REASON = _("Employee"), _("work on a matter of yours")


@dataclass(frozen=True)
class Seen:
    """One look. `branch` is the office of whoever looked, None for one without; `subject` the key of what was looked at."""

    at: Any
    role: Any
    reason: Any
    branch: Any
    subject: str

    @property
    def case(self) -> str:
        """The public id of the case that was looked at, for a link to it."""
        kind, _colon, public_id = self.subject.partition(":")
        return public_id if kind == "case" else ""


def told(looks: Sequence[Look]) -> list[Seen]:
    """Looks in the words of the person whose data it is. One query for all offices."""
    ids = {look.viewer_key.partition(":")[2] for look in looks}
    offices = {
        f"staff:{user.public_id}": user.branch for user in User.objects.filter(public_id__in=ids, is_staff=True).select_related("branch")
    }
    return [
        Seen(
            look.at,
            ROLES.get(look.viewer_role, OTHER_ROLE),
            REASONS.get(look.purpose, OTHER_REASON),
            offices.get(look.viewer_key),
            look.subject,
        )
        for look in looks
    ]
