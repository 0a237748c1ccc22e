"""A heading of the printed extract stands with its first line: it is not left alone at the foot of a page."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from django.conf import settings
from weasyprint import HTML

from tests import poppler

RULE = re.compile(r"\.doc-extract \.doc-heads \{[^}]*\}")
ROOT = Path(settings.BASE_DIR)


def alone(rule: str) -> int:
    """How many of some pages end with the heading of a table."""
    rows = "<tr><td><p>row<p>row</td></tr>" * 4
    style = f"@page {{ size: A5; margin: 1cm }} p {{ margin: 0 }} tr {{ break-inside: avoid }} {rule}"
    count = 0
    for lines in range(22, 34):
        table = f"<table><tr class='doc-heads'><td><h2>HEADING</h2></td></tr>{rows}</table>"
        written = HTML(string=f"<style>{style}</style><div class='doc-extract'>{'<p>line</p>' * lines}{table}</div>").write_pdf()
        with pikepdf.open(BytesIO(written)) as opened:
            for page in opened.pages:
                one, made = pikepdf.new(), BytesIO()
                one.pages.append(page)
                one.save(made)
                count += poppler.text(made.getvalue()).strip().endswith("HEADING")
    return count


@pytest.mark.parametrize(("is_kept", "expected"), [(True, False), (False, True)])
def test_a_heading_stays_with_its_first_line(is_kept: bool, expected: bool) -> None:
    rule = RULE.search((ROOT / "static/css/documents/document.css").read_text(encoding="utf8"))
    assert rule is not None
    assert (alone(rule[0] if is_kept else "") > 0) == expected


def test_every_row_of_a_heading_says_so() -> None:
    template = (ROOT / "templates/zoning/documents/extract.html").read_text(encoding="utf8")
    rows = re.findall(r"<tr([^>]*)>\s*<td[^>]*><h2[^>]*>[^<]*</h2></td>|<tr([^>]*)>\s*<td[^>]*><h2 lang=\"ar\">{{ label", template)
    assert rows and all("doc-heads" in "".join(found) for found in rows)
