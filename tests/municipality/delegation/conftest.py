"""An owner, a delegate, somebody at the counter, and a gateway that keeps the codes it is given."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from municipality.accounts.models import Organisation, Signatory, User
from tests.conftest import TODAY
from tests.factories.accounts import OrganisationFactory, PersonFactory, StaffFactory
from tests.municipality.delegation.delegates import DELEGATE, OWNER, THIRD, Tray


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Any) -> None:
    settings.VAR_DIR = tmp_path


@pytest.fixture
def tray(settings: Any) -> type[Tray]:
    settings.SMS_BACKEND = f"{Tray.__module__}.Tray"
    Tray.sent.clear()
    return Tray


@pytest.fixture
def owner(db: Any) -> User:
    return PersonFactory(civil_id=OWNER)


@pytest.fixture
def delegate(db: Any) -> User:
    return PersonFactory(civil_id=DELEGATE, name_ar="نورة الرشيدي", name_en="Noura Al-Rashidi")


@pytest.fixture
def clerk(rules: None) -> User:
    return StaffFactory(groups=["counter"], branch_id="HA")


@pytest.fixture
def company(db: Any, owner: User) -> Organisation:
    found = OrganisationFactory(name_ar="شركة الخليج", name_en="Gulf Company", commercial_register_no="77001")
    Signatory.objects.create(organisation=found, person=owner, first_day=TODAY - dt.timedelta(days=100))
    return found


@pytest.fixture
def partner(company: Organisation) -> User:
    """Another who signs for the company."""
    found: User = PersonFactory(civil_id=THIRD)
    Signatory.objects.create(organisation=company, person=found, first_day=TODAY)
    return found
