"""Columns of a sheet of legacy fines (`municipality.kernel.sheets`)."""

from __future__ import annotations

from municipality.kernel.sheets import Layout
from violations.legacy_fines.problems import NotReadable

MAX_BYTES = 12 * 1024 * 1024
MAX_LINES = 50_000
# Column → names in the header; compared folded.
COLUMNS: dict[str, tuple[str, ...]] = {
    "paper_no": ("رقم المحضر",),
    "date": ("تاريخ المحضر", "التاريخ"),
    "offence": ("رمز المخالفة",),
    "offence_text": ("نص المخالفة", "المخالفة"),
    "article": ("المادة",),
    "civil_id": ("الرقم المدني",),
    "licence_no": ("رقم الرخصة", "رقم الترخيص التجاري"),
    "party_name": ("اسم المخالف", "الاسم"),
    "amount": ("المبلغ",),
    "state": ("الحالة",),
    "served_on": ("تاريخ تسليم الإخطار", "تاريخ الإعلان"),
    "pay_by": ("آخر يوم للسداد",),
    "ruling_no": ("رقم الحكم",),
    "ruled_on": ("تاريخ الحكم",),
    "area": ("المنطقة",),
    "branch": ("الفرع",),
    "note": ("ملاحظة", "ملاحظات"),
}
REQUIRED = ("paper_no", "date", "amount", "state")
LAYOUT = Layout(COLUMNS, REQUIRED, MAX_BYTES, MAX_LINES, NotReadable)
