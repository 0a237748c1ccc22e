"""More shops for the journeys than the demo has, made in the demo's own way. Runs inside `manage.py shell` of the stack."""

from __future__ import annotations

import json
from dataclasses import replace

FIRST_ROW = 700_000  # far from the rows of the demo, so that no number of a licence is given twice
ROWS = 1_000  # of one call; a call takes the first such rows that no earlier one has taken
ENDS_IN_DAYS = 30
MADE = "MADE "


def add(owners: dict[str, int]) -> None:
    """Give every owner (English name) so many shops whose licence ends within the window; print their ids and names as JSON."""
    from itertools import count

    from django.db import transaction

    from municipality.accounts.models import User
    from sandbox.demo.licensing.licences import _first_day
    from sandbox.demo.licensing.papers import Paper, carry_over
    from sandbox.demo.loading import SMALL, Loading, anchor
    from sandbox.demo.seeds import seeded
    from sandbox.demo.shops.register import area_ids, shop
    from sandbox.demo.shops.rows import ELSEWHERE, shops
    from shops.models import Shop
    from shops.register.queries import with_names
    from shops.search import index

    loading = Loading(anchor(), SMALL, print)
    areas, last = area_ids(), loading.day(ENDS_IN_DAYS)
    people = [user for user in User.objects.filter(name_en__in=owners) for _ in range(owners[user.name_en])]
    for first_row in count(FIRST_ROW, ROWS):
        rows = list(shops(4 * len(people) + 20, "journeys", start=first_row))
        if not Shop.objects.filter(public_id__in=[row.public_id for row in rows]).exists():
            break
    fitting = (replace(row, commercial_license_days=400) for row in rows if row.activity not in ELSEWHERE)
    with transaction.atomic():
        made = Shop.objects.bulk_create(shop(loading, row, person, areas) for row, person in zip(fitting, people, strict=False))
        named = with_names(Shop.objects.filter(pk__in=[one.pk for one in made]))
        rng = seeded(f"journeys {first_row}")
        carry_over([Paper(one, _first_day(last), last, loading.instant(loading.day(-150), rng)) for one in named], rng)
        index.refresh([one.pk for one in made])
    found: dict[str, list[dict[str, str]]] = {}
    for one in made:
        owner = one.owner
        if owner is not None:
            found.setdefault(owner.name_en, []).append({"id": one.public_id, "ar": one.name_ar, "en": one.name_en})
    print(MADE + json.dumps(found, ensure_ascii=True))
