"""A catalogue of offences that changes between the dry run of a sheet and its release."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from municipality.imports import services
from municipality.imports.models import ImportFile
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.rulebook import services as rulebook
from municipality.rulebook.models import OffenceRule, RuleSet
from shops.models import Shop
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import StaffFactory
from tests.violations.legacy_fines.sheets import sheet
from violations import invariants, queries
from violations.models import PaperRow, Violation

pytestmark = pytest.mark.django_db
BY = system("tests")


def publish_without(code: str) -> None:
    """Put an edition without an offence into force tomorrow."""
    maker, publisher = (StaffFactory(groups=[f"rule_{login}"], login=f"new-{login}") for login in ("maker", "publisher"))
    newest = RuleSet.objects.filter(subject=queries.OFFENCES).latest("version")
    draft = rulebook.copy_as_draft(ruleset=newest, maker=maker, actor=BY)
    RuleSet.objects.filter(pk=draft.pk).update(first_day=clock.today() + dt.timedelta(days=1))
    OffenceRule.objects.filter(ruleset=draft, code=code).delete()
    rulebook.publish(ruleset=RuleSet.objects.get(pk=draft.pk), publisher=publisher, actor=BY)


def test_a_line_of_an_offence_that_is_gone_is_left_out_and_the_others_come_in(rules: None, shop: Shop, frozen_clock: Clock) -> None:
    clerk = StaffFactory(groups=["violation_clerk"], login="clerk", branch_id="HA")
    authority = StaffFactory(groups=["violation_authority"], login="authority", branch_id="KU")
    content = sheet({}, {"paper_no": "1002/2025", "offence": "SHP-04"})
    file = services.load("paper", content=content, name="fines.csv", loaded_by=clerk)
    while services.check(file_id=file.pk, seconds=0):
        pass
    publish_without("CLN-03")
    frozen_clock.move(days=1)
    services.release(file=ImportFile.objects.get(pk=file.pk), released_by=authority)
    while services.apply_released(file_id=file.pk, seconds=0):
        pass
    file = ImportFile.objects.get(pk=file.pk)
    assert (file.added, file.left_out, file.done_at) == (1, 1, clock.now())
    assert Violation.objects.get().offence == "SHP-04"
    assert list(PaperRow.objects.filter(outcome="left").values_list("offence", "problems")) == [("CLN-03", [["", "changed_since"]])]
    assert list(invariants.findings()) == []
    page: Any = signed_in(authority).get(f"/admin/office/paper/{file.public_id}/")
    assert "تُركت لأن جدول المخالفات تغيّر بعد الفحص" in page.content.decode()
    problems = signed_in(clerk).get(f"/admin/office/paper/{file.public_id}/problems.csv").content.decode("utf-8-sig")
    assert "The catalogue has no such offence any more, as it changed after the dry run." in problems
