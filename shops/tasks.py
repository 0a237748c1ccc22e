"""Periodic work of claims, and of the index of the search."""

from __future__ import annotations

from municipality.jobs.registry import every
from shops import claims
from shops.search import indexing


@every("shops.settle_claims", seconds=3600)
def settle_claims() -> None:
    claims.settle_due()


@every("shops.index_missing", seconds=600)
def index_missing() -> None:
    indexing.index_missing()


@every("shops.recount_words", seconds=86_400)
def recount_words() -> None:
    indexing.recount()


@every("shops.note_ended_licences", seconds=3600)
def note_ended_licences() -> None:
    indexing.note_ended_licences()
