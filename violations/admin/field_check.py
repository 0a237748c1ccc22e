"""What an inspector is shown before a violation report is issued: against whom, for what, how much; or why it cannot be issued."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from municipality.accounts.models import User
from municipality.fieldwork import device
from municipality.kernel.errors import Refused
from municipality.places.models import Area
from municipality.ui.names import name_field
from municipality.ui.templatetags.portal import bilingual
from municipality.ui.texts import Text
from shops.models import Shop
from violations import parties, queries, units
from violations.field_forms import ViolationReportForm
from violations.models import Team, Violation
from violations.services import assessments, conflicts
from violations.services.assessments import Findings

PHOTOS, SIGNATURE = "photos", "signature"  # the fields of files
FACTS = "admin/violations/check_facts.html"


@dataclass(frozen=True)
class Found:
    """The context of `FACTS`, and the value that confirms it; or the refusal for which nothing can be issued."""

    facts: dict[str, Any]
    confirmed: str = ""
    refusal: Refused | None = None


def look(inspector: User, form: ViolationReportForm, *, taken: Mapping[str, int] | None = None) -> Found:
    """What a valid form would record; writes nothing. `taken`: how many photos the device holds by field, None where that is not known."""
    findings = form.findings()
    party = parties.party(findings.shop, name_ar=findings.party_name_ar, has_civil_id=bool(findings.civil_id))
    where = parties.place(findings.area, block=findings.block, street=findings.street, note=findings.place_note, shop=findings.shop)
    facts: dict[str, Any] = {
        "findings": findings,
        "shop": findings.shop,
        "offence": form.offences.get(findings.offence),
        "party": parties.in_both(party),
        "place": parties.in_both(where),
    }
    try:
        conflicts.refuse_findings(inspector, findings)
        assessment = assessments.assess(inspector=inspector, findings=findings)
    except Refused as refusal:
        return stopped(refusal, facts, findings)
    amount = assessment.amount
    if amount is not None and amount.fils != amount.rate_fils:  # else the computation is the amount once more
        facts["formula"] = parties.in_both(assessments.formula(amount, assessment.offence.unit))
    facts |= {"assessment": assessment, "is_reachable": _is_reachable(assessment.party, findings), "taken": taken}
    facts["kept"] = len(form.kept_photos)
    facts["signed"] = dict(form.fields["signed"].choices).get(findings.signed, "")  # type: ignore[attr-defined]
    facts["measured"] = units.measure(assessment.offence.unit, assessment.facts.quantity_hundredths, assessment.facts.months)
    facts["annul_hours"] = queries.limits().get("writer_annuls_hours", 0)
    return Found(facts, assessments.confirmation(assessment, inspector=inspector, findings=findings))


def stopped(refusal: Refused, facts: dict[str, Any] | None = None, findings: Findings | None = None) -> Found:
    """A stop, with what can be done instead."""
    public_id = str(refusal.facts.get("public_id", ""))
    url = reverse("admin:field_violation", args=[public_id]) if public_id else ""
    shop, area = (findings.shop, findings.area) if findings is not None else (None, None)
    return Found({**(facts or {}), "refusal": refusal, "way": way_on(refusal.code, shop, area), "same_url": url}, refusal=refusal)


def taken_by(sent: QueryDict) -> dict[str, int]:
    """How many photos a device says that it holds, by field (`fieldwork.device`)."""
    return {field: len(sent.getlist(f"{field}_taken")) for field in (PHOTOS, SIGNATURE)}


def device_check(found: Found) -> device.VisitCheck:
    return device.VisitCheck(render_to_string(FACTS, found.facts), found.confirmed, found.refusal)


def _is_reachable(party: User | None, findings: Findings) -> bool:
    """Whether the portal knows somebody to send the message to."""
    if findings.shop is None:
        return party is not None
    return bool(queries.people_of(Violation(shop=findings.shop)))


def way_on(code: str, shop: Shop | None, area: Area | None = None) -> Text:
    """What an inspector can do instead of what was refused with a code."""
    if code == "womens_team" and shop is not None:
        teams = list(Team.objects.filter(branch=shop.branch_id, is_womens=True).order_by("code").values_list(name_field(), flat=True))
        if teams:
            return _("Do not go in. Hand the visit over to: %(teams)s.") % {"teams": _(", ").join(teams)}
        return _("Do not go in. Your branch has no team of women; tell your supervisor.")
    if code == "other_branch":
        branch = shop.branch if shop is not None else area.governorate.branch if area is not None else None
        return _("It belongs to: %(branch)s. Tell that branch what you saw, or correct the number.") % {
            "branch": bilingual(branch, "name") if branch is not None else ""
        }
    if code == "warrant_ended":
        return _("Tell your supervisor. What is saved on this device stays on it until a new decision or until you remove it.")
    return ""
