"""Which rules apply on a day, and a snapshot of them that a case keeps."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, fields
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from municipality.kernel.errors import Refused
from municipality.kernel.worktime import Calendar
from municipality.rulebook import calendars
from municipality.rulebook.models import ActivityAuthority, Authority, RuleSet


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


@dataclass(frozen=True)
class Check:
    code: str
    text_ar: str
    text_en: str
    article_ar: str
    article_en: str
    about: str


@dataclass(frozen=True)
class Holiday:
    first_day: dt.date
    last_day: dt.date
    name_ar: str
    name_en: str
    is_assumption: bool


@dataclass(frozen=True)
class Edition:
    """One published edition with its rows, as plain values that `rules` may use."""

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

    def reasons_of(self, kind: str) -> list[Reason]:
        """The coded reasons of one kind, in the order of their codes."""
        return [reason for _, reason in sorted(self.reasons.items()) if reason.kind == kind]

    @property
    def stamp(self) -> str:
        """`fees.health v12`, as cases keep it."""
        return f"{self.subject} v{self.version}"

    def snapshot(self) -> dict[str, Any]:
        """The values used, for the case that is judged by them."""
        return {
            "edition": self.stamp,
            "fees": {code: fee.fils for code, fee in sorted(self.fees.items())},
            "limits": {code: limit.value for code, limit in sorted(self.limits.items())},
        }


def digest(snapshots: list[dict[str, Any]]) -> str:
    """SHA-256 of snapshots in a fixed form."""
    return hashlib.sha256(json.dumps(snapshots, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def in_force(subject: str, on: dt.date) -> QuerySet[RuleSet]:
    """Published editions of a subject whose period holds the day; the newest version first."""
    return RuleSet.objects.filter(
        Q(last_day__isnull=True) | Q(last_day__gte=on), subject=subject, published_at__isnull=False, first_day__lte=on
    ).order_by("-first_day", "-version")


# Editions read by this process. A published edition never changes (guards.py), so nothing here grows old; which one is in
# force is asked every time.
_read: dict[tuple[Any, ...], Edition] = {}
# The first of `in_force`, as text: every page asks it several times, and building the statement costs more than answering it.
_IN_FORCE = (
    "SELECT * FROM rulebook_ruleset WHERE subject = %s AND published_at IS NOT NULL"
    " AND first_day <= %s AND (last_day IS NULL OR last_day >= %s) ORDER BY first_day DESC, version DESC LIMIT 1"
)
_NEWEST = "SELECT * FROM rulebook_ruleset WHERE subject = %s AND published_at IS NOT NULL ORDER BY first_day DESC, version DESC LIMIT 1"
_ROWS = (
    "SELECT 'fee' AS kind, code, 0 AS place, label_ar, label_en, article_ar, article_en, fils, unit, revenue_account, is_assumption"
    " FROM rulebook_feerule WHERE ruleset_id = %s"
    " UNION ALL SELECT 'limit', code, 0, '', '', article_ar, article_en, value, unit, '', is_assumption"
    " FROM rulebook_limitrule WHERE ruleset_id = %s"
    " UNION ALL SELECT 'condition', '', \"order\", text_ar, text_en, '', '', 0, '', '', false"
    " FROM rulebook_conditionrule WHERE ruleset_id = %s ORDER BY kind, place, code"
)


# The published editions by subject, newest first, while `asked_together` holds.
_together: ContextVar[dict[str, list[RuleSet]] | None] = ContextVar("editions asked for together", default=None)


@contextmanager
def asked_together() -> Iterator[None]:
    """Inside the block which edition is in force is read from one statement: for a page that needs several of them."""
    rows: dict[str, list[RuleSet]] = {}
    for row in RuleSet.objects.filter(published_at__isnull=False).order_by("-first_day", "-version"):
        rows.setdefault(row.subject, []).append(row)
    token = _together.set(rows)
    try:
        yield
    finally:
        _together.reset(token)


def edition(subject: str, on: dt.date) -> Edition:
    """The edition in force on a day. Raises Refused("no_edition") where the rulebook is silent."""
    together = _together.get()
    if together is not None:
        found = (r for r in together.get(subject, []) if r.first_day <= on and (r.last_day is None or r.last_day >= on))
        return _held(subject, next(found, None))
    row = next(iter(RuleSet.objects.raw(_IN_FORCE, [subject, on.isoformat(), on.isoformat()])), None)
    return _held(subject, row)


def calendar_edition(on: dt.date | None = None) -> Edition:
    """The calendar with the names of its holidays: the newest published edition, or the one in force on a day of the past.

    The newest one holds for every day, earlier ones too: a late announcement is the better knowledge. Raises
    Refused("no_edition") where none is published.
    """
    if on is not None:
        return edition(calendars.SUBJECT, on)
    together = _together.get()
    if together is not None:
        return _held(calendars.SUBJECT, next(iter(together.get(calendars.SUBJECT, [])), None))
    return _held(calendars.SUBJECT, next(iter(RuleSet.objects.raw(_NEWEST, [calendars.SUBJECT])), None))


def calendar(on: dt.date | None = None) -> Calendar:
    """The working time to count with (`kernel.worktime`); see `calendar_edition`. One query once the edition was read."""
    found = calendar_edition(on).calendar
    assert found is not None  # noqa: S101 - every edition of this subject has one
    return found


def _held(subject: str, row: RuleSet | None) -> Edition:
    if row is None:
        raise Refused("no_edition", subject=subject)
    identity = (row.pk, row.subject, row.version, row.made_at, row.published_at)
    known = _read.get(identity)
    if known is not None:
        return known
    found = _whole(row)
    if not connection.in_atomic_block:  # what a transaction published may be taken back
        _read[identity] = found
    return found


def _whole(row: RuleSet) -> Edition:
    fees: dict[str, Fee] = {}
    limits: dict[str, Limit] = {}
    conditions: list[Condition] = []
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, [row.pk] * 3)
        for kind, code, _, text_ar, text_en, article_ar, article_en, number, unit, account, assumed in cursor.fetchall():
            if kind == "fee":
                fees[code] = Fee(code, text_ar, text_en, article_ar, article_en, number, unit, account, bool(assumed))
            elif kind == "limit":
                limits[code] = Limit(code, number, unit, article_ar, article_en, bool(assumed))
            else:
                conditions.append(Condition(text_ar, text_en))
    is_calendar = row.subject == calendars.SUBJECT
    return Edition(
        row.subject,
        row.version,
        row.instrument_ar,
        row.instrument_en,
        row.first_day,
        row.is_assumption,
        fees,
        limits,
        tuple(conditions),
        {r.code: Reason(*(getattr(r, f.name) for f in fields(Reason))) for r in row.reasons.all()},
        tuple(Check(*(getattr(c, f.name) for f in fields(Check))) for c in row.checks.all()),
        tuple(Holiday(*(getattr(h, f.name) for f in fields(Holiday))) for h in row.holidays.all()) if is_calendar else (),
        calendars.read(row) if is_calendar else None,
    )


def competent_authority(activity_code: str, on: dt.date) -> str:
    """The body that licenses an activity on a day; the Municipality where nothing else is written."""
    row = (
        ActivityAuthority.objects.filter(Q(last_day__isnull=True) | Q(last_day__gte=on), activity=activity_code, first_day__lte=on)
        .order_by("-first_day")
        .first()
    )
    return row.authority if row else Authority.MUNICIPALITY
