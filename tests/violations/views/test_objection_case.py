"""The page of an objection: what the party sent stands on it, and only documents that an objection can have."""

from __future__ import annotations

from collections.abc import Callable

from municipality.accounts.models import User
from tests.browsers import signed_in
from tests.factories.uploads import UploadFactory
from tests.factories.violations import ObjectionFactory
from violations.models import Violation
from violations.services import notices


def test_the_party_reads_its_own_words_and_opens_its_own_files(write: Callable[..., Violation], owner: User) -> None:
    row = write("CLN-03")
    notices.record_opening(violation=row, person=owner)
    upload = UploadFactory(owner=owner, subject=row.key, slot="objection")
    objection = ObjectionFactory(violation=row, person=owner, words="لم تكن الأكياس لنا <b>")
    client = signed_in(owner)
    page = client.get(f"/en/cases/{objection.case.public_id}/").content.decode()
    assert "لم تكن الأكياس لنا &lt;b&gt;" in page
    link = f"/en/uploads/file/{upload.public_id}/look/"
    assert link in page and client.get(link).status_code == 200
    assert "The decision appears here as a sealed file." in page
    assert "The receipt and the licence" not in page
