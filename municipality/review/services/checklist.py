"""Which questions of the checklist must be answered, and how, before an officer decides."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from municipality.cases.models import Case
from municipality.kernel.errors import Refused
from municipality.review import queries, texts
from municipality.review.registry import Item, reviewable
from municipality.review.texts import CorrectionText


def check_answered(lines: Sequence[queries.CheckLine]) -> None:
    """Raises Refused("checks_open")."""
    if any(not line.answer for line in lines):
        raise Refused("checks_open", _("Answer every question of the checklist first."))


def check_approvable(lines: Sequence[queries.CheckLine], *, without: bool) -> None:
    """Raises Refused: checks_open, check_says_no, checks_do_not_apply; the last one for an answer "does not apply" unless `without`."""
    check_answered(lines)
    if any(line.answer == "no" for line in lines):
        raise Refused("check_says_no", _("A question of the checklist is answered with no: the case cannot be approved."))
    if not without and any(line.answer == "na" for line in lines):
        raise Refused(
            "checks_do_not_apply", _("A question is answered with “does not apply”. Confirm first that the approval stands without it.")
        )


def check_answered_about(case: Case, corrections: Sequence[CorrectionText], case_items: Sequence[Item]) -> None:
    """Raises Refused("checks_open") while a question about something that is to be corrected is open."""
    shown, files = texts.facts_shown(case_items), {item.name for item in case_items if item.is_file}
    asked = {name for c in corrections for name in (c.target, shown.get(c.target, ""))} - {""}
    files_check = reviewable(case).files_check if asked & files - set(shown) else ""
    lines = enumerate(queries.checklist(case, list(case_items)), 1)
    numbers = [number for number, line in lines if not line.answer and (line.check.about in asked or line.check.code == files_check)]
    if numbers:
        sentence = ngettext(
            "First answer question %(numbers)s of the checklist: it is about what is to be corrected.",
            "First answer questions %(numbers)s of the checklist: they are about what is to be corrected.",
            len(numbers),
        )
        raise Refused("checks_open", sentence % {"numbers": gettext(", ").join(map(str, numbers))})
