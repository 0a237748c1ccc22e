"""The approval of a location as a sealed letter, and the refusal of a new licence."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from licensing.health import documents as health
from licensing.health.new_licence.models import ADDRESS
from licensing.models import NewLicence
from municipality.documents.facts import EditionLabel, LetterDate, LetterFacts, LetterRow, LetterSection
from municipality.kernel import clock
from municipality.review import queries as review
from municipality.review.services.refusals import RefusalFacts
from municipality.ui.texts import both
from shops.models import Shop
from shops.register.addresses import address_texts
from zoning.answer.labels import state_of

SUBJECTS = health.SUBJECTS | {
    "limits.new_licence": ("مدد الترخيص الجديد", "Periods of a new licence"),
    "files.new_licence": ("مستندات الترخيص الجديد", "Files of a new licence"),
    "checks.new_licence": ("قائمة تدقيق الموقع", "Checklist of a location"),
    "replies.new_licence": ("نصوص الردود", "Replies"),
}
PRINTED = ("limits.new_licence", "checks.", "calendar ")


@dataclass(frozen=True, kw_only=True)
class LocationApprovalFacts(LetterFacts):
    kind, name, reason = "licensing.location", _("Approval of a location"), "Approval of a location"
    title, english_title = "موافقة على موقع", "Approval of a location"


@dataclass(frozen=True, kw_only=True)
class NewLicenceRefusalFacts(RefusalFacts):
    kind = "licensing.new_refusal"
    appeals_online = True
    request = ("ترخيص صحي جديد", "New health licence")
    subjects = SUBJECTS


def address(request: NewLicence) -> tuple[str, str]:
    """The address of a request in both languages."""
    return address_texts(Shop(area=request.area, **{name: getattr(request, name) for name in ADDRESS}))


def approval_facts(request: NewLicence, first: dt.date, last: dt.date) -> LocationApprovalFacts:
    """The facts of an approval that is valid from one day to another. Nobody is named but who is to hold the licence."""
    case, holder = request.case, request.holder
    state_ar, state_en = both(lambda: state_of(request.zoning_answer["outcome"]))
    rows = (
        LetterRow("الاسم التجاري", "Trade name", request.name_ar, request.name_en, lead=True),
        LetterRow("النشاط", "Activity", request.activity.name_ar, request.activity.name_en),
        LetterRow("العنوان", "Address", *address(request)),
        LetterRow("الرقم الآلي للعنوان", "PACI number", request.paci_number, request.paci_number),
        LetterRow("المساحة", "Area", f"{request.area_m2} م²", f"{request.area_m2} m²"),
        LetterRow("صاحب الطلب", "Applicant", holder.name_ar, holder.name_en),
        LetterRow("جواب التنظيم", "Zoning answer", state_ar, state_en),
        LetterRow("الطلب", "Request", case.reference, case.reference),
    )
    meaning = (
        "توافق البلدية على الموقع والرسومات لهذا النشاط، ليصدر الترخيص التجاري.",
        "لا يُفتتح المحل قبل التفتيش وصدور الترخيص الصحي.",
    )
    in_english = (
        "The Municipality approves the location and the drawings for this activity, so that the commercial licence can be issued.",
        "The shop does not open before the inspection and the health licence.",
    )
    return LocationApprovalFacts(
        title_ar=LocationApprovalFacts.title,
        title_en=LocationApprovalFacts.english_title,
        number_label_ar="رقم الموافقة",
        number_label_en="Approval number",
        branch_ar=case.branch.name_ar,
        branch_en=case.branch.name_en,
        days=(LetterDate("صدرت في", "Issued on", first), LetterDate("صالحة حتى", "Valid until", last)),
        rows=rows,
        sections=(LetterSection("معنى الموافقة", "What it means", meaning, in_english),),
        editions=tuple(EditionLabel.of(stamp, SUBJECTS) for stamp in review.stamps_of(case) if stamp.startswith(PRINTED)),
        issued_at=clock.now(),
    )
