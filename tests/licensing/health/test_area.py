"""The area of a shop as people have it on paper: decimals are read and rounded to whole metres."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from licensing.health.change_forms import SquareMetres
from tests.browsers import signed_in
from tests.factories.licensing import LicensedShopFactory


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("42", 42),
        ("42.4", 42),
        ("42.5", 43),
        ("43.5", 44),
        ("42,5", 43),
        ("٤٢٫٥", 43),
        ("۴۲٫۵", 43),
        ("٤٢،٥", 43),
        (" 42.50 ", 43),
        ("1,250", 1250),
        ("١٬٢٥٠٫٤", 1250),
        ("1,250.5", 1251),
        ("0.5", 1),
        ("100000.4", 100_000),
    ],
)
def test_an_area_with_decimals_is_rounded_half_up(typed: str, stored: int) -> None:
    assert SquareMetres().clean(typed) == stored


@pytest.mark.parametrize(
    "typed", ["0", "0.4", "-5", "100001", "100000.5", "42.", ".5", "4 2", "42 m", "1.2.3", "42.1234", "1e3", "NaN", "½"]
)
def test_what_is_no_area_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(ValidationError) as refused:
        SquareMetres().clean(typed)
    assert refused.value.code == "area" and "42.5" in str(refused.value.message)


@pytest.mark.django_db
def test_the_page_shows_the_whole_metres(rules: None, owner: object) -> None:
    client, shop = signed_in(owner), LicensedShopFactory(owner=owner, area_m2=60)  # type: ignore[arg-type]
    page = f"/en/health-licence/{shop.public_id}/changes/"
    client.post(page)
    client.post(f"{page}what/", {"changed": ["area_m2"], "version": "1"})
    assert client.post(f"{page}area_m2/", {"area_m2": "٤٢٫٥", "version": "2"}).status_code == 302
    assert 'value="43"' in client.get(f"{page}area_m2/").content.decode()
