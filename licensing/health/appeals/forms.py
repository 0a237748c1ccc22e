"""The form of an appeal."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from licensing.health.appeals.services import MAX_WORDS


class AppealForm(forms.Form):
    words = forms.CharField(
        label=_("Why is the refusal wrong?"),
        help_text=_("In your own words, in Arabic or English. Say what the decision did not take into account."),
        widget=forms.Textarea(attrs={"rows": 7}),
        max_length=MAX_WORDS,
        error_messages={
            "required": _("Please write why the refusal is wrong."),
            "max_length": _("Please shorten the appeal to 4,000 characters."),
        },
    )
