"""Health licences, and requests to renew one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import factory
from factory.django import DjangoModelFactory

from licensing.health import draft_pages, services
from licensing.health.states import RENEWAL
from licensing.models import HealthLicence
from municipality.accounts import civil_ids
from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.documents import services as documents
from municipality.drafts import services as drafts
from municipality.drafts.models import Draft
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.transitions import transition
from municipality.places.models import Area
from municipality.rulebook.models import Activity, ActivityAuthority
from shops.models import Shop
from tests.factories.shops import ShopFactory
from tests.factories.uploads import UploadFactory

MANAGER = "290010100038"


class HealthLicenceFactory(DjangoModelFactory[HealthLicence]):
    """A licence carried over from paper that ends in `ends_in` days."""

    class Meta:
        model = HealthLicence

    ends_in = 20
    number = factory.LazyAttribute(lambda licence: f"HLT-HA-2025-{licence.shop.commercial_license_no[-6:]}-X")

    @classmethod
    def _create(cls, model_class: type[HealthLicence], *args: Any, shop: Shop, ends_in: int, number: str) -> HealthLicence:
        last_day = clock.today() + dt.timedelta(days=ends_in)
        document = documents.draft(
            kind="health_licence",
            number=number,
            subject=shop.key,
            holder_key=shop.licensee.key if shop.owner else "",
            valid_from=last_day - dt.timedelta(days=364),
            valid_to=last_day,
            public_facts={"trade_name": [shop.name_ar, shop.name_en]},
        )
        transition(document, "carry_over", actor=system("tests"))
        return HealthLicence.objects.create(
            shop=shop, document=document, first_day=document.valid_from, last_day=last_day, registered_facts=shop.registered_facts()
        )


class LicensedShopFactory(ShopFactory):
    """A shop whose activity the Municipality alone licenses, with a licence that ends in `ends_in` days (None: without one)."""

    activity_id = factory.LazyFunction(
        lambda: Activity.objects.exclude(authorities__authority="pafn").order_by("code").values_list("code", flat=True)[0]
    )
    unit = "2"
    ends_in: int | None = 20

    @classmethod
    def _create(cls, model_class: type[Shop], *args: Any, ends_in: int | None, **facts: Any) -> Shop:
        shop = super()._create(model_class, *args, **facts)
        if ends_in is not None:
            HealthLicenceFactory(shop=shop, ends_in=ends_in)
        return shop


def food_activity() -> str:
    """The code of an activity that another authority licenses."""
    return str(ActivityAuthority.objects.filter(authority="pafn").order_by("activity").values_list("activity", flat=True)[0])


def answers_for(shop: Shop, name: str) -> dict[str, Any]:
    """Some other value for each fact."""
    elsewhere = Area.objects.filter(governorate="KU").order_by("pk")[0]
    return {
        "trade_name": {"name_ar": "صالون النخيل", "name_en": "Al Nakheel Salon"},
        "activity": {"activity": "SPA" if shop.activity_id != "SPA" else "BARB"},
        "area_m2": {"area_m2": 85},
        "manager": {"name_ar": "علي الصالح", "name_en": "Ali Al-Saleh", **civil_ids.fields(MANAGER)},
        "address": {
            "area": elsewhere.pk,
            "block": "7",
            "street": "20",
            "building": "11",
            "plot": "",
            "floor": "",
            "unit": "3",
            "paci_number": "20220222",
        },
    }[name]


class RenewalDraftFactory(DjangoModelFactory[Draft]):
    """A request in which the facts `changed` changed, with every file that is asked for; a renewal unless `service` says otherwise."""

    class Meta:
        model = Draft

    changed: Sequence[str] = ()
    service = RENEWAL

    @classmethod
    def _create(cls, model_class: type[Draft], *args: Any, shop: Shop, person: User, changed: Sequence[str], service: str) -> Draft:
        draft = drafts.begin(person=person, service=service, subject=shop.key)
        draft = drafts.answer(draft=draft, page=draft_pages.WHAT, answers={"changed": list(changed)}, version=draft.version)
        for name in changed:
            draft = drafts.answer(draft=draft, page=name, answers=answers_for(shop, name), version=draft.version)
        for slot in (slot for slot, least in draft_pages.required_slots(draft).items() if least):
            UploadFactory(owner=person, subject=draft.key, slot=slot)
        return draft


class RenewalCaseFactory(DjangoModelFactory[Case]):
    """A request with changes that is with the Municipality."""

    class Meta:
        model = Case

    changed: Sequence[str] = ()
    service = RENEWAL

    @classmethod
    def _create(cls, model_class: type[Case], *args: Any, shop: Shop, applicant: User, changed: Sequence[str], service: str) -> Case:
        draft = RenewalDraftFactory(shop=shop, person=applicant, changed=changed, service=service)
        return services.send_to_officer(shop=shop, applicant=applicant, draft=draft, version=draft.version)
