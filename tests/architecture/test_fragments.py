"""Cached fragments of templates: rendered once for each language and value, the same for everybody, and in no need of Redis."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import caches
from django.template import Context, Node, NodeList, engines
from django.template.loader_tags import IncludeNode
from django.templatetags.cache import CacheNode
from django.test import Client
from django.utils import translation
from redis.exceptions import RedisError

from municipality.settings.base import BASE_DIR

TEMPLATES = sorted(path for path in (BASE_DIR / "templates").rglob("*.html") if "{% cache " in path.read_text(encoding="utf8"))
# What is one visitor's: the tags, and the variables of the request, the session and the person.
PRIVATE_NODES = {"BlockNode", "CsrfTokenNode"}
PRIVATE = re.compile(r"\b(csrf_token|csp_nonce|request|user|messages|perms|session|assistance|form)\b")


class Counter:
    """Says how often it was looked at."""

    def __init__(self) -> None:
        self.count = 0

    def __str__(self) -> str:
        self.count += 1
        return f"drawn {self.count}"


def template(source: str) -> Any:
    return engines["django"].from_string(source).template


def nodes(inside: NodeList) -> list[Node]:
    """All nodes, those of included templates too."""
    found: list[Node] = []
    for node in inside.get_nodes_by_type(Node):
        found.append(node)
        if isinstance(node, IncludeNode):
            found += nodes(engines["django"].get_template(node.template.var).template.nodelist)  # type: ignore[attr-defined]
    return found


def problems(source: str) -> list[str]:
    """What makes a fragment of this template depend on its visitor."""
    found = []
    for fragment in template(source).nodelist.get_nodes_by_type(CacheNode):
        name = fragment.fragment_name
        if [str(one) for one in fragment.vary_on[:1]] != ["language"]:
            found.append(f"{name} does not vary by language")
        for node in nodes(fragment.nodelist):
            tag = str(node.token.contents) if node.token else ""
            said = re.sub(r"\"[^\"]*\"|'[^']*'", "", tag)
            if type(node).__name__ in PRIVATE_NODES or (type(node).__name__ != "TextNode" and PRIVATE.search(said)):
                found.append(f"{name} holds {tag}")
    return found


def test_a_fragment_is_rendered_once_for_each_language_and_each_value() -> None:
    page, seen = template("{% cache 60 piece language value %}{{ seen }}{% endcache %}"), Counter()

    def drawn(value: int, language: str = "en") -> str:
        with translation.override(language):
            return str(page.render(Context({"seen": seen, "value": value, "language": language})))

    assert [drawn(1), drawn(1), drawn(2), drawn(1)] == ["drawn 1", "drawn 1", "drawn 2", "drawn 1"]
    assert drawn(1, "ar") == "drawn 3"


def test_without_the_tag_the_same_piece_is_rendered_every_time() -> None:
    page, seen = template("{{ seen }}"), Counter()
    assert [str(page.render(Context({"seen": seen}))) for _ in range(2)] == ["drawn 1", "drawn 2"]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(BASE_DIR / "templates").as_posix())
def test_a_fragment_is_the_same_for_everybody_who_reads_its_language(path: Path) -> None:
    assert problems(path.read_text(encoding="utf8")) == []


def test_no_two_fragments_have_one_name() -> None:
    names = [name for path in TEMPLATES for name in re.findall(r"\{% cache \S+ (\S+)", path.read_text(encoding="utf8"))]
    assert len(names) == len(set(names)) > 5


@pytest.mark.parametrize(
    "inside",
    [
        "{% csrf_token %}",
        "{% block one %}{% endblock %}",
        "{% if a %}{% csrf_token %}{% endif %}",
        "{{ user.name_ar }}",
        "{% if user.is_staff %}x{% endif %}",
        "{% include 'components/messages.html' %}",
    ],
)
def test_what_differs_from_visitor_to_visitor_is_found(inside: str) -> None:
    assert problems(f"{{% cache 60 piece language %}}{inside}{{% endcache %}}")
    assert problems("{% cache 60 piece value %}{% endcache %}") == ["piece does not vary by language"]


def test_a_limited_number_of_fragments_is_cached() -> None:
    page = template("{% cache 60 piece language value %}{{ value }}{% endcache %}")
    for value in range(1500):
        assert page.render(Context({"value": value, "language": "en"})) == str(value)
    assert len(caches["template_fragments"]._cache) <= 1000  # type: ignore[attr-defined]


@pytest.mark.django_db
def test_no_page_fails_while_redis_is_dead(settings: Any) -> None:
    dead = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {**settings.CACHES, "default": dead}
    with pytest.raises(RedisError):
        caches["default"].get("x")
    for path in ("/", "shops/", "track/"):
        for _first_and_second_time in range(2):
            pages = {language: Client().get(f"/{language}/{path.lstrip('/')}") for language in ("ar", "en")}
            assert {page.status_code for page in pages.values()} == {200}, path
            assert "لا نطلب" in pages["ar"].content.decode() and "We never ask" in pages["en"].content.decode()
