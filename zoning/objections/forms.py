"""The form of an objection to an opinion."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from zoning.objections.services import MAX_WORDS


class OpinionObjectionForm(forms.Form):
    words = forms.CharField(
        label=_("What is wrong with the opinion?"),
        help_text=_("In your own words, in Arabic or English. Say what the opinion did not take into account."),
        widget=forms.Textarea(attrs={"rows": 7, "dir": "auto"}),
        max_length=MAX_WORDS,
        error_messages={
            "required": _("Please write what is wrong with the opinion."),
            "max_length": _("Please shorten the objection to 4,000 characters."),
        },
    )
