"""A shop whose boards are licensed is not merged into another one."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import translation

from licensing.models import Board
from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from shops.models import Shop
from shops.office.services import merges
from tests.factories import boards
from tests.factories.accounts import StaffFactory
from tests.factories.shops import ShopFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store", "sealed")]


@pytest.fixture
def shop(rules: None, owner: User) -> Shop:
    """Without a health licence, which would stop the merge as well."""
    return ShopFactory(owner=owner)


def test_licensed_boards_stop_a_merge_until_they_have_ended(shop: Shop, owner: User, officer: User) -> None:
    clerk, into = StaffFactory(groups=["register_clerk"], login="clerk"), ShopFactory(owner=owner)
    boards.issued(shop, owner, officer)
    with pytest.raises(Refused, match="open_matters") as refusal:
        merges.propose(shop=shop, into=into, note_ar="المدخل مكرر", asked_by=clerk)
    with translation.override("en"):
        assert str(refusal.value.sentence).startswith("Boards of the shop to be merged are licensed.")
    last_day = max(Board.objects.values_list("last_day", flat=True))
    with clock.at(clock.start_of(last_day + dt.timedelta(days=1))):
        assert merges.propose(shop=shop, into=into, note_ar="المدخل مكرر", asked_by=clerk).pk
