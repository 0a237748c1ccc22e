"""Staff with a conflict of interest with a shop do nothing about its violations; the attempt is recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from municipality.audit.models import AuditEvent
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted
from municipality.review.models import ConflictOfInterest
from municipality.review.services import staff
from shops.models import Shop
from tests.browsers import signed_in
from tests.factories.accounts import StaffFactory
from tests.violations.conftest import found
from tests.violations.field_entries import typed
from violations.models import Violation
from violations.services import relief, violation_reports, writer_annulments

pytestmark = pytest.mark.django_db
ASKED = {"code": "written_twice", "note_ar": "الشخص غيره"}


def tie(user: Any, key: str) -> None:
    staff.declare_conflict(officer=user, party_key=key, kind="relative", declared_by=user)


def attempts(user: Any) -> int:
    return AuditEvent.objects.filter(action="shop.tied_attempt", actor_key=user.key).count()


@pytest.mark.parametrize("of", ["shop", "owner"])
def test_an_inspector_writes_nothing_about_a_shop_of_their_own_people(inspector: Any, shop: Shop, owner: Any, of: str) -> None:
    tie(inspector, shop.key if of == "shop" else owner.key)
    with pytest.raises(NotPermitted, match="tied"):
        violation_reports.record(inspector=inspector, findings=found(shop))
    assert not Violation.objects.exists() and attempts(inspector) == 1
    checked = signed_in(inspector).post("/admin/field/check/", typed(shop))
    assert checked.status_code == 403 and "تعارض مصالح" in checked.content.decode() + checked.json().get("html", "")
    head = StaffFactory(supervisor=True, login="head", branch_id=inspector.branch_id)
    ConflictOfInterest.objects.update(ended_at=clock.now(), ended_by=head)
    violation_reports.record(inspector=inspector, findings=found(shop))


def test_a_correction_or_annulment_is_left_to_a_colleague(
    write: Callable[..., Violation], make_inspector: Callable[..., Any], inspector: Any, shop: Shop
) -> None:
    row, colleague = write("SHP-05", quantity_hundredths=200), make_inspector("colleague")
    tie(inspector, shop.key)
    acts: list[Callable[[], Any]] = [
        lambda: violation_reports.accept_correction(violation=row, inspector=inspector),
        lambda: violation_reports.refuse_correction(violation=row, inspector=inspector, code="still_there", seen=""),
        lambda: violation_reports.write_report(violation=row, inspector=inspector, seen_at=clock.now()),
        lambda: writer_annulments.annul(violation=row, inspector=inspector, code="writer_wrong_facts", note_ar="الوقت"),
    ]
    for act in acts:
        with pytest.raises(NotPermitted, match="tied"):
            act()
    row.refresh_from_db()
    assert row.state == "warned" and attempts(inspector) == len(acts)
    violation_reports.accept_correction(violation=row, inspector=colleague)


def test_neither_person_of_an_annulment_has_a_tie(write: Callable[..., Violation], shop: Shop) -> None:
    row = write()
    clerk = StaffFactory(groups=["violation_clerk"], login="clerk", branch_id=row.branch_id)
    other = StaffFactory(groups=["violation_clerk"], login="other", branch_id=row.branch_id)
    authority = StaffFactory(groups=["violation_authority"], login="authority", branch_id=row.branch_id)
    for user in (clerk, authority):
        tie(user, shop.key)
    with pytest.raises(NotPermitted, match="tied"):
        relief.ask_annulment(violation=row, asked_by=clerk, **ASKED)
    asked = relief.ask_annulment(violation=row, asked_by=other, **ASKED)
    with pytest.raises(NotPermitted, match="tied"):
        relief.allow_annulment(annulment=asked, allowed_by=authority)
    row.refresh_from_db()
    assert row.state == "ordered" and attempts(clerk) == attempts(authority) == 1
