"""Shops that each show one case of a renewal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sandbox.demo.platform.people import PEOPLE
from sandbox.demo.shops.rows import ShopRow, commercial_license_no


@dataclass(frozen=True)
class Scenario:
    """`last_day` is the end of the licence, in days after the anchor; names are (Arabic, English)."""

    key: str
    activity: str
    area_ar: str
    governorate: str
    name: tuple[str, str]
    last_day: int
    shows: tuple[str, str]
    commercial_license_days: int = 400


SCENARIOS = {
    scenario.key: scenario
    for scenario in (
        Scenario(
            "clean", "WSAL", "السالمية", "HA", ("صالون لمسة الياسمين", "Lamsat Al-Yasmin Ladies Salon"), 20,
            ("لا شيء يمنع: يُجدد ويُدفع ويصدر الترخيص في الحال", "Nothing against it: renewed, paid and issued at once"),
        ),
        Scenario(
            "food", "REST", "شرق", "KU", ("مطعم الموج", "Al-Mouj Restaurant"), -2700,
            ("نشاط غذائي: يحيل إلى الهيئة العامة للغذاء والتغذية قبل أي رسم", "Food: sent to PAFN before any fee"),
        ),
        Scenario(
            "early", "BARB", "حولي", "HA", ("حلاق الديرة", "Al-Deera Barbers"), 200,
            ("لم يبدأ باب التجديد بعد", "Renewal has not opened yet"),
        ),
        Scenario(
            "renewed", "LAUN", "خيطان", "FA", ("مصبغة الندى", "Al-Nada Laundry"), 12,
            ("جُدد، والترخيص الجديد يبدأ بعد نهاية الحالي", "Renewed; the new licence begins when the present one ends"),
        ),
        Scenario(
            "open", "PERF", "الفحيحيل", "AH", ("عطور العنبر", "Al-Anbar Perfumes"), 25,
            ("طلب مفتوح بانتظار الدفع", "An open request that waits for payment"),
        ),
        Scenario(
            "blocked", "CARG", "الشويخ الصناعية", "KU", ("كراج الثقة", "Al-Thiqa Garage"), 30,
            ("مبلغ حكم غير مسدد يوقف التجديد إلى أن يُدفع", "An unpaid amount of the court blocks the renewal until it is paid"),
        ),
        Scenario(
            "commercial", "FURN", "الري", "FA", ("مفروشات الأصالة", "Al-Asala Furniture"), 30,
            ("الترخيص التجاري منتهٍ", "The commercial licence has ended"),
            -15,
        ),
        Scenario(
            "changed", "PHON", "الجهراء", "JA", ("هواتف الهلال", "Al-Hilal Phones"), 30,
            ("تغيّر عنوان المحل: يقرر موظف", "The shop's address changed: an officer decides"),
        ),
        Scenario(
            "ended", "STAT", "صباح السالم", "MU", ("قرطاسية البيان", "Al-Bayan Stationery"), -25,
            ("انتهى الترخيص قبل التجديد", "The licence ended before it was renewed"),
        ),
        Scenario(
            "suspended", "SPA", "السالمية", "HA", ("سبا الدانة", "Al-Dana Spa"), 150,
            ("الترخيص موقوف", "The licence is suspended"),
        ),
        Scenario(
            "revoked", "CARW", "القرين", "MU", ("غسيل سيارات السريع", "Al-Saree Car Wash"), 150,
            ("الترخيص ملغى", "The licence is revoked"),
        ),
    )
}  # fmt: skip
EVERYTHING = "everything"


@dataclass(frozen=True)
class Placed:
    """The shop of a person with a scenario; `number` is its index and gives its commercial licence."""

    number: int
    owner_en: str
    scenario: Scenario
    name: tuple[str, str]

    @property
    def commercial_license_no(self) -> str:
        return commercial_license_no(self.number)

    def shape(self, row: ShopRow) -> ShopRow:
        """The row with the values of the scenario."""
        return replace(
            row,
            name_ar=self.name[0],
            name_en=self.name[1],
            activity=self.scenario.activity,
            governorate=self.scenario.governorate,
            area_ar=self.scenario.area_ar,
            commercial_license_days=self.scenario.commercial_license_days,
        )


def placed() -> Iterator[Placed]:
    """Every shop with a scenario: each of its own person, then those of the person who has all."""
    number = 0
    for person in PEOPLE:
        scenarios = list(SCENARIOS.values()) if person.scenario == EVERYTHING else [SCENARIOS[person.scenario]] if person.scenario else []
        for scenario in scenarios:
            second_name = (f"{scenario.name[0]} 2", f"{scenario.name[1]} 2")
            yield Placed(number, person.name_en, scenario, second_name if person.scenario == EVERYTHING else scenario.name)
            number += 1
