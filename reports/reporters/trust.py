"""How far whoever reports is trusted: computed anew from what is still known of their reports and stops; no level is stored.

A level changes how much may be sent, and whether somebody looks at a report before everybody sees it. It changes nothing of the promise,
the severity or the draw of an inspector, and no page shows it but that of intake which opens who reported.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from municipality.kernel import clock
from municipality.rulebook import queries as rulebook
from municipality.rulebook.models import ReportFinding
from municipality.rulebook.queries import DayRules
from reports import queries
from reports.models import Ban, Closure, ModeratedPart, Moderation, Report
from reports.models.reporter import Reporter
from reports.reporters.services import Sender, bans_of, device_of, known_by
from reports.states import ReportState

MOST = 500  # reports of one sender that are looked at, the newest
RULES = ("trust_days", "proven_right", "doubtful_wrong", "doubtful_ban_days")  # of `limits.reports`


class TrustLevel(models.TextChoices):
    ANONYMOUS = "anonymous", _("Without a name")
    CONFIRMED = "confirmed", _("With a confirmed phone number")
    IDENTIFIED = "identified", _("Signed in with Kuwait Mobile ID")
    PROVEN = "proven", _("Earlier reports were right")
    DOUBTFUL = "doubtful", _("Earlier reports are in doubt")


@dataclass(frozen=True)
class Trust:
    """A level and its reasons: reports of the last `days` that were found right, unfounded, or an abuse, and whether a stop counts.

    `ban`: the stop that is in force.
    """

    level: TrustLevel
    days: int = 0
    right: int = 0
    unfounded: int = 0
    abusive: int = 0
    was_stopped: bool = False
    ban: Ban | None = field(default=None, compare=False)


def of_sender(sender: Sender, limits: Mapping[str, int], day: DayRules | None = None) -> Trust:
    """The trust in who sends now; `limits` are those of `limits.reports`, `day` the rules of today where the caller has read them.

    An account is made by Kuwait Mobile ID alone.
    """
    who = Q(person=sender.person) if sender.person is not None else Q(pk__in=[])
    who |= Q(phone_digest=sender.phone_digest) if sender.phone else Q()
    base = TrustLevel.IDENTIFIED if sender.person is not None else TrustLevel.CONFIRMED if sender.is_told else TrustLevel.ANONYMOUS
    if sender.is_new:
        return Trust(base)
    return _trust(base, who, sender.digests, device_of(sender), limits, day, is_named=sender.is_named)


def of_reporter(report: Report) -> Trust | None:
    """The trust today in who sent a report, for intake, whose look is logged by the caller; None where nothing is stored about them."""
    row = Reporter.objects.filter(report=report).select_related("person", "report").first()
    if row is None:
        return None
    who = Q(person=row.person) if row.person is not None else Q(pk__in=[])
    who |= Q(phone_digest=row.phone_digest) if row.phone_digest else Q()
    is_confirmed = bool(row.phone_digest) and row.report.api_key_id is None  # nobody here confirmed the number that another system gave
    base = TrustLevel.IDENTIFIED if row.person is not None else TrustLevel.CONFIRMED if is_confirmed else TrustLevel.ANONYMOUS
    is_named = row.person is not None or bool(row.phone_digest)
    return _trust(base, who, known_by(row), row.device_digest, queries.limits(), is_named=is_named)


def _trust(
    base: TrustLevel,
    who: Q,
    digests: Collection[str],
    device: str,
    limits: Mapping[str, int],
    day: DayRules | None = None,
    *,
    is_named: bool,
) -> Trust:
    """`device`: the digest of the device, by which the reports of whoever gives no name are known.

    A name is not blamed for others on its device, but a stop of the device that is in force holds for all who use it.
    """
    now, knows_levels = clock.now(), all(code in limits for code in RULES)
    who |= Q(device_digest=device) if device and not is_named else Q()
    own = dict(Reporter.objects.filter(who).order_by("-pk").values_list("report", "created_at")[:MOST])
    lasting = dt.timedelta(days=limits["doubtful_ban_days"] if knows_levels else 0)
    # One statement: the stop that ends last is the one in force, if there is one. A device that sent nothing brings none.
    rows = bans_of(digests, device if own and not is_named else "").filter(until__gt=now - lasting).order_by("-until")
    stops = list(rows.only("public_id", "code", "until", "who")[:MOST])
    ban = stops[0] if stops and stops[0].until > now else None
    was_stopped = any(stop.who != device or not is_named for stop in stops)
    if not knows_levels:  # an edition from before there were levels
        return Trust(base, ban=ban)
    days = limits["trust_days"]
    own = {report: at for report, at in own.items() if at >= now - dt.timedelta(days=days)}
    found = _findings(own, day)
    right, unfounded, abusive = (len(found[finding]) for finding in (ReportFinding.RIGHT, ReportFinding.UNFOUNDED, ReportFinding.ABUSIVE))
    wrong, least = unfounded + abusive, limits["doubtful_wrong"]
    level = base
    if was_stopped or abusive >= least or (wrong >= least and wrong > right):
        level = TrustLevel.DOUBTFUL
    elif base != TrustLevel.ANONYMOUS and right >= limits["proven_right"] and not abusive:
        level = TrustLevel.PROVEN
    return Trust(level, days, right, unfounded, abusive, was_stopped, ban)


def _findings(own: Collection[int], day: DayRules | None) -> dict[str, set[int]]:
    """Reports of one sender by what was found of them, as the rulebook in force says of each code. A report is in one set at most.

    A report that was joined has the result of the one in which its joins end, and several that were joined there count once; one that
    was divided is right if a part of it is.
    """
    found: dict[str, set[int]] = defaultdict(set)
    ends = {pk: pk for pk in own}
    if not ends:
        return found
    while onward := dict(Report.objects.filter(pk__in=ends.values(), state=ReportState.MERGED).values_list("pk", "merged_into")):
        ends = {pk: onward.get(end) or end for pk, end in ends.items()}
    replies = (day or rulebook.day_rules(clock.today())).edition(queries.REPLIES)
    says = {code: reason.counts_as for code, reason in replies.reasons.items()}
    last = Closure.objects.filter(report=OuterRef("pk"), sent_back_at__isnull=True).order_by("-pk").values("code")[:1]
    wholes = set(ends.values())
    closed = Report.objects.filter(Q(pk__in=wholes) | Q(parent__in=wholes), state=ReportState.CLOSED)
    for pk, parent, code in closed.annotate(result=Subquery(last)).values_list("pk", "parent", "result"):
        found[says.get(code, "")].add(parent if parent in wholes else pk)
    # A photo may be a mistake; what somebody wrote, or the report itself, is not.
    parts = (ModeratedPart.REPORT, ModeratedPart.WORDS)
    hidden = Moderation.objects.filter(report__in=ends, part__in=parts, lifted_at__isnull=True).values_list("report", "code")
    found[ReportFinding.ABUSIVE] = {pk for pk, code in hidden if says.get(code) == ReportFinding.ABUSIVE}
    abused = {ends[pk] for pk in found[ReportFinding.ABUSIVE]}
    found[ReportFinding.RIGHT] -= abused
    found[ReportFinding.UNFOUNDED] -= found[ReportFinding.RIGHT] | abused
    return found
