"""The papers of a violation: warning, minute, decision about an objection, clearance; their facts and sealed bytes."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from municipality.documents.contexts import Edition, PaperFacts, Period, Row, Section
from municipality.documents.models import Document
from municipality.documents.rendering import render
from municipality.documents.signing import sign_pdf, signer
from municipality.kernel import clock, money
from municipality.rulebook import queries as rulebook
from violations import queries
from violations.models import Objection, Violation

WARNING, MINUTE, DECISION, CLEARANCE = "violations.warning", "violations.minute", "violations.objection", "violations.clearance"
TEMPLATE = "documents/paper.html"
TITLES = {
    WARNING: ("إنذار بإزالة مخالفة", "Warning to put a violation right"),
    MINUTE: ("إخطار بمحضر مخالفة", "Notice of a violation"),
    DECISION: ("قرار في اعتراض على مخالفة", "Decision about an objection to a violation"),
    CLEARANCE: ("شهادة براءة ذمة من المخالفات", "Clearance certificate: violations"),
}
# What the check page calls them.
KINDS = {
    WARNING: _("Warning to put a violation right"),
    MINUTE: _("Notice of a violation"),
    DECISION: _("Decision about an objection to a violation"),
    CLEARANCE: _("Clearance certificate: violations"),
}
SUBJECTS = {
    queries.OFFENCES: ("جدول المخالفات", "Offences"),
    queries.LIMITS: ("المدد", "Periods"),
    queries.REPLIES: ("نصوص القرارات", "Words of decisions"),
}


def _place(row: Violation) -> list[str]:
    ar, en = [row.area.name_ar], [row.area.name_en]
    if row.block:
        ar.append(f"قطعة {row.block}")
        en.append(f"block {row.block}")
    if row.street:
        ar.append(f"شارع {row.street}")
        en.append(f"street {row.street}")
    return ["، ".join(ar), ", ".join(en)]


def _quantity(row: Violation) -> list[str] | None:
    unit = row.offence_facts["unit"]
    if unit == "each":
        return None
    whole, part = divmod(row.quantity_hundredths, 100)
    text = f"{whole}.{part:02d}" if part else str(whole)
    words = {"piece": ("قطعة", "pieces"), "m2": ("م²", "m²"), "m2_month": ("م²", "m²")}[unit]
    ar, en = f"{text} {words[0]}", f"{text} {words[1]}"
    return [f"{ar} × {row.months} شهر", f"{en} × {row.months} months"] if unit == "m2_month" else [ar, en]


def notice_facts(row: Violation) -> dict[str, Any]:
    """What a warning or minute states, as plain values kept beside the bytes. No civil number, no name of an inspector."""
    offence = row.offence_facts
    order = queries.order_of(row)
    shop = row.shop
    facts: dict[str, Any] = {
        "kind": MINUTE if row.number else WARNING,
        "seen_on": clock.day_of(row.seen_at).isoformat(),
        "seen_at": row.seen_at.isoformat(),
        "offence": [offence["name_ar"], offence["name_en"]],
        "article": [offence["article_ar"], offence["article_en"]],
        "party": [shop.name_ar, shop.name_en] if shop is not None else [row.party_name_ar or "—", row.party_name_ar or "—"],
        "place": _place(row),
        "quantity": _quantity(row),
        "repeats": row.repeat_count,
        "badge": row.inspector.badge_no if row.inspector is not None else "",
        "decision": row.inspector.decision_no if row.inspector is not None else "",
        "branch": [row.branch.name_ar, row.branch.name_en],
        "editions": [row.edition, row.limits_edition],
        "issued_at": clock.now().isoformat(),
        "periods": {code: value for code, value in queries.limits().items() if code.endswith("_days")},
        "warning": row.warning_number or "",
    }
    if facts["kind"] == WARNING:
        facts["until"] = row.correct_until.isoformat() if row.correct_until else ""
    elif order is not None:
        facts |= {"fils": order.fils, "formula": [order.formula_ar, order.formula_en]}
    if offence["band_max_fils"] is not None:
        facts["band"] = [offence["band_min_fils"], offence["band_max_fils"], offence["band_unit"]]
    return facts


def notice(document: Document) -> bytes:
    """Render and seal a drafted warning or minute from the facts it keeps. Raises RendererMissing, SignerMissing."""
    f = document.facts
    seen = dt.datetime.fromisoformat(f["seen_at"]).astimezone(clock.KUWAIT)
    rows = [
        Row("المخالفة", "Violation", f["offence"][0], f["offence"][1], lead=True),
        Row("المادة", "Article", *f["article"]),
        Row("المخالف", "Party", *f["party"]),
        Row("المكان", "Place", *f["place"]),
        Row("الساعة", "Time", seen.strftime("%H:%M")),
    ]
    if f["quantity"]:
        rows.append(Row("القياس", "Measure", *f["quantity"]))
    if f["repeats"]:
        rows.append(Row("التكرار", "Repetition", f"{f['repeats']} من قبل", f"{f['repeats']} before"))
    if "fils" in f:
        rows.append(Row("مبلغ الصلح", "Settlement", f"{money.to_display(f['fils'])} د.ك", f"KD {money.to_display(f['fils'])}", lead=True))
        rows.append(Row("طريقة الحساب", "Computed", *f["formula"]))
    if "band" in f:
        low, high, unit = f["band"]
        each = (" للمتر المربع", " per m²") if unit == "m2" else ("", "")
        rows.append(
            Row(
                "غرامة القانون (للمحكمة)",
                "Fine of the law (the court's)",
                f"{money.to_display(low)} – {money.to_display(high)} د.ك{each[0]}",
                f"KD {money.to_display(low)} – {money.to_display(high)}{each[1]}",
            )
        )
    rows.append(Row("المفتش", "Inspector", f"بطاقة {f['badge']}، قرار {f['decision']}", f"Badge {f['badge']}, decision {f['decision']}"))
    days = [Period("تاريخ المعاينة", "Seen on", dt.date.fromisoformat(f["seen_on"]))]
    if f.get("until"):
        days.append(Period("آخر يوم للتصحيح", "Put right by", dt.date.fromisoformat(f["until"])))
    return _sealed(document, f["kind"], rows=rows, days=days, sections=[_ways(f)], reason="Notice of violation")


def _ways(f: dict[str, Any]) -> Section:
    periods = f["periods"]
    if f["kind"] == WARNING:
        return Section(
            "ما العمل",
            "What to do",
            (
                "لا مبلغ مستحق الآن. تُزال المخالفة قبل انقضاء اليوم المبين أعلاه، وتُرسل صورة الإزالة من صفحة الإنذار في البوابة.",
                "إذا بقيت بعد ذلك اليوم حُرر محضر مخالفة.",
            ),
            (
                "Nothing is due now. Put it right by the day shown above and send a photo from the page of this warning in the portal.",
                "If it is still there after that day, a minute is written.",
            ),
        )
    settle, time = periods["settlement_days"], periods["objection_days"]
    if "fils" in f:
        lines_ar = [f"الصلح خلال {settle} يوماً من ثبوت الإعلان، ويجوز تمديدها مرة واحدة أو التقسيط، من صفحة المخالفة في البوابة."]
        lines_en = [
            f"Settle within {settle} days of proved service. On the page of the violation in the portal the period may be extended once,"
            " or the sum paid by instalments."
        ]
    else:
        lines_ar = ["لا صلح في هذه المخالفة، وتحال إلى المحكمة بعد انقضاء مهلة الاعتراض."]
        lines_en = ["There is no settlement; the minute goes to the court after the time to object."]
    lines_ar.append(f"الاعتراض خلال {time} يوماً من ثبوت الإعلان؛ يوقف الاعتراض السداد، ويبقى مبلغ الصلح إن قُدم في مهلته، وينظره فرع آخر.")
    lines_en.append(
        f"Object within {time} days of proved service. Payment stands still meanwhile, the settlement amount stays if the objection"
        " comes in its period, and another branch decides."
    )
    return Section("الطرق المتاحة", "The ways open", tuple(lines_ar), tuple(lines_en))


def decision_facts(objection: Objection, *, decided_at: dt.datetime, words: dict[str, str], is_upheld: bool) -> dict[str, Any]:
    """What the decision about an objection states: outcome, reason with its article, and the way to the court."""
    row = objection.violation
    grounds = rulebook.edition(queries.REPLIES, clock.day_of(objection.filed_at)).reasons
    ground = grounds[objection.ground]
    return {
        "case": objection.case.reference,
        "violation": row.reference,
        "is_upheld": is_upheld,
        "ground": [ground.label_ar, ground.label_en],
        "reason": [words["text_ar"], words["text_en"]],
        "article": [words.get("article_ar", ""), words.get("article_en", "")],
        "note": [words.get("note_ar", ""), words.get("note_en", "")],
        "filed_on": clock.day_of(objection.filed_at).isoformat(),
        "decided_at": decided_at.isoformat(),
        "court_until": (clock.day_of(decided_at) + dt.timedelta(days=queries.limits()["court_days"])).isoformat(),
        "keeps_price": objection.keeps_price,
        "kept_days": queries.limits()["kept_price_days"],
        "branch": [objection.case.branch.name_ar, objection.case.branch.name_en],
        "editions": list(objection.case.editions),
        "issued_at": clock.now().isoformat(),
    }


def decision(document: Document) -> bytes:
    """Render and seal a drafted decision. Raises RendererMissing, SignerMissing."""
    f = document.facts
    outcome = ("قُبل الاعتراض وألغيت المخالفة", "The objection is upheld and the violation annulled")
    if not f["is_upheld"]:
        outcome = ("رُفض الاعتراض", "The objection is refused")
    rows = [
        Row("القرار", "Decision", outcome[0], outcome[1], lead=True),
        Row("المخالفة", "Violation", f["violation"]),
        Row("الاعتراض", "Objection", f["case"]),
        Row("سبب الاعتراض", "Ground of the objection", *f["ground"]),
        Row("أسباب القرار", "Reasons", *f["reason"]),
    ]
    if f["article"][0]:
        rows.append(Row("السند", "Legal ground", *f["article"]))
    if f["note"][0] or f["note"][1]:
        rows.append(Row("إيضاح", "Explanation", f["note"][0] or f["note"][1], f["note"][1]))
    decided = dt.datetime.fromisoformat(f["decided_at"])
    days = [Period("صدر في", "Decided on", clock.day_of(decided))]
    sections = []
    if not f["is_upheld"]:
        days.append(Period("آخر يوم للجوء إلى المحكمة", "To the court by", dt.date.fromisoformat(f["court_until"])))
        kept_ar = (
            f"مبلغ الصلح باقٍ {f['kept_days']} يوماً من القرار." if f["keeps_price"] else "لا صلح بعد هذا القرار، وتحال المخالفة إلى المحكمة."
        )
        kept_en = (
            f"The settlement amount stays open for {f['kept_days']} days from the decision."
            if f["keeps_price"]
            else "There is no settlement after this decision; the violation goes to the court."
        )
        sections.append(
            Section(
                "ما بعد القرار",
                "After the decision",
                (kept_ar, "يجوز اللجوء إلى المحكمة حتى اليوم المبين أعلاه."),
                (kept_en, "The court may be turned to until the day shown above."),
            )
        )
    return _sealed(document, DECISION, rows=rows, days=days, sections=sections, reason="Decision about an objection")


def clearance_facts(*, name: list[str], subject_label: list[str], branch: list[str], checked: int) -> dict[str, Any]:
    """What a clearance certificate states: at this instant nothing payable and nothing unpaid stands."""
    return {
        "name": name,
        "subject": subject_label,
        "branch": branch,
        "checked": checked,
        "editions": [],
        "issued_at": clock.now().isoformat(),
    }


def clearance(document: Document) -> bytes:
    """Render and seal a drafted clearance certificate. Raises RendererMissing, SignerMissing."""
    f = document.facts
    issued = dt.datetime.fromisoformat(f["issued_at"])
    rows = [
        Row("صدرت إلى", "Issued to", f["name"][0], f["name"][1], lead=True),
        Row("عن", "About", *f["subject"]),
        Row(
            "البيان",
            "Statement",
            "لا مبالغ مستحقة عن مخالفات بلدية عند صدور هذه الشهادة",
            "Nothing is owed for municipal violations at the time of issue",
        ),
        Row("مخالفات مسددة أو منتهية", "Violations paid or ended", str(f["checked"])),
    ]
    days = [Period("صدرت في", "Issued on", clock.day_of(issued))]
    section = Section(
        "حجيتها",
        "Its effect",
        ("تثبت الحال في وقت صدورها، وما يحرر بعدها من محاضر لا يدخل فيها.",),
        ("It proves how things stood when it was issued; minutes written afterwards are not covered.",),
    )
    return _sealed(document, CLEARANCE, rows=rows, days=days, sections=[section], reason="Clearance certificate")


def _sealed(document: Document, kind: str, *, rows: list[Row], days: list[Period], sections: list[Section], reason: str) -> bytes:
    f = document.facts
    sealer = signer()
    printed = PaperFacts(
        title_ar=TITLES[kind][0],
        title_en=TITLES[kind][1],
        number=document.number,
        number_label_ar="الرقم",
        number_label_en="Number",
        branch_ar=f["branch"][0],
        branch_en=f["branch"][1],
        days=tuple(days),
        rows=tuple(rows),
        sections=tuple(sections),
        editions=tuple(_edition(stamp) for stamp in f["editions"]),
        issued_at=dt.datetime.fromisoformat(f["issued_at"]),
        verification_code=document.code,
        verification_url=f"{settings.PORTAL_URL}/verify/{document.code}",
        verification_address=f"{settings.PORTAL_URL.partition('://')[2]}/verify",
        sealed_by=sealer.certificate_subject,
        demo=settings.DEMO,
    )
    content = render(
        TEMPLATE,
        printed.context(),
        title=f"{TITLES[kind][0]} {document.number}",
        attachment=printed.as_json(),
        single_page=True,
        at=printed.issued_at,
    )
    return sign_pdf(content, reason=reason, at=clock.now())


def _edition(stamp: str) -> Edition:
    subject, _, version = stamp.rpartition(" ")
    name_ar, name_en = SUBJECTS.get(subject, (subject, subject))
    return Edition(name_ar, name_en, version)
