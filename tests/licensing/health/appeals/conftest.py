"""A refused renewal, and officers of other branches who may decide an appeal against it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from municipality.accounts.models import User
from municipality.cases.models import Case
from tests import desk_acts
from tests.factories.accounts import StaffFactory
from tests.factories.licensing import RenewalCaseFactory
from tests.factories.review import OfficerFactory


@pytest.fixture
def refuser(db: None) -> User:
    return OfficerFactory(login="refuser", branch_id="HA", skills=["health", "objections"])


@pytest.fixture
def signer(db: None) -> User:
    return StaffFactory(supervisor=True, login="signer", branch_id="HA")


@pytest.fixture
def refused(make_shop: Any, owner: Any, refuser: User, signer: User) -> Case:
    RenewalCaseFactory(shop=make_shop(), applicant=owner, changed=["area_m2"])
    return desk_acts.refuse(refuser, signer)


@pytest.fixture
def decider(db: None) -> Callable[..., User]:
    def make(branch: str = "JA", login: str = "") -> User:
        return OfficerFactory(login=login or f"decider-{branch}", branch_id=branch, skills=["objections"])

    return make
