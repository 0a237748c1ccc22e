"""The visit of all pages ends with the last module in a row that takes part in it, and so does a sample."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.architecture.page_responses import undo_all
from tests.architecture.sample_data import undo_sample
from tests.conftest import together


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """After everything that belongs to the test."""
    try:
        return (yield)
    finally:
        if not hasattr(getattr(nextitem, "module", None), "all_responses"):
            undo_all()
        if nextitem is None or (together(item.nodeid) != together(nextitem.nodeid)):
            undo_sample()
