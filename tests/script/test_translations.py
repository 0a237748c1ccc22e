"""The catalogue says exactly what the sources say: no message is missing in it, none is left over."""

from __future__ import annotations

from pathlib import Path

import pytest

from script.support.translations import gaps, in_python, in_template, mismatches, sources

HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n"Language: ar\\n"\n\n'


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small portal: one module, one template, one catalogue that fits them."""
    (tmp_path / "municipality").mkdir()
    (tmp_path / "municipality" / "words.py").write_text('from x import gettext_lazy as _\nHELLO = _("Hello")\n', encoding="utf8")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text('<h1>{% translate "Shops" %}</h1>', encoding="utf8")
    write(tmp_path, 'msgid "Hello"\nmsgstr "مرحباً"\n\nmsgid "Shops"\nmsgstr "المحلات"\n')
    return tmp_path


def write(root: Path, entries: str) -> None:
    folder = root / "locale" / "ar" / "LC_MESSAGES"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "django.po").write_text(HEADER + entries, encoding="utf8")


def test_the_portals_own_catalogue_is_complete_and_carries_nothing_else(root: Path) -> None:
    assert len(sources(root)) > 400
    assert mismatches(root) == []
    assert gaps(root) == []


def test_a_fitting_catalogue_has_no_strays(tree: Path) -> None:
    assert mismatches(tree) == []


def test_a_message_without_an_entry_is_named_with_its_file(tree: Path) -> None:
    (tree / "templates" / "page.html").write_text('{% translate "Shops" %}{% translate "Boards" %}', encoding="utf8")
    assert mismatches(tree) == ["templates/page.html: not in locale/ar/LC_MESSAGES/django.po: Boards"]


def test_an_entry_that_nothing_says_is_named_unless_it_overrides_a_library(tree: Path) -> None:
    write(tree, 'msgid "Hello"\nmsgstr "مرحباً"\n\nmsgid "Shops"\nmsgstr "المحلات"\n\nmsgid "Old"\nmsgstr "قديم"\n')
    assert [line.rpartition(": ")[2] for line in mismatches(tree)] == ["Old"]
    write(tree, 'msgid "Hello"\nmsgstr "مرحباً"\n\nmsgid "Shops"\nmsgstr "المحلات"\n\n# overrides Django\nmsgid "Old"\nmsgstr "قديم"\n')
    assert mismatches(tree) == []


def test_every_way_to_say_a_message_is_read() -> None:
    assert in_python('_("a" "b"); gettext("c"); ngettext("d", "e", n); pgettext_lazy("month", "f"); _(name); other("g")') == {
        ("", "ab"),
        ("", "c"),
        ("", "d"),
        ("month", "f"),
    }
    template = """{% translate "a (b)" %}{% translate "c" context "month" %}{% blocktranslate trimmed with x=y %}
      d {{ x }}
      e{% endblocktranslate %}{% blocktranslate count n=n %}f{% plural %}g{% endblocktranslate %}{{ _("h") }} text(i)"""
    assert in_template(template) == {("", "a (b)"), ("month", "c"), ("", "d %(x)s e"), ("", "f"), ("", "h")}
