"""The tour of all pages ends with the last module in a row that takes part in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.architecture.tour import end_the_tour


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> Iterator[None]:
    """After everything that belongs to the test."""
    try:
        return (yield)
    finally:
        if not hasattr(getattr(nextitem, "module", None), "the_tour"):
            end_the_tour()
