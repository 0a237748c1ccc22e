"""Whoever lost the role of an inspector acts no more, although the decision that made them a judicial officer still runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from licensing.inspections.draws import able
from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted
from municipality.uploads import registry
from shops.models import Shop
from tests.browsers import signed_in
from tests.factories.violations import ObjectionFactory
from tests.violations.conftest import found
from violations import queries
from violations.models import JudicialWarrant, Violation
from violations.services import notices, objections, violation_reports, writer_annulments

pytestmark = pytest.mark.django_db


def lose_role(inspector: User) -> None:
    """Also a bare warrant would still let them act: it runs until 2028."""
    inspector.groups.clear()
    assert JudicialWarrant.objects.filter(user=inspector, last_day__gte=clock.today()).exists()


def test_no_report_is_written_or_annulled_without_the_role(inspector: Any, shop: Shop, write: Callable[..., Violation]) -> None:
    row = write()
    lose_role(inspector)
    with pytest.raises(NotPermitted, match="no_inspector"):
        violation_reports.record(inspector=inspector, findings=found(shop))
    with pytest.raises(NotPermitted, match="no_inspector"):
        writer_annulments.annul(violation=row, inspector=inspector, code="wrong_shop", note_ar="محل آخر")
    assert Violation.objects.get().state == "ordered"
    assert signed_in(inspector).get(reverse("admin:field_violation", args=[row.public_id])).status_code == 403


def test_nobody_without_the_role_is_drawn_or_told(inspector: Any, shop: Shop, rules: None) -> None:
    def drawn() -> list[User]:
        return list(able(is_womens=False, parties=(), on=None))

    assert drawn() == list(queries.inspectors_of(shop)) == [inspector]
    lose_role(inspector)
    assert drawn() == list(queries.inspectors_of(shop)) == []


def test_the_writer_without_the_role_neither_defends_nor_sends_nor_sees_evidence(
    write: Callable[..., Violation], owner: Any, inspector: Any
) -> None:
    row = write()
    assert registry.may_write(inspector, row.key, "photos")
    notices.record_opening(violation=row, person=owner)
    objection = ObjectionFactory(violation=row, person=owner)
    lose_role(inspector)
    assert not registry.may_write(inspector, row.key, "defence") and not registry.may_read(inspector, row.key, "photos")
    with pytest.raises(NotPermitted, match="not_your_role"):
        objections.defend(objection=objection, inspector=inspector, words="الصور تبين الأكياس")
