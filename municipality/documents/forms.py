"""The form of the check page."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from municipality.kernel import digits, ids


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Verification code"),
        help_text=_("20 letters and digits, printed under the QR code."),
        max_length=60,
        widget=forms.TextInput(attrs={"dir": "ltr", "autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )

    def clean_code(self) -> str:
        code = ids.normalise_code(digits.clean(self.cleaned_data["code"]))
        if len(code) != 20 or not set(code) <= set(ids.ALPHABET):
            raise forms.ValidationError(
                _("A code has 20 letters and digits. Compare it with the document and type it again."), code="shape"
            )
        return code
