"""Forms about cases."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from municipality.ui.forms import DigitsField, ReferenceField


class TrackForm(forms.Form):
    reference = ReferenceField(label=_("Reference number"), help_text=_("As in the message you received, for example HL-2026-000001-K."))
    last_four = DigitsField(label=_("Last 4 digits of the civil number"), length=4, help_text=_("Of the person who submitted the request."))
