"""What staff read in place of the code of a subject of the rulebook, and who licenses an activity."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from municipality.rulebook.models import Authority
from municipality.rulebook.queries import words_of_reason
from municipality.ui.code_labels import CODE_LABELS, label_codes, label_of
from municipality.ui.templatetags.portal import bilingual


def licensed_by(authority: str) -> Any:
    """Tag of a shop whose activity another authority licenses."""
    return _("Licensed by PAFN") if authority == Authority.PAFN else _("Licensed by another authority")


def label_of_reason(code: str, stamps: Collection[str] = ()) -> SafeString | str:
    """The words of a coded reason: of the edition of a case with these stamps, or as an app labels it; else the code."""
    words = words_of_reason(code, stamps) if code and (stamps or code not in CODE_LABELS) else None
    return format_html("{}", bilingual(words, "label")) if words else label_of(code)


label_codes(
    {
        "fees.health": _("Fees of the health licence"),
        "limits.health": _("Limits of the health licence"),
        "reminders.health": _("Reminders of the health licence"),
        "conditions.health": _("Conditions of the health licence"),
        "names.trades": _("What people call a trade"),
        "calendar": _("Calendar of working days"),
        "checks.claim": _("Checklist of claims of shops"),
        "checks.correction": _("Checklist of corrections of a shop’s page"),
        "checks.health": _("Checklist of the health licence"),
        "checks.reply": _("Checklist of replies to a finding"),
        "checks.violations": _("Checklist of objections"),
        "checks.new_licence": _("Checklist of the approval of a location"),
        "files.new_licence": _("Files of the new health licence"),
        "limits.new_licence": _("Periods of the new health licence"),
        "replies.new_licence": _("Reply texts of the new health licence"),
        "files.health": _("Files of the health licence"),
        "limits.claims": _("Limits of claims of shops"),
        "limits.contest": _("Limits of contests of layers"),
        "limits.commercial": _("Limits of the commercial register"),
        "limits.delegation": _("Limits of delegations"),
        "limits.publication": _("Limits of what is published of violations"),
        "limits.reply": _("Limits of replies to a finding"),
        "limits.review": _("Limits of the study of requests"),
        "limits.violations": _("Limits of violations"),
        "offences.municipal": _("Catalogue of offences"),
        "replies.claim": _("Reply texts of claims of shops"),
        "replies.commercial": _("Reply texts of the commercial register"),
        "replies.correction": _("Reply texts of corrections of a shop’s page"),
        "replies.health": _("Reply texts of the health licence"),
        "replies.money": _("Reply texts of refunds and differences"),
        "replies.reply": _("Reply texts of replies to a finding"),
        "replies.violations": _("Reply texts of violations"),
        "checks.appeal": _("Checklist of appeals"),
        "limits.appeal": _("Limits of appeals"),
        "replies.appeal": _("Reply texts of appeals"),
        "checks.opinion": _("Checklist of zoning opinions"),
        "checks.opinion_objection": _("Checklist of objections to opinions"),
        "fees.opinion": _("Fees of zoning opinions"),
        "files.opinion": _("Documents of zoning opinions"),
        "limits.opinion": _("Limits of zoning opinions"),
        "limits.opinion_objection": _("Limits of objections to opinions"),
        "replies.opinion": _("Reply texts of zoning opinions"),
        "replies.opinion_objection": _("Reply texts of objections to opinions"),
        "fees.boards": _("Fees of advertisement boards"),
        "checks.boards": _("Checklist of advertisement boards"),
        "files.boards": _("Files of advertisement boards"),
        "limits.board_renewals": _("Periods of renewals of boards"),
        "limits.boards": _("Limits of advertisement boards"),
        "replies.boards": _("Reply texts of advertisement boards"),
        "rules.boards": _("Rules of advertisement boards"),
        "categories.reports": _("Categories of reports"),
        "limits.reports": _("Limits of reports"),
        "replies.reports": _("Results and reasons of reports"),
        "limits.incidents": _("Limits of incidents"),
        "limits.workers": _("Limits of workers’ health certificates"),
        "checks.inspection": _("Checklist of inspections"),
        "limits.inspections": _("Periods of inspections"),
        "limits.measures": _("Limits of measures against shops"),
        "replies.measures": _("Reasons of measures against shops"),
        "replies.inspection": _("Reasons for moving an inspection"),
        "zoning.bodies": _("Bodies consulted on zoning opinions"),
        "zoning.uses": _("Uses of land, building limits and distances"),
    }
)
