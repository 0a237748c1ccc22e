"""Cases are tried on the one service that is open."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from municipality.accounts.models import User
from shops.models import Shop
from tests.factories.licensing import LicensedShopFactory
from tests.factories.shops import ShopFactory


@pytest.fixture
def make_shop(rules: None, owner: User) -> Callable[..., Shop]:
    """Makes shops of `owner` whose licence ends in 20 days; each keyword changes one fact."""
    ShopFactory.reset_sequence(1)
    return partial(LicensedShopFactory, owner=owner)
