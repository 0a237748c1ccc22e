"""Forms of licensing."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class SubmitRenewal(forms.Form):
    """The page of a clean renewal: has anything changed, and the declaration."""

    changed = forms.ChoiceField(
        label=_("Has anything changed since the last licence?"),
        choices=[("no", _("No, everything is as registered")), ("yes", _("Yes, something changed"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose whether anything changed."), "invalid_choice": _("Choose one of the two answers.")},
    )
    declared = forms.BooleanField(
        label=_("I declare that the shop is as registered above and meets its conditions."),
        error_messages={"required": _("Tick the box to make the declaration. The renewal cannot go on without it.")},
    )
    # The total on the page in fils; `submit` refuses another one than the current total.
    total = forms.IntegerField(
        widget=forms.HiddenInput,
        min_value=0,
        error_messages={
            "required": _("The page was sent incomplete. Reload it and try again."),
            "invalid": _("The page was sent incomplete. Reload it and try again."),
        },
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("changed") == "yes":
            # An officer decides about changes; the declaration of this page does not apply to it.
            self.errors.pop("declared", None)
            self.errors.pop("total", None)
        return data
