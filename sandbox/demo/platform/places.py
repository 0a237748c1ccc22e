"""Governorates, branches, areas."""

from __future__ import annotations

from municipality.places.seeds import load_places
from sandbox.demo.loading import Loading


def run(loading: Loading) -> str:
    counts = load_places()
    return f"{counts['areas']} areas, {counts['branches']} branches"
