"""The shops on a plot's page, and the way from a shop to its plot."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from municipality.kernel import clock
from shops.models import Shop
from shops.public_page import plots
from tests.factories.accounts import PersonFactory
from tests.factories.shops import ShopFactory
from tests.factories.zoning import PlotFactory
from zoning.models import Plot, PlotAddress

pytestmark = pytest.mark.django_db


@pytest.fixture
def plot(rules: None) -> Plot:
    row = PlotFactory()
    PlotAddress.objects.create(plot=row, paci_number="10220001")
    return row


def page(client: Client, plot: Plot) -> str:
    return client.get(f"/en/plots/{plot.public_id}/").content.decode()


def test_the_shops_at_its_addresses_stand_on_its_page(client: Client, plot: Plot) -> None:
    assert "No shop of the register" in page(client, plot)
    owner = PersonFactory()
    here, elsewhere = (ShopFactory(owner=owner, paci_number=number) for number in ("10220001", "10220002"))
    text = page(client, plot)
    assert here.public_id in text
    assert elsewhere.public_id not in text


def test_a_closed_shop_does_not_stand_there(client: Client, plot: Plot) -> None:
    shop = ShopFactory(owner=PersonFactory(), paci_number="10220001")
    Shop.objects.filter(pk=shop.pk).update(closed_on=clock.today() - dt.timedelta(days=1))
    assert shop.public_id not in page(client, plot)


def test_more_than_the_most_are_counted(client: Client, plot: Plot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plots, "MOST", 1)
    ShopFactory.create_batch(3, owner=PersonFactory(), paci_number="10220001")
    assert "There are 2 more shops." in page(client, plot)


def test_a_shop_leads_to_its_plot_and_back(client: Client, plot: Plot) -> None:
    shop = ShopFactory(owner=PersonFactory(), paci_number="10220001")
    text = client.get(f"/en/shops/{shop.public_id}/", follow=True).content.decode()
    assert "/en/zoning/?q=10220001" in text
    response = client.get("/en/zoning/?q=10220001", follow=True)
    assert response.redirect_chain[-1][0] == f"/en/plots/{plot.public_id}/"
    assert shop.name_en in response.content.decode()
