"""Documents of violations and their facts: warning, notice, decision about an objection, clearance certificate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.utils.translation import gettext_lazy as _

from municipality.documents.facts import EditionLabel, LetterDate, LetterFacts, LetterRow, LetterSection
from municipality.documents.models import Document
from municipality.documents.states import DocumentState
from municipality.kernel import clock, money
from municipality.review import queries as review
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import RulebookEdition
from municipality.ui.texts import Text
from violations import parties, queries, rules, units
from violations.models import Objection, Violation
from violations.services import repetition
from violations.services.periods import limits_of, of_report
from violations.states import ViolationState

L = TypeVar("L", bound=LetterFacts)
SUBJECTS = {
    queries.OFFENCES: ("جدول المخالفات", "Offences"),
    queries.LIMITS: ("المدد", "Periods"),
    queries.REPLIES: ("نصوص القرارات", "Words of decisions"),
    queries.CHECKS: ("قائمة التدقيق", "Checklist"),
    "calendar": ("التقويم", "Calendar"),
}


@dataclass(frozen=True, kw_only=True)
class WarningFacts(LetterFacts):
    kind = "violations.warning"
    name = _("Warning to put a violation right")
    title = "إنذار بإزالة مخالفة"
    english_title = "Warning to put a violation right"
    reason = "Notice of violation"


@dataclass(frozen=True, kw_only=True)
class NoticeFacts(LetterFacts):
    kind = "violations.notice"
    name = _("Notice of a violation")
    title = "إخطار بمحضر مخالفة"
    english_title = "Notice of a violation"
    reason = "Notice of violation"

    @staticmethod
    def public_notes(document: Document) -> list[Text]:
        """Of a notice that an acquittal revoked: that a higher court has set a fine since."""
        fined = Violation.objects.filter(notice=document, state__in=(ViolationState.JUDGED, ViolationState.PAID))
        if document.state != DocumentState.REVOKED or not fined.exists():
            return []
        return [_("A higher court has set a fine for this violation since then. Its ruling stands in the place of this notice.")]


@dataclass(frozen=True, kw_only=True)
class DecisionFacts(LetterFacts):
    kind = "violations.objection"
    name = _("Decision about an objection to a violation")
    title = "قرار في اعتراض على مخالفة"
    english_title = "Decision about an objection to a violation"
    reason = "Decision about an objection"


@dataclass(frozen=True, kw_only=True)
class ClearanceFacts(LetterFacts):
    kind = "violations.clearance"
    name = _("Clearance certificate: violations")
    title = "شهادة براءة ذمة من المخالفات"
    english_title = "Clearance certificate: violations"
    reason = "Clearance certificate"


FACTS_CLASSES = (WarningFacts, NoticeFacts, DecisionFacts, ClearanceFacts)


def _quantity(row: Violation) -> tuple[str, str] | None:
    unit = row.offence_facts["unit"]
    if unit == rules.EACH:
        return None
    ar, en = units.factors(unit, row.quantity_hundredths, row.months)
    return ar.removeprefix(" × "), en.removeprefix(" × ")


def notice_facts(row: Violation) -> LetterFacts:
    """Facts of a warning or notice, without civil number and name of the inspector."""
    offence, order, shop = row.offence_facts, queries.order_of(row), row.shop
    rows = [
        LetterRow("المخالفة", "Violation", offence["name_ar"], offence["name_en"], lead=True),
        LetterRow("السند", "Legal ground", offence["article_ar"], offence["article_en"]),
        LetterRow("المخالف", "Party", *parties.party_of(row)),
        *([LetterRow("المحل", "Shop", shop.name_ar, shop.name_en)] if shop is not None else []),
        LetterRow("المكان", "Place", *parties.place_of(row)),
        LetterRow("الساعة", "Time", row.seen_at.astimezone(clock.KUWAIT).strftime("%H:%M")),
    ]
    if quantity := _quantity(row):
        rows.append(LetterRow("القياس", "Measure", *quantity))
    if before := repetition.count_now(row):
        rows.append(LetterRow("التكرار", "Repetition", f"{before} من قبل", f"{before} before"))
    has_order, periods = bool(row.number) and order is not None, of_report(row)
    if row.number and order is not None:
        fils = money.to_display(order.fils)
        rows.append(LetterRow("مبلغ الصلح", "Settlement", f"{fils} د.ك", f"KD {fils}", lead=True))
        rows.append(LetterRow("طريقة الحساب", "Computed", order.formula_ar, order.formula_en))
    if offence["band_max_fils"] is not None:
        low, high = (money.to_display(offence[f"band_{end}_fils"]) for end in ("min", "max"))
        each = (" للمتر المربع", " per m²") if offence["band_unit"] == "m2" else ("", "")
        band = low if low == high else f"{low} – {high}"
        fine = (f"{band} د.ك{each[0]}", f"KD {band}{each[1]}")
        rows.append(LetterRow("غرامة القانون (للمحكمة)", "Fine of the law (the court's)", *fine))
    badge, decision = (row.inspector.badge_no, row.inspector.decision_no) if row.inspector is not None else ("", "")
    rows.append(LetterRow("المفتش", "Inspector", f"بطاقة {badge}، قرار {decision}", f"Badge {badge}, decision {decision}"))
    days = [LetterDate("تاريخ المعاينة", "Seen on", clock.day_of(row.seen_at))]
    if not row.number and row.correct_until:
        days.append(LetterDate("آخر يوم للتصحيح", "Put right by", row.correct_until))
    return _letter(
        NoticeFacts if row.number else WarningFacts,
        branch=(row.branch.name_ar, row.branch.name_en),
        rows=rows,
        days=days,
        sections=[_options_section(has_order, periods) if row.number else _correction_section()],
        editions=[row.edition, periods.stamp if row.number else row.limits_edition],
    )


def _correction_section() -> LetterSection:
    return LetterSection(
        "ما العمل",
        "What to do",
        (
            "لا مبلغ مستحق الآن. تُزال المخالفة قبل انقضاء اليوم المبين أعلاه، وتُرسل صورة الإزالة من صفحة الإنذار في البوابة.",
            "إذا بقيت بعد ذلك اليوم حُرر محضر مخالفة.",
        ),
        (
            "Nothing is due now. Put it right by the day shown above and send a photo from the page of this warning in the portal.",
            "If it is still there after that day, a violation report is written.",
        ),
    )


def _options_section(has_order: bool, periods: RulebookEdition) -> LetterSection:
    settle, time = (periods.limits[code].value for code in ("settlement_days", "objection_days"))
    if has_order:
        lines_ar = [f"الصلح خلال {settle} يوماً من تسلّم الإخطار، ويجوز تمديدها مرة واحدة أو التقسيط، من صفحة المخالفة في البوابة."]
        lines_en = [
            f"Settle within {settle} days of receiving the notice. On the page of the violation in the portal the period may be extended"
            " once, or the sum paid by instalments."
        ]
    else:
        lines_ar = ["لا صلح في هذه المخالفة، وتحال إلى المحكمة بعد انقضاء مهلة الاعتراض."]
        lines_en = ["There is no settlement; the violation report goes to the court after the time to object."]
    if has_order:
        lines_ar.append(
            f"الاعتراض خلال {time} يوماً من تسلّم الإخطار؛ يوقف الاعتراض السداد، ويبقى مبلغ الصلح إن قُدم في مهلته، وينظره فرع آخر."
        )
        lines_en.append(
            f"Object within {time} days of receiving the notice. Payment stands still meanwhile, the settlement amount stays if the"
            " objection comes in its period, and another branch decides."
        )
    else:
        lines_ar.append(f"الاعتراض خلال {time} يوماً من تسلّم الإخطار، وينظره فرع آخر.")
        lines_en.append(f"Object within {time} days of receiving the notice; another branch decides.")
    return LetterSection("الطرق المتاحة", "The ways open", tuple(lines_ar), tuple(lines_en))


def decision_facts(
    objection: Objection, *, decided_at: dt.datetime, texts: dict[str, str], is_upheld: bool, settle_until: dt.date | None
) -> DecisionFacts:
    """Facts of the decision about an objection: outcome, reason with its article, the last days to settle and to go to the court."""
    reason = rulebook.edition(queries.REPLIES, clock.day_of(objection.filed_at)).reasons[objection.ground]
    case = objection.case
    outcome = ("قُبل الاعتراض وألغيت المخالفة", "The objection is upheld and the violation annulled")
    if not is_upheld:
        outcome = ("رُفض الاعتراض", "The objection is refused")
    rows = [
        LetterRow("القرار", "Decision", outcome[0], outcome[1], lead=True),
        LetterRow("مقدم الاعتراض", "Applicant", case.applicant.name_ar, case.applicant.name_en),
        LetterRow("المخالفة", "Violation", objection.violation.reference),
        LetterRow("الاعتراض", "Objection", case.reference),
        LetterRow("سبب الاعتراض", "Ground of the objection", reason.label_ar, reason.label_en),
        LetterRow("أسباب القرار", "Reasons", texts["text_ar"], texts["text_en"]),
    ]
    note_ar, note_en = texts.get("note_ar", ""), texts.get("note_en", "")
    if texts.get("article_ar"):
        rows.append(LetterRow("السند", "Legal ground", texts["article_ar"], texts.get("article_en", "")))
    if note_ar or note_en:
        rows.append(LetterRow("إيضاح", "Explanation", note_ar or note_en, note_en))
    decided_on = clock.day_of(decided_at)
    days = [LetterDate("صدر في", "Decided on", decided_on)]
    sections = []
    if not is_upheld:
        court_until = decided_on + dt.timedelta(days=limits_of(case)["court_days"])
        days.append(LetterDate("آخر يوم للجوء إلى المحكمة", "To the court by", court_until))
        amount_ar, amount_en = (
            "لا صلح بعد هذا القرار، وتحال المخالفة إلى المحكمة.",
            "There is no settlement after this decision; the violation goes to the court.",
        )
        if settle_until is not None:
            days.append(LetterDate("آخر يوم للصلح", "Last day to settle", settle_until))
            amount_ar, amount_en = "مبلغ الصلح باقٍ حتى يومه المبين أعلاه.", "The settlement amount stays open until its day shown above."
        sections.append(
            LetterSection(
                "ما بعد القرار",
                "After the decision",
                (amount_ar, "يجوز اللجوء إلى المحكمة حتى يومها المبين أعلاه."),
                (amount_en, "The court may be turned to until its day shown above."),
            )
        )
    branch = (case.branch.name_ar, case.branch.name_en)
    return _letter(DecisionFacts, branch=branch, rows=rows, days=days, sections=sections, editions=review.stamps_of(case))


def clearance_facts(*, name: tuple[str, str], about: tuple[str, str], branch: tuple[str, str], checked: int) -> ClearanceFacts:
    """Facts of a clearance certificate: nothing is owed now. `checked`: number of paid or ended violations."""
    rows = [
        LetterRow("صدرت إلى", "Issued to", *name, lead=True),
        LetterRow("عن", "About", *about),
        LetterRow(
            "البيان",
            "Statement",
            "لا مبالغ مستحقة عن مخالفات بلدية عند صدور هذه الشهادة",
            "Nothing is owed for municipal violations at the time of issue",
        ),
        LetterRow("مخالفات مسددة أو منتهية", "Violations paid or ended", str(checked)),
    ]
    days = [LetterDate("صدرت في", "Issued on", clock.today())]
    section = LetterSection(
        "حجيتها",
        "Its effect",
        ("تثبت الحال في وقت صدورها، وما يحرر بعدها من محاضر لا يدخل فيها.",),
        ("It proves how things stood when it was issued; violation reports written afterwards are not covered.",),
    )
    return _letter(ClearanceFacts, branch=branch, rows=rows, days=days, sections=[section], editions=[])


def _letter(
    kind: type[L],
    *,
    branch: tuple[str, str],
    rows: list[LetterRow],
    days: list[LetterDate],
    sections: list[LetterSection],
    editions: Sequence[str],
) -> L:
    return kind(
        title_ar=kind.title,
        title_en=kind.english_title,
        branch_ar=branch[0],
        branch_en=branch[1],
        days=tuple(days),
        rows=tuple(rows),
        sections=tuple(sections),
        editions=tuple(EditionLabel.of(stamp, SUBJECTS) for stamp in editions),
        issued_at=clock.now(),
    )
