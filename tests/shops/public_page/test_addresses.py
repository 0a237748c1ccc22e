"""The addresses of a list are those of `reverse`, in each language."""

from __future__ import annotations

import pytest
from django.urls import NoReverseMatch, reverse
from django.utils import translation

from municipality.kernel import ids
from municipality.ui.addresses import addresses


@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize("name", ["shops:shop", "shops:hours", "licensing:renew", "licensing:new_boards", "document"])
def test_an_address_of_a_list_is_that_of_the_view(name: str, language: str) -> None:
    keys = ["HLT-HA-2025-000001-X", ids.public_id()]
    with translation.override(language):
        assert list(map(addresses(name), keys)) == [reverse(name, args=[key]) for key in keys]


def test_a_view_that_is_not_there_has_no_addresses() -> None:
    with pytest.raises(NoReverseMatch):
        addresses("shops:nowhere")
