"""Large data for benchmarks: more shops, organisations and licences of the same kind, batch by batch."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction

from municipality.accounts.models import Organisation, User, actor_of
from municipality.audit.services import sequence
from sandbox.demo.carrying import carry_over
from sandbox.demo.generate import seeded, shops
from sandbox.demo.loading import BATCH, FULL, Loading, anchor
from sandbox.demo.steps.licences import papers_of
from sandbox.demo.steps.shops import area_ids, shop, small_organisations
from shops.models import Shop
from shops.register.queries import with_names
from shops.search import index

MOST = 1_000_000  # numbers of commercial licences stay different up to here


def fill(wanted: int, echo: Callable[[str], None], *, number_acts: bool = True) -> int:
    """Add shops until there are `wanted`, with owners and licences. Returns how many were added. One transaction a batch.

    Stands on the demo's people, places and rules. Raises ValueError above MOST shops or where the demo is not loaded.
    """
    if wanted > MOST:
        raise ValueError(f"at most {MOST} shops can be made up")
    areas = area_ids()
    officers = {user.branch_id: actor_of(user) for user in User.objects.filter(groups__name="officer")}
    if not areas or not officers:
        raise ValueError("the demo is not loaded")
    loading = Loading(anchor(), FULL, echo)
    first = at = Shop.objects.count()
    while at < wanted:
        count = min(BATCH, wanted - at)
        rng = seeded(f"fill {at}")
        with transaction.atomic():
            owners = small_organisations(count, rng, start=Organisation.objects.count())
            rows = shops(count, "fill", start=at)
            made = Shop.objects.bulk_create([shop(loading, row, owner, areas) for row, owner in zip(rows, owners, strict=True)])
            named = with_names(Shop.objects.filter(pk__in=[s.pk for s in made]).order_by("pk"))
            carry_over([paper for one in named for paper in papers_of(loading, one, rng, officers)], rng)
            index.refresh([one.pk for one in made])
        at += count
        if at % (10 * BATCH) == 0 or at == wanted:
            echo(f"{at} shops")
    while number_acts and sequence():
        pass
    return max(at - first, 0)
