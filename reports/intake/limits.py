"""How much one sender may report, and whether they may report now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from municipality.accounts.limits import AttemptLimit, use_all
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, TooMany
from municipality.rulebook import queries as rulebook
from municipality.ui.dates import day_text
from municipality.ui.plurals import counted, within, within_span
from municipality.ui.templatetags.portal import bilingual
from reports import queries
from reports.models import Ban
from reports.reporters.services import Sender
from reports.reporters.trust import TrustLevel

if TYPE_CHECKING:
    from reports.intake.services import ReportPlace

HOUR, DAY = 3600, 86_400
L = TrustLevel
BY_LEVEL = ("per_hour", "per_day")
LADDER = (L.ANONYMOUS, L.CONFIRMED, L.IDENTIFIED, L.PROVEN)
HOW = {
    ("per_hour", L.CONFIRMED): gettext_lazy("With a confirmed phone number, or signed in, up to %(more)s can be sent within an hour."),
    ("per_day", L.CONFIRMED): gettext_lazy("With a confirmed phone number, or signed in, up to %(more)s can be sent within a day."),
    ("per_hour", L.IDENTIFIED): gettext_lazy("Signed in, up to %(more)s can be sent within an hour."),
    ("per_day", L.IDENTIFIED): gettext_lazy("Signed in, up to %(more)s can be sent within a day."),
    ("per_hour", L.PROVEN): gettext_lazy(
        "Once at least %(right)s reports %(days)s, sent signed in or with a confirmed phone number, were found right,"
        " up to %(more)s can be sent within an hour."
    ),
    ("per_day", L.PROVEN): gettext_lazy(
        "Once at least %(right)s reports %(days)s, sent signed in or with a confirmed phone number, were found right,"
        " up to %(more)s can be sent within a day."
    ),
}


def check(sender: Sender, place: ReportPlace, amounts: Mapping[str, int], level: TrustLevel | None = None) -> int:
    """Count a report of a sender, in the transaction that stores it. Whoever is banned was refused before (`refuse`).

    Returns how many of them were counted within a day, with this one: of the name where one is given, else of the device.

    Of an hour and a day most is what the level of the sender allows; without a level, what anybody may send.
    What is counted is locked until that transaction ends, so that reports at the same time cannot pass a limit together, and a report
    that is not stored is not counted. Raises TooMany: per_hour, per_day, per_place_day, per_address_hour, per_address_day,
    per_address_place_day (429).
    """
    if sender.system and level == TrustLevel.ANONYMOUS:
        level = None  # the other system has limits of its own, and its people can neither sign in nor confirm a phone there
    counted = list(_counted(sender, place))
    attempts = [(AttemptLimit(f"reports_{code}", most(code, level, amounts), seconds), subject) for code, seconds, subject in counted]
    usages = use_all(attempts)
    for (code, _seconds, _subject), usage in zip(counted, usages, strict=True):
        if not usage.is_within:
            text = {
                "per_hour": _("%(most)s reports were sent from here within an hour. No more are taken for now."),
                "per_day": _("%(most)s reports were sent from here within a day. No more are taken for now."),
                "per_place_day": _("%(most)s reports about this place were sent from here within a day, which is the most of one sender."),
                "per_address_day": _(
                    "%(most)s reports without a name came from this network within a day, which is the most of one network."
                ),
                "per_address_place_day": _(
                    "%(most)s reports about this place without a name came from this network within a day, which is its most."
                ),
                "per_address_hour": _("%(most)s reports came from this network within an hour, which is the most of one network."),
            }[code]
            again = _("Sending works again %(time)s. What was typed is kept.") % {"time": within_span(-(-usage.reset // 60))}
            more = _how_to_send_more(code, level, amounts)
            raise TooMany(code, f"{text % {'most': usage.amount}} {again} {more}".rstrip(), retry_after=usage.reset)
    of_a_day = (usage.used for (code, *_subject), usage in zip(counted, usages, strict=True) if code == "per_day")
    return next(of_a_day, 1)  # the surest digest is the first; of a device that is new there is nothing to count


def most(code: str, level: TrustLevel | None, amounts: Mapping[str, int]) -> int:
    """The amount of a limit for a level, which may have a row of its own (`per_hour_proven`)."""
    return amounts.get(f"{code}_{level}", amounts[code])


def _how_to_send_more(code: str, level: TrustLevel | None, amounts: Mapping[str, int]) -> str:
    """How whoever reached the limit of their level gets a higher one; empty where there is none."""
    if level is None or code not in BY_LEVEL:
        return ""
    if level == L.DOUBTFUL:
        sentence = _(
            "Fewer can be sent for a time, because earlier reports from here were not right or reporting was stopped."
            " What is older than %(days)s no longer counts."
        )
        return sentence % {"days": counted(max(amounts["trust_days"], amounts["doubtful_ban_days"]), "day")}
    for higher in LADDER[LADDER.index(level) + 1 :]:
        if most(code, higher, amounts) > most(code, level, amounts):
            facts = {"right": amounts["proven_right"], "days": within(amounts["trust_days"], "day")} if higher == L.PROVEN else {}
            return HOW[code, higher] % {"more": most(code, higher, amounts), **facts}
    return ""


def refuse(ban: Ban | None) -> None:
    """Raise NotPermitted("banned"), 403, with the ban that is in force for a sender in its facts, if there is one."""
    if ban is None:
        return
    reason = rulebook.edition(queries.REPLIES, clock.today()).reasons.get(ban.code)
    until = day_text(ban.until.astimezone(clock.KUWAIT).date())
    said = str(bilingual(reason, "text")) if reason is not None else ""
    sentence = _("Reporting is stopped for this sender until %(day)s.") % {"day": until}
    raise NotPermitted("banned", f"{sentence} {said}".strip(), ban=ban.public_id)


def _counted(sender: Sender, place: ReportPlace) -> Iterator[tuple[str, int, str]]:
    """Limits in one order for everybody, so that two requests never wait for each other."""
    digests = sender.digests if not sender.is_new else []
    for digest in digests:
        yield "per_hour", HOUR, digest
    for digest in digests:
        yield "per_day", DAY, digest
    for digest in digests:
        yield "per_place_day", DAY, f"{digest}:{_key_of(place)}"
    if sender.address:
        yield "per_address_hour", HOUR, sender.address
    if sender.address and not sender.is_named:  # a device is only a cookie, which can be left out
        yield "per_address_day", DAY, sender.address
        yield "per_address_place_day", DAY, f"{sender.address}:{_key_of(place)}"


def _key_of(place: ReportPlace) -> str:
    """A place as one for the limit: a shop, some hundred metres, or a street."""
    if place.shop is not None:
        return f"shop:{place.shop.pk}"
    if place.latitude is not None and place.longitude is not None:
        return f"{place.latitude:.3f},{place.longitude:.3f}"
    return f"{place.area.pk if place.area is not None else ''}/{place.block}/{place.street}"
