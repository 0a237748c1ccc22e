"""Forms of delegations and of the counter."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from municipality.delegation import registry
from municipality.delegation.models import Desk
from municipality.ui.dates import day_text
from municipality.ui.forms import CivilIdField, DayField, DigitsField, LtrInput
from municipality.ui.plurals import within_span
from municipality.ui.texts import Text


class GiveForm(forms.Form):
    """A delegation: to whom, for which shop or organisation, in which service, until when. With `clerk`, without a service."""

    subject = forms.ChoiceField(
        label=_("For which shop"), error_messages={"required": _("Choose a shop."), "invalid_choice": _("Choose a shop from the list.")}
    )
    service = forms.ChoiceField(
        label=_("In which service"),
        error_messages={"required": _("Choose a service."), "invalid_choice": _("Choose a service from the list.")},
    )
    civil_id = CivilIdField(
        label=_("Civil number of the person who is to act"),
        help_text=_("The person accepts in their own session. Until then nothing is in force."),
    )
    last_day = DayField(
        label=_("Last day of the delegation"),
        error_messages={
            "required": _("Enter the last day."),
            "invalid": _("This is not a date. Write year-month-day, such as 2027-01-31."),
        },
    )

    def __init__(
        self, *args: Any, subjects: list[tuple[str, Any]], max_last_day: dt.date, today: dt.date, clerk: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.max_last_day, self.today = max_last_day, today
        fields: dict[str, Any] = self.fields
        fields["subject"].choices = _choices(_("Choose a shop"), subjects)
        if clerk:
            del fields["service"]
            fields["subject"].label = _("For which organisation")
        else:
            services = [(code, entry.name) for code, entry in registry.SERVICES.items() if entry.is_delegable]
            fields["service"].choices = _choices(_("Choose a service"), services)
        fields["last_day"].help_text = format_lazy(
            "{} {}", _("The delegation ends by itself after this day. Not later than"), day_text(max_last_day)
        )
        fields["last_day"].widget.attrs |= {"min": today.isoformat(), "max": max_last_day.isoformat()}

    def clean_last_day(self) -> dt.date:
        day: dt.date = self.cleaned_data["last_day"]
        if day < self.today:
            raise ValidationError(_("The last day has passed. Choose today or a later day."), code="in_the_past")
        if day > self.max_last_day:
            raise ValidationError(
                _("A delegation cannot last that long. Choose an earlier last day; it can be given again later."), code="too_long"
            )
        return day


def _choices(title: Text, choices: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Nothing that gives a right is chosen beforehand, unless there is but one."""
    return choices if len(choices) == 1 else [("", title), *choices]


class ConsentRequestForm(forms.Form):
    """The person for whom a member of staff is to act, and the service."""

    civil_id = CivilIdField(label=_("Civil number of the person"), help_text=_("Ask the person for their civil ID card."))
    purpose = forms.ChoiceField(label=_("Service"), error_messages={"required": _("Choose a service.")})
    desk = forms.ChoiceField(label=_("Where the person is"), choices=Desk.choices, widget=forms.RadioSelect, initial=Desk.COUNTER)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        services = [(code, entry.name) for code, entry in registry.SERVICES.items() if entry.is_assisted]
        fields["purpose"].choices = _choices(_("Choose a service"), services)


class ConsentCodeForm(forms.Form):
    code = DigitsField(
        label=_("Code that the person received"),
        length=6,
        widget=LtrInput({"autocomplete": "off"}, css="kp-input--code"),
        error_messages={"required": _("Enter the six digits.")},
    )

    def __init__(self, *args: Any, minutes: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        text = gettext("Six digits from the text message. The person reads them out; they can be used once, %(time)s.")
        self.fields["code"].help_text = text % {"time": within_span(minutes)}
