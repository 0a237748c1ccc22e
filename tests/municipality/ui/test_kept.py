"""Pieces of a page that are drawn once."""

from __future__ import annotations

import pytest
from django.template import Context, TemplateSyntaxError, engines
from django.utils import translation


class Counter:
    """Says how often it was looked at."""

    def __init__(self) -> None:
        self.count = 0

    def __str__(self) -> str:
        self.count += 1
        return f"drawn {self.count}"


def template(source: str):  # type: ignore[no-untyped-def]
    return engines["django"].from_string(source).template


def test_a_kept_piece_is_drawn_once_for_each_language_and_each_value() -> None:
    page, seen = template("{% kept value %}{{ seen }}{% endkept %}"), Counter()

    def drawn(value: int) -> str:
        return str(page.render(Context({"seen": seen, "value": value})))

    with translation.override("en"):
        assert [drawn(1), drawn(1), drawn(2), drawn(1)] == ["drawn 1", "drawn 1", "drawn 2", "drawn 1"]
    with translation.override("ar"):
        assert drawn(1) == "drawn 3"


def test_without_keeping_the_same_piece_is_drawn_every_time() -> None:
    page, seen = template("{{ seen }}"), Counter()
    assert [str(page.render(Context({"seen": seen}))) for _ in range(2)] == ["drawn 1", "drawn 2"]


@pytest.mark.parametrize("inside", ["{% csrf_token %}", "{% block one %}{% endblock %}", "{% if a %}{% csrf_token %}{% endif %}"])
def test_what_differs_from_visitor_to_visitor_cannot_be_kept(inside: str) -> None:
    with pytest.raises(TemplateSyntaxError):
        template(f"{{% kept %}}{inside}{{% endkept %}}")


def test_a_place_keeps_a_limited_number_of_pieces() -> None:
    page = template("{% kept value %}{{ value }}{% endkept %}")
    for value in range(450):
        assert page.render(Context({"value": value})) == str(value)
    assert len(page.nodelist[0].drawn) <= 200
