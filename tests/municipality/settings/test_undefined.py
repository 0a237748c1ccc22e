"""A variable that nobody gave fails the test of a template of ours, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Engine

from municipality.settings import undefined
from municipality.settings.undefined import Undefined


@pytest.fixture
def draw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setattr(undefined, "_TEMPLATES", tmp_path)

    def render(text: str) -> str:
        (tmp_path / "page.html").write_text(text, encoding="utf8")
        return Engine(dirs=[tmp_path], string_if_invalid=Undefined()).get_template("page.html").render(Context({"known": "yes"}))

    return render


@pytest.mark.parametrize("text", ["{{ a }}", "{{ a|upper }}", "{{ known.b.c }}", "{% autoescape off %}{{ a }}{% endautoescape %}"])
def test_printing_an_unknown_variable_is_refused(draw: object, text: str) -> None:
    with pytest.raises(AssertionError, match="is not defined"):
        draw(text)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("text", "expected"), [("{{ known }}", "yes"), ("{{ a|default:'-' }}", "-"), ("{% if a %}1{% else %}0{% endif %}", "0")]
)
def test_asking_for_an_unknown_variable_is_allowed(draw: object, text: str, expected: str) -> None:
    assert draw(text) == expected  # type: ignore[operator]


def test_templates_of_others_print_nothing_as_always() -> None:
    assert Engine(string_if_invalid=Undefined()).from_string("[{{ a }}]").render(Context({})) == "[]"


def test_the_tests_use_it() -> None:
    assert isinstance(settings.TEMPLATES[0]["OPTIONS"]["string_if_invalid"], Undefined)
