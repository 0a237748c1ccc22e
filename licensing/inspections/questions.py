"""The questions of an inspection, what is asked of it, and whether an answer meets a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from licensing.models import AnswerValue, HealthLicence, Inspection, InspectionAnswer
from municipality.kernel import request_cache
from municipality.rulebook.models import InspectionKind, InspectionRule

HUNDRED = 100


@dataclass(frozen=True)
class GivenAnswer:
    """An answer to a question; `hundredths` of its unit where it was measured."""

    rule: InspectionRule
    value: str
    hundredths: int | None = None
    note: str = ""

    @property
    def meets(self) -> bool:
        return meets(self.rule, self.value, self.hundredths)


def meets(rule: InspectionRule, value: str, hundredths: int | None) -> bool:
    """Whether an answer meets a question; the guard of the database computes the same."""
    if value == AnswerValue.NOT_HERE:
        return rule.may_not_apply
    if rule.kind == InspectionKind.YES_NO:
        return value == AnswerValue.YES
    if hundredths is None:
        return False
    return (rule.least is None or hundredths >= rule.least * HUNDRED) and (rule.most is None or hundredths <= rule.most * HUNDRED)


def rules_of(inspection: Inspection) -> list[InspectionRule]:
    """All questions of the kept edition that are about the place, in their order."""
    rows = InspectionRule.objects.filter(ruleset=inspection.checklist_id).order_by("order")
    everything = request_cache.get_or_set(("licensing.inspection_rules", inspection.checklist_id), lambda: list(rows))
    about = [rule for rule in everything if rule.is_about(inspection.activity_id)]
    if not any(rule.is_of_licensed for rule in about) or _is_licensed(inspection.shop_id):
        return about
    return [rule for rule in about if not rule.is_of_licensed]


def _is_licensed(shop_id: int | None) -> bool:
    """Whether a shop ever had a health licence; the guard of the database asks the same."""
    rows = HealthLicence.objects.filter(shop=shop_id)
    return shop_id is not None and request_cache.get_or_set(("licensing.had_licence", shop_id), rows.exists)


def asked(inspection: Inspection) -> list[InspectionRule]:
    """What the inspector has to answer: all questions, and after a failed visit those that failed it."""
    failed = failed_codes(inspection.previous_id)
    rules = rules_of(inspection)
    return [rule for rule in rules if rule.code in failed] if failed else rules


def others(inspection: Inspection) -> list[InspectionRule]:
    """What an inspector who looks again may answer too, with a reason."""
    codes = {rule.code for rule in asked(inspection)}
    return [rule for rule in rules_of(inspection) if rule.code not in codes]


def failed_codes(inspection_id: int | None) -> set[str]:
    """Codes of what had to be met and was not; empty where nobody was there."""
    if inspection_id is None:
        return set()
    rows = InspectionAnswer.objects.filter(inspection=inspection_id, by_owner=False, meets=False, rule__is_must=True)
    return set(rows.values_list("rule__code", flat=True))


def failing(answers: Sequence[GivenAnswer]) -> list[GivenAnswer]:
    """The answers that fail an inspection."""
    return [answer for answer in answers if answer.rule.is_must and not answer.meets]


def advice(answers: Sequence[GivenAnswer]) -> list[GivenAnswer]:
    """What should be met and is not."""
    return [answer for answer in answers if not answer.rule.is_must and not answer.meets]


def write(inspection: Inspection, answers: Sequence[GivenAnswer], *, by_owner: bool) -> None:
    """Insert the answers; the database computes once more whether they meet the questions."""
    InspectionAnswer.objects.bulk_create(
        InspectionAnswer(
            inspection=inspection,
            rule=answer.rule,
            by_owner=by_owner,
            value=answer.value,
            hundredths=answer.hundredths,
            meets=answer.meets,
            note=answer.note,
        )
        for answer in answers
    )
