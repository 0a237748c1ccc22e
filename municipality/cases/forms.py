"""Forms about cases."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from municipality.cases.models import Ease
from municipality.ui.forms import DigitsField, ReferenceField
from municipality.ui.texts import Text


class TrackForm(forms.Form):
    reference = ReferenceField(label=_("Reference number"), help_text=_("As in the message you received, for example HL-2026-000001-K."))
    last_four = DigitsField(
        label=_("Last 4 digits of the civil number"),
        length=4,
        help_text=_("Of the person who submitted the request; not needed for a report of a problem."),
    )


class FeedbackForm(forms.Form):
    ease = forms.TypedChoiceField(
        choices=Ease.choices,
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one of the five answers."), "invalid_choice": _("Choose one of the five answers.")},
    )
    text = forms.CharField(
        label=_("What could be better?"),
        help_text=_("Only the Municipality reads it; it is never published. Do not write names or numbers."),
        required=False,
        max_length=500,
        error_messages={"max_length": _("Shorten the text to 500 characters.")},
        widget=forms.Textarea({"rows": 3}),
    )

    def __init__(self, *args: Any, question: Text, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ease"].label = str(question)
