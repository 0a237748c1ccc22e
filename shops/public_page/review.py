"""Corrections and replies on the officer's desk."""

from __future__ import annotations

from html import unescape
from typing import Any

from django.utils.html import format_html_join, strip_tags
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.cases.timeline import TIMELINES, label
from municipality.notifications.texts import Bilingual
from municipality.review.registry import Item, Reviewable
from municipality.ui.templatetags.portal import bilingual, term
from municipality.ui.texts import Text, both
from shops.commercial_register import queries as commercial_queries
from shops.models import PageFact, Shop
from shops.public_page import facts, services
from shops.public_page import queries as page_queries
from shops.public_page.notifications import CorrectionMade
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
            compare=_("The commercial register holds the name:") if row.fact == PageFact.TRADE_NAME else "",
            compare_value=_stated_name(row.shop) if row.fact == PageFact.TRADE_NAME else "",
        ),
        Item("why", _("Why"), term(row.why), source=DECLARED, at=case.opened_at, may_correct=False, mark=row.why),
    ]


def _stated_name(shop: Shop) -> Text:
    """The trade name as the commercial register stated it last, or that it stated none."""
    stated = commercial_queries.stated(shop.commercial_license_no)
    names = [name for name in (stated.name_ar, stated.name_en) if name] if stated is not None else []
    return format_html_join(" · ", "{}", [(term(name),) for name in names]) if names else _("none of this shop")


def corrected_context(case: Case) -> dict[str, Any]:
    """What an approval writes to the register, for its message."""
    row = page_queries.correction_of(case)
    value = both(lambda: unescape(strip_tags(str(facts.display(row.fact, row.proposed)))))
    return {"shop": row.shop, "fact": Bilingual(*both(row.get_fact_display)), "value": Bilingual(*value)}


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
    sentences = [_("An approval changes the public register at once. Refuse anything for which there is no evidence.")]
    if facts.read(row.shop, row.fact) != row.before:
        sentences.append(_("The register changed since this was asked for."))
    return sentences


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
    accepted_message=CorrectionMade,
    message_context=corrected_context,
    refused=services.leave_unchanged,
    is_blind_until_decided=True,
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
    is_blind_until_decided=True,
    compares=False,
)
