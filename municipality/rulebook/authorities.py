"""Which authority licenses an activity on a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.conf import settings
from django.db.models import Q

from municipality.kernel import request_cache
from municipality.kernel.ttl_cache import ttl_cache
from municipality.rulebook.models import ActivityAuthority, Authority


@ttl_cache(lambda: settings.NAMED_LISTS_SECONDS)
def authorities() -> list[ActivityAuthority]:
    """The authorities of all activities, by first day; cached for NAMED_LISTS_SECONDS."""
    return list(ActivityAuthority.objects.order_by("first_day"))


def licensed_elsewhere(activities: Collection[str], on: dt.date) -> dict[str, str]:
    """The other authority that licenses each of these activities on a day, from a cache: for lists.

    Use `competent_authority` for decisions.
    """
    known = request_cache.get_or_set("rulebook.authorities", authorities)
    latest = {row.activity_id: row for row in known if row.activity_id in activities and row.first_day <= on}
    return {
        code: row.authority
        for code, row in latest.items()
        if row.authority != Authority.MUNICIPALITY and (row.last_day is None or row.last_day >= on)
    }


def competent_authority(activity_code: str, on: dt.date) -> str:
    """The authority that licenses an activity on a day, by default the Municipality."""
    rows = ActivityAuthority.objects.filter(Q(last_day__isnull=True) | Q(last_day__gte=on), activity=activity_code, first_day__lte=on)
    return rows.order_by("-first_day").values_list("authority", flat=True).first() or Authority.MUNICIPALITY
