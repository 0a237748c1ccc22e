"""The shops whose scenario is that an unpaid amount of the court blocks the renewal: the violation from its report to the judgment."""

from __future__ import annotations

import datetime as dt
from random import Random
from uuid import UUID

from municipality.accounts.models import User
from municipality.kernel import clock
from sandbox.demo.loading import Loading
from sandbox.demo.shops import scenarios
from sandbox.demo.violations.timeline import Timeline
from shops.models import Shop
from violations import queries
from violations.models import JudicialWarrant, Violation
from violations.services import court, notices, violation_reports
from violations.services.assessments import Findings

SEEN = -110  # days from the anchor
REFERRED = 45  # days after the notice was opened: the time to object is over and the block stands
RULED = 75
FILS = 100_000


def load(
    timeline: Timeline,
    loading: Loading,
    rng: Random,
    inspectors: dict[tuple[str, bool], list[JudicialWarrant]],
    office: dict[str, User],
) -> None:
    numbers = [p.commercial_license_no for p in scenarios.placed() if p.scenario.key == "blocked"]
    for shop in Shop.objects.filter(commercial_license_no__in=numbers).select_related("activity", "area").order_by("pk"):
        warrant = inspectors[shop.branch_id, shop.activity.is_womens][0]
        seen_at = loading.instant(loading.day(SEEN), rng)
        opened_at = seen_at + dt.timedelta(days=1, hours=2)
        key = str(UUID(int=rng.getrandbits(128), version=4))
        timeline.at(seen_at + dt.timedelta(minutes=10), lambda shop=shop, warrant=warrant, key=key: _report(shop, warrant, key))  # type: ignore[misc]
        timeline.at(opened_at, lambda shop=shop: _open(shop))  # type: ignore[misc]
        for days in (16, 32):  # the settlement period ends, then the block is placed
            timeline.night(clock.day_of(opened_at) + dt.timedelta(days=days))
        timeline.at(opened_at + dt.timedelta(days=REFERRED), lambda: _refer(office))
        number = f"ج {rng.randint(100, 999)}/{loading.today.year}"
        timeline.at(
            opened_at + dt.timedelta(days=RULED),
            lambda shop=shop, number=number: _rule(shop, number, office),  # type: ignore[misc]
        )


def _report(shop: Shop, warrant: JudicialWarrant, key: str) -> None:
    findings = Findings(
        client_key=key,
        offence="CLN-03",
        seen_at=clock.now() - dt.timedelta(minutes=10),
        area=shop.area,
        shop=shop,
        latitude=shop.area.latitude,
        longitude=shop.area.longitude,
        accuracy_m=8 if shop.area.latitude else None,
        block=shop.block,
        street=shop.street,
        note_ar="أمام باب المحل",
    )
    violation_reports.record(inspector=warrant.user, findings=findings)


def _of(shop: Shop) -> Violation:
    return Violation.objects.select_related("shop", "party").get(shop=shop)


def _open(shop: Shop) -> None:
    row = _of(shop)
    notices.record_opening(violation=row, person=queries.people_of(row)[0])


def _refer(office: dict[str, User]) -> None:
    if court.referable().exists():
        court.refer(clerk=office["court"])


def _rule(shop: Shop, number: str, office: dict[str, User]) -> None:
    ruling = court.enter_judgment(violation=_of(shop), ruling_no=number, ruled_on=clock.today(), fils=FILS, clerk=office["court"])
    court.confirm_judgment(judgment=ruling, ruled_on=ruling.ruled_on, clerk=office["court_second"], ruling_no=number, fils=FILS)
