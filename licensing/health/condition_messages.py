"""Each condition of a renewal as a sentence, and the ways out when it is not met."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from licensing.health.rules import Condition
from municipality.rulebook.models import Authority
from municipality.ui.templatetags.portal import bilingual

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
class WayOut:
    label: str
    url: str


@dataclass(frozen=True)
class Sentence:
    """As `components/tasks.html` reads it."""

    is_met: bool
    title: str
    detail: str = ""
    ways: list[WayOut] = field(default_factory=list)


def _hotline(**more: Any) -> dict[str, Any]:
    return {"hotline": settings.MUNICIPALITY_PHONE, **more}


def _call() -> WayOut:
    return WayOut(_("Call %(hotline)s") % _hotline(), f"tel:{settings.MUNICIPALITY_PHONE}")


def _to_pafn() -> list[WayOut]:
    """To the authority's own page where the operator has named it, and back."""
    back = WayOut(_("Back to my shops"), reverse("shops:mine"))
    return [WayOut(_("To the Public Authority for Food and Nutrition"), settings.PAFN_URL), back] if settings.PAFN_URL else [back]


def _day(day: Any) -> str:
    return date_format(day, "DATE_FORMAT")


def sentence(condition: Condition, *, shop: Any, open_case: Any) -> Sentence:
    """What a person reads of one condition in the active language."""
    title, detail, ways = _TEXTS[condition.code](condition, shop, open_case)
    return Sentence(condition.is_met, title, detail, [] if condition.is_met else ways)


def _authority(c: Condition, shop: Any, case: Any) -> Any:
    if c.is_met:
        return _("The activity is licensed by the Municipality"), "", []
    if c.facts["authority"] == Authority.PAFN:
        return (
            _("This activity is licensed by the Public Authority for Food and Nutrition"),
            _(
                "Food shops left the Municipality in 2018. Apply to the Authority for the licence, new or renewed, with the shop's"
                " commercial licence at hand; it names its own fee and conditions. There is no fee to pay here."
            ),
            _to_pafn(),
        )
    return (
        _("This activity is licensed by another body"),
        _("Call %(hotline)s to learn which one. There is no fee to pay here.") % _hotline(),
        [_call(), WayOut(_("Back to my shops"), reverse("shops:mine"))],
    )


def _shop_open(c: Condition, shop: Any, case: Any) -> Any:
    if c.is_met:
        return _("The shop is open in the register"), "", []
    return (
        _("The shop is closed in the register"),
        _("A closed shop has no licence to renew. If the register is wrong, the branch of the governorate corrects it; call %(hotline)s.")
        % _hotline(),
        [],
    )


def _in_force(c: Condition, shop: Any, case: Any) -> Any:
    if c.is_met:
        return _("The shop has a health licence"), "", []
    texts = {
        "suspended": (
            _("The licence is suspended"),
            _("The reason is on the case of the suspension. It must be lifted before renewal; call %(hotline)s.") % _hotline(),
        ),
        "revoked": (
            _("The licence is revoked"),
            _("A revoked licence cannot be renewed. A new licence is needed from the branch of the governorate."),
        ),
        "superseded": (_("The licence is superseded"), _("A newer licence exists for this shop. Renew that one.")),
    }
    title, detail = texts.get(
        c.facts["state"],
        (
            _("No health licence is on file for this shop"),
            _("A first licence is issued by the branch of the governorate; call %(hotline)s.") % _hotline(),
        ),
    )
    return title, detail, []


def _not_renewed(c: Condition, shop: Any, case: Any) -> Any:
    return (
        _("The licence is renewed already"),
        _("The new licence runs until %(day)s. It can be renewed again when its own window opens.") % {"day": _day(c.facts["last_day"])},
        [WayOut(_("My requests and documents"), reverse("cases:mine"))],
    )


def _in_time(c: Condition, shop: Any, case: Any) -> Any:
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
        [_to_officer(shop)],
    )


def _to_officer(shop: Any) -> WayOut:
    return WayOut(_("Send it to an officer"), reverse("licensing:changes", args=[shop.public_id]))


def _no_flag(c: Condition, shop: Any, case: Any) -> Any:
    index = 0 if get_language() == "ar" else 1
    return _("An officer has to look at this shop"), " ".join(pair[index] for pair in c.facts["sentences"]), [_to_officer(shop)]


def _in_window(c: Condition, shop: Any, case: Any) -> Any:
    if c.is_met:
        return (
            _("The renewal window is open"),
            _("The licence runs until %(day)s. Renewing now loses no day.") % {"day": _day(c.facts["last_day"])},
            [],
        )
    return (
        _("The renewal window opens on %(day)s") % {"day": _day(c.facts["opens"])},
        _("The licence runs until %(day)s.") % {"day": _day(c.facts["last_day"])},
        [WayOut(_("Back to my shops"), reverse("shops:mine"))],
    )


def _no_open_case(c: Condition, shop: Any, case: Any) -> Any:
    if c.is_met:
        return _("No other renewal of this shop is open"), "", []
    # A renewal opened by another signatory of the same organisation is not this person's to open.
    return (
        _("A renewal of this shop is open already"),
        _("Its reference is %(reference)s.") % {"reference": c.facts["reference"]},
        [WayOut(_("Continue the request"), reverse("cases:case", args=[case.public_id]))] if case else [],
    )


def _commercial(c: Condition, shop: Any, case: Any) -> Any:
    if c.is_met:
        return _("The commercial licence is valid"), _("Until %(day)s.") % {"day": _day(c.facts["end"])}, []
    return (
        _("The commercial licence ended on %(day)s") % {"day": _day(c.facts["end"])},
        _("Renew it at the Ministry of Commerce and Industry first. The register is updated every night; then come back here."),
        [WayOut(_("Back to my shops"), reverse("shops:mine"))],
    )


def _no_block(c: Condition, shop: Any, case: Any) -> Any:
    if c.is_met:
        return _("Nothing blocks this shop"), "", []
    index = 0 if get_language() == "ar" else 1
    grounds = " ".join(pair[index] for pair in c.facts["sentences"])
    then = _("It is settled and paid at %(branch)s; call %(hotline)s. Payment of violations opens here later.")
    return _("A block stands on this shop"), f"{grounds} {then % _hotline(branch=bilingual(shop.branch, 'name'))}", [_call()]


def _unchanged(c: Condition, shop: Any, case: Any) -> Any:
    if c.is_met:
        return _("The register is as the last licence says"), "", []
    separator = "، " if get_language() == "ar" else ", "
    return (
        _("The register changed since the last licence"),
        _("Changed: %(fields)s. An officer looks at changes.") % {"fields": separator.join(FIELDS[name]() for name in c.facts["fields"])},
        [_to_officer(shop)],
    )


_TEXTS = {
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
