"""Corrections and replies on the officer's desk."""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.cases.timeline import TIMELINES, label
from municipality.review.registry import Item, Reviewable
from municipality.ui.templatetags.portal import bilingual, term
from shops.models import PageFact, Shop
from shops.public_page import facts, services
from shops.public_page import queries as page_queries
from shops.public_page.states import CORRECTION, REPLY
from shops.register import queries
from shops.registry import finding_of

DECLARED = gettext_lazy("declared by the applicant")
REGISTER = gettext_lazy("register of shops")
SKILL = "pages"


def _shop(shop: Shop) -> Item:
    number = 0 if get_language() == "ar" else 1
    name = (shop.name_ar, shop.name_en or shop.name_ar)[number]
    return Item("shop", _("Shop"), name, source=REGISTER, at=shop.facts_at, may_correct=False, mark=name)


def correction_items(case: Case) -> list[Item]:
    """The shop, the fact now and as proposed, and why."""
    row = page_queries.correction_of(case)
    current, proposed = facts.display(row.fact, facts.read(row.shop, row.fact)), facts.display(row.fact, row.proposed)
    return [
        _shop(row.shop),
        Item(
            "fact",
            row.get_fact_display(),
            proposed,
            before=current,
            source=DECLARED,
            at=case.opened_at,
            may_correct=False,
            mark=str(row.proposed),
        ),
        Item("why", _("Why"), term(row.why), source=DECLARED, at=case.opened_at, may_correct=False, mark=row.why),
    ]


def reply_items(case: Case) -> list[Item]:
    """The shop, the finding as published, and the reply."""
    row = page_queries.reply_of(case)
    published = finding_of(row.finding)
    about = [bilingual(published, "name"), published.standing] if published is not None else [_("not on the page any more")]
    at = case.opened_at
    finding = " · ".join(map(str, about))
    return [
        _shop(row.shop),
        Item("finding", _("Finding"), finding, source=gettext_lazy("page of the shop"), at=at, may_correct=False, mark=finding),
        Item("reply", _("Reply"), term(row.text), source=gettext_lazy("declared by the holder"), at=at, may_correct=False, mark=row.text),
    ]


def correction_flags(case: Case) -> list[str]:
    row = page_queries.correction_of(case)
    if facts.read(row.shop, row.fact) != row.before:
        return [_("The register changed since this was asked for.")]
    return []


def reply_flags(case: Case) -> list[str]:
    found = finding_of(page_queries.reply_of(case).finding)
    return [] if found is not None else [_("The finding is not on the page any more.")]


def _parties(case: Case, shop: Shop) -> list[tuple[str, str]]:
    result = [("applicant", case.applicant.key), ("shop", shop.key)]
    result += [(role, key) for role, key in cases.acting_roles(case) if key != case.applicant.key]
    row = Shop.objects.select_related("owner", "organisation").get(pk=shop.pk)
    return result + [("holder", person.key) for person in queries.owners(row) if person.pk != case.applicant_id]


def _related(case: Case, shop: Shop) -> list[tuple[Any, str]]:
    keys = [shop.key, *(services.subject_of(shop, fact) for fact in PageFact)]
    others = Case.objects.filter(subject__in=[*keys, case.subject]).exclude(pk=case.pk).order_by("-pk")[:20]
    return [(f"{other.reference}: {label(other)[1]}", "") for other in others if other.service in TIMELINES]


CORRECTIONS = Reviewable(
    service=CORRECTION,
    skill=SKILL,
    replies="replies.correction",
    checks="checks.correction",
    limits=services.LIMITS[CORRECTION],
    items=correction_items,
    flags=correction_flags,
    parties=lambda case: _parties(case, page_queries.correction_of(case).shop),
    related=lambda case: _related(case, page_queries.correction_of(case).shop),
    accepted=services.corrected,
    refused=services.leave_unchanged,
)
REPLIES = Reviewable(
    service=REPLY,
    skill=SKILL,
    replies="replies.reply",
    checks="checks.reply",
    limits=services.LIMITS[REPLY],
    items=reply_items,
    flags=reply_flags,
    parties=lambda case: _parties(case, page_queries.reply_of(case).shop),
    related=lambda case: _related(case, page_queries.reply_of(case).shop),
    accepted=services.published,
    refused=services.leave_unchanged,
    compares=False,
)
