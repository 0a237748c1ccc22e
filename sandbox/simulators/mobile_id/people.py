"""The people whose phones the simulator plays. All are invented; the numbers are valid in form only.

They come from a JSON file when one is given, a list of objects with exactly these text fields:

    {"civil_id": "12 digits", "name_ar": "…", "name_en": "…", "mobile": "+965 and 8 digits", "role": "owner"}

`role` is a word for the list on the phone page and decides nothing. Without a file, `generate()` makes forty people.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

FIELDS = ("civil_id", "name_ar", "name_en", "mobile", "role")
WEIGHTS = (2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
MEN = (
    ("عبدالله", "Abdullah"), ("محمد", "Mohammad"), ("فهد", "Fahad"), ("خالد", "Khaled"), ("يوسف", "Yousef"), ("ناصر", "Nasser"),
    ("بدر", "Bader"), ("سالم", "Salem"), ("علي", "Ali"), ("جاسم", "Jassem"), ("حمد", "Hamad"), ("عمر", "Omar"),
)  # fmt: skip
WOMEN = (
    ("نورة", "Noura"), ("فاطمة", "Fatma"), ("مريم", "Mariam"), ("شيخة", "Sheikha"), ("دلال", "Dalal"), ("هيا", "Haya"),
    ("لطيفة", "Latifa"), ("منى", "Mona"), ("سارة", "Sara"), ("عائشة", "Aisha"), ("ريم", "Reem"), ("حصة", "Hessa"),
)  # fmt: skip
FAMILIES = (
    ("الساحلي", "Al-Saheli"), ("البندري", "Al-Bandari"), ("النوخذة", "Al-Nokhatha"), ("المرجان", "Al-Marjan"), ("الغواص", "Al-Ghawwas"),
    ("الديرة", "Al-Deera"), ("الفرضة", "Al-Furda"), ("السدرة", "Al-Sidra"), ("العرفج", "Al-Arfaj"), ("البوم", "Al-Boom"),
)  # fmt: skip


@dataclass(frozen=True)
class Person:
    """One person. `key` names them on pages and in addresses, where the civil number must not stand."""

    civil_id: str
    name_ar: str
    name_en: str
    mobile: str
    role: str
    key: str = ""

    def shared(self) -> dict[str, str]:
        """What an approved request hands over."""
        return {"civil_id": self.civil_id, "name_ar": self.name_ar, "name_en": self.name_en, "mobile": self.mobile}


def check_digit(first_eleven: str) -> int | None:
    """The twelfth digit of a civil number, None where there is none. Remainder nought gives nought."""
    digit = (11 - sum(int(d) * w for d, w in zip(first_eleven, WEIGHTS, strict=True)) % 11) % 11
    return None if digit == 10 else digit


def civil_id(position: int) -> str:
    """A valid civil number for the position: born 1955 to 2004, the serial moved on until a check digit exists."""
    year = 1955 + position * 17 % 50
    first = f"{2 if year < 2000 else 3}{year % 100:02d}{1 + position * 5 % 12:02d}{1 + position * 11 % 28:02d}"
    for serial in range(9001 + position * 7, 10_000):  # high serials, which are seldom given out
        if (digit := check_digit(f"{first}{serial}")) is not None:
            return f"{first}{serial}{digit}"
    raise ValueError("no serial is left")


def generate(count: int = 40) -> list[dict[str, str]]:
    """The same people every time: owners of shops first, then authorised signatories, then residents. At most 120."""
    if not 0 <= count <= 120:
        raise ValueError("at most 120 people")
    people = []
    for position in range(count):
        names = (MEN, WOMEN)[position % 2]
        first_name = names[position // 2 % 12]
        father = [man for man in MEN if man != first_name][(position * 5 + position // 12) % 11]
        family = FAMILIES[(position * 3 + position // 24) % 10]
        role = "owner" if position < 30 else "signatory" if position < 36 else "resident"
        people.append(
            {
                "civil_id": civil_id(position),
                "name_ar": f"{first_name[0]} {father[0]} {family[0]}",
                "name_en": f"{first_name[1]} {father[1]} {family[1]}",
                "mobile": f"+965500{position:05d}",
                "role": role,
            }
        )
    return people


class InvalidPeople(ValueError):
    """The file is not the list described above."""


def _checked(items: object) -> list[Person]:
    if not isinstance(items, list):
        raise InvalidPeople("a list of people is expected")
    people = []
    for position, item in enumerate(items):
        if not isinstance(item, dict) or any(not isinstance(item.get(name), str) or not item[name] for name in FIELDS):
            raise InvalidPeople(f"entry {position} lacks one of {', '.join(FIELDS)}")
        people.append(Person(**{name: item[name] for name in FIELDS}, key=f"p{position + 1:03d}"))
    if len({person.civil_id for person in people}) != len(people):
        raise InvalidPeople("a civil number stands there twice")
    return people


class Register:
    """The people, read again whenever the file has changed. Without a file, or until it exists, the generated ones."""

    def __init__(self, path: Path | None = None) -> None:
        self._path, self._version = path, (0, 0)
        self._people = _checked(generate())

    def everybody(self) -> list[Person]:
        """All people in the file's order. A file that cannot be read leaves the people of before."""
        try:
            if self._path and (version := self._stat(self._path)) != self._version:
                self._people = _checked(json.loads(self._path.read_text(encoding="utf8")))
                self._version = version
        except (OSError, ValueError):
            pass
        return self._people

    @staticmethod
    def _stat(path: Path) -> tuple[int, int]:
        status = os.stat(path)
        return status.st_mtime_ns, status.st_size

    def by_civil_id(self, number: str) -> Person | None:
        """The person, or None."""
        return next((person for person in self.everybody() if person.civil_id == number), None)

    def by_key(self, key: str) -> Person | None:
        """The person, or None."""
        return next((person for person in self.everybody() if person.key == key), None)
