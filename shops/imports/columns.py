"""The columns of a sheet of the register. `municipality.kernel.sheets` reads them."""

from __future__ import annotations

from municipality.kernel.sheets import Layout
from shops.imports.problems import NotReadable

MAX_BYTES = 40 * 1024 * 1024  # as in deploy/nginx.conf
MAX_LINES = 150_000
# Code of a column → its names in a header, which are compared folded.
COLUMNS: dict[str, tuple[str, ...]] = {
    "commercial_license_no": ("رقم الترخيص التجاري", "رقم الرخصة التجارية"),
    "public_id": ("معرف المحل",),
    "name_ar": ("الاسم التجاري", "الاسم التجاري بالعربية"),
    "name_en": ("الاسم التجاري بالإنجليزية",),
    "activity": ("رمز النشاط", "النشاط"),
    "governorate": ("المحافظة",),
    "area": ("المنطقة",),
    "block": ("القطعة",),
    "street": ("الشارع",),
    "building": ("المبنى",),
    "plot": ("القسيمة",),
    "floor": ("الدور",),
    "unit": ("الوحدة",),
    "paci_number": ("الرقم الآلي للعنوان", "الرقم الآلي"),
    "area_m2": ("المساحة بالمتر المربع", "المساحة"),
    "commercial_license_end": ("نهاية الترخيص التجاري",),
    "commercial_registration_no": ("رقم السجل التجاري",),
    "holder_ar": ("اسم صاحب الترخيص", "صاحب الترخيص"),
    "holder_en": ("اسم صاحب الترخيص بالإنجليزية",),
    "latitude": ("خط العرض",),
    "longitude": ("خط الطول",),
    "opened_on": ("تاريخ الافتتاح",),
    "state": ("الحالة",),
    "state_on": ("تاريخ الحالة",),
}
KEY = "commercial_license_no"
NEEDED = (KEY,)
# Required for a shop that is not in the register yet.
NEEDED_OF_NEW = ("name_ar", "activity", "area", "block", "street", "paci_number", "commercial_license_end", "commercial_registration_no")
LAYOUT = Layout(COLUMNS, NEEDED, MAX_BYTES, MAX_LINES, NotReadable)
