"""An owner, a delegate, somebody at the counter, and a gateway that keeps the codes it is given."""

from __future__ import annotations

from typing import Any

import pytest

from municipality.accounts.models import User
from tests.factories.accounts import PersonFactory, StaffFactory
from tests.municipality.delegation.delegates import DELEGATE, OWNER, Tray


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
