"""Licence and refusal as documents: their facts, their public facts, their signed bytes."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings

from licensing.models import Renewal
from municipality.cases.models import Case
from municipality.documents.contexts import HealthLicenceFacts, Words
from municipality.documents.models import Document
from municipality.documents.rendering import render
from municipality.documents.signing import sign_pdf, signer
from municipality.kernel import clock
from municipality.review.models import Decision
from municipality.review.services import refusals
from municipality.rulebook import queries as rulebook
from payments import queries as payments
from shops.models import Shop

TEMPLATE = "licensing/documents/health_licence.html"
REQUEST = ("تجديد ترخيص صحي", "Health licence renewal")
PRINTED = ("fees.", "limits.health ", "conditions.")  # editions that a licence names: what it costs, how long it lasts, what holds
SUBJECTS = {
    "fees.health": ("الرسوم", "Fees"),
    "limits.health": ("المدد", "Periods"),
    "conditions.health": ("الاشتراطات", "Conditions"),
    "files.health": ("المستندات", "Documents"),
    "limits.review": ("مدد الدراسة", "Study"),
    "replies.health": ("نصوص الردود", "Replies"),
    "checks.health": ("قائمة التدقيق", "Checklist"),
}


def facts(case: Case, renewal: Renewal, shop: Shop, number: str) -> dict[str, Any]:
    """What the licence will state, as plain values kept beside the bytes. No civil number in any form."""
    bill = payments.bill_of(case.key)
    line = bill.lines.order_by("order").first() if bill else None
    conditions = rulebook.edition("conditions.health", clock.day_of(case.opened_at)).conditions
    licensee = shop.licensee
    return {
        "case_reference": case.reference,
        "trade_name": [shop.name_ar, shop.name_en],
        "activity": [shop.activity.name_ar, shop.activity.name_en],
        "licensee": [licensee.name_ar, licensee.name_en],
        "address": list(address(shop)),
        "paci_number": shop.paci_number,
        "commercial_licence": shop.commercial_license_no,
        "commercial_licence_until": shop.commercial_license_end.isoformat(),
        "branch": [shop.branch.name_ar, shop.branch.name_en],
        "fee_fils": bill.total_fils if bill else 0,
        "fee_ground": [line.article_ar, line.article_en] if line else ["", ""],
        "conditions": [[c.text_ar, c.text_en] for c in conditions],
        "editions": [stamp for stamp in case.editions if stamp.startswith(PRINTED)],
        "supersedes": renewal.licence.document.number,
        "issued_at": clock.now().isoformat(),
    }


def public_facts(shop: Shop) -> dict[str, Any]:
    """What the check page shows: the shop, never a person."""
    return {
        "trade_name": [shop.name_ar, shop.name_en],
        "activity": [shop.activity.name_ar, shop.activity.name_en],
        "area": [shop.area.name_ar, shop.area.name_en],
        "branch": [shop.branch.name_ar, shop.branch.name_en],
    }


def address(shop: Shop) -> tuple[str, str]:
    """The address in both languages: area, block, street, building or plot, floor, unit."""
    parts = [
        (shop.area.name_ar, shop.area.name_en),
        (f"قطعة {shop.block}", f"block {shop.block}"),
        (f"شارع {shop.street}", f"street {shop.street}"),
    ]
    if shop.building:
        parts.append((f"مبنى {shop.building}", f"building {shop.building}"))
    if shop.plot:
        parts.append((f"قسيمة {shop.plot}", f"plot {shop.plot}"))
    if shop.floor:
        parts.append((f"دور {shop.floor}", f"floor {shop.floor}"))
    if shop.unit:
        parts.append((f"وحدة {shop.unit}", f"unit {shop.unit}"))
    return "، ".join(ar for ar, _ in parts), ", ".join(en for _, en in parts)


def health_licence_pdf(document: Document) -> bytes:
    """Render and seal a drafted licence from the facts it keeps. Raises RendererMissing, SignerMissing."""
    f = document.facts
    sealer = signer()
    printed = HealthLicenceFacts(
        number=document.number,
        case_reference=f["case_reference"],
        trade_name_ar=f["trade_name"][0],
        trade_name_en=f["trade_name"][1],
        activity_ar=f["activity"][0],
        activity_en=f["activity"][1],
        licensee_ar=f["licensee"][0],
        licensee_en=f["licensee"][1],
        address_ar=f["address"][0],
        address_en=f["address"][1],
        paci_number=f["paci_number"],
        commercial_licence=f["commercial_licence"],
        commercial_licence_until=dt.date.fromisoformat(f["commercial_licence_until"]),
        branch_ar=f["branch"][0],
        branch_en=f["branch"][1],
        valid_from=_day(document.valid_from),
        valid_until=_day(document.valid_to),
        issued_at=dt.datetime.fromisoformat(f["issued_at"]),
        fee_fils=f["fee_fils"],
        fee_ground_ar=f["fee_ground"][0],
        fee_ground_en=f["fee_ground"][1],
        conditions=tuple(Words(ar, en) for ar, en in f["conditions"]),
        editions=tuple(refusals.edition_of(stamp, SUBJECTS) for stamp in f["editions"]),
        verification_code=document.code,
        verification_url=f"{settings.PORTAL_URL}/verify/{document.code}",
        verification_address=f"{settings.PORTAL_URL.partition('://')[2]}/verify",
        sealed_by=sealer.certificate_subject,
        supersedes=f["supersedes"],
        demo=settings.DEMO,
    )
    content = render(
        TEMPLATE,
        printed.context(),
        title=f"الترخيص الصحي {document.number}",
        attachment=printed.as_json(),
        single_page=True,
        at=printed.issued_at,
    )
    return sign_pdf(content, reason="Health licence", at=clock.now())


def refusal_facts(case: Case, decision: Decision) -> dict[str, Any]:
    """What a signed refusal will state."""
    return refusals.facts_of(case, decision, request=REQUEST)


def refusal(document: Document) -> bytes:
    """Render and seal a drafted refusal from the facts it keeps. Raises RendererMissing, SignerMissing."""
    document.facts = {"request": list(REQUEST), **document.facts}  # drafted before the paper named the request by its facts
    return refusals.draw(document, names=SUBJECTS)


def _day(day: dt.date | None) -> dt.date:
    if day is None:
        raise ValueError("a licence has a period")
    return day
