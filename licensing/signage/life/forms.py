"""The removal of a board by its holder."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from municipality.kernel import clock
from municipality.ui.forms import DayField

_DAY = _("Enter the day on which the board was taken down, such as 24/11/2026.")
_CONFIRM = _("Confirm that the board is taken down.")


class PhotoForm(forms.Form):
    """Nothing but the photo, which is sent by itself."""


class RemovalForm(forms.Form):
    """The day without the board for the first time, and the confirmation."""

    day = DayField(label=_("Taken down on"), initial=clock.today, error_messages={"required": _DAY, "invalid": _DAY})
    is_removed = forms.BooleanField(
        label=_("The board is taken down. Its licence ends for good; a new board needs a new request."),
        error_messages={"required": _CONFIRM},
    )
