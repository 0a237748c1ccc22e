"""The form of working hours: checkboxes for weekdays and times of the day, stored as digits and minutes."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, ClassVar

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.exceptions import ValidationError
from django.utils.dates import WEEKDAYS
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from municipality.kernel import money
from municipality.rulebook.calendars import clock_text
from municipality.rulebook.models import HoursRule
from municipality.ui.forms import AnyDigits, DayField

_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+\.\d{1,3}")  # without a point, 10,500 may also be ten and a half
WEEK = ("7", "1", "2", "3", "4", "5", "6")  # ISO 8601 weekdays as a week in Kuwait runs


def weekday_name(digit: str) -> str:
    """The name of an ISO 8601 weekday, `7` for Sunday, in the language of the page."""
    return str(WEEKDAYS[int(digit) - 1])


class DinarField(AnyDigits, forms.CharField):
    """An amount in dinars with up to three decimals; the value is whole fils. A comma parts thousands and nothing else."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "invalid": _("Enter an amount in dinars with a point before the fils, such as 10.500.")
    }

    def prepare_value(self, value: Any) -> Any:
        return money.to_text(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        if "," in text and not _THOUSANDS.fullmatch(text):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        whole, _point, decimals = text.replace(",", "").partition(".")
        try:
            return money.from_text(f"{whole}.{decimals:0<3}")
        except ValueError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None


class OneLine(AdminTextareaWidget):
    """Some lines of space for a text that is stored in one."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        value = super().value_from_datadict(data, files, name)
        return " ".join(value.split()) if isinstance(value, str) else value


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
