"""What others tell measures: the violation reports on which one can rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from municipality.kernel.registry import Registry


@dataclass(frozen=True)
class ReportFact:
    """A violation report that stands: its shop, by primary key, and its offence of the catalogue."""

    shop: int | None
    name_ar: str
    name_en: str
    article_ar: str
    article_en: str


# From the number of a violation report to its facts; None where there is none, or it stands no more.
REPORTS: Registry[Callable[[str], ReportFact | None]] = Registry()


def report_of(number: str) -> ReportFact | None:
    """The violation report with a number, if it stands."""
    found = (find(number) for find in REPORTS.values())
    return next((fact for fact in found if fact is not None), None) if number else None
