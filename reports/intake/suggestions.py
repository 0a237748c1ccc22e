"""Categories by the words that people use for them."""

from __future__ import annotations

import re

from municipality.kernel.arabic import bare, words
from municipality.rulebook.report_categories import ReportCategory, ReportRules

MOST = 2
LEAST = 3  # letters of a word that says something
_ENDING = re.compile(r"^(...+?)(?:ات|ه|s)$")  # of a plural or of one thing: لوحات and لوحة, dogs and dog


def suggested(rules: ReportRules, text: str) -> list[ReportCategory]:
    """The categories whose words a description has, the best first; at most two."""
    said = _stems(text)
    return _best({code: len(said & _stems(one.words)) for code, one in rules.categories.items()}, rules)[:MOST]


def found(rules: ReportRules, text: str) -> list[ReportCategory]:
    """The categories that have any word of a search, the best first: what people call them says more than the name.

    `report_kinds.js` finds the same.
    """
    said = _stems(text)
    counts = {code: len(said & set(stems_of(one))) + len(said & _stems(one.words)) for code, one in rules.categories.items()}
    return _best(counts, rules)


def stems_of(category: ReportCategory) -> list[str]:
    """The stems of the words and names of a category, by which a search finds it."""
    return sorted(_stems(f"{category.words} {category.name_ar} {category.name_en}"))


def _best(counts: dict[str, int], rules: ReportRules) -> list[ReportCategory]:
    return [rules.categories[code] for code in sorted(counts, key=lambda code: -counts[code]) if counts[code]]


def _stems(text: str) -> set[str]:
    return {_ENDING.sub(r"\1", bare(word)) for word in words(text) if len(word) >= LEAST}
