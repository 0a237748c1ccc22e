"""The forms of an inspection: a time, the checklist of the owner, and that of the inspector with the visit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import forms
from django.forms.boundfield import BoundField
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from licensing.inspections import questions
from licensing.inspections.questions import HUNDRED, GivenAnswer
from licensing.inspections.services.appointments import Time, hours, is_working, offered, reasons_to_move
from licensing.inspections.services.visits import VisitFindings
from licensing.models import AnswerValue, Inspection
from municipality.fieldwork.forms import VisitForm
from municipality.kernel import clock
from municipality.rulebook.models import InspectionKind, InspectionRule
from municipality.ui.forms import DecimalNumberField
from municipality.ui.templatetags.portal import bilingual, day, ltr
from municipality.ui.texts import Text

PHOTO, PLACE = "photo_", "place"  # names of the fields of files; PLACE is a photo of no question in particular
_ANSWER, _NUMBER, _NOTE = "answer_", "number_", "note_"
_NEEDED = {"required": _("Answer this question.")}
_WRONG = {
    "invalid": _("Please give a number such as 3.5."),
    "max_decimal_places": _("Please give at most two decimals."),
    "max_digits": _("This is larger than anything that can be measured. Please check it."),
    "max_whole_digits": _("This is larger than anything that can be measured. Please check it."),
    "min_value": _("Please give a measure or number of zero or more."),
}


class TimeForm(forms.Form):
    """One of the times that are offered (`appointments.Time.value`)."""

    time = forms.ChoiceField(
        label=_("Day and time of the visit"), widget=forms.RadioSelect, error_messages={"required": _("Choose one of the times.")}
    )

    def __init__(self, *args: Any, inspection: Inspection, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time"].choices = [(time.value, time_label(time)) for time in offered(inspection)]  # type: ignore[attr-defined]
        taken = _("This time is not free any more. Choose one of the times below.")
        self.fields["time"].error_messages["invalid_choice"] = taken


class PutOffForm(TimeForm):
    """Another time, with the reason of the inspector."""

    code = forms.ChoiceField(label=_("Reason"), widget=forms.RadioSelect, error_messages={"required": _("Choose a reason from the list.")})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].choices = [(reason.code, bilingual(reason, "label")) for reason in reasons_to_move()]  # type: ignore[attr-defined]
        self.order_fields(["code", "time"])


def time_label(time: Time) -> str:
    """`Monday 30 November 2026, 07:00 to 10:15`; the day alone where a calendar that was published since has no hours on it."""
    if not is_working(time.day):
        return day(time.day, "weekday")
    starts, ends = (moment.astimezone(clock.KUWAIT) for moment in hours(time))
    return format_html("{} {}", day(time.day, "weekday"), ltr(f"{starts:%H:%M} – {ends:%H:%M}"))


@dataclass(frozen=True)
class QuestionLine:
    """A question with its fields; `number` is None for one of yes or no, `answer` for a measure that always applies."""

    rule: InspectionRule
    answer: BoundField | None
    number: BoundField | None
    note: BoundField

    @property
    def photo(self) -> str:
        return f"{PHOTO}{self.rule.code}"

    @property
    def errors(self) -> list[Any]:
        return [problem for field in (self.answer, self.number, self.note) if field is not None for problem in field.errors]

    @property
    def limits(self) -> Text:
        return limits_of(self.rule)


def limits_of(rule: InspectionRule) -> Text:
    """`at least 180 m²`; empty for a question of yes or no."""
    unit = bilingual(rule, "unit")
    if rule.least is not None and rule.most is not None:
        return format_lazy(_("from {least} to {most} {unit}"), least=rule.least, most=rule.most, unit=unit)
    if rule.least is not None:
        return format_lazy(_("at least {least} {unit}"), least=rule.least, unit=unit)
    return format_lazy(_("at most {most} {unit}"), most=rule.most, unit=unit) if rule.most is not None else ""


class ChecklistForm(forms.Form):
    """Fields for the questions of an inspection. `more` are those that may be left out; answered, they need their note."""

    is_whole = True  # every question that is asked is answered

    def __init__(self, *args: Any, inspection: Inspection, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asked = questions.asked(inspection)
        self.more = [] if self.is_whole else questions.others(inspection)
        for rule in (*self.asked, *self.more):
            self._add(rule)

    def _add(self, rule: InspectionRule) -> None:
        label = bilingual(rule, "question")
        is_measure = rule.kind == InspectionKind.NUMBER
        needed = self.is_whole and not (is_measure and rule.may_not_apply)
        values = [] if is_measure else [AnswerValue.YES, AnswerValue.NO]
        values += [AnswerValue.NOT_HERE] if rule.may_not_apply else []
        if values:
            choices = [(value.value, value.label) for value in values]
            self.fields[f"{_ANSWER}{rule.code}"] = forms.ChoiceField(
                label=label, choices=choices, error_messages=_NEEDED, widget=forms.RadioSelect, required=needed
            )
        if is_measure:
            self.fields[f"{_NUMBER}{rule.code}"] = DecimalNumberField(
                label=label, max_digits=9, decimal_places=2, min_value=Decimal(0), error_messages=_WRONG | _NEEDED, required=needed
            )
        self.fields[f"{_NOTE}{rule.code}"] = forms.CharField(label=_("Note"), required=False, max_length=300)

    def line(self, rule: InspectionRule) -> QuestionLine:
        named = [f"{prefix}{rule.code}" for prefix in (_ANSWER, _NUMBER, _NOTE)]
        answer, number, note = (self[name] if name in self.fields else None for name in named)
        assert note is not None  # noqa: S101 - every question has one
        return QuestionLine(rule, answer, number, note)

    @property
    def lines(self) -> list[QuestionLine]:
        return [self.line(rule) for rule in self.asked]

    @property
    def more_lines(self) -> list[QuestionLine]:
        return [self.line(rule) for rule in self.more]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.needs_answers(data):
            for rule in self.asked:
                if self._answer(rule, data) is None and not self._has_error(rule):
                    self.add_error(self.first_field(rule), _NEEDED["required"])
            for rule in self.more:
                if self._answer(rule, data) is not None and not data.get(f"{_NOTE}{rule.code}"):
                    self.add_error(f"{_NOTE}{rule.code}", _("Write why this is looked at again."))
        return data

    def needs_answers(self, data: Mapping[str, Any]) -> bool:
        return True

    def first_field(self, rule: InspectionRule) -> str:
        return f"{_NUMBER}{rule.code}" if rule.kind == InspectionKind.NUMBER else f"{_ANSWER}{rule.code}"

    def _has_error(self, rule: InspectionRule) -> bool:
        return any(f"{prefix}{rule.code}" in self.errors for prefix in (_ANSWER, _NUMBER))

    def _answer(self, rule: InspectionRule, data: Mapping[str, Any]) -> GivenAnswer | None:
        value, number = data.get(f"{_ANSWER}{rule.code}") or "", data.get(f"{_NUMBER}{rule.code}")
        note = data.get(f"{_NOTE}{rule.code}") or ""
        if number is not None:
            return GivenAnswer(rule, AnswerValue.NUMBER, int(number * HUNDRED), note)
        return GivenAnswer(rule, value, None, note) if value else None

    def answers(self) -> list[GivenAnswer]:
        """What was answered. Only for a valid form."""
        found = [self._answer(rule, self.cleaned_data) for rule in (*self.asked, *self.more)]
        return [answer for answer in found if answer is not None]


class FoundKind:
    SHOP, NOBODY = "shop", "nobody"


class InspectionForm(ChecklistForm, VisitForm):
    """What an inspector found at a place, as the device sends it. `confirmed` says that the result was checked."""

    is_whole = False
    confirmed = forms.CharField(widget=forms.HiddenInput, required=False, max_length=2000)
    inspection = forms.CharField(widget=forms.HiddenInput, max_length=26)
    found = forms.ChoiceField(
        label=_("The visit"),
        choices=[(FoundKind.SHOP, _("The place was inspected")), (FoundKind.NOBODY, _("Nobody was there"))],
        initial=FoundKind.SHOP,
        widget=forms.RadioSelect,
    )
    note = forms.CharField(
        label=_("Note for the owner"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Facts, without names."),
    )

    def __init__(self, *args: Any, inspection: Inspection, **kwargs: Any) -> None:
        begin = {"client_key": str(uuid4()), "seen_at": clock.now().isoformat(timespec="seconds"), "inspection": inspection.public_id}
        super().__init__(*args, inspection=inspection, initial=begin, **kwargs)
        self.row = inspection

    def needs_answers(self, data: Mapping[str, Any]) -> bool:
        return data.get("found") != FoundKind.NOBODY

    def require_photos(self, taken: Mapping[str, int]) -> bool:
        """Add an error to each question whose photo is missing; `taken` are the numbers of photos by code. Returns whether none is."""
        without = [answer.rule for answer in self.result.answers if answer.rule.needs_photo and answer.value != AnswerValue.NOT_HERE]
        missing = [rule for rule in without if not taken.get(rule.code)]
        for rule in missing:
            self.add_error(self.first_field(rule), _("Add a photo of this."))
        return not missing

    @cached_property
    def result(self) -> VisitFindings:
        """What was found. Only for a form that was valid before its photos were asked for, since an error takes the answer away."""
        is_nobody = not self.needs_answers(self.cleaned_data)
        return VisitFindings(self.sent(), is_nobody, [] if is_nobody else self.answers(), self.cleaned_data["note"])

    @property
    def photo_codes(self) -> Sequence[str]:
        return [PLACE, *(rule.code for rule in (*self.asked, *self.more))]
