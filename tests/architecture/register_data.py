"""Rows of the register: a shop that was renamed, moved, changed and suspended, one that closed; and the index of the search."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import transaction

from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.places.models import Area
from municipality.rulebook.models import Activity
from shops.models import Shop
from shops.register import events
from shops.register.services import FactChange, change_register, transfer
from shops.search import index
from tests.factories.accounts import OrganisationFactory

TESTS = system("tests")


@dataclass
class Register:
    with_events: Shop  # with everything that can happen to a shop that is open
    closed: Shop
    foreign: Shop  # of one name in both languages


def fill() -> Register:
    from tests.architecture.sample_data import shop_of

    first, second = (
        OrganisationFactory(name_ar=f"شركة السجل {n}", name_en=f"Register Company {n}", commercial_register_no=f"7800{n}") for n in (1, 2)
    )
    with_events = shop_of(None, 951, organisation=first, name_ar="صالون لمسة الفجر", name_en="Lamsat Al-Fajr Salon")
    closed = shop_of(None, 952, organisation=first, name_ar="صالون نجمة الفجر", name_en="Najmat Al-Fajr Salon", ends_in=None)
    Shop.objects.filter(pk=with_events.pk).update(opened_on=clock.today() - dt.timedelta(days=900))
    other = Activity.objects.exclude(pk=with_events.activity_id).order_by("code")[0]
    area = Area.objects.filter(governorate="FA").order_by("pk")[0]
    changes = [
        FactChange("trade_name", {"name_ar": "صالون فجر الديرة", "name_en": "Fajr Al-Deera Salon"}),
        FactChange("activity", {"activity_id": other.pk}),
        FactChange("address", {"area_id": area.pk, "block": "7"}),
    ]
    change_register(shop=with_events, changes=changes, source="case:told", actor=TESTS)
    transfer(shop=with_events, to=second, source="case:passed", actor=TESTS)
    events.suspend(shop=with_events, source="case:stopped", actor=TESTS)
    events.close(shop=closed, source="moci", actor=TESTS)
    foreign = shop_of(None, 953, organisation=first, name_ar="Vela 24", name_en="Vela 24", ends_in=None)
    with transaction.atomic():
        index.index_missing()
    return Register(Shop.objects.get(pk=with_events.pk), Shop.objects.get(pk=closed.pk), foreign)
