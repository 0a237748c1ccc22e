"""The simulated commercial register on a free port, with the licences of a test, and the portal's side of it."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from municipality.accounts.models import User
from municipality.jobs import services as jobs
from municipality.jobs.models import Job
from municipality.kernel import clock
from sandbox.simulators import serving
from sandbox.simulators.moci.book import Book
from sandbox.simulators.moci.server import Desk, application
from shops.commercial_register.services import delta
from shops.models import Shop
from shops.models.commercial_register import CommercialDifference, CommercialFeed, CommercialNotice, CommercialOutage, CommercialRun
from tests.conftest import Clock
from tests.factories.accounts import StaffFactory

KEY = "tests-only-key-of-the-register"
JOB_KINDS = (delta.PAGE_JOB, delta.ONE_JOB, delta.COMPARE_JOB)


def licence_of(shop: Shop, **changed: Any) -> dict[str, Any]:
    """What the register would say of a shop's licence if both agreed, changed at will."""
    return {
        "licence": shop.commercial_license_no,
        "status": "active",
        "name_ar": shop.name_ar,
        "name_en": shop.name_en,
        "activity": shop.activity_id,
        "issued_on": "2020-01-01",
        "valid_until": shop.commercial_license_end.isoformat(),
        "registration_no": shop.commercial_registration_no,
        "address": {
            "governorate": shop.area.governorate_id,
            "area_ar": shop.area.name_ar,
            **{name: getattr(shop, name) for name in ("block", "street", "building", "plot", "floor", "unit", "paci_number")},
        },
    } | changed


@dataclass
class Commercial:
    """The simulated register and what a test does with both sides."""

    url: str
    book: Book
    clerk: User
    clock: Clock
    numbers: list[int] = field(default_factory=list)

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        answer = requests.post(f"{self.url}/control/{path}", json=body, timeout=10)
        answer.raise_for_status()
        return dict(answer.json())

    def holds(self, *licences: dict[str, Any]) -> None:
        self.post("reset", licences=list(licences))

    def happens(self, shop: Shop | str, what: str, **facts: Any) -> dict[str, Any]:
        number = shop if isinstance(shop, str) else shop.commercial_license_no
        return self.post("change", licence=number, what=what, facts=facts)

    def behaves(self, *names: str, times: int = 0) -> None:
        self.post("behaviour", names=list(names), times=times)

    def delta(self, minutes: int = 2) -> CommercialRun:
        """A whole delta, asked for by the clerk; a failed page is left to its later try."""
        self.clock.move(minutes=minutes)
        run = delta.request_delta(by=self.clerk)
        self.work()
        run.refresh_from_db()
        return run

    def work(self) -> int:
        """Run what is due."""
        ran = 0
        while due := list(
            Job.objects.filter(pk__in=[pk for pk, _ in jobs.due()], kind__in=JOB_KINDS).order_by("pk").values_list("pk", flat=True)
        ):
            ran += sum(jobs.run(pk) for pk in due)
        broken = Job.objects.filter(kind__in=JOB_KINDS).exclude(last_error="").values_list("last_error", flat=True)
        assert not list(broken), list(broken)
        return ran

    def open(self, shop: Shop | None = None) -> dict[str, CommercialDifference]:
        rows = CommercialDifference.objects.filter(state="open")
        return {row.kind: row for row in (rows.filter(shop=shop) if shop else rows)}

    def outage(self) -> CommercialOutage | None:
        return CommercialOutage.objects.filter(ended_at__isnull=True).first()

    @staticmethod
    def state() -> dict[str, int]:
        """How many rows there are, and where the cursor stands."""
        feed = CommercialFeed.objects.first()
        return {
            "notices": CommercialNotice.objects.count(),
            "differences": CommercialDifference.objects.count(),
            "changes": sum(shop.changes.count() for shop in Shop.objects.all()),
            "cursor": hash(feed.cursor if feed else ""),
        }


@pytest.fixture
def commercial(tmp_path: Path, settings: Any, rules: None, frozen_clock: Clock) -> Iterator[Commercial]:
    book = Book(tmp_path / "moci.sqlite3")
    server = serving.start(application(Desk(book, KEY, slow=1.5)), 0)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    settings.MOCI_URL, settings.MOCI_KEY, settings.MOCI_WINDOW = f"{url}/api/v1", KEY, "01:00-05:00"
    yield Commercial(url, book, StaffFactory(groups=["register_keeper"], login="clerk"), frozen_clock)
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)
    book.close()


@pytest.fixture
def both(commercial: Commercial, make_shop: Callable[..., Shop]) -> tuple[Commercial, Shop]:
    """One shop that both registers know alike, read once."""
    shop = make_shop(commercial_license_end=clock.today() + dt.timedelta(days=30), commercial_registration_no="88001")
    commercial.holds(licence_of(shop))
    commercial.delta()
    return commercial, shop
