"""The visit of all pages ends with the last module in a row that takes part in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.architecture.page_responses import undo_all


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> Iterator[None]:
    """After everything that belongs to the test."""
    try:
        return (yield)
    finally:
        if not hasattr(getattr(nextitem, "module", None), "all_responses"):
            undo_all()
