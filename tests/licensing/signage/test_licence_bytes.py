"""An issued licence is the same bytes at every download, whatever happens to its facts and its template afterwards."""

from __future__ import annotations

import hashlib
import os
from typing import Any

import pytest
from django.test import RequestFactory

from licensing.signage.documents import BoardLicenceFacts
from municipality.accounts.models import User
from municipality.documents import rendering
from municipality.documents import services as documents
from municipality.documents.views.citizen import download
from shops.models import Shop
from tests.browsers import signed_in
from tests.factories import boards

DOWNLOADS = int(os.environ.get("DOWNLOADS", "200"))
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sealed")]


def test_all_downloads_are_one_file_also_after_name_and_template_changed(
    shop: Shop, owner: User, officer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten come through the whole portal, the others through the view. `DOWNLOADS` is how many: 200 in `script/test`, 1,000 at full size."""
    document = boards.issued(shop, owner, officer, boards.FRONT).document
    assert document is not None and document.file is not None
    client, address = signed_in(owner), f"/documents/{document.number}.pdf"
    request: Any = RequestFactory().get(address)
    request.user = owner

    def sums(through_portal: int, through_view: int) -> set[str]:
        answers = [client.get(address) for _ in range(through_portal)]
        answers += [download(request, document.number) for _ in range(through_view)]  # type: ignore[arg-type]
        assert {answer.status_code for answer in answers} == {200}
        return {hashlib.sha256(answer.content).hexdigest() for answer in answers}

    assert sums(5, DOWNLOADS // 2 - 5) == {document.file.sha256}
    Shop.objects.filter(pk=shop.pk).update(name_ar="اسم آخر", name_en="Another name")
    again = documents.render_and_seal(BoardLicenceFacts, document)  # the control: made anew it is another file
    assert hashlib.sha256(again).hexdigest() != document.file.sha256

    def never(*_given: Any, **_named: Any) -> bytes:
        raise AssertionError("an issued document is not made anew")

    monkeypatch.setattr(BoardLicenceFacts, "template", "documents/refusal.html")
    monkeypatch.setattr(rendering, "render", never)
    assert sums(5, DOWNLOADS // 2 - 5) == {document.file.sha256}
