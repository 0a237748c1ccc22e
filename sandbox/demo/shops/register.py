"""Shops of the scenarios, the people, the three large organisations and many small ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from random import Random

from municipality.accounts.models import Organisation, User
from municipality.places.models import Area
from sandbox.demo.loading import Loading, batches
from sandbox.demo.platform import people
from sandbox.demo.platform.accounts import ORGANISATIONS
from sandbox.demo.seeds import public_id, seeded
from sandbox.demo.shops import scenarios
from sandbox.demo.shops.hours import load_hours
from sandbox.demo.shops.large_register import point_near
from sandbox.demo.shops.rows import ShopRow, brand, shops
from sandbox.demo.zoning.sites import Site, addresses, sites_of_areas
from shops.models import Shop
from zoning.models import PlotAddress

FACTS_SOURCE = "commercial_register"
SIZES, SIZE_WEIGHTS = (1, 2, 3, 4, 5, 8), (60, 20, 9, 6, 4, 1)  # shops of a small organisation


def run(loading: Loading) -> str:
    rng = seeded("shops step")
    rows = list(shops(loading.scale.shops, "demo"))
    scenario_shops = list(scenarios.placed())
    for placed in scenario_shops:
        rows[placed.number] = placed.shape(rows[placed.number])
    owners = list(_owners(loading, scenario_shops, rng, len(rows)))
    areas, sites = area_ids(), sites_of_areas(loading)
    for pairs in batches(list(zip(rows, owners, strict=True))):
        placed_shops = [_on_site(shop(loading, row, owner, areas), sites) for row, owner in pairs]
        Shop.objects.bulk_create(one for one, _ in placed_shops)
        PlotAddress.objects.bulk_create(addresses((one, site) for one, site in placed_shops if site is not None))
    with_hours = load_hours(loading.anchor, "shops")
    return f"{len(rows)} shops, {with_hours} with opening hours"


def _on_site(row: Shop, sites: dict[int, list[Site]]) -> tuple[Shop, Site | None]:
    """The shop on a plot of the invented city, where its area has plots, with the plot's block and number in its address."""
    choice = sites.get(row.area_id)
    if not choice:
        return row, None
    rng = seeded(f"site {row.public_id}")
    site = rng.choice(choice)
    row.block, row.plot = site.block, site.number if row.plot else ""
    row.latitude, row.longitude = site.near(rng)
    return row, site


def area_ids() -> dict[tuple[str, str], int]:
    """Ids of areas by governorate and Arabic name."""
    return {(area.governorate_id, area.name_ar): area.pk for area in Area.objects.all()}


def shop(loading: Loading, row: ShopRow, owner: User | Organisation, areas: dict[tuple[str, str], int]) -> Shop:
    """The row as an unsaved shop of its owner."""
    rng = seeded(f"place {row.public_id}")
    latitude, longitude = point_near(row.governorate, row.area_ar, rng)
    return Shop(
        public_id=row.public_id,
        name_ar=row.name_ar,
        name_en=row.name_en,
        activity_id=row.activity,
        owner=owner if isinstance(owner, User) else None,
        organisation=owner if isinstance(owner, Organisation) else None,
        branch_id=row.governorate,
        area_id=areas[row.governorate, row.area_ar],
        block=row.block,
        street=row.street,
        building=row.building,
        plot=row.plot,
        floor=row.floor,
        unit=row.unit,
        paci_number=row.paci_number,
        commercial_license_no=row.commercial_license_no,
        commercial_license_end=loading.day(row.commercial_license_days),
        commercial_registration_no=f"{300_000 + int(row.paci_number) % 599_999}",
        latitude=latitude,
        longitude=longitude,
        opened_on=loading.day(-rng.randint(800, 5000)),
        facts_source=FACTS_SOURCE,
        facts_at=loading.instant(loading.day(-row.facts_days), seeded(row.public_id)),
    )


def _owners(loading: Loading, scenario_shops: Iterable[scenarios.Placed], rng: Random, total: int) -> Iterator[User | Organisation]:
    """The owner of each shop, in the order of the rows."""
    by_name = {user.name_en: user for user in User.objects.people()}
    count = 0
    for placed in scenario_shops:
        yield by_name[placed.owner_en]
        count += 1
    owners = [by_name[p.name_en] for p in people.PEOPLE if p.role == "owner" and not p.scenario]
    for person in owners:
        for _ in range(loading.scale.shops_per_person):
            yield person
            count += 1
    numbers = [number for _, _, number, _ in ORGANISATIONS]
    for organisation in Organisation.objects.filter(commercial_register_no__in=numbers).order_by("commercial_register_no"):
        for _ in range(loading.scale.shops_per_organisation):
            yield organisation
            count += 1
    yield from small_organisations(total - count, rng)


def small_organisations(shop_count: int, rng: Random, *, start: int = 0) -> Iterator[Organisation]:
    """Saved organisations without an account, each repeated for its shops, `shop_count` in all."""
    sizes = list(_limit_sum(rng.choices(SIZES, SIZE_WEIGHTS, k=max(shop_count, 0)), shop_count))
    unsaved = [_organisation(rng, start + n) for n in range(len(sizes))]
    saved: list[Organisation] = []
    for batch in batches(unsaved):
        saved += Organisation.objects.bulk_create(batch)
    for organisation, size in zip(saved, sizes, strict=True):
        for _ in range(size):
            yield organisation


def _limit_sum(sizes: Sequence[int], limit: int) -> Iterator[int]:
    """The first sizes, the last one reduced so that their sum is the limit."""
    for size in sizes:
        if limit <= 0:
            return
        yield min(size, limit)
        limit -= size


def _organisation(rng: Random, number: int) -> Organisation:
    name_ar, name_en = brand(rng)
    return Organisation(
        public_id=public_id(rng),
        name_ar=f"مؤسسة {name_ar} التجارية",
        name_en=f"{name_en} Trading Establishment",
        commercial_register_no=f"{400_000 + number}",
    )
