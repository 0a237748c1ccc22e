"""The second visit, after a warning: its paper, its photos and its signature are not those of the first one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from municipality.documents import seal
from tests.browsers import signed_in
from tests.conftest import Clock
from violations.models import Violation
from violations.services import documents, notices

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sealed(tmp_path: Path, settings: Any) -> None:
    settings.VAR_DIR = tmp_path
    settings.SIGNER_KEY_FILE = str(tmp_path / "seal.p12")
    seal.make_seal(tmp_path / "seal.p12", settings.SIGNER_PASSPHRASE)


@pytest.fixture
def warned(write: Callable[..., Violation], frozen_clock: Clock) -> Violation:
    row = write("SHP-05", quantity_hundredths=200)
    frozen_clock.move(days=4)
    return row


def test_the_warning_is_not_handed_over_as_the_notice_of_the_report_that_follows(warned: Violation, inspector: Any, owner: Any) -> None:
    documents.write_notice(violation_id=warned.pk)
    client, url = signed_in(inspector), f"/admin/field/{warned.public_id}/"
    assert str(warned.warning_number) in client.get(f"{url}notice/")["Content-Disposition"]
    assert client.post(url, {"step": "minute"}).status_code == 302
    page = client.get(url).content.decode()
    assert 'data-field-waits="?notice"' in page, "the warning is all that is written yet"
    assert client.get(f"{url}?notice").json() == {"done": False}
    assert client.get(f"{url}notice/").status_code == 404
    row = Violation.objects.get(pk=warned.pk)
    notices.record_opening(violation=row, person=owner)
    reads, public = signed_in(owner), f"/ar/violations/{row.public_id}/"
    assert str(row.warning_number) not in reads.get(public).content.decode()
    documents.write_notice(violation_id=row.pk)
    assert client.get(f"{url}?notice").json() == {"done": True}
    assert str(row.number) in client.get(f"{url}notice/")["Content-Disposition"]
    assert f"/documents/{row.number}" in reads.get(public).content.decode()
