"""What the tests of the verbs share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from payments.models import Attempt
from payments.services import (
    inquiries,
    settle,
)
from payments.states import AttemptState
from tests.bank import Book


@pytest.fixture
def settled(at_bank: Callable[..., Attempt], bank: Book, paid_for: Any) -> Attempt:
    """A payment that our inquiry settled, at the start, before any job of it ran."""
    attempt = at_bank()
    bank.decide(attempt)
    inquiry = inquiries.ask(attempt)
    assert inquiry is not None
    settle(attempt=attempt, inquiry=inquiry)
    assert attempt.state == AttemptState.PAID
    return Attempt.objects.get(pk=attempt.pk)
