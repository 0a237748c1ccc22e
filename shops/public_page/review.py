"""What the desk is told about a correction and about a reply."""

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
    """The shop, the fact as it is in the register now and as it is said to be, and why."""
    row = page_queries.correction_of(case)
    now, wanted = facts.said(row.fact, facts.read(row.shop, row.fact)), facts.said(row.fact, row.proposed)
    return [
        _shop(row.shop),
        Item(
            "fact",
            row.get_fact_display(),
            wanted,
            before=now,
            source=DECLARED,
            at=case.opened_at,
            may_correct=False,
            mark=str(row.proposed),
        ),
        Item("why", _("Why"), term(row.why), source=DECLARED, at=case.opened_at, may_correct=False, mark=row.why),
    ]


def reply_items(case: Case) -> list[Item]:
    """The shop, the finding as the page shows it, and the reply word for word."""
    row = page_queries.reply_of(case)
    found = finding_of(row.finding)
    about = [bilingual(found, "name"), found.standing] if found is not None else [_("not on the page any more")]
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
    found = [("applicant", case.applicant.key), ("shop", shop.key)]
    found += [(role, key) for role, key in cases.acting_roles(case) if key != case.applicant.key]
    whole = Shop.objects.select_related("owner", "organisation").get(pk=shop.pk)
    return found + [("holder", person.key) for person in queries.owners(whole) if person.pk != case.applicant_id]


def correction_parties(case: Case) -> list[tuple[str, str]]:
    return _parties(case, page_queries.correction_of(case).shop)


def reply_parties(case: Case) -> list[tuple[str, str]]:
    return _parties(case, page_queries.reply_of(case).shop)


def _related(case: Case, shop: Shop) -> list[tuple[Any, str]]:
    keys = [shop.key, *(services.subject_of(shop, fact) for fact in PageFact)]
    others = Case.objects.filter(subject__in=[*keys, case.subject]).exclude(pk=case.pk).order_by("-pk")[:20]
    return [(f"{other.reference}: {label(other)[1]}", "") for other in others if other.service in TIMELINES]


def correction_related(case: Case) -> list[tuple[Any, str]]:
    return _related(case, page_queries.correction_of(case).shop)


def reply_related(case: Case) -> list[tuple[Any, str]]:
    return _related(case, page_queries.reply_of(case).shop)


CORRECTIONS = Reviewable(
    service=CORRECTION,
    skill=SKILL,
    replies="replies.correction",
    checks="checks.correction",
    limits=services.LIMITS[CORRECTION],
    items=correction_items,
    flags=correction_flags,
    parties=correction_parties,
    related=correction_related,
    accepted=services.corrected,
    refused=services.nothing,
)
REPLIES = Reviewable(
    service=REPLY,
    skill=SKILL,
    replies="replies.reply",
    checks="checks.reply",
    limits=services.LIMITS[REPLY],
    items=reply_items,
    flags=reply_flags,
    parties=reply_parties,
    related=reply_related,
    accepted=services.published,
    refused=services.nothing,
)
