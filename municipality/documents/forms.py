"""The form of the check page."""

from __future__ import annotations

import re

from django import forms
from django.utils.translation import gettext_lazy as _

from municipality.kernel import digits, ids

_NUMBER = re.compile(r"[A-Z]{2,4}-[A-Z0-9]+-")  # of a document, as in HLT-HW-2026-004217-K


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Verification code"),
        help_text=_("20 letters and digits, printed beside the QR code."),
        max_length=60,
        widget=forms.TextInput(attrs={"dir": "ltr", "autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )

    def clean_code(self) -> str:
        typed = digits.clean(self.cleaned_data["code"])
        code = ids.normalise_code(typed)
        if len(code) != 20 or not set(code) <= set(ids.ALPHABET):
            if _NUMBER.match(typed.strip().upper()):
                raise forms.ValidationError(
                    _("This is the number of the document. To check it, enter the code of 20 letters and digits beside the QR code."),
                    code="number",
                )
            raise forms.ValidationError(
                _("A code has 20 letters and digits. Compare it with the document and type it again."), code="shape"
            )
        return code
