"""The check page of a renewed licence that has not begun names the one that is in force till then."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from licensing.models import HealthLicence
from municipality.documents import services as documents
from municipality.documents.models import Document
from municipality.kernel.actors import system
from municipality.kernel.transitions import transition
from shops.register import events
from tests.conftest import Clock

pytestmark = pytest.mark.django_db
BY = system("tests")


@pytest.fixture
def present(make_licensed_shop: Any) -> HealthLicence:
    return HealthLicence.objects.get(shop=make_licensed_shop())


@pytest.fixture
def renewed(present: HealthLicence) -> Document:
    """The licence of the year after the present one."""
    first = present.last_day + dt.timedelta(days=1)
    days = {"valid_from": first, "valid_to": first + dt.timedelta(days=364)}
    document = documents.draft(kind="health_licence", number="HLT-HA-2026-000901-X", subject=present.shop.key, holder_key="", **days)
    transition(document, "carry_over", actor=BY)
    HealthLicence.objects.filter(pk=present.pk).update(is_current=False)
    HealthLicence.objects.create(
        shop=present.shop, document=document, first_day=days["valid_from"], last_day=days["valid_to"], previous=present
    )
    return document


def read(client: Client, document: Document, language: str = "en") -> str:
    response = client.get(f"/verify/{document.code}", headers={"accept-language": language})
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize(("language", "words"), [("en", "Until then the licence"), ("ar", "وحتى ذلك الحين يسري الترخيص")])
def test_it_names_the_licence_that_is_in_force(
    client: Client, present: HealthLicence, renewed: Document, language: str, words: str
) -> None:
    page = read(client, renewed, language)
    assert words in page and present.document.number in page
    assert {"en": "The shop is licensed today", "ar": "المحل مرخص اليوم"}[language] in page
    assert words not in read(client, present.document, language)


def test_it_leads_to_the_page_of_the_shop(client: Client, present: HealthLicence) -> None:
    assert f'href="/ar/shops/{present.shop.public_id}/"' in read(client, present.document, "ar")


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize(
    ("act", "en", "ar"), [(events.close, "The shop is closed", "المحل مغلق"), (events.suspend, "The shop is suspended", "المحل موقوف")]
)
def test_a_valid_licence_of_a_closed_or_suspended_shop_says_so(
    client: Client, present: HealthLicence, act: Any, en: str, ar: str, language: str
) -> None:
    words = {"en": en, "ar": ar}[language]
    assert words not in read(client, present.document, language)
    act(shop=present.shop, source="tests", actor=BY)
    page = read(client, present.document, language)
    assert words in page and {"en": "The register says so since", "ar": "بحسب السجل منذ"}[language] in page


def test_it_names_none_once_it_has_begun_or_the_old_one_is_out_of_force(
    client: Client, present: HealthLicence, renewed: Document, frozen_clock: Clock
) -> None:
    documents.suspend(present.document, actor=BY, reason="licence_conditions")
    assert present.document.number not in read(client, renewed)
    frozen_clock.move(days=60)
    assert present.document.number not in read(client, renewed)
