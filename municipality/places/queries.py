"""Questions about places."""

from __future__ import annotations

import re

from django.db.models import Q, QuerySet

from municipality.kernel.arabic import fold
from municipality.places.models import Area, Branch, Governorate

# What people add or leave out before the name proper: the article, "suburb of", "city of", "area of".
_BEFORE = re.compile(r"^(?:(?:ضاحيه|مدينه|منطقه)\s+)?(?:ال(?=\w{2}))?")


def governorates() -> QuerySet[Governorate]:
    """The six, with their branch."""
    return Governorate.objects.select_related("branch").order_by("code")


def areas() -> QuerySet[Area]:
    """Every area with its governorate, as a choice field lists them: by governorate, then by Arabic name."""
    return Area.objects.select_related("governorate").order_by("governorate_id", "folded", "pk")


def find_areas(text: str) -> QuerySet[Area]:
    """Areas whose name holds the text, in Arabic of any spelling (hamza, taa marbuta, article, "suburb of") or in English."""
    wanted = fold(text)
    if not wanted:
        return Area.objects.none()
    stem = _BEFORE.sub("", wanted) or wanted
    return areas().filter(Q(folded__contains=stem) | Q(name_en__icontains=" ".join(text.split())))


def branch_of(area: Area) -> Branch:
    """The branch that serves an area: that of its governorate. Raises Branch.DoesNotExist where none was loaded."""
    return Branch.objects.get(governorate=area.governorate_id)
