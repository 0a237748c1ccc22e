"""Each kind of document has its proof that a worker may die at any point while it is issued (tests/killed_issue.py)."""

from __future__ import annotations

import re

import pytest

from municipality.documents.queries import DOCUMENT_KINDS
from tests.architecture.files import ROOT

ON_THE_SPOT = {"ClearanceFacts"}  # the person waits for it on the page; who asks again gets one that states the newer moment


def proved() -> set[str]:
    """Names of the kinds that a test issues with deaths in between."""
    found: set[str] = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        text = path.read_text(encoding="utf8")
        if "assert_ends_as_undisturbed(" in text:
            found |= set(re.findall(r"\b(\w+Facts)\b", text))
    return found


@pytest.mark.parametrize("kind", sorted(DOCUMENT_KINDS))
def test_a_death_while_it_is_issued_is_tested(kind: str) -> None:
    name = DOCUMENT_KINDS[kind].__name__
    assert name in proved() | ON_THE_SPOT, f"{name} needs a test with assert_ends_as_undisturbed"
