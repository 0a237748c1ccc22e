"""What a process knows that has served pages before."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from municipality.kernel.kept import Kept
from municipality.rulebook import queries as rulebook
from shops.register import name_lists
from shops.search import trades


def warm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Published editions are in memory, and a page asks once which there are: the transaction around a test forbids both."""
    held = {}
    for row in rulebook._published():
        held[row[:5]] = rulebook._whole(row)
    monkeypatch.setattr(rulebook, "_read", held)
    monkeypatch.setattr(rulebook, "connection", SimpleNamespace(in_atomic_block=False))
    keep_names(monkeypatch)


def keep_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of areas and activities, what people call a trade and who licenses what are in memory, for this test alone."""
    for module, place in ((name_lists, "kept"), (trades, "in_force"), (rulebook, "_authorities")):
        kept: Kept[object] = Kept(getattr(module, place)._read, lambda: 60)
        kept()
        monkeypatch.setattr(module, place, kept)
