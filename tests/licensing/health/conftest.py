"""A shop whose licence lasts, with its officer and the seal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from licensing.health import services
from licensing.models import HealthLicence, Renewal
from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.documents import seal
from shops.models import Shop
from tests import desk_acts
from tests.factories.review import OfficerFactory


@pytest.fixture
def shop(make_shop: Callable[..., Any], store: Path) -> Shop:
    """A shop whose licence is valid for 200 days: its renewal is not open."""
    seal.make_seal(Path(settings.SIGNER_KEY_FILE), settings.SIGNER_PASSPHRASE)
    row: Shop = make_shop(ends_in=200)
    return row


@pytest.fixture
def officer(shop: Shop) -> User:
    return OfficerFactory(login="officer", branch_id=shop.branch_id, skills=["health"])


@pytest.fixture
def pay_and_issue() -> Callable[[Case], HealthLicence]:
    """The money is certain: the licence is issued."""

    def run(case: Case) -> HealthLicence:
        services.take_payment(case=Case.objects.get(pk=case.pk))
        services.issue_renewal(case=Case.objects.select_related("applicant", "branch").get(pk=case.pk))
        licence = Renewal.objects.select_related("new_licence__document").get(case=case).new_licence
        assert licence is not None
        return licence

    return run


@pytest.fixture
def approve_and_issue(officer: User, pay_and_issue: Any) -> Callable[[Case], HealthLicence]:
    """The officer approves, the money comes, the licence is issued."""

    def run(case: Case) -> HealthLicence:
        assert desk_acts.approve(officer).pk == case.pk
        licence: HealthLicence = pay_and_issue(case)
        return licence

    return run
