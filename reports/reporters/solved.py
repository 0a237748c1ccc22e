"""What the reporters say of the result of a report: solved or not. One of them who says no opens it again."""

from __future__ import annotations

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from municipality.audit.services import record
from municipality.kernel import clock
from municipality.kernel.actors import VISITOR
from municipality.kernel.errors import Refused
from reports import deadlines, queries
from reports.models import Closure, Report, SolvedAnswer
from reports.results import NO_ANSWER
from reports.states import ReportState

MAX_WORDS = 300  # characters
WORDS_MISSING = _("Please write what is still there, so that the next inspector knows what to look for.")  # for a no without words


def result_to_judge(report: Report) -> Closure | None:
    """The result of a closed report that the reporter may still judge; None after its period, and once they judged it.

    Of a report that was joined with another it is that of the other, of which its reporter may say that it is not solved, whatever the
    reporter of the other one says. A part is judged with the report that it is part of, and by who was joined with it.
    """
    row = queries.end_of(report)
    is_own = row.pk == report.pk
    if row.state != ReportState.CLOSED or row.closed_at is None or (is_own and row.parent_id is not None):
        return None
    said = Exists(SolvedAnswer.objects.filter(closure=OuterRef("pk")))
    results = Closure.objects.filter(report=row, sent_back_at__isnull=True).select_related("report").annotate(is_judged=said)
    closure = results.order_by("-pk").first()
    if closure is None or (is_own and closure.code == NO_ANSWER):  # their answer to the question opens it again
        return None
    if clock.today() > deadlines.solved_until({closure.pk: row.closed_at})[closure.pk]:
        return None
    return None if is_own and closure.is_judged else closure


def say(report: Report, *, is_solved: bool, words: str = "") -> SolvedAnswer:
    """Store what the reporter says, in the caller's transaction; after a no the caller opens the report of the result again.

    Raises Refused: not_to_judge, words_missing.
    """
    row = Report.objects.select_for_update(of=("self",)).get(pk=queries.end_of(report).pk)
    closure = result_to_judge(Report.objects.select_related("merged_into").get(pk=report.pk))
    if closure is None or (is_solved and row.pk != report.pk):  # a yes is left to whose report it is
        raise Refused("not_to_judge", _("This result was judged already, or the time to judge it is over."))
    words = words.strip()[:MAX_WORDS]
    if not is_solved and not words:
        raise Refused("words_missing", WORDS_MISSING)
    answer = SolvedAnswer.objects.create(closure=closure, is_solved=is_solved, words="" if is_solved else words, at=clock.now())
    record("report.judged", subject=row.subject_key, actor=VISITOR, data={"solved": is_solved})
    return answer
