"""The large register in the database: by COPY, without people, licences or record. For measuring only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import connection, transaction

from municipality.accounts.models import Organisation
from municipality.kernel import clock
from municipality.kernel.copying import copy_rows
from municipality.places.models import Area
from sandbox.demo.hours import load_hours
from sandbox.demo.register import RegisterRow
from shops.models import Shop

HOLDER = "900000"
COLUMNS = (
    "public_id", "name_ar", "name_en", "activity_id", "organisation_id", "branch_id", "area_id", "block", "street", "building", "plot",
    "floor", "unit", "paci_number", "manager_name_ar", "manager_name_en", "manager_civil_id_digest", "manager_civil_id_cipher",
    "manager_civil_id_masked", "commercial_license_no", "commercial_license_end", "commercial_registration_no", "latitude", "longitude",
    "opened_on", "closed_on", "facts_source", "facts_at",
)  # fmt: skip


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
