"""Addresses of one view for many subjects of a list."""

from __future__ import annotations

from collections.abc import Callable

from django.urls import reverse

_PLACE = "0" * 26  # as long as a public id, which is letters and digits: nothing of it is to be quoted


def addresses(name: str) -> Callable[[str], str]:
    """What gives the address of the view `name` for a public id or number; reversed once, which takes as long as fifty insertions.

    Call it for each page: the address depends on the active language. Raises NoReverseMatch for an unknown name.
    """
    before, after = reverse(name, args=[_PLACE]).split(_PLACE)
    return lambda public_id: f"{before}{public_id}{after}"
