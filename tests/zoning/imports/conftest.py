"""The two people of the plots, and their steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from municipality.imports import services as imports
from municipality.imports.models import ImportFile
from municipality.places.seeds import load_places
from tests.factories.accounts import StaffFactory
from tests.zoning.imports.files import geopackage


@dataclass
class Office:
    clerk: Any
    planner: Any
    second: Any  # another planner

    def read(self, *plots: Any, content: bytes = b"", size: int = 0) -> ImportFile:
        file = imports.load("plots", content=content or geopackage(*plots), name="قسائم.gpkg", loaded_by=self.clerk)
        while imports.check(file_id=file.pk, size=size):
            pass
        return ImportFile.objects.get(pk=file.pk)

    def load(self, *plots: Any, content: bytes = b"", size: int = 0) -> ImportFile:
        file = self.read(*plots, content=content)
        imports.release(file=file, released_by=self.planner)
        while imports.apply_released(file_id=file.pk, size=size):
            pass
        return ImportFile.objects.get(pk=file.pk)


@pytest.fixture
def office(db: Any) -> Office:
    load_places()
    return Office(
        *(StaffFactory(groups=[group], login=login) for group, login in (("plot_clerk", "c"), ("planner", "p"), ("planner", "q")))
    )
