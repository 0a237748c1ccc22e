"""Who drafts editions of the rules, and who publishes them."""

from __future__ import annotations

import pytest

from municipality.accounts.models import User
from municipality.cases.roles import ensure_roles
from tests.factories.accounts import StaffFactory


@pytest.fixture
def maker() -> User:
    ensure_roles()
    return StaffFactory(groups=["rule_maker"], login="maker")


@pytest.fixture
def checker() -> User:
    ensure_roles()
    return StaffFactory(groups=["rule_publisher"], login="checker")
