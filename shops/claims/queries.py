"""Queries of claims."""

from __future__ import annotations

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from municipality.cases.models import Case
from municipality.cases.timeline import TIMELINES, label
from municipality.review import queries as review
from municipality.review.registry import Item
from municipality.ui.templatetags.portal import ref
from municipality.uploads import queries as uploads
from municipality.uploads.registry import Slot
from municipality.uploads.states import UploadState
from shops.claims.states import ClaimState
from shops.models import Claim, Shop
from shops.registry import FOLLOWING

SLOTS = {
    "ownership": Slot(
        "ownership",
        _("Document that shows that the shop is yours"),
        _("Contract of sale, court decision, or extract of the register."),
        most=4,
    ),
    "commercial_licence": Slot("commercial_licence", _("Commercial licence"), _("The present one, with the name of its owner."), most=2),
}


def claim_of(case: Case) -> Claim:
    """The claim of a case with its shop and holder. Raises Claim.DoesNotExist for another case."""
    return Claim.objects.select_related(
        "shop__branch", "shop__area", "shop__activity", "organisation", "holder", "holder_organisation", "case__applicant", "refusal"
    ).get(case=case)


def open_claim(shop: Shop) -> Claim | None:
    """The claim to a shop that is not ended: with an officer, or granted by the register and still within its days to dispute it."""
    return Claim.objects.filter(shop=shop, case__is_open=True).select_related("case").first()


def requested_slots(case: Case) -> list[str]:
    """The documents that the open round of corrections asks for."""
    correction_round = review.open_round(case) if case.state == ClaimState.CORRECTIONS else None
    return list(dict.fromkeys(item.target for item in correction_round.items.all() if item.target in SLOTS)) if correction_round else []


def missing_documents(case: Case) -> list[str]:
    """The requested slots without a new accepted file."""
    correction_round, claim = review.open_round(case), claim_of(case)
    if correction_round is None:
        return []
    missing = []
    for slot in requested_slots(case):
        rows = list(uploads.of(claim.files_key, slot))
        if not any(row.state == UploadState.READY and row.created_at > correction_round.asked_at for row in rows) or any(
            row.state in (UploadState.CHECKING, UploadState.RECEIVING) for row in rows
        ):
            missing.append(slot)
    return missing


def following(case: Case, shop: Shop) -> list[Item]:
    """What follows a shop to another holder, for whoever decides: its other open requests, and what `registry.FOLLOWING` names."""
    others = Case.objects.filter(subject=shop.key, service__in=list(TIMELINES), is_open=True).exclude(pk=case.pk)
    requests = [format_html("{} {} ({})", ref(one.reference), TIMELINES[one.service].name, label(one)[1]) for one in others.order_by("pk")]
    rest = [text for found in FOLLOWING.values() for text in found(shop)]
    return [
        _lines("open_requests", gettext("Open requests of the shop"), requests),
        _lines("open_violations", gettext("Violations of the shop that have not ended"), rest),
    ]


def _lines(name: str, title: str, lines: list[SafeString]) -> Item:
    value = format_html_join(SafeString("<br>"), "{}", ((line,) for line in lines)) or gettext("none")
    return Item(name, title, value, may_correct=False, mark=str(value))
