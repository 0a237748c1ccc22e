"""Shops. Places and activities have to be loaded."""

from __future__ import annotations

import datetime as dt
from typing import Any

import factory
from factory.django import DjangoModelFactory

from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.places.models import Area
from shops.models import Shop
from shops.register import events


class ShopFactory(DjangoModelFactory[Shop]):
    """An open salon in Hawalli. Trait `registered`: in Salmiya, opened by the register's service, with its event."""

    class Meta:
        model = Shop

    class Params:
        registered = factory.Trait(
            through_register=True,
            name_en=factory.Sequence(lambda n: f"Al-Mouj Salon {n}"),
            activity_id="WSAL",
            area=factory.LazyFunction(lambda: Area.objects.get(name_ar="السالمية")),
            commercial_license_no=factory.Sequence(lambda n: f"{n:06d}/2020"),
            commercial_license_end=factory.LazyFunction(clock.today),
        )

    name_ar = factory.Sequence(lambda n: f"صالون الموج {n}")
    name_en = factory.Sequence(lambda n: f"Al Mawj Salon {n}")
    activity_id, branch_id = "BARB", "HA"
    area = factory.LazyFunction(lambda: Area.objects.filter(governorate="HA").order_by("pk")[0])
    block, street, building = "4", "12", "30"
    paci_number = factory.Sequence(lambda n: f"1022{n:04d}")
    commercial_license_no = factory.Sequence(lambda n: f"2020/{n:06d}")
    commercial_license_end = factory.LazyFunction(lambda: clock.today() + dt.timedelta(days=300))
    facts_source = "moci"
    facts_at = factory.LazyFunction(clock.now)

    @classmethod
    def _create(cls, model_class: type[Shop], *args: Any, through_register: bool = False, **facts: Any) -> Shop:
        if through_register:
            return events.open_shop(shop=Shop(**facts), source="moci", actor=system("tests"))
        return Shop.objects.create(**facts)
