"""What the second signer of a refusal reads and answers: requirement against finding, and four questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from municipality.cases.models import Case
from municipality.review.models import Decision
from municipality.review.models.desk import ANSWERS
from municipality.review.queries import CheckLine
from municipality.review.registry import Item
from municipality.ui.texts import Text

# The stored answer is True where it speaks for the refusal: a yes, of those in TURNED a no.
TURNED = frozenset({"is_beyond_correction"})
QUESTIONS: dict[str, Text] = dict(
    zip(
        ANSWERS,
        (
            _("Do the documents prove the reason?"),
            _("Does the article apply to the facts?"),
            _("Would asking for corrections be enough?"),
            _("Does the text say what can be done next?"),
        ),
        strict=True,
    )
)


@dataclass(frozen=True)
class SignatureQuestion:
    """One question; `answer` says whether what was answered speaks for the refusal, None while there is no answer."""

    code: str
    text: Text
    answer: bool | None

    @property
    def is_turned(self) -> bool:
        """Whether a yes speaks against the refusal."""
        return self.code in TURNED

    @property
    def is_yes(self) -> bool:
        return self.answer is not self.is_turned


@dataclass(frozen=True)
class RequirementFinding:
    """A requirement of the checklist and what the officer found; `item` is the fact that it is about, if that changed."""

    line: CheckLine
    item: Item | None


def questions(answers: Mapping[str, bool]) -> list[SignatureQuestion]:
    """The four questions, with the answers that were given."""
    return [SignatureQuestion(code, text, answers.get(code)) for code, text in QUESTIONS.items()]


def findings(lines: Iterable[CheckLine], items: Iterable[Item]) -> list[RequirementFinding]:
    """The checklist against the facts: what is not met first, then what is not answered, then the rest."""
    named = {item.name: item for item in items}
    order = {"no": 0, "": 1}
    return sorted(
        (RequirementFinding(line, named.get(line.check.about)) for line in lines), key=lambda found: order.get(found.line.answer, 2)
    )


def answered(case: Case) -> list[tuple[Decision, list[SignatureQuestion]]]:
    """The proposals of a case that a second signer answered questions about, signed or sent back, with the answers; one query."""
    rows = Decision.objects.filter(case=case, is_proven__isnull=False).order_by("pk")
    return [(row, questions({code: getattr(row, code) for code in ANSWERS})) for row in rows]
