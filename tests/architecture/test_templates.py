"""Templates and style sheets keep to the content policy and to both directions of writing."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.architecture.files import name_of, of_kind

TEMPLATES = of_kind(".html", ".svg", under="templates")
SHEETS = of_kind(".css", under="static")
SCRIPTS = of_kind(".js", under="static")
LONGEST_LINE = 160
_PHYSICAL = re.compile(
    r"(?<![\w-])(?:(?:margin|padding|border)-(?:left|right)(?:-\w+)*|(?:left|right)|border-(?:top|bottom)-(?:left|right)-radius)\s*:"
    r"|(?<![\w-])(?:text-align|float|clear)\s*:\s*(?:left|right)\b"
)
_FOREIGN = re.compile(r"""(?:src|href|action|srcset|poster|data)\s*=\s*["']?\s*(?:https?:)?//""", re.I)


class _Marks(HTMLParser):
    """Collects what the content policy would refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        self.found += [f"<{tag} {name}=…>" for name in names if name == "style" or re.fullmatch(r"on[a-z]+", name)]
        if tag == "style" or (tag == "script" and "src" not in names and names.get("type") != "application/json"):
            self.found.append(f"<{tag}> with its content in the page")
        self.found += [f"<{tag} {n}>" for n, v in attrs if v and v.strip().lower().startswith("javascript:")]


def refused(html: str) -> list[str]:
    """What of a page the content policy would refuse."""
    marks = _Marks()
    marks.feed(re.sub(r"\{#.*?#\}|\{%\s*comment.*?endcomment\s*%\}", "", html, flags=re.S))
    return marks.found


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_no_template_has_inline_style_script_or_a_foreign_address(path: Path) -> None:
    text = path.read_text(encoding="utf8")
    assert refused(text) == []
    assert _FOREIGN.findall(text) == []


@pytest.mark.parametrize(
    "html", ['<p style="color:red">', '<a onclick="x()">', "<style>p{}</style>", "<script>1</script>", '<a href="javascript:1">']
)
def test_the_gate_of_the_templates_bites(html: str) -> None:
    assert refused(html)


@pytest.mark.parametrize("path", [*TEMPLATES, *SHEETS], ids=name_of)
def test_no_line_of_a_template_or_a_sheet_is_too_long(path: Path) -> None:
    lines = enumerate(path.read_text(encoding="utf8").splitlines(), 1)
    assert [f"{number}: {len(line)}" for number, line in lines if len(line) > LONGEST_LINE] == []


def test_the_gate_of_foreign_addresses_bites() -> None:
    assert _FOREIGN.search('<img src="https://example.test/x.png">')
    assert _FOREIGN.search("<script src=//example.test/x.js>")
    assert not _FOREIGN.search('<a href="/ar/">')


def physical(css: str) -> list[str]:
    """Declarations that name a side of the screen."""
    return _PHYSICAL.findall(re.sub(r"/\*.*?\*/", "", css, flags=re.S))


@pytest.mark.parametrize("path", SHEETS, ids=name_of)
def test_no_style_sheet_names_a_side_of_the_screen_or_a_foreign_address(path: Path) -> None:
    css = path.read_text(encoding="utf8")
    assert physical(css) == []
    assert re.findall(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", css) == []


@pytest.mark.parametrize(
    "css", ["a{margin-left:1px}", "a{left:0}", "a{text-align:right}", "a{float:left}", "a{border-top-left-radius:1px}"]
)
def test_the_gate_of_the_sides_bites(css: str) -> None:
    assert physical(css)


def test_the_gate_of_the_sides_lets_logical_properties_through() -> None:
    assert physical("a{margin-inline-start:1px;inset-inline-end:0;text-align:start;border-start-start-radius:2px}") == []


def unstyled(html: str) -> bool:
    """Whether a page shows what prevents something without the style sheet that frames it."""
    return "components/obstacles.html" in html and "css/tasks.css" not in html


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_what_prevents_something_stands_in_its_frame(path: Path) -> None:
    assert not unstyled(path.read_text(encoding="utf8"))


def test_the_gate_of_the_frame_bites() -> None:
    assert unstyled('{% include "components/obstacles.html" %}')


def torn(html: str) -> list[str]:
    """Leads with a dot between parts that are not one `span`: the lead sets its parts apart, and each number would be one."""
    leads = re.findall(r'<p class="kp-lead">(.*?)</p>', html, re.S)
    return [lead for lead in leads if "·" in re.sub(r"<span>.*?</span>", "", lead, flags=re.S)]


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_the_parts_of_a_lead_stay_together(path: Path) -> None:
    assert torn(path.read_text(encoding="utf8")) == []


def test_the_gate_of_the_leads_bites() -> None:
    assert torn('<p class="kp-lead">{{ name }} · {{ number|ltr }}</p>') and not torn('<p class="kp-lead"><span>{{ name }} · 1</span></p>')


@pytest.mark.parametrize("path", SCRIPTS, ids=name_of)
def test_no_script_builds_code_from_text(path: Path) -> None:
    text = path.read_text(encoding="utf8")
    assert re.findall(r"\beval\(|new Function\(|\.innerHTML\s*=|document\.write\(|https?://(?!www\.w3\.org)", text) == []
