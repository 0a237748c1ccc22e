"""Queries for the validation of a sheet."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from municipality.imports.models import ImportFile
from municipality.kernel import arabic
from municipality.places.models import Area, Governorate
from municipality.rulebook.models import Activity
from shops.models import Shop
from shops.models.imports import RegisterRow


def absent(file: ImportFile) -> QuerySet[Shop]:
    """Open shops that the file does not name. They stay unchanged."""
    rows = RegisterRow.objects.filter(file=file, number=OuterRef("commercial_license_no"))
    return Shop.objects.filter(~Exists(rows), closed_on__isnull=True, merged_into__isnull=True).order_by("pk")


def places_by_name() -> dict[str, Any]:
    """Activities, governorates and areas by their folded codes and names."""
    activities: dict[str, str] = {}
    for code, *names in Activity.objects.values_list("code", "name_ar", "name_en"):
        activities |= {arabic.fold(name): code for name in (code, *names)}
    governorates: dict[str, str] = {}
    for code, *names in Governorate.objects.values_list("code", "name_ar", "name_en"):
        governorates |= {arabic.fold(name): code for name in (code, *names)}
    areas: dict[str, list[tuple[int, str, str]]] = {}
    for area in Area.objects.select_related("governorate__branch").order_by("pk"):
        for name in {arabic.fold(area.name_ar), arabic.fold(area.name_en)}:
            areas.setdefault(name, []).append((area.pk, area.governorate_id, area.governorate.branch.pk))
    return {"activities": activities, "governorates": governorates, "areas": areas}
