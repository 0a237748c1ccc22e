"""Weight, colours and direction of what is sent to every visitor."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.municipality.ui.static_files import ROOT, STATIC, physical, zipped

CSS = [STATIC / "css" / name for name in ("tokens.css", "portal.css", "components.css", "admin.css")]


def test_the_first_view_stays_within_its_budget() -> None:
    fonts = sorted((STATIC / "fonts" / "portal-sans").glob("*.woff2"))
    assert len(fonts) == 2
    assert all(font.stat().st_size <= 50_000 for font in fonts)
    assert zipped(*CSS) <= 25_000
    assert (STATIC / "js" / "portal.js").stat().st_size <= 5_000
    sent = sum(font.stat().st_size for font in fonts) + zipped(*CSS[:3], STATIC / "js" / "portal.js", STATIC / "img" / "icons.svg")
    assert sent <= 90_000  # leaves 60 kB of the 150 for the page itself


@pytest.mark.parametrize("path", CSS, ids=lambda path: path.name)
def test_styles_know_no_left_and_right(path: Path) -> None:
    assert physical(path.read_text(encoding="utf8")) == []


def test_left_and_right_would_be_found() -> None:
    """Control of the rule above."""
    assert physical("a { margin-left: 1px; } b { width: 3px } c { text-align: right }") == ["margin-left", "width:", "text-align: right"]


def luminance(colour: str) -> float:
    colour = "".join(c * 2 for c in colour[1:]) if len(colour) == 4 else colour[1:]
    parts = [int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, two: str) -> float:
    """Ratio by WCAG 2.2."""
    high, low = sorted((luminance(one), luminance(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def schemes() -> list[dict[str, str]]:
    text = (STATIC / "css" / "tokens.css").read_text(encoding="utf8")
    light, rest = text.split("@media (prefers-color-scheme: dark)")
    find = re.compile(r"--kp-([\w-]+): (#[0-9a-f]{3,6});")
    day = dict(find.findall(light))
    return [day, {**day, **dict(find.findall(rest.split("@media print")[0]))}]


@pytest.mark.parametrize("colours", schemes(), ids=["light", "dark"])
def test_every_pair_of_text_and_ground_has_contrast(colours: dict[str, str]) -> None:
    pairs = [
        ("ink", ground)
        for ground in (
            "page",
            "surface",
            "sunken",
            "brand-soft",
            "ok-soft",
            "warn-soft",
            "bad-soft",
            "action-soft",
        )
    ]
    pairs += [("ink-2", ground) for ground in ("page", "surface", "sunken", "brand-soft")]
    pairs += [
        ("on-brand", "brand"),
        ("on-brand-2", "brand"),
        ("on-brand", "brand-deep"),
        ("on-brand-2", "brand-deep"),
    ]
    pairs += [
        ("action", ground)
        for ground in (
            "page",
            "surface",
            "sunken",
            "brand-soft",
            "bad-soft",
            "warn-soft",
            "ok-soft",
        )
    ]
    pairs += [
        ("on-action", "action"),
        ("on-action", "action-hover"),
        ("brand-ink", "brand-soft"),
        ("brand-ink", "page"),
    ]
    pairs += [(state, f"{state}-soft") for state in ("ok", "warn", "bad", "wait")] + [
        ("bad", "page"),
        ("bad", "surface"),
    ]
    weak = [(text, ground) for text, ground in pairs if contrast(colours[text], colours[ground]) < 4.5]
    assert weak == []
    assert contrast(colours["line-strong"], colours["page"]) >= 3
    assert contrast(colours["line-strong"], colours["surface"]) >= 3


def test_every_icon_used_is_drawn() -> None:
    drawn = set(re.findall(r'id="i-(\w+)"', (STATIC / "img" / "icons.svg").read_text(encoding="utf8")))
    used = set()
    for template in (ROOT / "templates").rglob("*.html"):
        used |= set(re.findall(r'{% icon "(\w+)"', template.read_text(encoding="utf8")))
    assert used <= drawn, used - drawn
    assert {"health", "sign", "violation", "shop", "zoning", "eye"} <= drawn


def test_pages_documents_and_tabs_show_one_mark() -> None:
    """The same shapes stand in the icons of the pages, in the tab of the browser and on the documents."""
    documents = (STATIC / "css" / "documents" / "mark.svg").read_text(encoding="utf8")
    shapes = documents.partition('<g fill="#0b4650">')[2].partition("</g>")[0]
    assert shapes.count("<path") == 2
    for name in ("icons.svg", "favicon.svg"):
        assert shapes in (STATIC / "img" / name).read_text(encoding="utf8"), name
