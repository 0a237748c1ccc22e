"""Which rules apply on a day, and a snapshot of them that a case keeps."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from municipality.kernel.errors import Refused
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


def edition(subject: str, on: dt.date) -> Edition:
    """The edition in force on a day. Raises Refused("no_edition") where the rulebook is silent."""
    identity = in_force(subject, on).values_list("pk", "subject", "version", "made_at", "published_at").first()
    if identity is None:
        raise Refused("no_edition", subject=subject)
    known = _read.get(identity)
    if known is not None:
        return known
    found = _whole(RuleSet.objects.prefetch_related("fees", "limits", "conditions").get(pk=identity[0]))
    if not connection.in_atomic_block:  # what a transaction published may be taken back
        _read[identity] = found
    return found


def _whole(row: RuleSet) -> Edition:
    return Edition(
        row.subject,
        row.version,
        row.instrument_ar,
        row.instrument_en,
        row.first_day,
        row.is_assumption,
        {
            f.code: Fee(f.code, f.label_ar, f.label_en, f.article_ar, f.article_en, f.fils, f.unit, f.revenue_account, f.is_assumption)
            for f in row.fees.all()
        },
        {x.code: Limit(x.code, x.value, x.unit, x.article_ar, x.article_en, x.is_assumption) for x in row.limits.all()},
        tuple(Condition(c.text_ar, c.text_en) for c in row.conditions.all()),
    )


def competent_authority(activity_code: str, on: dt.date) -> str:
    """The body that licenses an activity on a day; the Municipality where nothing else is written."""
    row = (
        ActivityAuthority.objects.filter(Q(last_day__isnull=True) | Q(last_day__gte=on), activity=activity_code, first_day__lte=on)
        .order_by("-first_day")
        .first()
    )
    return row.authority if row else Authority.MUNICIPALITY
