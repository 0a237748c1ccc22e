"""The form of working hours: checkboxes for weekdays and times of the day, stored as digits and minutes."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from municipality.rulebook.calendars import clock_text
from municipality.rulebook.models import HoursRule
from municipality.ui.forms import AnyDigits, DayField

WEEK = ("7", "1", "2", "3", "4", "5", "6")  # ISO 8601 weekdays as a week in Kuwait runs


def weekday_name(digit: str) -> str:
    """The name of an ISO 8601 weekday, `7` for Sunday, in the language of the page."""
    return str(WEEKDAYS[int(digit) - 1])


class Weekdays(forms.MultipleChoiceField):
    """Checkboxes for weekdays; the value is their digits in order, `12347`."""

    widget = forms.CheckboxSelectMultiple

    def prepare_value(self, value: Any) -> Any:
        return list(value) if isinstance(value, str) else value

    def clean(self, value: Any) -> Any:
        return "".join(sorted(super().clean(value)))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(list(initial or ""), data)


class MinuteOfDay(AnyDigits, forms.TimeField):
    """A time of the day to the minute; the value is an int, minutes since midnight."""

    def prepare_value(self, value: Any) -> Any:
        return clock_text(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> Any:
        time = super().to_python(value)
        return time.hour * 60 + time.minute if isinstance(time, dt.time) else None


class HoursForm(forms.ModelForm):  # type: ignore[type-arg]
    weekdays = Weekdays(label=_("weekdays"), choices=lambda: [(digit, weekday_name(digit)) for digit in WEEK])
    opens = MinuteOfDay(label=_("starts"))
    closes = MinuteOfDay(label=_("ends"))

    class Meta:
        model = HoursRule
        fields = ("weekdays", "opens", "closes", "first_day", "last_day", "label_ar", "label_en", "source_ar", "source_en", "is_assumption")
        field_classes = {"first_day": DayField, "last_day": DayField}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("opens", "closes"):
            label = capfirst(str(self.fields[name].label))
            self.fields[name].widget = forms.TimeInput(format="%H:%M", attrs={"type": "time", "aria-label": label})
