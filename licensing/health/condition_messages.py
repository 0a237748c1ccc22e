"""Each condition of a renewal as a message, with links to what can be done when it is not met."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from licensing.health.rules import Condition
from municipality.cases.models import Case
from municipality.rulebook.models import Authority
from municipality.ui.templatetags.portal import bilingual
from shops.models import Shop

FIELDS = {
    "name_ar": lambda: _("Arabic trade name"),
    "name_en": lambda: _("English trade name"),
    "activity": lambda: _("activity"),
    "area": lambda: _("area"),
    "block": lambda: _("block"),
    "street": lambda: _("street"),
    "building": lambda: _("building"),
    "plot": lambda: _("plot"),
    "unit": lambda: _("unit"),
    "paci_number": lambda: _("PACI number"),
    "area_m2": lambda: _("area in square metres"),
    "manager_name_ar": lambda: _("manager’s Arabic name"),
    "manager_name_en": lambda: _("manager’s English name"),
}


@dataclass(frozen=True)
class ConditionLink:
    label: str
    url: str


@dataclass(frozen=True)
class ConditionMessage:
    """The context of one condition in `components/tasks.html`."""

    is_met: bool
    title: str
    detail: str = ""
    ways: list[ConditionLink] = field(default_factory=list)


def _with_hotline(**more: Any) -> dict[str, Any]:
    return {"hotline": settings.MUNICIPALITY_PHONE, **more}


def _phone_link() -> ConditionLink:
    return ConditionLink(_("Call %(hotline)s") % _with_hotline(), f"tel:{settings.MUNICIPALITY_PHONE}")


def _pafn_links() -> list[ConditionLink]:
    """The authority's own page where the setting PAFN_URL names it, and My shops."""
    shops_link = ConditionLink(_("Back to my shops"), reverse("shops:mine"))
    return (
        [ConditionLink(_("To the Public Authority for Food and Nutrition"), settings.PAFN_URL), shops_link]
        if settings.PAFN_URL
        else [shops_link]
    )


Parts = tuple[str, str, list[ConditionLink]]  # title, detail, links


def _day(day: dt.date) -> str:
    return date_format(day, "DATE_FORMAT")


def condition_message(condition: Condition, *, shop: Shop, open_case: Case | None) -> ConditionMessage:
    """The message of one condition in the active language. `open_case` is the open renewal, if the reader may see it."""
    title, detail, ways = _MESSAGES[condition.code](condition, shop, open_case)
    return ConditionMessage(condition.is_met, title, detail, [] if condition.is_met else ways)


def _authority(c: Condition, shop: Shop, case: Case | None) -> Parts:
    if c.is_met:
        return _("The activity is licensed by the Municipality"), "", []
    if c.facts["authority"] == Authority.PAFN:
        return (
            _("This activity is licensed by the Public Authority for Food and Nutrition"),
            _(
                "Since 2018 the Authority has licensed food shops, not the Municipality. Apply to the Authority for "
                "a new licence or a renewal, with the shop's commercial licence. It sets its own fee and conditions. "
                "There is nothing to pay here."
            ),
            _pafn_links(),
        )
    return (
        _("This activity is licensed by another body"),
        _("Call %(hotline)s to find out which one. There is nothing to pay here.") % _with_hotline(),
        [_phone_link(), ConditionLink(_("Back to my shops"), reverse("shops:mine"))],
    )


def _shop_open(c: Condition, shop: Shop, case: Case | None) -> Parts:
    if c.is_met:
        return _("The shop is open in the register"), "", []
    return (
        _("The shop is closed in the register"),
        _(
            "A closed shop has no licence to renew. If the register is wrong, the branch of your governorate can "
            "correct it: call %(hotline)s."
        )
        % _with_hotline(),
        [],
    )


def _in_force(c: Condition, shop: Shop, case: Case | None) -> Parts:
    if c.is_met:
        return _("The shop has a health licence"), "", []
    texts = {
        "suspended": (
            _("The licence is suspended"),
            _("The suspension notice gives the reason. The suspension must be lifted before you can renew: call %(hotline)s.")
            % _with_hotline(),
        ),
        "revoked": (
            _("The licence is revoked"),
            _("A revoked licence cannot be renewed. Apply for a new licence at the branch of your governorate."),
        ),
        "superseded": (_("The licence is superseded"), _("A newer licence exists for this shop. Renew that one.")),
    }
    title, detail = texts.get(
        c.facts["state"],
        (
            _("No health licence is on file for this shop"),
            _("A first licence is issued by the branch of the governorate; call %(hotline)s.") % _with_hotline(),
        ),
    )
    return title, detail, []


def _not_renewed(c: Condition, shop: Shop, case: Case | None) -> Parts:
    return (
        _("The licence has already been renewed"),
        _("The new licence is valid until %(day)s. You can renew it when its renewal window opens.") % {"day": _day(c.facts["last_day"])},
        [ConditionLink(_("My requests and documents"), reverse("cases:mine"))],
    )


def _in_time(c: Condition, shop: Shop, case: Case | None) -> Parts:
    title = _("The licence ended on %(day)s") % {"day": _day(c.facts["last_day"])}
    if c.is_met:
        return (
            title,
            _("It can still be renewed here until %(day)s, with the surcharge below. After that an officer decides.")
            % {"day": _day(c.facts["until"])},
            [],
        )
    return (
        title,
        _("The time for late renewal ended on %(day)s. An officer decides; the surcharge below is due if the renewal is approved.")
        % {"day": _day(c.facts["until"])},
        [_officer_link(shop)],
    )


def _officer_link(shop: Shop) -> ConditionLink:
    return ConditionLink(_("Send it to an officer"), reverse("licensing:changes", args=[shop.public_id]))


def _no_flag(c: Condition, shop: Shop, case: Case | None) -> Parts:
    index = 0 if get_language() == "ar" else 1
    return _("An officer must review this shop"), " ".join(pair[index] for pair in c.facts["sentences"]), [_officer_link(shop)]


def _in_window(c: Condition, shop: Shop, case: Case | None) -> Parts:
    if c.is_met:
        return (
            _("The renewal window is open"),
            _("The licence is valid until %(day)s. You lose no days by renewing now.") % {"day": _day(c.facts["last_day"])},
            [],
        )
    return (
        _("The renewal window opens on %(day)s") % {"day": _day(c.facts["opens"])},
        _("The licence is valid until %(day)s.") % {"day": _day(c.facts["last_day"])},
        [ConditionLink(_("Back to my shops"), reverse("shops:mine"))],
    )


def _no_open_case(c: Condition, shop: Shop, case: Case | None) -> Parts:
    if c.is_met:
        return _("No other renewal of this shop is open"), "", []
    # A renewal opened by another signatory of the organisation has no link: this person may not open it.
    return (
        _("A renewal of this shop is already open"),
        _("Its reference is %(reference)s.") % {"reference": c.facts["reference"]},
        [ConditionLink(_("Continue the request"), reverse("cases:case", args=[case.public_id]))] if case else [],
    )


def _commercial(c: Condition, shop: Shop, case: Case | None) -> Parts:
    if c.is_met:
        return _("The commercial licence is valid"), _("Until %(day)s.") % {"day": _day(c.facts["end"])}, []
    return (
        _("The commercial licence ended on %(day)s") % {"day": _day(c.facts["end"])},
        _("Renew it at the Ministry of Commerce and Industry first. The register is updated every night; then come back here."),
        [ConditionLink(_("Back to my shops"), reverse("shops:mine"))],
    )


def _no_block(c: Condition, shop: Shop, case: Case | None) -> Parts:
    if c.is_met:
        return _("This shop is not blocked"), "", []
    index = 0 if get_language() == "ar" else 1
    reasons = " ".join(pair[index] for pair in c.facts["sentences"])
    advice = _("It is settled and paid at %(branch)s; call %(hotline)s. Payment of violations opens here later.")
    return _("This shop is blocked"), f"{reasons} {advice % _with_hotline(branch=bilingual(shop.branch, 'name'))}", [_phone_link()]


def _unchanged(c: Condition, shop: Shop, case: Case | None) -> Parts:
    if c.is_met:
        return _("The register is as the last licence says"), "", []
    separator = "، " if get_language() == "ar" else ", "
    return (
        _("The register changed since the last licence"),
        _("Changed: %(fields)s. An officer reviews changes.") % {"fields": separator.join(FIELDS[name]() for name in c.facts["fields"])},
        [_officer_link(shop)],
    )


_MESSAGES: dict[str, Callable[[Condition, Shop, Case | None], Parts]] = {
    "competent_authority": _authority,
    "shop_open": _shop_open,
    "licence_in_force": _in_force,
    "not_renewed_yet": _not_renewed,
    "in_time": _in_time,
    "in_window": _in_window,
    "no_open_case": _no_open_case,
    "commercial_license": _commercial,
    "no_block": _no_block,
    "no_flag": _no_flag,
    "unchanged": _unchanged,
}
