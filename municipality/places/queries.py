"""Queries on places."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import get_language

from municipality.places.models import Area, Branch, Governorate


def governorates() -> QuerySet[Governorate]:
    """The governorates, with their branches."""
    return Governorate.objects.select_related("branch").order_by("code")


def areas() -> QuerySet[Area]:
    """The areas with their governorates, ordered by governorate, then by Arabic name."""
    return Area.objects.select_related("governorate").order_by("governorate_id", "folded", "pk")


def grouped_areas() -> list[tuple[str, list[tuple[int, str]]]]:
    """The choices of a field: primary keys and names of areas under the names of their governorates, in the active language."""
    name = "name_ar" if get_language() == "ar" else "name_en"
    groups: dict[str, list[tuple[int, str]]] = {}
    for area in areas():
        groups.setdefault(getattr(area.governorate, name), []).append((area.pk, getattr(area, name)))
    if name == "name_en":
        return [(governorate, sorted(rows, key=lambda row: row[1])) for governorate, rows in groups.items()]
    return list(groups.items())


def branch_of(area: Area) -> Branch:
    """The branch of an area: that of its governorate. Raises Branch.DoesNotExist if it is not loaded."""
    branch: Branch = area.governorate.branch
    return branch
