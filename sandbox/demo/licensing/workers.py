"""Health certificates of the workers of shops with a scenario, some of which have ended or end soon."""

from __future__ import annotations

import datetime as dt

from licensing.models import WorkerCertificate
from municipality.accounts import civil_ids
from municipality.kernel import civil_id
from sandbox.demo.licensing.past_cases import applicant_of
from sandbox.demo.loading import Loading
from sandbox.demo.seeds import public_id, seeded
from sandbox.demo.shops import scenarios
from shops.models import Shop

WOMEN = ("سلمى الشاطئ", "Anita Green", "جميلة الميناء", "Rosa Sands", "فاطمة الواحة", "Grace Harbour", "عائشة الشراع", "Lina Dune")
MEN = ("سليمان الشاطئ", "Anil Green", "جوزيف الميناء", "Ramesh Sands", "فهد الواحة", "George Harbour", "عمر الشراع", "Liam Dune")
ENDS_IN = (-6, 9, 40, 120, 200, 260, 310, 350)  # days


def run(loading: Loading) -> str:
    rng = seeded("workers step")
    numbers = [one.commercial_license_no for one in scenarios.placed()]
    rows: list[WorkerCertificate] = []
    shops = Shop.objects.filter(commercial_license_no__in=numbers, closed_on=None).select_related("activity")
    for place, shop in enumerate(shops.order_by("pk")):
        names = WOMEN if shop.activity.is_womens else MEN
        first = place % 3  # the first shop has a certificate that has ended, the second one that ends soon, the third none
        for name, days in zip(names[first::2], ENDS_IN[first::2], strict=True):
            number = _civil_number(len(rows))
            person = applicant_of(shop, rng)
            rows.append(
                WorkerCertificate(
                    public_id=public_id(rng),
                    shop=shop,
                    name=name,
                    civil_id_digest=civil_ids.digest(number),
                    civil_id_masked=civil_id.mask(number),
                    number=f"HC-{rng.randrange(10**6):06d}",
                    last_day=loading.day(days),
                    entered_by=person,
                    entered_at=loading.anchor - dt.timedelta(days=20),
                )
            )
    WorkerCertificate.objects.bulk_create(rows)
    return f"{len(rows)} health certificates of workers"


def _civil_number(serial: int) -> str:
    """A valid civil number of nobody: its serial begins with 98."""
    eleven = f"29{serial % 10}0{1 + serial % 9}{10 + serial % 19}98{serial // 10:02d}"
    while (check := civil_id.check_digit(eleven)) is None:
        eleven = f"{int(eleven) + 10000}"  # a day later
    return f"{eleven}{check}"
