"""Addresses put together from their form are those that `reverse` gives."""

from __future__ import annotations

import pytest
from django.urls import NoReverseMatch, clear_script_prefix, reverse, set_script_prefix
from django.utils import translation

from municipality.kernel import ids
from municipality.ui.addresses import address_of

FORMS = [("shops:shop", ()), ("cases:case", ()), ("licensing:change_page", ("continue",))]


@pytest.mark.parametrize(("name", "rest"), FORMS)
@pytest.mark.parametrize("language", ["ar", "en"])
def test_it_is_what_reverse_gives(name: str, rest: tuple[str, ...], language: str) -> None:
    with translation.override(language):
        for public_id in (ids.public_id(), ids.public_id(), "a-b", "place-of-an-id", "0"):
            assert address_of(name, public_id, *rest) == reverse(name, args=[public_id, *rest])


def test_a_portal_below_a_prefix_has_addresses_below_it() -> None:
    assert address_of("cases:case", "01abc") == reverse("cases:case", args=["01abc"])
    set_script_prefix("/portal/")
    try:
        assert address_of("cases:case", "01abc").startswith("/portal/")
    finally:
        clear_script_prefix()


@pytest.mark.parametrize("public_id", ["", "a/b", "a b", "ا", "../x"])
def test_what_is_no_id_is_refused_as_reverse_refuses_it(public_id: str) -> None:
    with pytest.raises(NoReverseMatch):
        address_of("cases:case", public_id)
