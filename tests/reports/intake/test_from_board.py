"""A report that begins at the page of a licensed board."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from municipality.accounts.models import User
from reports.models import Report
from tests.factories import boards
from tests.factories.review import OfficerFactory

pytestmark = pytest.mark.django_db
PAGE = "/en/report/"


def test_the_form_shows_the_licensed_size_and_the_report_keeps_the_board(
    client: Client, make_shop: Any, owner: User, store: Path, settings: Any
) -> None:
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    shop = make_shop(latitude=29.34, longitude=48.03)
    officer = OfficerFactory(login="officer", branch_id=shop.branch_id, skills=["boards"])
    board = boards.licensed(shop, owner, officer, boards.FRONT).boards.get()
    address = f"{PAGE}?board={board.public_id}"
    assert address in client.get(f"/en/boards/{board.public_id}/").content.decode()
    page = client.get(address).content.decode()
    assert board.number in page and "Licensed size:" in page and "6.00" in page
    typed = dict(re.findall(r'<input type="hidden" name="(key|opened|shop|board)" value="([^"]*)"', page))
    client.post(PAGE, {**typed, "category": "occupation", "who": "nobody", "words": "Larger than that", "send": "1"})
    report = Report.objects.get()
    assert (report.board, report.shop, report.place_source) == (board, shop, "board")
