"""A claim on the officer's desk: claimant and ground, holder, the registered owner, and the documents."""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from municipality.accounts.queries import signatories_of
from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.kernel import clock, request_cache
from municipality.notifications.models import Message
from municipality.review.registry import Item, Reviewable
from municipality.ui.dates import day_text
from municipality.uploads import queries as uploads
from municipality.uploads.states import UploadState
from shops.claims import matching, queries, services
from shops.claims.notifications import ClaimApproved, ShopClaimed
from shops.claims.parties import holders, key_of
from shops.claims.states import CLAIM
from shops.commercial_register import queries as commercial_queries
from shops.models import Claim, ClaimGround

DECLARED = gettext_lazy("declared by the applicant")
REGISTER = gettext_lazy("commercial register")


def _claim(case: Case) -> Claim:
    return request_cache.get_or_set(("shops.claim", case.pk), lambda: queries.claim_of(case))


def items(case: Case) -> list[Item]:
    """Both sides, the shop, their statements, and the documents by slot. No contact details."""
    claim = _claim(case)
    shop, number = claim.shop, 0 if get_language() == "ar" else 1
    holder: Any = claim.holder or claim.holder_organisation
    claimant: Any = claim.organisation or case.applicant
    matched = matching.matches(claimant, shop)
    as_of = request_cache.get_or_set(("shops.as_of", shop.pk), lambda: commercial_queries.as_of(shop))
    facts = (
        ("shop", _("Shop"), (shop.name_ar, shop.name_en)[number], REGISTER, as_of),
        ("commercial_license", _("Commercial licence"), shop.commercial_license_no, REGISTER, as_of),
        ("claimant", _("Claimant"), (claimant.name_ar, claimant.name_en)[number], DECLARED, case.opened_at),
        (
            "sent_by",
            _("Sent by"),
            (case.applicant.name_ar, case.applicant.name_en)[number] if claim.organisation else "",
            DECLARED,
            case.opened_at,
        ),
        ("holder", _("Present holder"), (holder.name_ar, holder.name_en)[number], REGISTER, as_of),
        ("matched", _("The register names the claimant as owner"), _("yes") if matched else _("no"), REGISTER, as_of),
        ("statement", _("Statement of the claimant"), claim.statement, DECLARED, case.opened_at),
        ("told", _("The holder was told"), _told(claim), gettext_lazy("messages of the portal"), case.opened_at),
        ("dispute", _("Statement of the holder"), claim.dispute, gettext_lazy("declared by the holder"), claim.disputed_at),
    )
    result = [
        Item(name, title, value, source=source, at=at, may_correct=False, mark=str(value))
        for name, title, value, source, at in facts
        if value
    ]
    result += queries.following(case, shop)
    for code, slot in queries.SLOTS.items():
        rows = list(uploads.of(claim.files_key, code).filter(state=UploadState.READY)) if claim.files_key else []
        may_ask = bool(claim.files_key)
        mark = ",".join(row.sha256[:16] for row in rows)
        at = rows[-1].created_at if rows else None
        result.append(Item(code, slot.label, source=DECLARED, at=at, is_file=True, files=rows, may_correct=may_ask, mark=mark))
    return result


def _told(claim: Claim) -> str:
    """When the holder was told, and until when an answer is waited for."""
    told = Message.objects.filter(kind=ShopClaimed.kind, subject_key=claim.case.key, person__in=holders(claim)).order_by("-pk").first()
    if told is None:
        return _("nobody: the holder has no signatory today")
    if claim.is_disputed or claim.dispute_until is None:
        return day_text(clock.day_of(told.created_at))
    days = {"told": day_text(clock.day_of(told.created_at)), "until": day_text(claim.dispute_until)}
    return _("%(told)s; can answer until %(until)s") % days


def flags(case: Case) -> list[str]:
    claim = _claim(case)
    sentences = []
    if claim.is_disputed:
        sentences.append(_("The holder disputes the claim. It is frozen, and the services of the shop wait for the decision."))
    if claim.ground == ClaimGround.DOCUMENTS:
        if matching.matches(claim.organisation or case.applicant, claim.shop):
            sentences.append(
                _(
                    "The commercial register names the claimant, but the shop passed to another holder after its statement, or an earlier"
                    " claim was disputed or refused."
                )
            )
        else:
            sentences.append(_("The commercial register does not name the claimant."))
    return sentences


def parties(case: Case) -> list[tuple[str, str]]:
    claim = queries.claim_of(case)
    result = [("applicant", case.applicant.key), ("shop", claim.shop.key)]
    result += [(role, key) for role, key in cases.acting_roles(case) if key != case.applicant.key]
    if claim.organisation is not None:
        result.append(("organisation", key_of(claim.organisation)))
        result += [("signatory", person.key) for person in signatories_of(claim.organisation) if person.pk != case.applicant_id]
    result += [("holder", person.key) for person in holders(claim)]
    if claim.holder_organisation is not None:
        result.append(("licensee", key_of(claim.holder_organisation)))
    return result


def related(case: Case) -> list[tuple[Any, str]]:
    """Empty: the page of the case lists the other cases of the shop (`municipality.review.linked`)."""
    return []


REVIEWED = Reviewable(
    service=CLAIM,
    skill="claims",
    replies="replies.claim",
    checks="checks.claim",
    limits="limits.review",
    items=items,
    flags=flags,
    parties=parties,
    related=related,
    accepted=services.accepted,
    refused=services.refused,
    second_signature=services.second_signature,
    accepted_message=ClaimApproved,
    accepted_label=gettext_lazy("Claim granted"),
    evidence={"ownership_shown": ("matched", "statement"), "holder_heard": ("told", "dispute")},
    compares=False,
)
