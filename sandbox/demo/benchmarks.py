"""Large data for benchmarks.

`fill` adds shops, organisations and licences in batches; `load_register` writes a large register by COPY, without people, licences
and audit log.
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

MAX_SHOPS = 1_000_000  # numbers of commercial licences are unique up to here
HOLDER = "900000"
COLUMNS = (
    "public_id", "name_ar", "name_en", "activity_id", "organisation_id", "branch_id", "area_id", "block", "street", "building", "plot",
    "floor", "unit", "paci_number", "manager_name_ar", "manager_name_en", "manager_civil_id_digest", "manager_civil_id_cipher",
    "manager_civil_id_masked", "commercial_license_no", "commercial_license_end", "commercial_registration_no", "latitude", "longitude",
    "opened_on", "closed_on", "facts_source", "facts_at",
)  # fmt: skip


def fill(target: int, echo: Callable[[str], None], *, sequence_events: bool = True) -> int:
    """Add shops with owners and licences until there are `target`, one transaction a batch. Returns how many were added.

    Raises ValueError above MAX_SHOPS or if the demo is not loaded.
    """
    if target > MAX_SHOPS:
        raise ValueError(f"at most {MAX_SHOPS} shops can be made up")
    areas = area_ids()
    officers = {user.branch_id: actor_of(user) for user in User.objects.filter(groups__name="officer")}
    if not areas or not officers:
        raise ValueError("the demo is not loaded")
    loading = Loading(anchor(), FULL, echo)
    first = total = Shop.objects.count()
    while total < target:
        count = min(BATCH, target - total)
        rng = seeded(f"fill {total}")
        with transaction.atomic():
            owners = small_organisations(count, rng, start=Organisation.objects.count())
            rows = shops(count, "fill", start=total)
            created = Shop.objects.bulk_create([shop(loading, row, owner, areas) for row, owner in zip(rows, owners, strict=True)])
            shops_with_names = with_names(Shop.objects.filter(pk__in=[s.pk for s in created]).order_by("pk"))
            carry_over([paper for row in shops_with_names for paper in papers_of(loading, row, rng, officers)], rng)
            index.refresh([row.pk for row in created])
        total += count
        if total % (10 * BATCH) == 0 or total == target:
            echo(f"{total} shops")
    while sequence_events and sequence():
        pass
    return max(total - first, 0)


@transaction.atomic
def load_register(rows: Iterable[RegisterRow]) -> int:
    """Write the rows as shops of one organisation. Returns how many. Areas and activities must exist."""
    holder, _ = Organisation.objects.get_or_create(
        commercial_register_no=HOLDER, defaults={"name_ar": "مؤسسة القياس", "name_en": "Measuring Establishment"}
    )
    areas = {(area.governorate_id, area.name_ar): area.pk for area in Area.objects.all()}
    count = copy_rows(connection, Shop._meta.db_table, COLUMNS, _values(rows, holder.pk, areas))
    load_hours(clock.now(), "bulk")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE shops_shop, shops_statedhours")
    return count


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
