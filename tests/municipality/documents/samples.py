"""Facts of one invented licence and one invented receipt, the same in every run."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from licensing.health.documents import HealthLicenceFacts
from municipality.documents.facts import BilingualText, EditionLabel
from municipality.kernel.ids import with_check
from payments.documents import ReceiptFacts, ReceiptLine

ISSUED = dt.datetime(2026, 11, 29, 7, 42, 11, tzinfo=dt.UTC)

# Values that would load, run, turn or break something where a template does not escape them.
HOSTILE = [
    "<script>alert(1)</script>",
    "<link rel=attachment href='file:///etc/passwd'>",
    "<link rel=stylesheet href='http://127.0.0.1:9/x.css'>",
    "<img src='http://127.0.0.1:9/x.png'>",
    "<style>@import url(http://127.0.0.1:9/x.css);</style>",
    "</style><style>body{background:url(file:///etc/passwd)}</style>",
    "<svg><image href='file:///etc/passwd'/></svg>",
    "<svg xmlns='http://www.w3.org/2000/svg'><use href='http://127.0.0.1:9/x.svg#a'/></svg>",
    "<object data='file:///etc/passwd'></object>",
    "<a rel=attachment href='file:///etc/passwd'>x</a>",
    "<base href='http://127.0.0.1:9/'>",
    "<meta http-equiv=refresh content='0;url=http://127.0.0.1:9/'>",
    '" onload="x" style="background:url(\'http://127.0.0.1:9/\')',
    "' style='position:fixed;inset:0;background:red",
    "{{ facts.number }}{% load static %}{% include 'x' %}",
    "&lt;img src=x&gt;&#60;b&#62;&amp;",
    "]]><!--<b>--><![CDATA[x]]>",
    "\u202e0002 DK 000.1\u202c صالون",
    "\u2067نص\u2066 abc \u2069\u200f\u200e\u061c",
    "a\x00b\x07c\x1b[31md\ue000",
    "\ufeff\ufff9x\ufffb\u2028y\u2029z",
    "صالون‌های نمونه ﷺ ﷽ ﻻ",
    "Ünïcødé – ‘quotes’ “and” … dashes — €",
    "美容院 ไทย हिन्दी 😀👍🏽🇰🇼",
    "e" + "\u0301" * 80,
    "م" + "\u0651\u064e" * 40,
    "W" * 300,
    "ش" * 300,
    "url(javascript:alert(1))",
    "..\\..\\etc\\passwd %2e%2e%2f file:///etc/passwd",
]


def licence(**changes: Any) -> HealthLicenceFacts:
    """A salon in Salmiya; `changes` replace single facts."""
    facts = HealthLicenceFacts(
        number=with_check("HLT-HW-2026-004217"),
        case_reference="HL-2026-004217",
        trade_name_ar="صالون نسمة بحر",
        trade_name_en="Nasmat Bahr Salon",
        activity_ar="صالون نسائي",
        activity_en="Women’s salon",
        licensee_ar="سارة عبدالله المثال",
        licensee_en="Sara Abdullah Al-Mithal",
        address_ar="السالمية، قطعة 4، شارع 12، مبنى 30، الدور الأرضي، محل 5",
        address_en="Salmiya, block 4, street 12, building 30, ground floor, shop 5",
        paci_number="10229888",
        commercial_licence="2019/48213",
        commercial_licence_until=dt.date(2028, 3, 14),
        branch_ar="فرع بلدية محافظة حولي",
        branch_en="Hawalli Governorate Branch",
        valid_from=dt.date(2026, 12, 1),
        valid_until=dt.date(2027, 11, 30),
        issued_at=ISSUED,
        fee_fils=10_000,
        fee_ground_ar="بطاقة الخدمة المنشورة في البوابة الرسمية: تجديد ترخيص محل",
        fee_ground_en="Service card on the official portal: renewal, shop",
        conditions=(
            BilingualText(
                "حفظ الترخيص في المحل وتعليقه في مكان ظاهر.", "The licence is kept in the shop and displayed in a prominent place."
            ),
            BilingualText("تقديم الترخيص لمفتشي البلدية عند الطلب.", "The licence is shown to municipal inspectors on request."),
            BilingualText("لا تغيير في التقسيم المعتمد إلا بموافقة البلدية.", "No change to the approved layout without approval."),
            BilingualText("الاقتصار على النشاط والموقع والمساحة المرخصة.", "Only the licensed activity, location and area."),
            BilingualText("شهادة صحية سارية لكل عامل حيث يتطلبها النشاط.", "A valid health certificate for each worker, where required."),
            BilingualText(
                "لا يعمل رجال في صالونات النساء ولا نساء في صالونات الرجال.", "Men do not work in women’s salons, nor women in men’s."
            ),
            BilingualText(
                "بقاء الترخيص التجاري ساريا وإلا جاز وقف هذا الترخيص.", "If the commercial licence lapses, this may be suspended."
            ),
        ),
        editions=(
            EditionLabel("الرسوم", "Fees", "v12"),
            EditionLabel("المدد", "Periods", "v3"),
            EditionLabel("الاشتراطات", "Conditions", "v7"),
        ),
        verification_code="7Q4MZX2K9TJ3HV8WRB1D",
        verification_url="https://portal.example/verify/7Q4MZX2K9TJ3HV8WRB1D",
        verification_address="https://portal.example/verify/",
        sealed_by="CN=Portal organisational seal (DEMO – no legal force),O=Kuwait Municipality portal (DEMO – no legal force),C=KW",
        supersedes=with_check("HLT-HW-2025-003981"),
        demo=False,
    )
    return replace(facts, **changes)


def receipt(**changes: Any) -> ReceiptFacts:
    """The receipt for that licence's fee."""
    facts = ReceiptFacts(
        number=with_check("RCP-2026-009134"),
        paid_at=ISSUED,
        amount_fils=12_250,
        payment_id="100202633312345678",
        track_id="4217000000000001",
        transaction_id="202633398765432",
        reference="633310000123",
        auth_code="B81234",
        bill_reference="BIL-2026-011870",
        payer_ar="سارة عبدالله المثال",
        payer_en="Sara Abdullah Al-Mithal",
        lines=(
            ReceiptLine(
                "تجديد ترخيص صحي",
                "Renewal of a health licence",
                "لائحة الرسوم، مادة 4",
                "fee regulation, art. 4",
                10_000,
                "محل واحد × سنة",
                "1 shop × 1 year",
            ),
            ReceiptLine("رسم خدمة", "Service fee", "لائحة الرسوم، مادة 9", "fee regulation, art. 9", 2_250),
        ),
        verification_url="https://portal.example/verify/5JX0W3N8QK2ZT7VHM4BD",
    )
    return replace(facts, **changes)
