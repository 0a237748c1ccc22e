"""The conditions of a renewal as text: those that are met, and the unmet ones with what can be done about them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from licensing.health.names import VOIDED
from licensing.health.new_licence.queries import has_licence
from licensing.health.origins import LICENCE_PAGE, RENEWAL_PAGE
from licensing.health.queries import Offer
from licensing.health.rules import RenewalCondition
from licensing.health.states import CANCELLED, CHANGE, DUPLICATE, RENEWAL, TRANSFER
from licensing.measures import effects
from licensing.models import HealthLicence
from municipality.accounts.models import User
from municipality.cases import block_causes
from municipality.cases.block_causes import Obstacle, Way
from municipality.cases.models import Block, Case
from municipality.kernel import clock
from municipality.rulebook import queries as rulebook
from municipality.rulebook.models import Authority
from municipality.ui.templatetags.portal import bilingual, day, kwd
from municipality.ui.texts import Text
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
    "area_m2": lambda: _("size in square metres"),
    "manager_name_ar": lambda: _("manager’s Arabic name"),
    "manager_name_en": lambda: _("manager’s English name"),
}


ADDRESS = ("area", "block", "street", "building", "plot", "unit", "paci_number")  # registered facts that are shown as one address
LATE_DAYS = 3  # after which an answer of the commercial register is no longer one of the last nights


def _with_hotline(**more: Any) -> dict[str, Any]:
    return {"hotline": settings.MUNICIPALITY_PHONE, **more}


def _phone() -> Way:
    return Way(_("Call %(hotline)s") % _with_hotline(), f"tel:{settings.MUNICIPALITY_PHONE}")


def _my_shops() -> Way:
    return Way(_("Back to my shops"), reverse("shops:mine"), is_back=True)


def _new_licence() -> Way:
    return Way(_("New health licence"), reverse("licensing:new_start"))


def study_title(flags: Collection[str], service: str = RENEWAL) -> str:
    """Title of the page that sends a request to an officer, and of the buttons to it, by the conditions that send it there."""
    if service == CHANGE:
        return _("Change something in the licence")
    return _("Renew with the change") if "unchanged" in flags or not flags else _("Send it to an officer")


def _officer(shop: Shop, code: str) -> Way:
    return Way(study_title([code]), reverse("licensing:changes", args=[shop.public_id]))


def _shop_page(shop: Shop) -> Way:
    return Way(_("See the shop in the register"), reverse("shops:shop", args=[shop.public_id]))


def _day(day: dt.date) -> str:
    return date_format(day, "DATE_FORMAT")


@dataclass(frozen=True)
class Subject:
    """What the message of a condition may name beside its own facts. `open_case` is the open renewal, if the reader may see it."""

    shop: Shop
    licence: HealthLicence | None = None
    open_case: Case | None = None
    as_of: dt.date | None = None  # the last day for which the word of the commercial register about the shop is known
    service: str = RENEWAL


def obstacle(condition: RenewalCondition, subject: Subject) -> Obstacle:
    """A condition that is not met, in the active language."""
    return _OBSTACLES[condition.code](condition, subject)


def met(condition: RenewalCondition) -> tuple[str, str]:
    """Title and detail of a condition that is met, in the active language."""
    return _MET[condition.code](condition)


def obstacles(
    user: User, offer: Offer, open_case: Case | None, *, without: Collection[str] = (), as_of: dt.date | None = None
) -> list[Obstacle]:
    """Every unmet condition of an offer, in order, and each block with its own cause; `without` leaves conditions out by code.

    `as_of` is the last day for which the word of the commercial register about the shop is known.
    """
    subject = Subject(offer.shop, offer.licence, open_case, as_of, offer.service)
    origin = RENEWAL_PAGE if offer.service == RENEWAL else LICENCE_PAGE
    result: list[Obstacle] = []
    is_measure = any(block.ground == effects.MEASURE for block in offer.blocks)  # it explains why the licence is suspended
    for condition in offer.unmet:
        is_explained = is_measure and condition.facts.get("state") == "suspended"
        if condition.code in without or is_explained:
            continue
        if condition.code != "no_block":
            result.append(obstacle(condition, subject))
            continue
        causes = block_causes.explain(user, offer.blocks, f"{origin}:{offer.shop.public_id}")
        result += [causes.get(block.pk) or unexplained(block, offer.shop) for block in offer.blocks]
    return result


def unexplained(block: Block, shop: Shop) -> Obstacle:
    """The obstacle of a block whose cause no app explains."""
    asked = _("Whoever placed it lifts it. Ask %(branch)s, or call %(hotline)s.") % _with_hotline(branch=bilingual(shop.branch, "name"))
    return Obstacle(_("This shop is blocked"), why=bilingual(block, "sentence"), lifted=asked, ways=[_phone(), _my_shops()])


def _authority(c: RenewalCondition, s: Subject) -> Obstacle:
    if c.facts["authority"] == Authority.PAFN:
        pafn = [Way(_("To the Public Authority for Food and Nutrition"), settings.PAFN_URL)] if settings.PAFN_URL else []
        return Obstacle(
            _("This activity is licensed by the Public Authority for Food and Nutrition"),
            _(
                "Since 2018 the Authority has licensed food shops, not the Municipality. Apply to the Authority for "
                "a new licence or a renewal, with the shop's commercial licence. It sets its own fee and conditions. "
                "There is nothing to pay here."
            ),
            ways=[*pafn, _my_shops()],
        )
    return Obstacle(
        _("This activity is licensed by another authority"),
        _("Call %(hotline)s to find out which one. There is nothing to pay here.") % _with_hotline(),
        ways=[_phone(), _my_shops()],
    )


def _shop_closed(c: RenewalCondition, s: Subject) -> Obstacle:
    return Obstacle(
        _("The shop is closed in the register"),
        _("A closed shop has no licence. If the register is wrong, %(branch)s can correct it: call %(hotline)s.")
        % _with_hotline(branch=bilingual(s.shop.branch, "name")),
        ways=[_shop_page(s.shop), _phone()],
    )


def _not_in_force(c: RenewalCondition, s: Subject) -> Obstacle:
    branch = bilingual(s.shop.branch, "name")
    if c.facts["state"] in ("suspended", "revoked"):
        return _taken_back(c.facts["state"], s, branch)
    if c.facts["state"] == "superseded":
        return Obstacle(_("The licence is superseded"), _("A newer licence exists for this shop. Renew that one."), ways=[_my_shops()])
    return Obstacle(
        _("No health licence is on file for this shop"),
        _(
            "Ask for the first licence in the portal: the location is approved first, then come the inspection and the fee. "
            "If the shop has a licence on paper, call %(hotline)s."
        )
        % _with_hotline(),
        ways=[_new_licence(), _phone(), _my_shops()],
    )


def _taken_back(state: str, s: Subject, branch: str) -> Obstacle:
    """A licence that is suspended or revoked: by whom, when, why, and what lifts it."""
    event = s.licence.document.last_event if s.licence is not None else None
    is_suspended = state == "suspended"
    reasons = rulebook.edition("replies.health", clock.today()).reasons
    reason = reasons.get(event.reason) if event is not None else None
    if event is not None and event.reason == CANCELLED:
        return Obstacle(
            _("The licence is cancelled"),
            format_html(_("By its holder, on {}."), day(clock.day_of(event.at))),
            lifted=_("A cancelled licence does not come back: opening again needs a new licence."),
            ways=[_new_licence(), _my_shops()],
        )
    if event is not None and event.reason == VOIDED and not has_licence(s.shop):
        return Obstacle(
            _("The licence is suspended"),
            _("The bank reversed the payment of the former holder, and you cannot pay it. Apply for a new licence in your own name."),
            ways=[_new_licence(), _my_shops()],
        )
    if event is not None and event.reason == VOIDED:
        return Obstacle(
            _("The licence is suspended"),
            _("The bank reversed the payment. The licence takes effect again as soon as the fee is paid."),
            ways=[Way(_("See what is to be paid"), reverse("payments:basket")), _my_shops()],
        )
    why: Text = bilingual(reason, "text") if reason is not None else _("The notice that was sent to the licensee gives the reason.")
    ways = [_phone()] if is_suspended else [_new_licence(), _phone()]
    if s.licence is not None and s.licence.document.code:
        ways.append(Way(_("Check this licence"), reverse("verify", args=[s.licence.document.code])))
    by_whom = format_html(_("By {} on {}."), branch, day(clock.day_of(event.at))) if event is not None else ""
    return Obstacle(
        _("The licence is suspended") if is_suspended else _("The licence is revoked"),
        by_whom,
        why=why,
        ground=bilingual(reason, "article") if reason is not None else "",
        lifted=(
            _("%(branch)s lifts the suspension when its reason is gone. Ask there what it needs to see, or call %(hotline)s.")
            if is_suspended
            else _("A revoked licence cannot be renewed. Ask for a new one in the portal, or call %(hotline)s.")
        )
        % _with_hotline(branch=branch),
        ways=ways,
    )


def _renewed(c: RenewalCondition, s: Subject) -> Obstacle:
    return Obstacle(
        _("The licence has already been renewed"),
        _("The new licence is valid until %(day)s. You can renew it when its renewal window opens.") % {"day": _day(c.facts["last_day"])},
        ways=[Way(_("My requests and documents"), reverse("cases:mine"))],
    )


def _too_late(c: RenewalCondition, s: Subject) -> Obstacle:
    return Obstacle(
        _("The licence ended on %(day)s") % {"day": _day(c.facts["last_day"])},
        _("The time for late renewal ended on %(day)s. An officer decides; the surcharge below is due if the renewal is approved.")
        % {"day": _day(c.facts["until"])},
        ways=[_officer(s.shop, c.code)],
    )


def _flagged(c: RenewalCondition, s: Subject) -> Obstacle:
    index = 0 if get_language() == "ar" else 1
    text = " ".join(pair[index] for pair in c.facts["sentences"])
    return Obstacle(_("An officer must review this shop"), text, ways=[_officer(s.shop, c.code)])


def _too_early(c: RenewalCondition, s: Subject) -> Obstacle:
    return Obstacle(
        _("The renewal window opens on %(day)s") % {"day": _day(c.facts["opens"])},
        _("The licence is valid until %(day)s.") % {"day": _day(c.facts["last_day"])},
        ways=[_my_shops()],
        is_waiting=True,
    )


def _open_already(c: RenewalCondition, s: Subject) -> Obstacle:
    # A renewal opened by another signatory of the organisation has no link: this person may not open it.
    case = s.open_case
    titles = {
        CHANGE: _("A change of this licence is under way"),
        DUPLICATE: _("A duplicate of this licence is under way"),
        TRANSFER: _("A transfer of this licence is under way"),
    }
    return Obstacle(
        titles.get(c.facts["service"]) or _("A renewal of this shop is already open"),
        _("Its reference is %(reference)s. One request about a licence is open at a time: finish it or withdraw it first.")
        % {"reference": c.facts["reference"]},
        ways=[Way(_("See the state of the request"), reverse("cases:case", args=[case.public_id]))] if case else [_my_shops()],
    )


def _commercial_ended(c: RenewalCondition, s: Subject) -> Obstacle:
    return Obstacle(
        _("The commercial licence ended on %(day)s") % {"day": _day(c.facts["end"])},
        format_html("{} {}", _("Renew it at the Ministry of Commerce and Industry first."), _when_the_register_has_it(s.as_of)),
        ways=[*_ministry(), _my_shops()],
    )


def _when_the_register_has_it(as_of: dt.date | None) -> Text:
    """When a change of the commercial register reaches the page of the renewal, and what to do until then."""
    come_back = _("No message is sent then: please look at this page again.")
    if as_of is None or (clock.today() - as_of).days < LATE_DAYS:
        return format_html("{} {}", _("You can then renew here once the Ministry’s register shows it, usually overnight."), come_back)
    late = _(
        "You can then renew here once the Ministry’s register shows it. Its last news of this shop is of {}, so what we show may be "
        "out of date."
    )
    call = _("If you have renewed the commercial licence already, call %(hotline)s.") % _with_hotline()
    return format_html("{} {} {}", format_html(late, day(as_of)), call, come_back)


def _ministry() -> list[Way]:
    label = _("To the Ministry of Commerce and Industry")
    return [Way(label, settings.MOCI_SITE_URL)] if settings.MOCI_SITE_URL else []


def _changed(c: RenewalCondition, s: Subject) -> Obstacle:
    separator = "، " if get_language() == "ar" else ", "
    names = list(dict.fromkeys(_("address of the shop") if name in ADDRESS else FIELDS[name]() for name in c.facts["fields"]))
    if s.service == DUPLICATE:
        return Obstacle(
            _("The commercial register changed since the last licence"),
            _("Changed: %(fields)s. A duplicate would repeat what is not right any more: ask for a change instead.")
            % {"fields": separator.join(names)},
            ways=[Way(_("Change something in the licence"), reverse("licensing:change_licence", args=[s.shop.public_id]))],
        )
    return Obstacle(
        _("The commercial register changed since the last licence"),
        _("Changed: %(fields)s. An officer reviews changes.") % {"fields": separator.join(names)},
        ways=[_officer(s.shop, c.code)],
    )


def _not_valid(c: RenewalCondition, s: Subject) -> Obstacle:
    if c.facts["state"] != "expired":
        return _not_in_force(c, s)
    return Obstacle(
        _("The licence ended on %(day)s") % {"day": _day(c.facts["last_day"])},
        _("Only a valid licence can be changed, repeated, transferred or cancelled. Renew it; what has changed is asked there."),
        ways=[Way(_("Renew the health licence"), reverse("licensing:renew", args=[s.shop.public_id]))],
    )


def _not_begun(c: RenewalCondition, s: Subject) -> Obstacle:
    return Obstacle(
        _("The renewed licence begins on %(day)s") % {"day": _day(c.facts["first_day"])},
        _("It is issued already. It can be changed or repeated from that day on."),
        ways=[_my_shops()],
    )


def _owed(c: RenewalCondition, s: Subject) -> Obstacle:
    if not c.facts["fils"]:
        return Obstacle(
            _("A violation of this shop is still open"),
            _(
                "Something may still have to be paid: the days of a warning run, an objection is being studied, "
                "or the violation goes to court. "
                "The licence can be transferred once the violation has ended."
            ),
            ways=[Way(_("See the violations"), reverse("violations:mine")), _my_shops()],
        )
    return Obstacle(
        _("Something about this shop is not paid"),
        format_html(_("{} in bills and fines. A licence is transferred once nothing is owed on the shop."), kwd(c.facts["fils"])),
        ways=[Way(_("See what is to be paid"), reverse("payments:basket")), _my_shops()],
    )


def _claimed(c: RenewalCondition, s: Subject) -> Obstacle:
    until = c.facts["until"]
    if until is not None:
        text = _("It can be disputed until %(day)s. The licence can be transferred or cancelled after that day.") % {"day": _day(until)}
    else:
        text = _("The Municipality decides whose the shop is. The licence can be transferred or cancelled after that.")
    return Obstacle(_("A claim to this shop is open"), text, ways=[_my_shops()])


_OBSTACLES: dict[str, Callable[[RenewalCondition, Subject], Obstacle]] = {
    "competent_authority": _authority,
    "shop_open": _shop_closed,
    "licence_in_force": _not_in_force,
    "not_renewed_yet": _renewed,
    "in_time": _too_late,
    "in_window": _too_early,
    "no_open_case": _open_already,
    "commercial_license": _commercial_ended,
    "no_flag": _flagged,
    "not_claimed": _claimed,
    "nothing_owed": _owed,
    "licence_valid": _not_valid,
    "has_begun": _not_begun,
    "unchanged": _changed,
}


def _still_in_time(c: RenewalCondition) -> str:
    if "no_surcharge_until" in c.facts:
        text = _("It is renewed without the surcharge until %(day)s, because it could not be renewed before the licence ended.")
        return text % {"day": _day(c.facts["no_surcharge_until"])}
    text = _("It can still be renewed here until %(day)s, with the surcharge below. After that an officer decides.")
    return text % {"day": _day(c.facts["until"])}


_MET: dict[str, Callable[[RenewalCondition], tuple[str, str]]] = {
    "competent_authority": lambda c: (_("The activity is licensed by the Municipality"), ""),
    "shop_open": lambda c: (_("The shop is open in the register"), ""),
    "licence_in_force": lambda c: (_("The shop has a health licence"), ""),
    "in_time": lambda c: (_("The licence ended on %(day)s") % {"day": _day(c.facts["last_day"])}, _still_in_time(c)),
    "in_window": lambda c: (
        _("The renewal window is open"),
        _("The licence is valid until %(day)s. You lose no days by renewing now.") % {"day": _day(c.facts["last_day"])},
    ),
    "no_open_case": lambda c: (_("No other request about this licence is open"), ""),
    "commercial_license": lambda c: (_("The commercial licence is valid"), _("Until %(day)s.") % {"day": _day(c.facts["end"])}),
    "no_block": lambda c: (_("This shop is not blocked"), ""),
    "unchanged": lambda c: (_("The register is as the last licence says"), ""),
}
