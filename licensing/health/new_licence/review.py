"""A request for a new licence on the officer's desk: the facts with the zoning answer, and the files by slot."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Q
from django.utils.html import format_html
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from licensing.health.new_licence import queries
from licensing.health.new_licence.documents import address
from licensing.health.new_licence.notifications import LocationApproved
from licensing.health.new_licence.places import place_of_request
from licensing.health.new_licence.services import approval
from licensing.health.new_licence.states import NEW_LICENCE
from licensing.models import NewLicence
from municipality.accounts.models import User
from municipality.accounts.queries import signatories_of
from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.delegation.organisations import key_of as organisation_key
from municipality.kernel import clock, request_cache
from municipality.review import asked_files
from municipality.review.registry import Item, Reviewable
from municipality.ui.templatetags.portal import bilingual, ltr, term
from municipality.ui.texts import Text
from zoning.answer.places import kept

SKILL = "health"
EVIDENCE = {
    "location_allows": ("activity", "zoning"),
    "drawing_matches": ("area_m2",),
    "address_matches": ("address", "paci_number"),
}
LEADS_TO = {"tenure_valid": ("tenure",), "drawing_matches": ("drawing",), "address_matches": ("tenure", "place")}


def _request(case: Case) -> NewLicence:
    return request_cache.get_or_set(("licensing.new_licence", case.pk), lambda: queries.request_of(case))


def items(case: Case) -> list[Item]:
    """The facts as they were declared, zoning's answer below the address, and the files."""
    request = _request(case)
    language = 0 if get_language() == "ar" else 1
    manager = format_html("{} ({})", term(bilingual(request, "manager_name")), ltr(request.manager_civil_id_masked))
    ends = _("with the commercial licence") if request.ends_with_commercial else _("after the usual period")
    facts: list[tuple[str, Text, Text]] = [
        ("trade_name", _("Trade name"), term(bilingual(request, "name"))),
        ("activity", _("Activity"), bilingual(request.activity, "name")),
        ("area_m2", _("Size in square metres"), ltr(request.area_m2)),
        ("paci_number", _("PACI number"), ltr(request.paci_number)),
        ("ends", _("Ends"), ends),
        ("zoning", _("Zoning answer when it was sent"), kept(request.zoning_answer).state),
    ]
    found = [
        Item(name, label, value, source=asked_files.DECLARED, at=request.declared_at, may_correct=False) for name, label, value in facts
    ]
    place = Item(
        "address",
        _("Address"),
        term(address(request)[language]),
        source=asked_files.DECLARED,
        at=request.declared_at,
        may_correct=False,
        template="licensing/changes/_place_of_desk.html",
        found=place_of_request(request),
    )
    person = Item(
        "manager",
        _("Manager in charge"),
        manager,
        source=asked_files.DECLARED,
        at=request.declared_at,
        may_correct=False,
        is_personal=True,
    )
    files = asked_files.items(request.files_key, queries.SLOTS, queries.slots(queries.edition_of(case, queries.FILES)))
    return [*found, place, person, *files]


def flags(case: Case) -> list[str]:
    """What zoning said on the day of the request, and what follows for the decision where it did not permit the activity."""
    request = _request(case)
    text = _("Zoning said on the day of the request: %(answer)s.") % {"answer": kept(request.zoning_answer).state}
    if not request.against_zoning:
        return [text]
    return [text, _("You decide. An approval against this answer takes effect with a second signature.")]


def parties(case: Case) -> list[tuple[str, str]]:
    """Who applied and acted, who is to hold the licence, and the manager."""
    request = _request(case)
    found = [("applicant", case.applicant.key)]
    found += [(role, key) for role, key in cases.acting_roles(case) if key != case.applicant.key]
    if request.organisation is not None:
        found.append(("licensee", organisation_key(request.organisation)))
        found += [("signatory", person.key) for person in signatories_of(request.organisation) if person != case.applicant]
    manager = User.objects.filter(civil_id_digest=request.manager_civil_id_digest).first()
    return found + ([("manager", manager.key)] if manager is not None else [])


def same_activity(case: Case) -> Q:
    """The requests for new licences for the activity of this one."""
    return Q(pk__in=NewLicence.objects.filter(activity=_request(case).activity_id).values("case"))


def _enter_by(case: Case) -> dict[str, Any]:
    """The last day of an approval of today."""
    return {"enter_by": clock.today() + dt.timedelta(days=queries.limit(case, "location_days"))}


REVIEWED = Reviewable(
    service=NEW_LICENCE,
    skill=SKILL,
    replies="replies.new_licence",
    checks="checks.new_licence",
    limits=queries.STUDY,
    items=items,
    flags=flags,
    parties=parties,
    related=lambda case: [],
    accepted=approval.accepted,
    refused=approval.refused,
    is_blind_until_decided=True,
    second_signature=approval.second_signature,
    accepted_message=LocationApproved,
    message_context=_enter_by,
    approved=("trade_name", "activity", "area_m2", "address"),
    same_activity=same_activity,
    compares=False,
    evidence=EVIDENCE,
    leads_to=LEADS_TO,
    files_check="files_complete",
)
