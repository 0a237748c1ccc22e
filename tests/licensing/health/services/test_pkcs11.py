"""A paid renewal, its licence sealed by a key inside a PKCS#11 token."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from licensing.health import services
from licensing.models import Renewal
from municipality.cases.models import Case
from municipality.documents import store
from municipality.documents.verification import check
from municipality.jobs import services as jobs
from municipality.jobs.models import Job, JobState
from municipality.kernel import clock
from tests.softhsm import Token, token_in_its_slot

pytestmark = [pytest.mark.django_db]
__all__ = ["token_in_its_slot"]  # the fixture `card`


def test_a_licence_waits_while_the_token_is_away_and_is_sealed_by_itself_when_it_is_back(card: Token, make_shop: Any, owner: Any) -> None:
    case = services.submit_renewal(shop=make_shop(), applicant=owner)
    services.take_payment(case=case)
    job = Job.objects.get(kind="licensing.issue_renewal", key=case.public_id)
    card.pull_out()
    with clock.at(job.due_at):
        assert jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.tries) == (JobState.ON_HOLD, 0) and "signer: away" in job.last_error
    assert Case.objects.get(pk=case.pk).state == "approved"
    card.put_back()
    with clock.at(job.due_at + dt.timedelta(minutes=1)):
        assert job.pk in [pk for pk, _queue in jobs.due()]
        assert jobs.run(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.DONE, job.last_error
    licence = Renewal.objects.select_related("new_licence__document__file").get(case=case).new_licence
    assert licence is not None and licence.document.file is not None
    verdict = check(store.read(licence.document.file), root_pem=card.root)
    assert verdict.accepted and verdict.signer == "CN=Seal in a token,C=KW"
