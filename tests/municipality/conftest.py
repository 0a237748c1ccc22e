"""A case of a workflow that only the tests have."""

from __future__ import annotations

import pytest

from municipality.audit.models import Edge
from municipality.cases.models import Case
from municipality.kernel import clock
from municipality.kernel.workflow import WORKFLOWS, Workflow
from municipality.places.models import Branch, Governorate
from tests.factories.accounts import PersonFactory


@pytest.fixture
def case(db: None, monkeypatch: pytest.MonkeyPatch) -> Case:
    monkeypatch.setitem(WORKFLOWS, "testing.errand", Workflow("testing.errand", "begun"))
    Edge.objects.get_or_create(workflow="testing.errand", move="", from_state="", to_state="begun")
    governorate = Governorate.objects.create(code="TG", iso="KW-TG", name_ar="العاصمة", name_en="Capital")
    branch = Branch.objects.create(code="TB", governorate=governorate, name_ar="فرع العاصمة", name_en="Capital branch")
    return Case.objects.create(
        reference="TST-2026-000001-K",
        service="testing.errand",
        subject="shop:1",
        title_ar="مطعم الخليج",
        title_en="Gulf Grill",
        applicant=PersonFactory(),
        branch=branch,
        state="begun",
        opened_at=clock.now(),
        snapshot_hash="0" * 64,
    )
