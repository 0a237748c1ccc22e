"""Forms of licensing."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from licensing.models import HealthLicence
from municipality.kernel import clock
from municipality.ui.forms import DayField, WholeNumberField


class SubmitRenewal(forms.Form):
    """The declaration of a renewal without changes."""

    declared = forms.BooleanField(
        label=_("I declare that the details above are correct and unchanged, and that the shop meets its conditions."),
        error_messages={"required": _("Tick the box to make the declaration. The renewal cannot go on without it.")},
    )
    # The total on the page in fils; `submit` refuses another one than the current total.
    total = WholeNumberField(
        widget=forms.HiddenInput,
        min_value=0,
        error_messages={
            "required": _("The page was sent incomplete. Reload it and try again."),
            "invalid": _("The page was sent incomplete. Reload it and try again."),
        },
    )

    def __init__(self, *args: Any, has_ended_certificates: bool = False, **kwargs: Any) -> None:
        """`has_ended_certificates`: those of workers have ended, so the declaration leaves them out."""
        super().__init__(*args, **kwargs)
        if has_ended_certificates:
            self.fields["declared"].label = _(
                "I declare that the details above are correct and unchanged, and that the shop meets its conditions, except for the "
                "health certificates of workers that have ended."
            )


class OrderDuplicate(SubmitRenewal):
    """The declaration that the licence is lost or damaged."""

    declared = forms.BooleanField(
        label=_("I declare that the licence is lost or damaged. If it is found, I will not use it: only the duplicate is in force."),
        error_messages={"required": _("Tick the box to make the declaration. The duplicate cannot be issued without it.")},
    )


class CancelLicence(forms.Form):
    """Whether the shop closes with its licence, and from which day."""

    STAYS, CLOSES = "stays", "closes"
    shop = forms.ChoiceField(
        label=_("What becomes of the shop?"),
        widget=forms.RadioSelect,
        choices=[(STAYS, _("It stays in the register, without a licence")), (CLOSES, _("It closes"))],
        error_messages={"required": _("Choose what becomes of the shop."), "invalid_choice": _("Choose what becomes of the shop.")},
    )
    day = DayField(
        label=_("First day on which it is closed"),
        help_text=_(
            "Only if it closes: today or later, up to the last day of the licence. The register shows the shop as closed from that day. "
            "The licence ends today all the same, so the shop may not work after today."
        ),
        required=False,
        error_messages={"invalid": _("Enter the day as day, month and year, or choose it from the calendar.")},
    )
    understood = forms.BooleanField(
        label=_("I understand that the licence ends now and cannot be taken back."),
        error_messages={"required": _("Tick the box. The licence cannot be cancelled without it.")},
    )

    def __init__(self, *args: Any, licence: HealthLicence | None, **kwargs: Any) -> None:
        self.licence = licence
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        day = data.get("day")
        if data.get("shop") == self.CLOSES and "day" not in self.errors:
            if day is None:
                self.add_error("day", _("Enter the first day on which the shop is closed."))
            elif self.licence is not None and not clock.today() <= day <= self.licence.last_day:
                self.add_error("day", _("Choose today or a later day, up to the last day of the licence."))
        return data

    @property
    def closes_on(self) -> dt.date | None:
        """The day of a valid form; None where the shop stays."""
        return self.cleaned_data["day"] if self.cleaned_data["shop"] == self.CLOSES else None
