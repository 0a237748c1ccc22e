"""What can be reported, as plain values, and how an edition of it is read."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from municipality.rulebook.models import RuleSet

SUBJECT = "categories.reports"


@dataclass(frozen=True)
class ReportQuestion:
    """A question of a category (see `models.ReportQuestionRule`)."""

    code: str
    text_ar: str
    text_en: str
    options: list[dict[str, str]]
    is_required: bool
    raises_on: str
    raises_to: str


@dataclass(frozen=True)
class ReportCategory:
    """What can be reported (see `models.ReportCategoryRule`)."""

    code: str
    group_ar: str
    group_en: str
    name_ar: str
    name_en: str
    icon: str
    severity: str
    hours: int
    clock: str
    may_be_anonymous: bool
    is_of_shops: bool
    body: str
    offences: str
    words: str
    article_ar: str
    article_en: str
    is_assumption: bool
    questions: tuple[ReportQuestion, ...] = ()


@dataclass(frozen=True)
class ReportBody:
    """A body to which a report is handed over (see `models.ReportBodyRule`)."""

    code: str
    name_ar: str
    name_en: str
    contact: str
    days: int
    email: str = ""


@dataclass(frozen=True)
class ReportRules:
    """An edition: categories by code in their order, and bodies by code. `pk` is that of the `RuleSet`."""

    pk: int
    categories: dict[str, ReportCategory]
    bodies: dict[str, ReportBody]


def read(ruleset: RuleSet) -> ReportRules:
    questions: dict[str, list[ReportQuestion]] = {}
    names = [field.name for field in fields(ReportQuestion)]
    for row in ruleset.report_questions.order_by("category", "order").values("category", *names):
        questions.setdefault(row.pop("category"), []).append(ReportQuestion(**row))
    names = [field.name for field in fields(ReportCategory) if field.name != "questions"]
    rows: Any = ruleset.report_categories.order_by("order").values(*names)
    categories = {row["code"]: ReportCategory(**row, questions=tuple(questions.get(row["code"], ()))) for row in rows}
    bodies = ruleset.report_bodies.order_by("code").values(*(field.name for field in fields(ReportBody)))
    return ReportRules(ruleset.pk, categories, {row["code"]: ReportBody(**row) for row in bodies})
