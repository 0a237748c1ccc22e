"""How much one sender may report, and whether they may report now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from municipality.accounts.limits import AttemptLimit, use_all
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, TooMany
from municipality.rulebook import queries as rulebook
from municipality.ui.dates import day_text
from municipality.ui.plurals import within_span
from municipality.ui.templatetags.portal import bilingual
from reports import queries
from reports.reporters.services import Sender, ban_of

if TYPE_CHECKING:
    from reports.intake.services import ReportPlace

HOUR, DAY = 3600, 86_400


def check(sender: Sender, place: ReportPlace, amounts: Mapping[str, int]) -> None:
    """Refuse whoever is banned, and count a report of everybody else; to be called in the transaction that stores it.

    What is counted is locked until that transaction ends, so that reports at the same time cannot pass a limit together, and a report
    that is not stored is not counted. Raises Refused: banned (403, with the ban), per_hour, per_day, per_place_day,
    per_address_hour, per_address_day, per_address_place_day (429).
    """
    refuse_banned(sender)
    counted = list(_counted(sender, place))
    attempts = [(AttemptLimit(f"reports_{code}", amounts[code], seconds), subject) for code, seconds, subject in counted]
    for (code, _seconds, _subject), usage in zip(counted, use_all(attempts), strict=True):
        if not usage.is_within:
            text = {
                "per_hour": _("%(most)s reports were sent from here within an hour, which is the most of one sender."),
                "per_day": _("%(most)s reports were sent from here within a day, which is the most of one sender."),
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
            raise TooMany(code, f"{text % {'most': usage.amount}} {again}", retry_after=usage.reset)


def refuse_banned(sender: Sender) -> None:
    """Raise NotPermitted("banned") with the ban in its facts if one of a sender is in force."""
    ban = ban_of(sender)
    if ban is None:
        return
    reason = rulebook.edition(queries.REPLIES, clock.today()).reasons.get(ban.code)
    until = day_text(ban.until.astimezone(clock.KUWAIT).date())
    said = str(bilingual(reason, "text")) if reason is not None else ""
    sentence = _("Reporting is stopped for this sender until %(day)s.") % {"day": until}
    raise NotPermitted("banned", f"{sentence} {said}".strip(), ban=ban.public_id)


def _counted(sender: Sender, place: ReportPlace) -> Iterator[tuple[str, int, str]]:
    """Limits in one order for everybody, so that two requests never wait for each other."""
    for digest in sender.digests:
        yield "per_hour", HOUR, digest
    for digest in sender.digests:
        yield "per_day", DAY, digest
    for digest in sender.digests:
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
