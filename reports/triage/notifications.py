"""Messages to supervisors, and the letter to a body; the texts are in `templates/reports/messages/`."""

from __future__ import annotations

from municipality.notifications import letters
from municipality.notifications.models import Letter
from municipality.notifications.registry import LetterKind, MessageKind
from municipality.notifications.texts import LANGUAGES, Bilingual, link
from reports import queries
from reports.models import HandOver, Report


class DueSoon(MessageKind):
    """To the supervisors of a branch: promises that end soon, `lines` of number, time and category, bilingual."""

    kind = "reports.due_soon"
    must_reach = False
    page = "/admin/eye/branch/?promise=soon"


class HandOverLetter(LetterKind):
    """To the body that has to act on a report. Street, landmark, words and photos stay with the inspector, as reporters are promised."""

    kind = "reports.hand_over"
    roles = ("inspector", "supervisor")

    def stands(self, key: str) -> bool:
        return HandOver.objects.filter(pk=int(key), returned_at__isnull=True).exists()

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
