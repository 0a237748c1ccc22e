"""The square leads to the verification address, also when it is read from the printed page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import segno

from municipality.documents import qr
from tests import poppler
from tests.municipality.documents.samples import licence

ADDRESS = "https://portal.example/verify/7Q4MZX2K9TJ3HV8WRB1D"


def test_the_square_is_read_from_the_printed_page(sealed: bytes, tmp_path: Path) -> None:
    path = tmp_path / "page.png"
    path.write_bytes(poppler.run("pdftoppm", "-r", "110", "-png", pdf=sealed))
    assert poppler.run("zbarimg", "-q", "--raw", str(path)).decode().strip() == licence().verification_url


def test_the_label_is_escaped() -> None:
    rendered = qr.svg(ADDRESS, label='<b>"x"</b>')
    assert "<b>" not in rendered and "&lt;b&gt;" in rendered
    assert re.search(r"viewBox=\"0 0 \d+ \d+\"", rendered)


def test_too_much_text_is_refused() -> None:
    with pytest.raises(segno.DataOverflowError):
        qr.svg("x" * 5000, label="x")
