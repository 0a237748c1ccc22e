"""Shops that each show one case of a renewal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sandbox.demo.platform.people import PEOPLE
from sandbox.demo.shops.rows import ShopRow, commercial_license_no


@dataclass(frozen=True)
class Story:
    """`last_day` is the end of the licence, in days after the anchor; names are (Arabic, English)."""

    key: str
    activity: str
    area_ar: str
    governorate: str
    name: tuple[str, str]
    last_day: int
    shows: tuple[str, str]
    commercial_license_days: int = 400


STORIES = {
    story.key: story
    for story in (
        Story(
            "clean", "WSAL", "السالمية", "HA", ("صالون لمسة الياسمين", "Lamsat Al-Yasmin Ladies Salon"), 20,
            ("لا شيء يمنع: يُجدد ويُدفع ويصدر الترخيص في الحال", "Nothing against it: renewed, paid and issued at once"),
        ),
        Story(
            "food", "REST", "شرق", "KU", ("مطعم الموج", "Al-Mouj Restaurant"), -2700,
            ("نشاط غذائي: يحيل إلى الهيئة العامة للغذاء والتغذية قبل أي رسم", "Food: sent to PAFN before any fee"),
        ),
        Story(
            "early", "BARB", "حولي", "HA", ("حلاق الديرة", "Al-Deera Barbers"), 200,
            ("لم يبدأ باب التجديد بعد", "Renewal has not opened yet"),
        ),
        Story(
            "renewed", "LAUN", "خيطان", "FA", ("مصبغة الندى", "Al-Nada Laundry"), 12,
            ("جُدد، والترخيص الجديد يبدأ بعد نهاية الحالي", "Renewed; the new licence begins when the present one ends"),
        ),
        Story(
            "open", "PERF", "الفحيحيل", "AH", ("عطور العنبر", "Al-Anbar Perfumes"), 25,
            ("طلب مفتوح بانتظار الدفع", "An open request that waits for payment"),
        ),
        Story(
            "blocked", "CARG", "الشويخ الصناعية", "KU", ("كراج الثقة", "Al-Thiqa Garage"), 30,
            ("مبلغ حكم غير مسدد يوقف التجديد إلى أن يُدفع", "An unpaid amount of the court blocks the renewal until it is paid"),
        ),
        Story(
            "commercial", "FURN", "الري", "FA", ("مفروشات الأصالة", "Al-Asala Furniture"), 30,
            ("الترخيص التجاري منتهٍ", "The commercial licence has ended"),
            -15,
        ),
        Story(
            "changed", "PHON", "الجهراء", "JA", ("هواتف الهلال", "Al-Hilal Phones"), 30,
            ("تغيّر عنوان المحل: يقرر موظف", "The shop's address changed: an officer decides"),
        ),
        Story(
            "ended", "STAT", "صباح السالم", "MU", ("قرطاسية البيان", "Al-Bayan Stationery"), -25,
            ("انتهى الترخيص قبل التجديد", "The licence ended before it was renewed"),
        ),
        Story(
            "suspended", "SPA", "السالمية", "HA", ("سبا الدانة", "Al-Dana Spa"), 150,
            ("الترخيص موقوف", "The licence is suspended"),
        ),
        Story(
            "revoked", "CARW", "القرين", "MU", ("غسيل سيارات السريع", "Al-Saree Car Wash"), 150,
            ("الترخيص ملغى", "The licence is revoked"),
        ),
    )
}  # fmt: skip
EVERYTHING = "everything"


@dataclass(frozen=True)
class Placed:
    """The shop of a person with a story; `number` is its index and gives its commercial licence."""

    number: int
    owner_en: str
    story: Story
    name: tuple[str, str]

    @property
    def commercial_license_no(self) -> str:
        return commercial_license_no(self.number)

    def shape(self, row: ShopRow) -> ShopRow:
        """The row with the values of the story."""
        return replace(
            row,
            name_ar=self.name[0],
            name_en=self.name[1],
            activity=self.story.activity,
            governorate=self.story.governorate,
            area_ar=self.story.area_ar,
            commercial_license_days=self.story.commercial_license_days,
        )


def placed() -> Iterator[Placed]:
    """Every shop with a story: each of its own person, then those of the person who has all."""
    number = 0
    for person in PEOPLE:
        stories = list(STORIES.values()) if person.story == EVERYTHING else [STORIES[person.story]] if person.story else []
        for story in stories:
            second_name = (f"{story.name[0]} 2", f"{story.name[1]} 2")
            yield Placed(number, person.name_en, story, second_name if person.story == EVERYTHING else story.name)
            number += 1
