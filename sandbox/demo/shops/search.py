"""The index of the shop search."""

from __future__ import annotations

from sandbox.demo.loading import Loading
from shops.search import index


def run(loading: Loading) -> str:
    return f"{index.rebuild()} shops in the search index"
