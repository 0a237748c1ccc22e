"""The answer of a signer."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from licensing.models import ConsentAnswer

LONGEST_REASON = 500
_CHOOSE = dict.fromkeys(("required", "invalid_choice"), _("Choose whether you agree to these boards."))


class ConsentForm(forms.Form):
    """Agree, or refuse with a reason."""

    answer = forms.ChoiceField(
        label=_("Your answer"),
        choices=[(ConsentAnswer.AGREED, _("I agree to these boards")), (ConsentAnswer.REFUSED, _("I do not agree"))],
        widget=forms.RadioSelect,
        error_messages=_CHOOSE,
    )
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("Needed if you do not agree. The person who asks reads it."),
        required=False,
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
        error_messages={"max_length": _("Shorten the reason to 500 characters.")},
    )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("answer") == ConsentAnswer.REFUSED and "reason" in data and not data["reason"]:
            self.add_error("reason", _("Write why you do not agree. The person who asks can then change the boards."))
        return data
