"""Reports with a drawn inspector, and what their reporters are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from municipality.accounts.models import User
from municipality.places.models import Branch
from reports.models import Report
from reports.reporters import notifications
from reports.reporters.services import Sender
from tests.factories import reports
from tests.factories.accounts import StaffFactory
from tests.factories.inspections import inspector


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """(report, kind) of every message to a reporter after the receipt."""
    sent: list[tuple[int, str]] = []

    def tell(report: Report, kind: str, **facts: Any) -> None:
        if kind != "received":
            sent.append((report.pk, kind))

    monkeypatch.setattr(notifications, "tell", tell)
    return sent


@pytest.fixture
def inspectors(rules: None) -> list[User]:
    return [inspector(login, "HA", scope=["SHP", "CLN"]) for login in ("inspector", "colleague")]


@pytest.fixture
def supervisor(inspectors: list[User]) -> User:
    return StaffFactory(groups=["supervisor"], login="supervisor", branch=Branch.objects.get(pk="HA"))


@pytest.fixture
def row(inspectors: list[User], told: list[Any], store: Path) -> Report:
    """A report of waste in Hawalli with its drawn inspector; who sent it confirmed a phone number."""
    return reports.assigned(Sender(phone="96550000011"))
