"""Categories by the words that people use for them."""

from __future__ import annotations

from municipality.kernel.arabic import bare, words
from municipality.rulebook.report_categories import ReportCategory, ReportRules

MOST = 2


def suggested(rules: ReportRules, text: str) -> list[ReportCategory]:
    """The categories whose words a text has, the best first; at most two."""
    said = _stems(text)
    counted = [(len(said & _stems(one.words)), -order, one) for order, one in enumerate(rules.categories.values())]
    return [one for count, _, one in sorted(counted, key=lambda entry: entry[:2], reverse=True) if count][:MOST]


def _stems(text: str) -> set[str]:
    return {bare(word) for word in words(text) if len(word) > 2}
