"""The pages of staff: a key is shown once and can be revoked; what other systems say is read."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from municipality.audit.models import AuditEvent
from municipality.kernel.errors import NotPermitted
from reports.models import ApiKey, Report
from reports.open311 import keys
from tests.browsers import signed_in
from tests.factories import reports
from tests.factories.accounts import StaffFactory
from tests.factories.inspections import inspector
from tests.reports.open311.conftest import Other

pytestmark = pytest.mark.django_db
KEYS, UPDATES = "/admin/open311/keys/", "/admin/open311/updates/"


@pytest.fixture
def operator(other: Other) -> Client:
    return signed_in(other.row.made_by)


def test_a_key_is_shown_once_and_works_until_it_is_revoked(other: Other, operator: Client) -> None:
    wrong: Any = operator.post(KEYS, {"name": "Jahra", "contact": "", "per_hour": "many"})
    assert wrong.status_code == 400 and not ApiKey.objects.filter(name="Jahra").exists() and b"Jahra" in wrong.content
    made: Any = operator.post(KEYS, {"name": "Jahra", "contact": "city@example.test", "per_hour": "٥"})
    row, text = ApiKey.objects.get(name="Jahra"), made.context["text"]
    assert row.per_hour == 5 and text in made.content.decode() and row.digest == keys.digest(text) != text
    assert text not in operator.get(KEYS).content.decode()
    other.send(api_key=text)
    assert operator.post(KEYS, {"revoke": row.public_id}).status_code == 302
    other.send(403, api_key=text)
    assert list(AuditEvent.objects.filter(subject=f"apikey:{row.public_id}").order_by("pk").values_list("action", flat=True)) == [
        "report.key_made",
        "report.key_revoked",
    ]
    assert operator.post(KEYS, {"revoke": "none"}).status_code == 404


def test_only_operators_make_keys(other: Other) -> None:
    inspector = StaffFactory(groups=["inspector"], login="no-operator")
    assert signed_in(inspector).get(KEYS).status_code == 403
    with pytest.raises(NotPermitted):
        keys.make(name="x", contact="x", per_hour=1, by=inspector)
    with pytest.raises(NotPermitted):
        keys.revoke(key=other.row, by=inspector)


def test_updates_are_read_by_staff(other: Other, operator: Client) -> None:
    assert operator.get(UPDATES).status_code == 200
    inspector("first", "HA")
    report, foreign = reports.assigned(api_key=other.row), reports.received(api_key=other.row)
    Report.objects.filter(pk=foreign.pk).update(branch="AH")
    for update, one in (("u", report), ("v", foreign)):
        said = {"service_request_id": one.number, "update_id": update, "status": "FIXED", "description": "رُفعت"}
        other.send(path="servicerequestupdates", **said, updated_datetime="2026-01-01T10:00:00Z")
    assert foreign.number in operator.get(UPDATES).content.decode()
    for role in ("supervisor", "inspector"):  # only of reports that they may open: it may name who reported
        page: Any = signed_in(StaffFactory(groups=[role], login=role, branch_id=report.branch_id)).get(UPDATES)
        assert report.number in page.content.decode() and "رُفعت" in page.content.decode()
        assert foreign.number not in page.content.decode()
    assert signed_in(StaffFactory(groups=["cashier"], login="cashier")).get(UPDATES).status_code == 403
