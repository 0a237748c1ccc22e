"""Forms of licensing."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from municipality.ui.forms import WholeNumberField


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
