"""Governorates, branches, areas."""

from __future__ import annotations

from municipality.demo.loading import Loading
from municipality.places.loading import load_places

NAME = "places"


def run(loading: Loading) -> str:
    counts = load_places()
    return f"{counts['areas']} areas, {counts['branches']} branches"
