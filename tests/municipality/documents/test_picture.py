"""The page as people see it. After a wanted change of the design: UPDATE_PICTURES=1 pytest … test_picture.py"""

from __future__ import annotations

import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from fontTools.subset import Options, Subsetter, parse_unicodes
from fontTools.ttLib import TTFont
from PIL import Image

from municipality.documents import assets, rendering
from tests import poppler
from tests.municipality.documents.conftest import render_licence, render_receipt

FOLDER = Path(__file__).parent / "pictures"
LIMIT = 0.005
PAGES: dict[str, Callable[[], bytes]] = {
    "licence": render_licence,
    "licence-demo": lambda: render_licence(demo=True),
    "receipt": render_receipt,
}


def reference(name: str) -> np.ndarray:
    return np.asarray(Image.open(FOLDER / f"{name}.png").convert("L"), dtype=np.int16)


@pytest.mark.parametrize("name", PAGES)
def test_the_page_looks_like_its_reference_picture(name: str) -> None:
    rendered = poppler.picture(PAGES[name]())
    if os.environ.get("UPDATE_PICTURES"):
        FOLDER.mkdir(exist_ok=True)
        Image.fromarray(rendered.astype("uint8")).save(FOLDER / f"{name}.png", optimize=True)
        pytest.fail(f"{name}.png was rendered anew: look at it, then run without UPDATE_PICTURES")
    assert poppler.differing(rendered, reference(name)) <= LIMIT


def part(font: bytes, letters: str) -> bytes:
    """One of the files that a family split by script consists of."""
    cut = TTFont(BytesIO(font))
    options = Options()
    options.layout_features = ["*"]
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=parse_unicodes(letters))
    subsetter.subset(cut)
    target = BytesIO()
    cut.save(target)
    return target.getvalue()


SPLIT = {"arabic": "600-6FF,750-77F", "latin": "20-7E,A0-17F,2010-2027"}


@pytest.fixture
def family_split_by_unicode_range(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same outlines, in two files a weight that unicode-range chooses from, as web font packages have them."""
    real = assets.asset
    files = {
        f"asset:{weight}-{script}.ttf": part(real(f"asset:{weight}.ttf")[0], letters)
        for weight in ("sans-regular", "sans-semibold")
        for script, letters in SPLIT.items()
    }
    css = real(rendering.STYLESHEET)[0].decode()
    rules = []
    for weight, number in (("sans-regular", 400), ("sans-semibold", 600)):
        for script, letters in SPLIT.items():
            ranges = ", ".join(f"U+{piece}" for piece in letters.split(","))
            rules.append(
                f'@font-face {{ font-family: "Portal Document Sans"; font-weight: {number}; '
                f'src: url("asset:{weight}-{script}.ttf"); unicode-range: {ranges}; }}'
            )
    kept = [line for line in css.splitlines() if not line.startswith('@font-face { font-family: "Portal Document Sans"')]
    split_css = "\n".join([*rules, *kept]).encode()

    def asset(address: str) -> tuple[bytes, str]:
        if address in files:
            return files[address], "font/ttf"
        return (split_css, "text/css") if address == rendering.STYLESHEET else real(address)

    monkeypatch.setattr(assets, "asset", asset)
    monkeypatch.setattr(rendering, "asset", asset)
    monkeypatch.setattr(rendering, "_kits", {})


@pytest.mark.usefixtures("family_split_by_unicode_range")
def test_a_family_split_by_unicode_range_is_seen_in_the_picture() -> None:
    pdf = render_licence()
    assert poppler.differing(poppler.picture(pdf), reference("licence")) > 2 * LIMIT
