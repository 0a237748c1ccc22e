"""A shop, an officer of its branch, and the seal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from municipality.accounts.models import User
from municipality.documents import seal
from shops.models import Shop
from tests.factories.accounts import StaffFactory
from tests.factories.review import OfficerFactory


@pytest.fixture
def shop(make_shop: Callable[..., Any], store: Path) -> Shop:
    row: Shop = make_shop()
    return row


@pytest.fixture
def officer(shop: Shop) -> User:
    return OfficerFactory(login="officer", branch_id=shop.branch_id, skills=["boards"])


@pytest.fixture
def head(shop: Shop) -> User:
    return StaffFactory(supervisor=True, login="head", branch_id=shop.branch_id)


@pytest.fixture
def sealed(store: Path) -> None:
    seal.make_seal(Path(settings.SIGNER_KEY_FILE), settings.SIGNER_PASSPHRASE)
