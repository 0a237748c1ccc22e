"""Two people of the register, and a sheet that goes all its way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from municipality.imports import services
from municipality.imports.models import ImportFile
from shops.models import Shop
from tests.shops.imports.sheets import sheet


@pytest.fixture
def read(make_shop: Callable[..., Shop], clerk: Any) -> Callable[..., ImportFile]:
    """Load a sheet and read it without effect."""

    def act(*rows: dict[str, Any], content: bytes = b"", size: int = 4000, **more: Any) -> ImportFile:
        file = services.load("register", content=content or sheet(*rows, **more), name="register.csv", loaded_by=clerk)
        while services.check(file_id=file.pk, size=size):
            pass
        return ImportFile.objects.get(pk=file.pk)

    return act


@pytest.fixture
def take(read: Callable[..., ImportFile], keeper: Any) -> Callable[..., ImportFile]:
    """Load, read, release and take a sheet."""

    def act(*rows: dict[str, Any], batch: int = 2000, **more: Any) -> ImportFile:
        file = read(*rows, **more)
        services.release(file=file, released_by=keeper)
        while services.apply_released(file_id=file.pk, size=batch):
            pass
        return ImportFile.objects.get(pk=file.pk)

    return act
