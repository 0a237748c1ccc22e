"""The sheet for the entrance: its code leads to the page of the shop, and stays when the shop is renamed."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import segno
from django.core.cache import cache
from django.test import Client

from municipality.documents import qr
from shops.models import Shop
from shops.register.services import FactChange, change_register
from tests.browsers import signed_in
from tests.factories.accounts import PersonFactory
from tests.shops.conftest import TESTS

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _counted_anew() -> None:
    cache.clear()


@pytest.fixture
def owned(make_shop: Callable[..., Shop]) -> Shop:
    return make_shop(owner=PersonFactory(), organisation=None)


def drawn(page: str) -> str:
    found = re.search(r'<svg[^>]*class="doc-qr".*?</svg>', page, re.DOTALL)
    assert found is not None
    return found[0]


def test_the_code_on_the_sheet_is_read_and_opens_the_page_of_the_shop(owned: Shop, settings: Any, tmp_path: Path) -> None:
    """The same code as a picture is decoded as a phone would; the drawing on the sheet is that very code."""
    if shutil.which("zbarimg") is None:
        pytest.skip("zbarimg is missing: apt-get install zbar-tools")
    settings.PORTAL_URL = "https://portal.example.test"
    page = signed_in(owned.owner).get(f"/en/my-shops/{owned.public_id}/door/").content.decode()  # type: ignore[arg-type]
    address = f"https://portal.example.test/shops/{owned.public_id}/"
    assert drawn(page) == qr.svg(address, label="Code that leads to the page of the shop") and address in page
    target = tmp_path / "entrance.png"
    segno.make(address, error="m", micro=False, boost_error=True).save(str(target), scale=6, border=4)
    read = subprocess.run(["zbarimg", "-q", "--raw", str(target)], capture_output=True, text=True, check=True).stdout.strip()
    path = read.removeprefix("https://portal.example.test")
    for language, name in (("ar", owned.name_ar), ("en", owned.name_en)):
        scanned = Client().get(path, headers={"accept-language": language}, follow=True)
        assert scanned.status_code == 200 and scanned.request["PATH_INFO"].startswith(f"/{language}/shops/{owned.public_id}/")
        assert name in scanned.content.decode()


def test_a_rename_leaves_the_printed_code_right(owned: Shop) -> None:
    changes = [FactChange("trade_name", {"name_ar": "صالون الزمرد", "name_en": "Al-Zumurrud Salon"})]
    change_register(shop=owned, changes=changes, source="case:1", actor=TESTS)
    page = Client().get(f"/shops/{owned.public_id}/", headers={"accept-language": "en"}, follow=True)
    assert "Al-Zumurrud Salon" in page.content.decode()


def test_the_sheet_is_for_whoever_holds_the_shop(owned: Shop) -> None:
    stranger = PersonFactory(noura=True)
    assert signed_in(stranger).get(f"/en/my-shops/{owned.public_id}/door/").status_code == 404
    assert Client().get(f"/en/my-shops/{owned.public_id}/door/").status_code == 302
