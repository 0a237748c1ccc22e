"""Every kind of import with its two people, so that what the platform proves holds of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from municipality.imports import services
from municipality.imports.models import ImportFile
from municipality.places.models import Area, Branch
from municipality.places.seeds import load_places
from municipality.rulebook.seeds import load_activities
from shops.models import Shop
from tests.factories.accounts import StaffFactory
from tests.published_rules import publish_rules
from tests.shops.imports.sheets import sheet as register_sheet
from tests.violations.legacy_fines.sheets import CIVIL_ID
from tests.violations.legacy_fines.sheets import sheet as paper_sheet
from tests.zoning.imports.files import geopackage, row
from violations.models import Violation
from zoning.models import Plot


@dataclass
class Example:
    """A kind of import: its people, a sheet of lines with these numbers, and how many of them came in.

    `first` is the line of its first number: a sheet has its header before it.
    """

    kind: str
    clerk: Any
    keeper: Any
    sheet: Callable[..., bytes]
    wrong: bytes  # a sheet whose only line has an error
    made: Callable[[], int]
    first: int = 2
    is_sheet: bool = True

    def load(self, content: bytes) -> ImportFile:
        return services.load(self.kind, content=content, name="x.csv", loaded_by=self.clerk)

    def read(self, content: bytes, size: int = 0) -> ImportFile:
        file = self.load(content)
        while services.check(file_id=file.pk, size=size):
            pass
        return ImportFile.objects.get(pk=file.pk)

    def released(self, content: bytes) -> ImportFile:
        file = self.read(content)
        services.release(file=file, released_by=self.keeper)
        return file


def _register() -> Example:
    def sheet(*numbers: int) -> bytes:
        return register_sheet(*({"commercial_license_no": f"{900_000 + number}/2020"} for number in numbers))

    people = StaffFactory(groups=["register_clerk"], login="clerk"), StaffFactory(groups=["register_keeper"], login="keeper")
    return Example("register", *people, sheet, register_sheet({"paci_number": "1"}), Shop.objects.count)


def _paper() -> Example:
    area = Area.objects.filter(governorate="HA").order_by("pk")[0].name_ar
    who = {"licence_no": "", "civil_id": CIVIL_ID, "area": area}

    def sheet(*numbers: int) -> bytes:
        return paper_sheet(*(who | {"paper_no": f"{number}/2025"} for number in numbers))

    here, there = (Branch.objects.get(pk=code) for code in ("HA", "KU"))
    people = (
        StaffFactory(groups=["violation_clerk"], login="clerk", branch=here),
        StaffFactory(groups=["violation_authority"], login="keeper", branch=there),
    )
    return Example("paper", *people, sheet, paper_sheet(who | {"amount": "x"}), Violation.objects.count)


def _plots() -> Example:
    def file(*numbers: int) -> bytes:
        return geopackage(*(row(number) for number in numbers))

    people = StaffFactory(groups=["plot_clerk"], login="clerk"), StaffFactory(groups=["planner"], login="keeper")
    return Example("plots", *people, file, geopackage(row(1, area="?")), Plot.objects.count, first=1, is_sheet=False)


MADE = {"register": _register, "paper": _paper, "plots": _plots}


@pytest.fixture(params=sorted(MADE))
def example(request: Any, db: Any) -> Example:
    if request.param == "paper":
        publish_rules()
    else:
        load_places()
        load_activities()
    return MADE[request.param]()
