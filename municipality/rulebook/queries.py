"""The rules that apply on a day, and the snapshot that a case stores."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from municipality.kernel import request_cache
from municipality.kernel.errors import Refused
from municipality.kernel.ttl_cache import ttl_cache
from municipality.kernel.worktime import Calendar
from municipality.rulebook import boards, calendars, land, report_categories
from municipality.rulebook.authorities import authorities, competent_authority, licensed_elsewhere
from municipality.rulebook.boards import BoardLimit, BoardRates
from municipality.rulebook.land import ConsultedBody, LandRules
from municipality.rulebook.models import PUBLISHED, ReasonRule, RuleSet
from municipality.rulebook.report_categories import ReportRules

__all__ = ["authorities", "competent_authority", "licensed_elsewhere"]

TRADES = "names.trades"  # the subject of words for trades
INSPECTION = "checks.inspection"  # the subject of the checklist of inspectors
MOON_TOLERANCE = dt.timedelta(days=4)  # the sighting of the moon never differs more from the computed calendar


@dataclass(frozen=True)
class Fee:
    code: str
    label_ar: str
    label_en: str
    article_ar: str
    article_en: str
    fils: int
    unit: str
    revenue_account: str
    is_assumption: bool


@dataclass(frozen=True)
class Limit:
    code: str
    value: int
    unit: str
    article_ar: str
    article_en: str
    is_assumption: bool


@dataclass(frozen=True)
class Condition:
    text_ar: str
    text_en: str


@dataclass(frozen=True)
class Reason:
    code: str
    kind: str
    target: str
    label_ar: str
    label_en: str
    text_ar: str
    text_en: str
    article_ar: str
    article_en: str
    counts_as: str = ""  # what it says of a report: a `ReportFinding`


@dataclass(frozen=True)
class Check:
    code: str
    text_ar: str
    text_en: str
    article_ar: str
    article_en: str
    about: str


@dataclass(frozen=True)
class Offence:
    """A row of the catalogue of offences; amounts in fils (see `models.OffenceRule`)."""

    code: str
    name_ar: str
    name_en: str
    article_ar: str
    article_en: str
    band_min_fils: int | None
    band_max_fils: int | None
    band_unit: str
    settlement_fils: int | None
    unit: str
    correction_days: int
    repeat_days: int
    repeat_percent: int
    blocks: str
    revenue_account: str
    is_assumption: bool
    words: str = ""


@dataclass(frozen=True)
class Holiday:
    first_day: dt.date
    last_day: dt.date
    name_ar: str
    name_en: str
    is_assumption: bool


@dataclass(frozen=True)
class Trade:
    """Words for an activity, as lists (`models.word_list`)."""

    activity_id: str
    words_ar: str
    words_en: str


@dataclass(frozen=True)
class RulebookEdition:
    """A published edition with its rows, as plain values for `rules`."""

    subject: str
    version: int
    instrument_ar: str
    instrument_en: str
    first_day: dt.date
    is_assumption: bool
    fees: dict[str, Fee]
    limits: dict[str, Limit]
    conditions: tuple[Condition, ...]
    reasons: dict[str, Reason] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()
    holidays: tuple[Holiday, ...] = ()
    calendar: Calendar | None = None  # of the subject `calendar` only
    offences: dict[str, Offence] = field(default_factory=dict)
    trades: tuple[Trade, ...] = ()  # of the subject `names.trades` only
    land: LandRules | None = None  # of the subject `zoning.uses` only
    bodies: tuple[ConsultedBody, ...] = ()  # of the subject `zoning.bodies` only
    boards: BoardRates = field(default_factory=dict)  # of the subject `fees.boards` only
    board_limits: tuple[BoardLimit, ...] = ()  # of the subject `rules.boards` only
    reports: ReportRules | None = None  # of the subject `categories.reports` only

    def reasons_of(self, kind: str) -> list[Reason]:
        """The coded reasons of one kind, in the order of their codes."""
        return [reason for _, reason in sorted(self.reasons.items()) if reason.kind == kind]

    @property
    def stamp(self) -> str:
        """`fees.health v12`."""
        return f"{self.subject} v{self.version}"

    def snapshot(self) -> dict[str, Any]:
        """The values that a case stores."""
        values: dict[str, Any] = {
            "edition": self.stamp,
            "fees": {code: fee.fils for code, fee in sorted(self.fees.items())},
            "limits": {code: limit.value for code, limit in sorted(self.limits.items())},
        }
        if self.offences:
            values["offences"] = {code: offence.settlement_fils for code, offence in sorted(self.offences.items())}
        return values


def digest(snapshots: list[dict[str, Any]]) -> str:
    """SHA-256 of snapshots as canonical JSON."""
    return hashlib.sha256(json.dumps(snapshots, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def in_force(subject: str, on: dt.date) -> QuerySet[RuleSet]:
    """Published editions of a subject that are in force on a day, the newest version first."""
    return RuleSet.objects.filter(PUBLISHED, Q(last_day__isnull=True) | Q(last_day__gte=on), subject=subject, first_day__lte=on).order_by(
        "-first_day", "-version"
    )


class PublishedEdition(NamedTuple):
    """The identity and the period of a published edition."""

    pk: int
    subject: str
    version: int
    made_at: dt.datetime
    published_at: dt.datetime
    first_day: dt.date
    last_day: dt.date | None

    def holds(self, on: dt.date) -> bool:
        return self.first_day <= on and (self.last_day is None or on <= self.last_day)


# Editions read by this process. A published edition never changes (guards.py), so entries do not expire.
_editions: dict[tuple[Any, ...], RulebookEdition] = {}


def _query_published(*subjects: str) -> list[PublishedEdition]:
    rows = RuleSet.objects.filter(PUBLISHED, **({"subject__in": subjects} if subjects else {}))
    return [PublishedEdition(*row) for row in rows.values_list(*PublishedEdition._fields)]


def _published(*subjects: str) -> list[PublishedEdition]:
    """All published editions (some dozens in twenty years), cached for a request; in a transaction only those of `subjects`, if any."""
    keeps = request_cache.keeps()
    return request_cache.get_or_set("rulebook.published", _query_published) if keeps else _query_published(*subjects)


@ttl_cache(lambda: settings.NAMED_LISTS_SECONDS)
def recently_published() -> list[PublishedEdition]:
    """All published editions, cached for NAMED_LISTS_SECONDS."""
    return _query_published()


def _shown() -> list[PublishedEdition]:
    """Those of another request while they are cached for several, else those of this one."""
    return recently_published() if settings.NAMED_LISTS_SECONDS else _published()


def shown_edition(subject: str, on: dt.date) -> RulebookEdition:
    """The edition in force on a day, for a page that decides nothing by it: up to a minute old. Raises Refused("no_edition")."""
    return _in_force(_shown(), [subject], on)[0]


def preload_editions() -> int:
    """Cache every published edition and return how many. Call it outside transactions, which cache none."""
    return len([_read_edition(row) for row in _published()])


def edition(subject: str, on: dt.date) -> RulebookEdition:
    """The edition in force on a day. Raises Refused("no_edition") where there is none."""
    return editions([subject], on)[0]


def edition_of(subject: str, stamps: Collection[str], on: dt.date) -> RulebookEdition:
    """The edition of a subject among the stamps of a case, else the one in force on a day. Raises Refused("no_edition").

    One with a stamp never changes, so it is looked for first among those that are known already.
    """
    known: list[Callable[[], list[PublishedEdition]]] = [recently_published] if settings.NAMED_LISTS_SECONDS else []
    for published in (*known, _published):
        for row in published():
            if row.subject == subject and f"{subject} v{row.version}" in stamps:
                return _read_edition(row)
    return edition(subject, on)


def published_ids(stamps: Collection[str]) -> dict[str, int]:
    """The primary keys of the published editions with these stamps, by stamp."""
    return _ids(_published(), stamps)


def shown_ids(stamps: Collection[str]) -> dict[str, int]:
    """As `published_ids`, for a page that decides nothing by them: of editions that are a minute old."""
    return _ids(_shown(), stamps)


def _ids(published: Sequence[PublishedEdition], stamps: Collection[str]) -> dict[str, int]:
    return {stamp: row.pk for row in published if (stamp := f"{row.subject} v{row.version}") in stamps}


def calendar_edition(on: dt.date | None = None) -> RulebookEdition:
    """The newest published calendar, which applies to all days, or the one that was in force on a day.

    Raises Refused("no_edition") where none is published.
    """
    if on is not None:
        return edition(calendars.SUBJECT, on)
    return _newest_calendar(_published(calendars.SUBJECT))


def calendar(on: dt.date | None = None) -> Calendar:
    """The working time of `calendar_edition`."""
    return _calendar(calendar_edition(on))


def calendar_at(moment: dt.datetime) -> Calendar:
    """The working time that was the newest one published at a moment; where none was, the newest one."""
    published = _published(calendars.SUBJECT)
    rows = [row for row in published if row.subject == calendars.SUBJECT and row.published_at <= moment]
    return _calendar(_newest_calendar(rows or published))


def shown_calendar() -> Calendar:
    """As `calendar`, for a page that decides nothing by it: up to a minute old."""
    return _calendar(_newest_calendar(_shown()))


def is_ramadan(day: dt.date) -> bool:
    """Whether a day is in Ramadan: by the hours of the published calendar, else by the Umm al-Qura calendar.

    The published calendar is read only within MOON_TOLERANCE of the first and last day.
    """
    estimate = calendars.estimated_ramadan(day)
    if estimate is None or not estimate.first - MOON_TOLERANCE <= day <= estimate.last + MOON_TOLERANCE:
        return False
    if estimate.first + MOON_TOLERANCE <= day <= estimate.last - MOON_TOLERANCE:
        return True
    with suppress(Refused):
        return (calendars.announced_ramadan(calendar(), estimate) or estimate).contains(day)
    return estimate.contains(day)


def editions(subjects: Sequence[str], on: dt.date) -> list[RulebookEdition]:
    """The editions of several subjects in force on a day. Raises Refused("no_edition")."""
    return _in_force(_published(*subjects), subjects, on)


def editions_and_calendar(subjects: Sequence[str], on: dt.date) -> tuple[list[RulebookEdition], Calendar]:
    """The editions of several subjects in force on a day and the newest working time. Raises Refused("no_edition")."""
    published = _published(*subjects, calendars.SUBJECT)
    return _in_force(published, subjects, on), _calendar(_newest_calendar(published))


@dataclass(frozen=True)
class DayRules:
    """The editions in force on a day, and the newest working time, as one statement has read them. Both raise Refused("no_edition")."""

    on: dt.date
    published: Sequence[PublishedEdition]

    def edition(self, subject: str) -> RulebookEdition:
        return _in_force(self.published, [subject], self.on)[0]

    def calendar(self) -> Calendar:
        return _calendar(_newest_calendar(self.published))


def day_rules(on: dt.date) -> DayRules:
    return DayRules(on, _published())


def _in_force(published: Sequence[PublishedEdition], subjects: Sequence[str], on: dt.date) -> list[RulebookEdition]:
    return [_newest(subject, [row for row in published if row.subject == subject and row.holds(on)]) for subject in subjects]


def _newest_calendar(published: Sequence[PublishedEdition]) -> RulebookEdition:
    return _newest(calendars.SUBJECT, [row for row in published if row.subject == calendars.SUBJECT])


def _calendar(edition: RulebookEdition) -> Calendar:
    assert edition.calendar is not None  # noqa: S101 - every edition of this subject has one
    return edition.calendar


def _newest(subject: str, rows: list[PublishedEdition]) -> RulebookEdition:
    if not rows:
        raise Refused("no_edition", _("This service has no rules in force yet: no edition of them is published."), subject=subject)
    return _read_edition(max(rows, key=lambda row: (row.first_day, row.version)))


def _read_edition(published: PublishedEdition) -> RulebookEdition:
    identity = (published.pk, published.subject, published.version, published.made_at, published.published_at)
    if identity in _editions:
        return _editions[identity]
    row = RuleSet.objects.get(pk=published.pk)
    is_calendar, is_trades = row.subject == calendars.SUBJECT, row.subject == TRADES
    edition = RulebookEdition(
        row.subject,
        row.version,
        row.instrument_ar,
        row.instrument_en,
        row.first_day,
        row.is_assumption,
        {fee["code"]: Fee(**fee) for fee in row.fees.order_by("code").values(*_field_names(Fee))},
        {limit["code"]: Limit(**limit) for limit in row.limits.order_by("code").values(*_field_names(Limit))},
        tuple(Condition(**condition) for condition in row.conditions.order_by("order").values(*_field_names(Condition))),
        {reason["code"]: Reason(**reason) for reason in row.reasons.order_by("code").values(*_field_names(Reason))},
        tuple(Check(**check) for check in row.checks.order_by("order").values(*_field_names(Check))),
        tuple(Holiday(**holiday) for holiday in row.holidays.order_by("first_day").values(*_field_names(Holiday))) if is_calendar else (),
        calendars.read(row) if is_calendar else None,
        {offence["code"]: Offence(**offence) for offence in row.offences.order_by("code").values(*_field_names(Offence))},
        tuple(Trade(**trade) for trade in row.trades.order_by("pk").values(*_field_names(Trade))) if is_trades else (),
        land.read(row) if row.subject == land.SUBJECT else None,
        land.read_bodies(row) if row.subject == land.BODIES else (),
        boards.read(row) if row.subject == boards.SUBJECT else {},
        boards.read_limits(row) if row.subject == boards.RULES else (),
        report_categories.read(row) if row.subject == report_categories.SUBJECT else None,
    )
    transaction.on_commit(lambda: _editions.setdefault(identity, edition))  # a transaction that publishes may be rolled back
    return edition


def _field_names(kind: type) -> list[str]:
    return [field.name for field in fields(kind)]


def words_of_reason(code: str, stamps: Collection[str] = ()) -> dict[str, Any] | None:
    """`label_ar` and `label_en` of a coded reason: of an edition with one of the stamps, else of the newest; None for an unknown code."""
    rows = ReasonRule.objects.filter(code=code, ruleset__in=RuleSet.objects.filter(PUBLISHED))
    rows = rows.order_by("-ruleset__first_day", "-ruleset__version")
    found = [{**row} for row in rows.values("label_ar", "label_en", "ruleset__subject", "ruleset__version")]
    named = [row for row in found if f"{row['ruleset__subject']} v{row['ruleset__version']}" in stamps]
    words: dict[str, Any] | None = next(iter([*named, *found]), None)
    return words
