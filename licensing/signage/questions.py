"""What the rule check leaves to an officer, in sentences: what was not stated, where to look, and the rule with its source."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from licensing.models import BoardCheck, BoardOutcome
from municipality.rulebook.models import BoardRuleKind
from municipality.ui.templatetags.portal import bilingual, term

# By the kind of rule: what the applicant did not state, what follows, and where an officer looks.
_UNSTATED = {
    BoardRuleKind.HEIGHT: gettext_lazy(
        "The applicant did not state how high board %(number)s is with its base, so it was not measured. Look at the photo and the plan."
    ),
    BoardRuleKind.DISTANCE: gettext_lazy(
        "The applicant did not state how far board %(number)s is from the next free-standing one, so it was not measured. "
        "Look at the photo and the plan."
    ),
    BoardRuleKind.SHARE: gettext_lazy(
        "The applicant did not state how wide the front is, so the share of it that board %(number)s takes was not measured. "
        "Look at the photo: how much of the width of the front does the board take?"
    ),
    BoardRuleKind.PROJECTION: gettext_lazy(
        "The applicant did not state how far board %(number)s stands out from the wall, so it was not measured. "
        "Look at the photo and the plan."
    ),
    BoardRuleKind.SUBJECT: gettext_lazy(
        "The applicant did not state what board %(number)s advertises, so it was not checked. Look at the photo and the plan."
    ),
}


def left_to_officer(line: int, result: BoardCheck) -> str:
    """The sentences of a result that an officer judges, as they read them: not measured, or against a rule that no law states."""
    measured, facts = bilingual(result, "measured"), {"number": line, "rule": result.get_kind_display()}
    if result.outcome != BoardOutcome.UNKNOWN:
        text = _("Board %(number)s, %(rule)s: %(measured)s.") % {**facts, "measured": measured}
    elif measured == _("not stated") and result.kind in _UNSTATED:
        text = str(_UNSTATED[BoardRuleKind(result.kind)]) % facts
    else:
        text = _("Board %(number)s, %(rule)s: not measured (%(measured)s).") % {**facts, "measured": measured}
    return f"{text} {rule_of(result)}"


def evidence(line: int, result: BoardCheck) -> SafeString:
    """The same beside the question of the checklist, and a result that is in order in short: value, rule, result."""
    if result.outcome == BoardOutcome.UNKNOWN:
        return format_html("{}", left_to_officer(line, result))
    board = _("Board %(number)s") % {"number": line}
    return format_html("{}: {}. {} {}", board, term(bilingual(result, "measured")), rule_of(result), result.get_outcome_display())


def rule_of(result: BoardCheck) -> str:
    """`Rule (Projection from the wall): at most 1.00 m, an assumption of the Municipality until a text is found.`; or with its article."""
    facts = {"rule": result.get_kind_display(), **{name: bilingual(result, name) for name in ("limit", "article")}}
    if result.is_assumption:
        return _("Rule (%(rule)s): %(limit)s, an assumption of the Municipality until a text is found.") % facts
    return _("Rule (%(rule)s): %(limit)s (%(article)s).") % facts
