"""The access log as the person reads it: when, why, in which role and from which branch their data was read; no names of staff."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from municipality.audit.models import AccessLogEntry
from municipality.places.models import Branch
from municipality.ui.texts import Text

ROLES = {
    "officer": _("Officer"),
    "supervisor": _("Supervisor"),
    "auditor": _("Auditor"),
    "assistant": _("Employee who assisted"),
    "counter": _("Employee of the counter or call centre"),
    "intake": _("Employee of report intake"),
    "inspector": _("Inspector"),
}
REASONS = {
    "audit": _("audit"),
    "review": _("study of a request"),
    "names": _("look at the names of a request before its decision"),
    "file": _("look at a file of a request"),
    "violation": _("look at a violation"),
    "workers": _("inspection of a shop: look at your health certificate, which the shop entered"),
    "call": _("call about a message that did not reach you"),
    "paying_back": _("look at a bill or payment, to pay money back"),
    "payment_review": _("look at a payment that is under review"),
    "assisted": _("help at the counter, with your code"),
    "person_page": _("look at your page among the people"),
    "organisation_page": _("look at the page of an organisation you sign for"),
    "delegation_page": _("look at a delegation of yours"),
    # What they chose before the page opened (`accounts.purposes`).
    "purpose.linked": _("study of another request of the same shop, person or plot"),
    "purpose.similar": _("comparison with a similar request before a refusal is signed"),
    "purpose.supervision": _("supervision of the study of a request"),
    "purpose.complaint": _("a complaint or a question of yours"),
    "purpose.court": _("a court, the prosecution or another authority asked for it"),
    "purpose.record": _("check of what is on file before it is corrected"),
    "purpose.photo": _("check of the copy of a photo before it is shown"),
    "purpose.misuse": _("check whether reports are misused"),
    "purpose.audit": _("audit"),
}
OTHER_ROLE, OTHER_REASON = _("Employee"), _("work on a matter of yours")


@dataclass(frozen=True)
class AccessEntry:
    """One access. `office` is the branch of the viewer then, in both languages (empty without one), `subject` the key of what was read."""

    number: int  # primary key, for keyset pages
    at: dt.datetime
    role: Text
    reason: Text
    office: dict[str, str]
    subject: str

    @property
    def case(self) -> str:
        """The public id of the case that was read, for a link; empty for another subject."""
        kind, _colon, public_id = self.subject.partition(":")
        return public_id if kind == "case" else ""


def _offices(codes: set[str]) -> dict[str, dict[str, str]]:
    """The names of branches, by code."""
    rows = Branch.objects.filter(pk__in=codes).values_list("pk", "name_ar", "name_en")
    return {code: {"name_ar": ar, "name_en": en} for code, ar, en in rows}


def access_entries(rows: Sequence[AccessLogEntry]) -> list[AccessEntry]:
    """Rows of the access log as the person reads them; one query."""
    offices = _offices({row.viewer_branch for row in rows}) if rows else {}
    return [
        AccessEntry(
            row.pk,
            row.at,
            ROLES.get(row.viewer_role, OTHER_ROLE),
            REASONS.get(row.purpose, OTHER_REASON),
            offices.get(row.viewer_branch, {"name_ar": "", "name_en": ""}),
            row.subject,
        )
        for row in rows
    ]
