"""The form of a week of hours: for each day open, closed, 24 hours, or as the day before, with up to two spans."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from municipality.ui.forms import FoldedField, LtrInput
from shops.hours.labels import WEEKDAYS
from shops.models.week import DAY, WHOLE_DAY, Day, InvalidWeek, Week, clock_text

OPEN, CLOSED, WHOLE, SAME = "open", "closed", "whole", "same"
DAY_KINDS = ((OPEN, _("Open at these times")), (CLOSED, _("Closed that day")), (WHOLE, _("Open 24 hours")), (SAME, _("As the day before")))
TIMES = (("from", _("From")), ("to", _("To")), ("from_again", _("And from")), ("to_again", _("Until")))
_TIME = re.compile(r"(\d{1,2})(?:[:.,]?(\d{2}))?\s*(am|pm|a\.m\.|p\.m\.|ص|م|صباحا|صباحًا|صباحاً|مساء|مساءً)?")
_LATE = ("pm", "p.m.", "م", "مساء", "مساءً")
WEEK_ERRORS = {
    "spans": _("A day has at most two spans."),
    "times": _("The shop closes after it opens."),
    "order": _("The second span begins after the first one has ended."),
    "longer_than_a_day": _("A day has 24 hours: the last closing time lies within 24 hours of the first opening."),
    "night": _("The shop is still open from the night before at this time. Let it open later, or close earlier the day before."),
}


class TimeField(FoldedField):
    """A time of day, as quarters of an hour: `9`, `9:30`, `٩:٣٠`, `0930`, `4 pm`, `٤ م`; 24:00 and 23:59 are the end of the day."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "time": _("Write the time as hours and minutes, such as 09:00 or 16:30."),
        "quarter": _("Write the time to the quarter of an hour: 00, 15, 30 or 45 minutes."),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=LtrInput(inputmode="text", css="kp-input--code"), **kwargs)

    def clean(self, value: Any) -> Any:
        text = super().clean(value).lower()
        if not text:
            return None
        match = _TIME.fullmatch(text)
        hours, minutes = (int(match[1]), int(match[2] or 0)) if match else (99, 0)
        if match and match[3]:
            hours = hours % 12 + (12 if match[3] in _LATE else 0) if 1 <= hours <= 12 else 99
        if (hours, minutes) == (23, 59):
            hours, minutes = 24, 0
        if minutes > 59 or hours * 60 + minutes > 24 * 60:
            raise ValidationError(self.error_messages["time"], code="time")
        if minutes % 15:
            raise ValidationError(self.error_messages["quarter"], code="quarter")
        return hours * 4 + minutes // 15

    def prepare_value(self, value: Any) -> Any:
        return clock_text(value) if isinstance(value, int) else value


class WeekForm(forms.Form):
    """Seven days, Sunday first. `week` of a valid form is the entered week."""

    week: Week

    def __init__(self, data: Any = None, files: Any = None, *, week: Week | None = None, may_be_empty: bool = False) -> None:
        self.may_be_empty = may_be_empty
        super().__init__(data, files, initial=_initial(week))
        fields: dict[str, forms.Field] = self.fields
        for number, name in enumerate(WEEKDAYS):
            kinds = DAY_KINDS if number else DAY_KINDS[:-1]
            fields[f"d{number}_kind"] = forms.ChoiceField(
                label=_("On this day"), choices=kinds, error_messages={"invalid_choice": _("Choose one from the list.")}
            )
            for part, label in TIMES:
                messages = {code: _of_day(name, text) for code, text in TimeField.default_error_messages.items()}
                fields[f"d{number}_{part}"] = TimeField(label=label, required=False, max_length=20, error_messages=messages)

    @property
    def days(self) -> Iterator[tuple[Any, BoundField, list[BoundField]]]:
        """The name, choice and times of each day, for the template."""
        for number, name in enumerate(WEEKDAYS):
            yield name, self[f"d{number}_kind"], [self[f"d{number}_{part}"] for part, _label in TIMES]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        days: list[Day] = []
        for number in range(7):
            days.append(self._day(number, data, days[-1] if days else ()))
        if self.errors:
            return data
        try:
            self.week = Week(tuple(days))
        except InvalidWeek as error:
            self._add_week_error(error.weekday, {"order": "from_again", "times": "to"}.get(error.code, "from"), error.code)
            return data
        if self.week.is_empty and not self.may_be_empty:
            self.add_error(None, _("A shop opens on at least one day. If it has closed for good, report that instead."))
        return data

    def _day(self, number: int, data: dict[str, Any], before: Day) -> Day:
        """The spans of one day; `before` are those of the day before. Adds errors to the fields."""
        kind = data.get(f"d{number}_kind")
        if kind != OPEN:
            for part, _label in TIMES:  # times beside another choice are ignored, valid or not
                self.errors.pop(f"d{number}_{part}", None)
            return before if kind == SAME else WHOLE_DAY if kind == WHOLE else ()
        spans: list[tuple[int, int]] = []
        for begins, ends in (("from", "to"), ("from_again", "to_again")):
            typed = [name for name in (begins, ends) if data.get(f"d{number}_{name}") is not None]
            is_wrong = any(f"d{number}_{name}" in self.errors for name in (begins, ends))
            if is_wrong or (not typed and ends == "to_again"):
                continue
            if len(typed) < 2:
                missing = begins if begins not in typed else ends
                text = _("Write when the shop opens.") if missing == begins else _("Write when the shop closes.")
                self.add_error(f"d{number}_{missing}", _of_day(WEEKDAYS[number], text))
                continue
            opens, closes = data[f"d{number}_{begins}"] % DAY, data[f"d{number}_{ends}"]
            spans.append((opens, closes if closes > opens else closes + DAY))
        return tuple(spans)

    def _add_week_error(self, number: int, part: str, code: str) -> None:
        while self.cleaned_data.get(f"d{number}_kind") == SAME:  # the times are those of the day that is repeated
            number -= 1
        kind = self.cleaned_data.get(f"d{number}_kind")
        self.add_error(f"d{number}_{part if kind == OPEN else 'kind'}", _of_day(WEEKDAYS[number], WEEK_ERRORS[code]))


def _of_day(name: Any, text: Any) -> Any:
    return format_lazy("{}: {}", name, text)


def _initial(week: Week | None) -> dict[str, Any]:
    """The initial values: the stated week, or one empty day for all."""
    initial: dict[str, Any] = {}
    for number in range(7):
        day: Day = week.days[number] if week else ()
        if number and (week is None or day == week.days[number - 1]):
            initial[f"d{number}_kind"] = SAME
            continue
        initial[f"d{number}_kind"] = OPEN if week is None else WHOLE if day == WHOLE_DAY else OPEN if day else CLOSED
        for (part, _label), time in zip(TIMES, (time for span in day for time in span), strict=False):
            initial[f"d{number}_{part}"] = time % DAY or DAY if part.startswith("to") else time
    return initial
