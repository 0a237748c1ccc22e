"""The forty fictitious people of the demo. Their family names are words of the sea and the desert."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from municipality.kernel import civil_id
from sandbox.demo.seeds import seeded

# Prefix of the serial of fictitious civil numbers; their check digits are valid.
SERIAL = "99"


@dataclass(frozen=True)
class Person:
    """`role` is owner or signatory; `scenario` is the key of what their shops show."""

    name_ar: str
    name_en: str
    born: int
    role: str = "owner"
    scenario: str = ""
    language: str = "ar"


@dataclass(frozen=True)
class Identity:
    """A person with the numbers the demo gives them."""

    person: Person
    civil_id: str
    mobile: str  # +965 and eight digits
    email: str


PEOPLE = (
    Person("نورة المرسى", "Noura Al-Marsa", 1990, scenario="clean"),
    Person("بدر السنبوك", "Bader Al-Sanbouk", 1984, scenario="food"),
    Person("شيخة الدانة", "Shaikha Al-Dana", 1979, scenario="early"),
    Person("خالد الفنار", "Khaled Al-Fanar", 1988, scenario="renewed"),
    Person("ريم العرفج", "Reem Al-Arfaj", 1993, scenario="open"),
    Person("سالم الموج", "Salem Al-Mouj", 1972, scenario="blocked"),
    Person("هيا السدرة", "Haya Al-Sidra", 1986, scenario="commercial"),
    Person("طلال المحمل", "Talal Al-Mahmal", 1981, scenario="changed"),
    Person("مها النوير", "Maha Al-Nuwair", 1995, scenario="ended"),
    Person("يوسف الغدير", "Yousef Al-Ghadeer", 1977, scenario="suspended"),
    Person("دلال الصدف", "Dalal Al-Sadaf", 1991, scenario="revoked"),
    Person("راجيف منهاس", "Rajiv Menhas", 1983, scenario="everything", language="en"),
    Person("عبير الساحل", "Abeer Al-Sahel", 1980, "signatory"),
    Person("فيصل البيرق", "Faisal Al-Bairaq", 1975, "signatory"),
    Person("لولوة المرجان", "Loulwa Al-Murjan", 1989, "signatory"),
    Person("حسن الكوس", "Hassan Al-Kous", 1970, "signatory"),
    Person("أسماء الشراع", "Asmaa Al-Sheraa", 1987, "signatory"),
    Person("توماس غرين", "Thomas Green", 1974, "signatory", language="en"),
    Person("منيرة الريحان", "Muneera Al-Rayhan", 1985),
    Person("جاسم الهير", "Jassem Al-Heer", 1969),
    Person("عائشة الندى", "Aisha Al-Nada", 1998),
    Person("ناصر البندر", "Nasser Al-Bandar", 1982),
    Person("مريم الوسم", "Maryam Al-Wasm", 1990),
    Person("مشعل الطلح", "Meshal Al-Talh", 1978),
    Person("سعاد العنبر", "Suad Al-Anbar", 1966),
    Person("علي الغوص", "Ali Al-Ghous", 1992),
    Person("غنيمة الخزامى", "Ghanima Al-Khuzama", 1983),
    Person("حمد الصواري", "Hamad Al-Sawari", 1987),
    Person("فاطمة الزبد", "Fatima Al-Zabad", 1994),
    Person("داود الرمث", "Dawood Al-Rimth", 1976),
    Person("محمود النخلاوي", "Mahmoud Al-Nakhlawi", 1981),
    Person("سامية الفيومية", "Samia Al-Fayoumia", 1988),
    Person("أنيل كورموري", "Anil Kurmuri", 1979, language="en"),
    Person("لاكشمي نامبالا", "Lakshmi Nambala", 1990, language="en"),
    Person("جوزيل دالاتان", "Josel Dalatan", 1985, language="en"),
    Person("ماريسا بونكاي", "Marisa Buncay", 1992, language="en"),
    Person("إمران دارويل", "Imran Darwel", 1980, language="en"),
    Person("جورج اللوزي", "George Al-Lawzi", 1973),
    Person("رنا الصنوبر", "Rana Al-Sanawbar", 1986),
    Person("كامل الجاوي", "Kamel Al-Jawi", 1971),
)


def identities() -> list[Identity]:
    """The people with valid, unique numbers, always the same."""
    rng = seeded("people")
    result: list[Identity] = []
    for n, person in enumerate(PEOPLE, start=1):
        century = "2" if person.born < 2000 else "3"
        birth = f"{century}{person.born % 100:02d}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}"
        numbers = (f"{birth}{SERIAL}{serial % 100:02d}" for serial in range(n, n + 100))
        stem, digit = next((stem, digit) for stem in numbers if (digit := civil_id.check_digit(stem)) is not None)
        user_name = person.name_en.lower().replace("al-", "").replace(" ", ".")
        result.append(Identity(person, f"{stem}{digit}", f"+965500990{n:02d}", f"{user_name}@example.invalid"))
    return result


def write_for_simulator(path: Path, people: Sequence[Identity]) -> None:
    """Write the people for the Mobile ID simulator: JSON, mode 600, replaced atomically. Raises OSError."""
    rows = [
        {
            "civil_id": identity.civil_id,
            "name_ar": identity.person.name_ar,
            "name_en": identity.person.name_en,
            "mobile": identity.mobile,
            "role": identity.person.role,
        }
        for identity in people
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf8") as file:
        json.dump(rows, file, ensure_ascii=False, indent=1)
    os.replace(temporary, path)
