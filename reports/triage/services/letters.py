"""The letter to the body of a report, and how a report comes back; its texts are in `templates/reports/messages/`."""

from __future__ import annotations

from municipality.audit.services import record
from municipality.kernel import clock
from municipality.kernel.transitions import transition
from municipality.notifications import letters
from municipality.notifications.models import DeliveryState, Letter
from municipality.notifications.registry import LetterKind
from municipality.notifications.texts import LANGUAGES, Bilingual, link
from reports import queries
from reports.models import HandOver, Report
from reports.reporters import notifications
from reports.states import ReportState
from reports.triage.services import rows

# The moves by which a report comes back, with the words of the audit log.
_RECORDED = {"come_back": "report.came_back", "letter_back": "report.letter_back", "letter_unsent": "report.letter_unsent"}


def come_back_now(report: Report, move: str) -> bool:
    """Back from the other body, in the caller's transaction, by a move of `_RECORDED`. Returns whether it was with one."""
    row = rows.locked(report)
    if row.state != ReportState.HANDED_OVER:
        return False
    transition(row, move, actor=rows.SYSTEM, updated_at=clock.now())
    row.hand_overs.filter(returned_at__isnull=True).update(returned_at=clock.now())
    record(_RECORDED[move], subject=row.subject_key, actor=rows.SYSTEM)
    notifications.tell(row, "came_back")
    return True


def come_back_by_day(report: Report) -> bool:
    """As `come_back_now`, after the last day of the body; of a letter that was never sent the body knows nothing, which is said instead."""
    rows.locked(report)
    keys = HandOver.objects.filter(report=report, returned_at__isnull=True).values_list("pk", flat=True)
    is_unsent = any(letter.state != DeliveryState.SENT for letter in letters.of_keys(HandOverLetter, keys).values())
    return come_back_now(report, "letter_unsent" if is_unsent else "come_back")


class HandOverLetter(LetterKind):
    """To the body that has to act on a report. Street, landmark, words and photos stay with the inspector, as reporters are promised."""

    kind = "reports.hand_over"
    roles = ("inspector", "supervisor")

    def stands(self, key: str) -> bool:
        return HandOver.objects.filter(pk=int(key), returned_at__isnull=True).exists()

    def awaits(self, key: str) -> bool:
        """Locks the report, so that it does not come back by its day meanwhile."""
        rows.locked(Report.objects.get(hand_overs=int(key)))
        return self.stands(key)

    def returned(self, key: str) -> None:
        """The body knows nothing of the report, so it does not wait for a day that never began."""
        come_back_now(Report.objects.get(hand_overs=int(key)), "letter_back")

    def address(self, code: str) -> str:
        body = queries.rules().bodies.get(code)
        return body.email if body is not None else ""


def write_letter(report: Report, hand_over: HandOver) -> Letter:
    """Write the letter about a hand-over, in the caller's transaction."""
    names, facts = {"name_ar": hand_over.name_ar, "name_en": hand_over.name_en}, report.category_facts
    page = "" if report.hidden_at is not None else f"/reports/{report.public_id}/"
    context = {
        "hand_over": hand_over,
        "number": report.number,
        "category": Bilingual(facts["name_ar"], facts["name_en"]),
        "area": report.area,
        "block": report.block,
        "branch": report.branch,
        "page": Bilingual(*(link(page, language) for language in LANGUAGES)),
    }
    return letters.write(
        HandOverLetter,
        key=str(hand_over.pk),
        subject_key=report.subject_key,
        reference=report.number,
        code=hand_over.body,
        names=names,
        context=context,
    )
