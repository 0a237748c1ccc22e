"""Files of requests that are over: gone with them, each with a row of the record."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from licensing.health.states import RENEWAL
from municipality.audit.models import AuditEvent
from municipality.drafts import invariants, queries, services
from municipality.drafts.models import Draft
from municipality.kernel import clock
from municipality.uploads.models import Upload
from tests.conftest import NOON
from tests.factories.licensing import RenewalCaseFactory, RenewalDraftFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Any) -> None:
    settings.VAR_DIR = tmp_path


def states(draft: Draft) -> set[str]:
    return set(Upload.objects.filter(subject=draft.key).values_list("state", flat=True))


def removals(draft: Draft) -> list[str]:
    acts = AuditEvent.objects.filter(action="upload.removed")
    return [act.data["reason"] for act in acts if act.data.get("about") == draft.key]


def test_the_files_of_a_request_that_ran_out_go_with_it(make_shop: Any, owner: Any) -> None:
    draft = RenewalDraftFactory(shop=make_shop(), person=owner, changed=["activity", "address"])
    many = Upload.objects.filter(subject=draft.key).count()
    assert many > 1 and states(draft) == {"ready"}
    with clock.at(NOON + dt.timedelta(days=29)):
        assert services.expire() == 1
        assert states(draft) == {"removed"} and removals(draft) == ["draft_ended"] * many
        assert not list(invariants.findings())


def test_the_files_of_a_request_that_is_removed_go_with_it(make_shop: Any, owner: Any) -> None:
    draft = RenewalDraftFactory(shop=make_shop(), person=owner, changed=["area_m2"])
    services.discard(draft=draft)
    assert states(draft) == {"removed"} and removals(draft) == ["draft_ended"]


def test_a_file_that_arrived_when_the_request_was_over_is_swept_and_until_then_found(make_shop: Any, owner: Any) -> None:
    draft = RenewalDraftFactory(shop=make_shop(), person=owner, changed=["area_m2"])
    kept = RenewalDraftFactory(shop=make_shop(), person=owner, changed=["area_m2"])
    Draft.objects.filter(pk=draft.pk).update(answers={}, page_versions={}, closed_at=clock.now())  # as an older portal left it
    with clock.at(NOON + dt.timedelta(days=2)):
        assert [draft.key] == queries.leftover_files() and len(list(invariants.findings())) == 1
        assert services.drop_files() == 1 and services.drop_files() == 0
        assert states(draft) == {"removed"} and states(kept) == {"ready"}
        assert not list(invariants.findings())


def test_sent_files_stay_with_their_case(make_shop: Any, owner: Any) -> None:
    case = RenewalCaseFactory(shop=make_shop(), applicant=owner, changed=["area_m2"])
    assert services.drop_files() == 0
    assert set(Upload.objects.filter(subject=case.key).values_list("state", flat=True)) == {"ready"}
    assert case.service == RENEWAL
