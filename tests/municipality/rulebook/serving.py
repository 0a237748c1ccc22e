"""The rulebook as a process knows it that has served pages before."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from municipality.rulebook import queries as rulebook
from municipality.rulebook.models import RuleSet


def warm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Published editions are in memory, and a page asks once which there are: the transaction around a test forbids both."""
    held = {}
    for row in RuleSet.objects.filter(published_at__isnull=False):
        held[(row.pk, row.subject, row.version, row.made_at, row.published_at)] = rulebook._whole(row)
    monkeypatch.setattr(rulebook, "_read", held)
    monkeypatch.setattr(rulebook, "connection", SimpleNamespace(in_atomic_block=False))
