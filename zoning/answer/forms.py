"""The question: which activity, on which floor, on which day."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache, partial
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from municipality.kernel import clock
from municipality.kernel.ttl_cache import TTLCache
from municipality.places import queries as places
from municipality.rulebook.models import Activity
from municipality.ui.forms import DayField
from zoning.answer.queries import ActivityQuestion
from zoning.plots.forms import NumberField

MOST_FLOORS = 40


def floor_name(floor: int) -> str:
    """`Ground floor`, `Floor 2`, `Basement`; 0 is the ground floor."""
    if floor == 0:
        return gettext("Ground floor")
    return gettext("Floor %(number)s") % {"number": floor} if floor > 0 else gettext("Basement")


@lru_cache
def _floors(_language: str) -> list[tuple[int, str]]:
    """The floors with their names in the active language."""
    return [(floor, floor_name(floor)) for floor in (*range(MOST_FLOORS + 1), -1)]


def _names(column: str) -> dict[str, str]:
    return dict(Activity.objects.order_by(column).values_list("code", column))


# The names of the activities by code, in the order of each language; cached for NAMED_LISTS_SECONDS.
_NAMES = {column: TTLCache(partial(_names, column), lambda: settings.NAMED_LISTS_SECONDS) for column in ("name_ar", "name_en")}


class QuestionForm(forms.Form):
    """`on` is the day whose rules and layers are asked for; empty is today. `names` are those of the activities, by code."""

    activity = forms.ChoiceField(label=_("Activity"), error_messages={"required": _("Choose an activity")})
    floor = forms.TypedChoiceField(
        label=_("Floor"), coerce=int, choices=(), error_messages={"required": _("Choose a floor"), "invalid_choice": _("Choose a floor")}
    )
    on = DayField(label=_("On the day"), required=False, help_text=_("Leave empty for today. An earlier day shows what applied then."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.names = _NAMES["name_ar" if get_language() == "ar" else "name_en"]()
        activities: Any = self.fields["activity"]
        activities.choices = [("", gettext("Choose an activity")), *self.names.items()]
        floors: Any = self.fields["floor"]
        floors.choices = _floors(get_language() or "ar")

    def clean_on(self) -> dt.date | None:
        day: dt.date | None = self.cleaned_data["on"]
        if day is not None and day > clock.today():
            raise forms.ValidationError(_("Choose today or an earlier day."))
        return day

    def asked(self) -> tuple[dt.date | None, ActivityQuestion | None]:
        """The day, None for today, and the question, None where no activity was chosen. For a valid form."""
        data = self.cleaned_data
        return data.get("on"), ActivityQuestion(data["activity"], data["floor"]) if data["activity"] else None


class WhereForm(QuestionForm):
    """Where an activity may open in an area; `block` narrows the list to the plots of one block."""

    area = forms.ModelChoiceField(
        places.areas(), label=_("Area"), empty_label=_("Choose an area"), error_messages={"required": _("Choose the area.")}
    )
    block = NumberField(required=False, max_length=10, widget=forms.HiddenInput)
    field_order = ("activity", "floor", "area")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["on"]
        field: Any = self.fields["area"]
        field.choices = [("", field.empty_label), *places.grouped_areas()]
