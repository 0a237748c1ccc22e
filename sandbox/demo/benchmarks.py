"""Large data for benchmarks.

`fill` adds shops, organisations and licences of the demo's kind, batch by batch; `load_register` writes a large register by COPY,
without people, licences or record.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.db import connection, transaction

from municipality.accounts.models import Organisation, User, actor_of
from municipality.audit.services import sequence
from municipality.kernel import clock
from municipality.kernel.bulk_copy import copy_rows
from municipality.places.models import Area
from sandbox.demo.licensing.licences import papers_of
from sandbox.demo.licensing.papers import carry_over
from sandbox.demo.loading import BATCH, FULL, Loading, anchor
from sandbox.demo.seeds import seeded
from sandbox.demo.shops.hours import load_hours
from sandbox.demo.shops.large_register import RegisterRow
from sandbox.demo.shops.register import area_ids, shop, small_organisations
from sandbox.demo.shops.rows import shops
from shops.models import Shop
from shops.register.queries import with_names
from shops.search import index

MOST = 1_000_000  # numbers of commercial licences stay different up to here
HOLDER = "900000"
COLUMNS = (
    "public_id", "name_ar", "name_en", "activity_id", "organisation_id", "branch_id", "area_id", "block", "street", "building", "plot",
    "floor", "unit", "paci_number", "manager_name_ar", "manager_name_en", "manager_civil_id_digest", "manager_civil_id_cipher",
    "manager_civil_id_masked", "commercial_license_no", "commercial_license_end", "commercial_registration_no", "latitude", "longitude",
    "opened_on", "closed_on", "facts_source", "facts_at",
)  # fmt: skip


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


@transaction.atomic
def load_register(rows: Iterable[RegisterRow]) -> int:
    """Write the rows as shops of one made-up organisation. Returns how many. Areas and activities must be there."""
    holder, _ = Organisation.objects.get_or_create(
        commercial_register_no=HOLDER, defaults={"name_ar": "مؤسسة القياس", "name_en": "Measuring Establishment"}
    )
    areas = {(area.governorate_id, area.name_ar): area.pk for area in Area.objects.all()}
    written = copy_rows(connection, Shop._meta.db_table, COLUMNS, _values(rows, holder.pk, areas))
    load_hours(clock.now(), "bulk")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE shops_shop, shops_statedhours")
    return written


def _values(rows: Iterable[RegisterRow], holder: int, areas: dict[tuple[str, str], int]) -> Iterator[tuple[Any, ...]]:
    today, now = clock.today(), clock.now()
    for row in rows:
        yield (
            row.public_id, row.name_ar, row.name_en, row.activity, holder, row.area.governorate,
            areas[row.area.governorate, row.area.name_ar], row.block, row.street, row.building, row.plot, row.floor, row.unit,
            row.paci_number, "", "", "", "", "",
            row.commercial_license_no, today + dt.timedelta(days=row.commercial_license_days), row.commercial_registration_no,
            row.latitude, row.longitude, today - dt.timedelta(days=1000 + row.number % 3000),
            today - dt.timedelta(days=row.closed_days) if row.closed_days else None, "made_up", now,
        )  # fmt: skip
